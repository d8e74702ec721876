"""Contacts: which neurons drive a block, or are summed up by it, and the segments that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

import numpy as np

from neurochip.mapping.pieces import Group, Ints, Segment


@dataclass(frozen=True, eq=False)
class Reach:
    """Neurons of a population at one end of a block.

    A spike of neuron ``units[i]`` reads ``lines[i]`` lines of the block (0: it does not reach the block) and
    thereby adds ``ops[i]`` weights; both int64 [units].
    """

    units: range
    lines: Ints
    ops: Ints

    @classmethod
    def all(cls, units: range, ops: int) -> Reach:
        """Each of ``units`` reads one line of ``ops`` weights."""
        return cls(units, np.ones(len(units), np.int64), np.full(len(units), ops))

    @classmethod
    def at_positions(cls, positions: range, cols: range, channels: int, lines: Ints, ops: Ints) -> Reach:
        """Channels ``cols`` of ``channels`` at ``positions``; ``lines`` and ``ops`` of each position."""
        spread = np.zeros((2, len(positions), channels), np.int64)
        spread[:, :, cols.start : cols.stop] = np.stack([lines, ops])[:, :, None]
        flat = spread.reshape(2, -1)
        return cls(range(positions.start * channels, positions.stop * channels), flat[0], flat[1])

    @cached_property
    def presence(self) -> Reach:
        """The same neurons, alike: what counts for sums."""
        here = np.minimum(self.lines, 1)
        return Reach(self.units, here, here)

    def edges(self) -> Ints:
        """Where neighbouring neurons differ, and both ends."""
        differ = (np.diff(self.lines) != 0) | (np.diff(self.ops) != 0)
        inner = np.flatnonzero(differ) + (self.units.start + 1)
        return np.concatenate([[self.units.start], inner, [self.units.stop]])


@dataclass(frozen=True, eq=False)
class Contact:
    """Neurons of ``population`` that spikes take to a ``block``, or sums from it, on ``way``."""

    population: int
    reach: Reach
    block: int
    way: int


class Segments:
    """Groups cut wherever neighbouring neurons differ in any of their contacts."""

    def __init__(self, groups: Sequence[Group], populations: int, contacts: Iterable[Contact]) -> None:
        edges: list[list[Ints]] = [[] for _ in range(populations)]
        for group in groups:
            edges[group.population].append(np.array([group.neurons.start, group.neurons.stop]))
        for population, reach in dict.fromkeys((it.population, it.reach) for it in contacts):
            edges[population].append(reach.edges())
        cuts = [np.unique(np.concatenate(found)) for found in edges]
        self._starts = [cut[:-1] for cut in cuts]
        self._first = np.cumsum([0, *(len(starts) for starts in self._starts)]).tolist()
        self.all = tuple(_segments(groups, cuts))

    def table(self, contacts: Sequence[Contact]) -> tuple[Ints, Ints, Ints]:
        """(segment, block, way) of all that meet, int64 [n, 3], and their lines and ops, int64 [n]."""
        meet = cache(self._meet)
        found = [meet(it.population, it.reach) for it in contacts]
        numbers = [len(met[0]) for met in found]
        segment, lines, ops = np.concatenate([np.zeros((3, 0), np.int64), *found], axis=1)
        block, way = np.repeat([[it.block, it.way] for it in contacts], numbers, axis=0).T
        return np.stack([segment, block, way], axis=1), lines, ops

    def _meet(self, population: int, reach: Reach) -> Ints:
        """Segments that have a reach, its lines and its ops there, [3, n]."""
        starts, units = self._starts[population], reach.units
        first, last = np.searchsorted(starts, [units.start, units.stop]).tolist()
        at = starts[first:last] - units.start
        rows = np.stack([np.arange(first, last) + self._first[population], reach.lines[at], reach.ops[at]])
        return rows[:, rows[1] > 0]


def _segments(groups: Sequence[Group], cuts: Sequence[Ints]) -> Iterable[Segment]:
    """The segments of all populations, in the order of groups, which is that of neurons."""
    for number, group in enumerate(groups):
        cut, neurons = cuts[group.population], group.neurons
        first, last = np.searchsorted(cut, [neurons.start, neurons.stop]).tolist()
        ends = cut[first : last + 1].tolist()
        for start, stop in pairwise(ends):
            yield Segment(group.population, number, range(start, stop))
