"""The limit: a bare kernel that adds rows of weights to rows of sums, and does nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from neurochip.chip.threads import cleared
from speed.table import seconds

ROWS = 1_000
AT_ONCE = 20_000_000
"""Additions in one call, about a millisecond: what Python takes for a call must not show."""


@njit(nogil=True)
def add_rows(weights: Any, starts: Any, sums: Any, places: Any, length: Any, times: Any) -> None:
    """``sums[place : place + length] += weights[start : start + length]`` for each start and place,
    ``times`` over."""
    n = np.uint64(length)
    for _ in range(times):
        for i in range(starts.shape[0]):
            start, place = np.uint64(starts[i]), np.uint64(places[i])
            for k in range(n):
                sums[place + k] += weights[start + k]


@njit(nogil=True)
def add_four(weights: Any, starts: Any, sums: Any, length: Any, times: Any) -> None:
    """The same onto one row of sums, four rows at a time: the sum is read and written once for four."""
    n = np.uint64(length)
    for _ in range(times):
        for i in range(0, starts.shape[0] - 3, 4):
            a, b = np.uint64(starts[i]), np.uint64(starts[i + 1])
            c, d = np.uint64(starts[i + 2]), np.uint64(starts[i + 3])
            for k in range(n):
                both = np.int32(weights[a + k]) + np.int32(weights[b + k])
                sums[k] += both + np.int32(weights[c + k]) + np.int32(weights[d + k])


class Rows:
    """Random rows of ``length`` in a memory of ``words`` weights, that fall on a map of ``spread`` sums."""

    def __init__(self, kind: type, length: int, words: int, spread: int) -> None:
        draw = np.random.default_rng(0)
        rows = max(words // length, 1)
        self.weights = cleared((rows * length,), kind)
        self.weights[:] = draw.integers(-4, 5, rows * length)
        self.starts = draw.integers(0, rows, ROWS) * length
        self.places = draw.integers(0, max(spread - length, 0) + 1, ROWS)
        self.sums = cleared((max(spread, length),), np.int16)
        self.length, self.times = length, max(AT_ONCE // (ROWS * length), 1)
        self.gops(), self.gops_of_four()

    def gops(self) -> float:
        """Billions of additions a second on one core."""
        rows = self.weights, self.starts, self.sums, self.places, self.length, self.times
        spent = seconds(lambda: add_rows(*rows), 0.05)
        return ROWS * self.times * self.length / spent / 1e9

    def gops_of_four(self) -> float:
        """The same where four rows meet in one sum."""
        rows = self.weights, self.starts, self.sums, self.length, self.times
        spent = seconds(lambda: add_four(*rows), 0.05)
        return ROWS // 4 * 4 * self.times * self.length / spent / 1e9
