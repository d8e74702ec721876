"""Cutting a network into pieces that fit crossbars and cores; no core is chosen here.

A projection of n_pre x n_post synapses becomes ceil(n_pre / R) x ceil(n_post / C) blocks, a population
becomes groups of neurons that live on one core, and a group becomes segments: neurons whose spikes and sums
go exactly the same ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurochip.network import Network

Feedback = Literal["transposed", "mirrored"] | None
Role = Literal["forward", "mirror"]

FORWARD, BACKWARD = 1, 2
"""Ways of a spike or a sum, as bits: up the network, or back down it."""

UNPLACED = -1

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """The part of a projection's matrix that one crossbar holds.

    ``rows`` and ``cols`` are neurons of the population whose spikes drive the crossbar's rows and of the one
    that its columns add up for: source and target of the projection; for a mirror (the transposed matrix)
    target and source.
    """

    projection: int
    role: Role
    rows: range
    cols: range
    core: int = UNPLACED
    slot: int = UNPLACED

    @property
    def cells(self) -> int:
        """Synapses that the block holds."""
        return len(self.rows) * len(self.cols)


@dataclass(frozen=True)
class Group:
    """Neurons of one population whose registers are on one core: their home."""

    population: int
    neurons: range
    core: int = UNPLACED


@dataclass(frozen=True)
class Segment:
    """Neurons of one group that read the same blocks and are summed up by the same blocks."""

    population: int
    group: int
    neurons: range


@dataclass(frozen=True, eq=False)
class Tiling:
    """All pieces of a network and who talks to whom.

    ``reads``: one row (segment, block, way) for each block of which a spike of the segment reads a line.
    ``sums``: one row (segment, block, way) for each block that adds up currents for the segment. int64 [n,
    3], ways ``FORWARD`` or ``BACKWARD``. ``axons``: lines of each block that spikes may drive, int64
    [blocks].
    """

    blocks: tuple[Block, ...]
    groups: tuple[Group, ...]
    segments: tuple[Segment, ...]
    reads: Ints
    sums: Ints
    axons: Ints


def tile(network: Network, rows: int, cols: int, largest_group: int, feedback: Feedback) -> Tiling:
    """Cut ``network`` for crossbars of ``rows`` x ``cols`` and groups of at most ``largest_group`` neurons.

    With ``feedback`` the spikes of a projection's target also drive its source, unless that is the input:
    through the same blocks (``transposed``) or through blocks of their own (``mirrored``).
    """
    return _Cutter(network, rows, cols, largest_group, feedback).tiling()


def cuts(n: int, step: int) -> list[range]:
    """``range(n)`` in consecutive pieces of ``step``; the last may be shorter."""
    return [range(start, min(start + step, n)) for start in range(0, n, step)]


class _Cutter:
    """The work of `tile`; blocks are appended projection by projection."""

    def __init__(
        self, network: Network, rows: int, cols: int, largest_group: int, feedback: Feedback
    ) -> None:
        self.network = network
        self.rows, self.cols = rows, cols
        self.feedback = feedback
        self.groups = list(self._groups(largest_group))
        self.segments = list(self._segments())
        self.blocks: list[Block] = []
        self.reads: list[tuple[int, int, int]] = []
        self.sums: list[tuple[int, int, int]] = []

    def tiling(self) -> Tiling:
        for index, projection in enumerate(self.network.projections):
            below, above = self._of(projection.source), self._of(projection.target)
            grid = self._blocks(index, "forward", projection.n_pre, projection.n_post)
            self.reads += self._by_row(below, grid, FORWARD)
            self.sums += self._by_column(above, grid, FORWARD)
            if not self._has_feedback(index):
                continue
            if self.feedback == "transposed":
                self.reads += self._by_column(above, grid, BACKWARD)
                self.sums += self._by_row(below, grid, BACKWARD)
            else:
                mirror = self._blocks(index, "mirror", projection.n_post, projection.n_pre)
                self.reads += self._by_row(above, mirror, BACKWARD)
                self.sums += self._by_column(below, mirror, BACKWARD)
        axons = [self._axons(block) for block in self.blocks]
        parts = tuple(self.blocks), tuple(self.groups), tuple(self.segments)
        return Tiling(*parts, _table(self.reads), _table(self.sums), np.array(axons, np.int64))

    def _groups(self, largest: int) -> Iterator[Group]:
        """The input is cut as its rows are, every other population as the columns that feed it."""
        for index, population in enumerate(self.network.populations):
            for piece in cuts(population.size, self.cols if index else self.rows):
                yield from (Group(index, piece[part.start : part.stop]) for part in cuts(len(piece), largest))

    def _segments(self) -> Iterator[Segment]:
        """Groups cut wherever the rows that they drive, or the columns that feed them, end on a crossbar."""
        driving = {projection.source for projection in self.network.projections}
        for index, group in enumerate(self.groups):
            start, stop = group.neurons.start, group.neurons.stop
            edges = {start, stop} | set(_multiples(start, stop, self.cols if group.population else self.rows))
            if group.population in driving or self.feedback == "mirrored":
                edges |= set(_multiples(start, stop, self.rows))
            yield from (Segment(group.population, index, range(a, b)) for a, b in pairwise(sorted(edges)))

    def _blocks(self, projection: int, role: Role, n_rows: int, n_cols: int) -> Ints:
        """Append the blocks of a matrix, column by column; their indices, [row blocks, column blocks]."""
        row_cuts, col_cuts = cuts(n_rows, self.rows), cuts(n_cols, self.cols)
        first = len(self.blocks)
        self.blocks += [Block(projection, role, rows, cols) for cols in col_cuts for rows in row_cuts]
        return np.arange(first, len(self.blocks)).reshape(len(col_cuts), len(row_cuts)).T

    def _of(self, population: int) -> list[tuple[int, int]]:
        """(segment, first neuron) of a population's segments."""
        return [(i, s.neurons.start) for i, s in enumerate(self.segments) if s.population == population]

    def _by_row(
        self, segments: Iterable[tuple[int, int]], grid: Ints, way: int
    ) -> Iterator[tuple[int, int, int]]:
        for segment, start in segments:
            yield from ((segment, block, way) for block in grid[start // self.rows].tolist())

    def _by_column(
        self, segments: Iterable[tuple[int, int]], grid: Ints, way: int
    ) -> Iterator[tuple[int, int, int]]:
        for segment, start in segments:
            yield from ((segment, block, way) for block in grid[:, start // self.cols].tolist())

    def _has_feedback(self, projection: int) -> bool:
        return self.feedback is not None and self.network.projections[projection].source != 0

    def _axons(self, block: Block) -> int:
        read_both_ways = self.feedback == "transposed" and self._has_feedback(block.projection)
        return len(block.rows) + (len(block.cols) if read_both_ways else 0)


def _multiples(start: int, stop: int, step: int) -> range:
    return range(-(-start // step) * step, stop, step)


def _table(rows: list[tuple[int, int, int]]) -> Ints:
    return np.array(rows, np.int64).reshape(-1, 3)
