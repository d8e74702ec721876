"""The limit: a bare kernel that adds rows of weights to rows of sums, and does nothing else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import njit

from speed.table import seconds

ROWS = 20_000


@njit(nogil=True)
def add_rows(weights: Any, starts: Any, sums: Any, places: Any, length: Any) -> None:
    """``sums[place : place + length] += weights[start : start + length]`` for each start and place."""
    n = np.uint64(length)
    for i in range(starts.shape[0]):
        start, place = np.uint64(starts[i]), np.uint64(places[i])
        for k in range(n):
            sums[place + k] += weights[start + k]


@njit(nogil=True)
def add_four(weights: Any, starts: Any, sums: Any, length: Any) -> None:
    """The same onto one row of sums, four rows at a time: the sum is read and written once for four."""
    n = np.uint64(length)
    for i in range(0, starts.shape[0] - 3, 4):
        a, b = np.uint64(starts[i]), np.uint64(starts[i + 1])
        c, d = np.uint64(starts[i + 2]), np.uint64(starts[i + 3])
        for k in range(n):
            both = np.int32(weights[a + k]) + np.int32(weights[b + k])
            sums[k] += both + np.int32(weights[c + k]) + np.int32(weights[d + k])


@njit(nogil=True)
def chain(steps: Any) -> Any:
    """Steps that wait for each other, of which a core does one in some cycles whatever shares it."""
    word = np.uint64(1)
    for _ in range(steps):
        word = word * np.uint64(6364136223846793005) + np.uint64(1)
    return word


def chains_on_two_threads() -> float:
    """How many times as much two threads do as one where each waits for itself: 2 where both run at all."""

    def pace() -> float:
        return 1 / seconds(lambda: chain(2_000_000), 0.05)

    chain(1)
    one, (mine, its) = pace(), side_by_side(pace, pace)
    return (mine + its) / one


def side_by_side(*works: Callable[[], float]) -> list[float]:
    """What works return that run in threads at the same time."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(work) for work in works]]


class Rows:
    """Random rows of ``length`` in a memory of ``words`` weights, that fall on a map of ``spread`` sums."""

    def __init__(self, kind: type, length: int, words: int, spread: int) -> None:
        draw = np.random.default_rng(0)
        rows = max(words // length, 1)
        self.weights = draw.integers(-4, 5, rows * length).astype(kind)
        self.starts = np.sort(draw.integers(0, rows, ROWS // 20) * length)
        draw.shuffle(self.starts)
        self.places = draw.integers(0, max(spread - length, 0) + 1, len(self.starts))
        self.sums = np.zeros(max(spread, length), np.int16)
        self.length = length
        self.gops(), self.gops_of_four()

    def gops(self) -> float:
        """Billions of additions a second on one core."""
        spent = seconds(
            lambda: add_rows(self.weights, self.starts, self.sums, self.places, self.length), 0.05
        )
        return len(self.starts) * self.length / spent / 1e9

    def on_two_threads(self) -> float:
        """How many times as fast two threads are as one: what the machine gives at this moment."""
        other = Rows(self.weights.dtype.type, self.length, len(self.weights), len(self.sums))
        one, (mine, its) = self.gops(), side_by_side(self.gops, other.gops)
        return (mine + its) / one

    def gops_of_four(self) -> float:
        """The same where four rows meet in one sum."""
        spent = seconds(lambda: add_four(self.weights, self.starts, self.sums, self.length), 0.05)
        return len(self.starts) // 4 * 4 * self.length / spent / 1e9
