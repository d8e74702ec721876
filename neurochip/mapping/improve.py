"""Making a placement cheaper: moves to free places and swaps, the most promising first, while they help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from neurochip.mapping.pieces import Ints
from neurochip.mapping.traffic import Reals

MAX_ROUNDS = 40
EFFORT = 20_000_000
WORTHWHILE = 5e-4
"""Bounds of the search: rounds, costs computed (pieces x cores, over all rounds), and what a round must at
least gain, as a part of the cost."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Blocks, or groups, as things to move.

    ``core`` is where each is, int64 [pieces]; ``sizes`` what each takes of a core, int64 [pieces, resources];
    ``free`` what each core has left, int64 [cores, resources], kept up to date here. ``move`` puts a piece on
    a core, updates ``core`` and returns the change of cost; ``costs`` are those of each piece on each core,
    [pieces, cores].
    """

    core: Ints
    sizes: Ints
    free: Ints
    costs: Callable[[], Reals]
    move: Callable[[int, int], float]

    def improve(self) -> float:
        """One round: pairs of cores exchange a piece, or hand one over; returns the change of cost, <= 0."""
        change = 0.0
        for here, there, piece, other in self._promising():
            if self.core[piece] == here and (other is None or self.core[other] == there):
                change += self._try(here, there, piece, other)
        return change

    def _promising(self) -> Iterator[tuple[int, int, int, int | None]]:
        """(core, core, piece, piece to swap with or None), those with the highest expected gain first."""
        gain, piece = self._best()
        n_cores = len(self.free)
        swap = np.triu(gain + gain.T, 1)
        gain[:, (self.free < self.sizes.min(axis=0)).any(axis=1)] = 0.0
        for flat in _descending(gain.ravel(), swap.ravel(), most=2 * len(self.core)):
            is_swap, pair = divmod(flat, n_cores * n_cores)
            here, there = divmod(pair, n_cores)
            yield here, there, int(piece[here, there]), int(piece[there, here]) if is_swap else None

    def _best(self) -> tuple[Reals, Ints]:
        """The highest gain of moving a piece from one core to another, and the piece; both [cores, cores].

        The gain is -inf from a core that has no piece.
        """
        costs = self.costs()
        gains = costs[np.arange(len(costs)), self.core][:, None] - costs
        n_cores = len(self.free)
        best = np.full((n_cores, n_cores), -np.inf)
        piece = np.zeros((n_cores, n_cores), np.int64)
        by_core = np.argsort(self.core, kind="stable")
        ends = np.searchsorted(self.core[by_core], np.arange(n_cores + 1))
        for core in np.unique(self.core).tolist():
            here = by_core[ends[core] : ends[core + 1]]
            winner = gains[here].argmax(axis=0)
            best[core] = gains[here[winner], np.arange(n_cores)]
            piece[core] = here[winner]
        return best, piece

    def _try(self, here: int, there: int, piece: int, other: int | None) -> float:
        """Make the move or swap if the cores have room and it lowers the cost; returns the change of cost."""
        shift = self.sizes[piece] - (0 if other is None else self.sizes[other])
        if (self.free[there] < shift).any() or (self.free[here] < -shift).any():
            return 0.0
        change = self.move(piece, there)
        if other is not None:
            change += self.move(other, here)
        if change < 0:
            self.free[here] += shift
            self.free[there] -= shift
            return change
        self.move(piece, here)
        if other is not None:
            self.move(other, there)
        return 0.0


def improve(kinds: tuple[Pieces, ...], cost: float) -> float:
    """Improve the pieces of each kind in turn, from ``cost`` on; returns the new cost.

    Stops when little is gained or the effort is spent.
    """
    per_round = sum(len(pieces.core) * len(pieces.free) for pieces in kinds)
    for _ in range(min(MAX_ROUNDS, max(1, EFFORT // per_round))):
        change = sum(pieces.improve() for pieces in kinds)
        cost += change
        if -change <= WORTHWHILE * cost:
            break
    return cost


def _descending(first: Reals, second: Reals, most: int) -> list[int]:
    """Indices of the positive numbers in ``first`` + ``second``, highest first, equal ones by index."""
    found = [np.flatnonzero(first > 0), np.flatnonzero(second > 0)]
    gains = np.concatenate([first[found[0]], second[found[1]]])
    indices = np.concatenate([found[0], found[1] + len(first)])
    return [int(index) for index in indices[np.argsort(-gains, kind="stable")[:most]]]
