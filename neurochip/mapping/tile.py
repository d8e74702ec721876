"""Cutting a network into pieces that fit crossbars and cores; no core is chosen here.

A dense projection of n_pre x n_post synapses becomes ceil(n_pre / R) x ceil(n_post / C) blocks, and so does
the matrix of a convolution, once for each of its replicas. A population becomes groups of neurons that live
on one core, and a group becomes segments: neurons whose spikes and sums go exactly the same ways.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from neurochip.mapping.contact import Contact, Reach, Segments
from neurochip.mapping.footprint import footprint, own_rows
from neurochip.mapping.pieces import BACKWARD, FORWARD, Block, Group, Tiling
from neurochip.mapping.plan import Matrix, Plan


def tile(plan: Plan, largest_group: int) -> Tiling:
    """Cut a network into blocks for the plan's crossbars, and groups of at most ``largest_group`` neurons."""
    return _Cutter(plan).tiling(tuple(_groups(plan, largest_group)))


def cuts(n: int, step: int) -> list[range]:
    """``range(n)`` in consecutive pieces of ``step``; the last may be shorter."""
    return [range(start, min(start + step, n)) for start in range(0, n, step)]


def _groups(plan: Plan, largest: int) -> Iterator[Group]:
    """The input is cut as rows are, maps as their replicas, others as the columns that feed them."""
    for index, population in enumerate(plan.network.populations):
        channels = population.shape[0]
        if index and plan.held[index - 1].kernel:
            pieces = [range(p.start * channels, p.stop * channels) for p in plan.replicas(index)]
        else:
            pieces = cuts(population.size, plan.limits.cols if index else plan.limits.rows)
        for piece in pieces:
            yield from (Group(index, piece[part.start : part.stop]) for part in cuts(len(piece), largest))


class _Cutter:
    """The work of `tile`; blocks and contacts are appended projection by projection."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.blocks: list[Block] = []
        self.reads: list[Contact] = []
        self.sums: list[Contact] = []
        self.work: list[tuple[int, int]] = []
        self._all = cache(Reach.all)
        self._footprint = cache(footprint)

    def tiling(self, groups: tuple[Group, ...]) -> Tiling:
        for projection in range(len(self.plan.held)):
            for matrix in self.plan.matrices(projection):
                for replica, positions in enumerate(matrix.replicas):
                    self._copy(projection, matrix, replica, positions)
        segments = Segments(groups, len(self.plan.network.populations), (*self.reads, *self.sums))
        reads, lines, ops = segments.table(self.reads)
        sums, _, _ = segments.table(self.sums)
        axons = np.array([self._axons(block) for block in self.blocks], np.int64)
        weights, products = np.array(self.work, np.int64).T
        parts = tuple(self.blocks), groups, segments.all
        return Tiling(*parts, reads, lines, ops, sums, axons, weights, products)

    def _copy(self, projection: int, matrix: Matrix, replica: int, positions: range | None) -> None:
        """Append the blocks of one copy of a matrix, column by column, and their contacts."""
        limits = self.plan.limits
        for cols in cuts(matrix.n_cols, limits.cols):
            for rows in cuts(matrix.n_rows, limits.rows):
                block = Block(projection, matrix.role, rows, cols, positions=positions, replica=replica)
                self._meet(block, *self._ends(block))
                self.blocks.append(block)
                self.work.append(self._work(block))

    def _meet(self, block: Block, driving: Reach, served: Reach) -> None:
        """Append the contacts of a block that is about to be appended."""
        it, number = self.plan.held[block.projection], len(self.blocks)
        up = block.role == "forward"
        below, above, way = (it.source, it.target, FORWARD) if up else (it.target, it.source, BACKWARD)
        self.reads.append(Contact(below, driving, number, way))
        self.sums.append(Contact(above, served.presence, number, way))
        if self.plan.both_ways(block.projection):
            self.reads.append(Contact(above, served, number, BACKWARD))
            self.sums.append(Contact(below, driving.presence, number, BACKWARD))

    def _ends(self, block: Block) -> tuple[Reach, Reach]:
        """The neurons that drive a block's rows and those that its columns add up for."""
        rows, cols, positions = block.rows, block.cols, block.positions
        if positions is None:
            return self._all(rows, len(cols)), self._all(cols, len(rows))
        it = self.plan.held[block.projection]
        channels = (it.target_shape if block.role == "forward" else it.source_shape)[0]
        found = self._footprint(it, block.role, rows, positions)
        driving = Reach(found.units, found.lines, found.lines * len(cols))
        return driving, Reach.at_positions(positions, cols, channels, found.columns, found.taps)

    def _work(self, block: Block) -> tuple[int, int]:
        """Weights that a block keeps up to date, and products of banks for that; a mirror is only told."""
        if block.role == "mirror":
            return 0, 0
        if block.positions is None:
            return block.cells, block.cells
        it = self.plan.network.projections[block.projection]
        rows = own_rows(it, self.plan.held[block.projection], block.rows)
        taps = int(self._footprint(it, "forward", rows, block.positions).taps.sum())
        return len(rows) * len(block.cols), taps * len(block.cols)

    def _axons(self, block: Block) -> int:
        both = self.plan.both_ways(block.projection)
        return len(block.rows) + (len(block.cols) if both else 0)
