"""Random bits without a generator: every draw is a hash of what it is for.

A draw is named by integers (seed, purpose, sample, tick, unit ...), never by how many draws came before it.
So results do not depend on the number of threads, on the split of a batch, or on the NumPy version. The
mixer is the 32-bit "lowbias32" permutation (C. Wellons, "Prospecting for hash functions", 2018, public
domain).
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

MASK = 0xFFFFFFFF
MIX_1 = 0x7FEB352D
MIX_2 = 0x846CA68B
GOLDEN = 0x9E3779B9

WEIGHTS, ORDER, UPDATE, NEURON, CELL, PROGRAM = range(6)
"""Purposes of draws: the second word of every key, so that no two uses share their bits."""


def mix(word: int) -> int:
    """A bijection of 32-bit words whose output bits all depend on all input bits."""
    word = ((word ^ (word >> 16)) * MIX_1) & MASK
    word = ((word ^ (word >> 15)) * MIX_2) & MASK
    return word ^ (word >> 16)


BELL_VARIANCE = 21845
"""Of the sum of a random word's four bytes: 4 * (256**2 - 1) / 12."""


def bell_scale(deviation: float) -> int:
    """The ``scale`` with which ``scalar.bell`` has this standard deviation (in integer steps)."""
    return round(deviation * 65536 / sqrt(BELL_VARIANCE))


def key(*words: int) -> int:
    """The 32-bit key of a family of draws, from any number of non-negative integers (each up to 64 bits)."""
    state = GOLDEN
    for word in words:
        state = mix((state + (word & MASK)) & MASK)
        state = mix((state ^ (word >> 32 & MASK)) + GOLDEN & MASK)
    return state


PIECE = 1 << 16
"""Numbers drawn at a time, so that a large network's draws take no more memory than the numbers."""


def words(family: int, n: int, first: int = 0) -> npt.NDArray[np.uint64]:
    """Draws ``first .. first+n-1`` of the family with key ``family``: 32-bit words, shape [n]."""
    word = (np.arange(first, first + n, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(family)) & np.uint64(
        MASK
    )
    for _ in range(2):
        word = ((word ^ (word >> np.uint64(16))) * np.uint64(MIX_1)) & np.uint64(MASK)
        word = ((word ^ (word >> np.uint64(15))) * np.uint64(MIX_2)) & np.uint64(MASK)
        word = (word ^ (word >> np.uint64(16)) ^ np.uint64(family)) & np.uint64(MASK)
    return word


def uniform(seed: int, stream: int, n: int) -> npt.NDArray[np.float64]:
    """``n`` real numbers in [0, 1), on a grid of 2**-32; ``stream`` tells apart the uses of one seed."""
    family, drawn = key(seed, WEIGHTS, stream), np.empty(n)
    for first in range(0, n, PIECE):
        some = min(PIECE, n - first)
        drawn[first : first + some] = words(family, some, first) * 2.0**-32
    return drawn


def permutation(seed: int, stream: int, n: int) -> npt.NDArray[np.int64]:
    """A permutation of ``0 .. n-1``: the order of the draws' values (ties by index)."""
    return np.argsort(words(key(seed, ORDER, stream), n), kind="stable")
