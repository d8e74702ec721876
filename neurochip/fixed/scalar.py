"""Integer arithmetic of one register, compiled: widen, compute, round, saturate, in that order.

All arguments are 64-bit integers; callers widen register contents before they compute. The functions give
the same bits with and without Numba's compiler (``NUMBA_DISABLE_JIT=1``).
"""

from __future__ import annotations

import numpy as np

from neurochip.fixed import draws
from neurochip.fixed.jit import kernel

FLOOR, NEAREST, STOCHASTIC = 0, 1, 2
SATURATE, WRAP, ERROR = 0, 1, 2

_MASK = np.uint64(draws.MASK)
_MIX_1 = np.uint64(draws.MIX_1)
_MIX_2 = np.uint64(draws.MIX_2)
_GOLDEN = np.uint64(draws.GOLDEN)
_15 = np.uint64(15)
_16 = np.uint64(16)


@kernel(inline="always")
def _mix(word):
    word = ((word ^ (word >> _16)) * _MIX_1) & _MASK
    word = ((word ^ (word >> _15)) * _MIX_2) & _MASK
    return word ^ (word >> _16)


@kernel
def draw(family, index):
    """Draw ``index`` (0 .. 2**32-1) of a family: a word in 0 .. 2**32-1; equals ``draws.words(family,
    ...)[index]``."""
    base = np.uint64(family)
    word = (np.uint64(index) * _GOLDEN + base) & _MASK
    word = (_mix(word) ^ base) & _MASK
    word = (_mix(word) ^ base) & _MASK
    return np.int64(word)


@kernel
def subkey(family, word):
    """The key of a sub-family, such as one sample's of a run's or one tick's of a sample's (``word`` below
    2**63)."""
    low = (np.uint64(family) + np.uint64(word)) & _MASK
    state = _mix(low)
    return np.int64(_mix(((state ^ ((np.uint64(word) >> np.uint64(32)) & _MASK)) + _GOLDEN) & _MASK))


@kernel
def dither(mode, shift, family, index):
    """What is added before a right shift by ``shift`` so that the floor of the sum is the declared rounding.

    ``FLOOR``: 0. ``NEAREST``: half a step (ties towards plus infinity). ``STOCHASTIC``: ``shift`` random
    bits, so the mean of the rounded value is the value (``shift`` up to 32; above, the low bits of the
    dither are zero).
    """
    if shift <= 0 or mode == FLOOR:
        return np.int64(0)
    if mode == NEAREST:
        return np.int64(1) << (np.int64(shift) - 1)
    word = draw(family, index)
    if shift <= 32:
        return word >> (32 - np.int64(shift))
    return word << (np.int64(shift) - 32)


@kernel(inline="always")
def shifted(value, shift):
    """``floor(value * 2**-shift)``; a negative ``shift`` is an exact left shift."""
    if shift >= 0:
        return value >> shift
    return value << -shift


@kernel(inline="always")
def stored(value, lo, hi, mode):
    """What a register of range ``lo..hi`` holds after ``value`` is written: saturated, or wrapped (``mode ==
    WRAP``)."""
    if mode == WRAP:
        return ((value - lo) & (hi - lo)) + lo
    return min(max(value, lo), hi)


@kernel
def bell(word, scale):
    """A bell-shaped integer from a random word: its four bytes added up, less their mean, times ``scale`` *
    2**-16, to nearest.

    The sum less 510 has mean 0, variance 21,845 and lies within 3.45 standard deviations; see
    ``draws.bell_scale``.
    """
    total = (word & 255) + ((word >> 8) & 255) + ((word >> 16) & 255) + ((word >> 24) & 255) - 510
    return (total * scale + 32768) >> 16
