"""Shares: the weights of a projection that are held by the same crossbars, forward and mirrored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurochip.mapping.footprint import own_rows
from neurochip.mapping.pieces import Block, Ints
from neurochip.mapping.placement import Placement
from neurochip.network import Projection

NONE = -1
"""The mirror of a share that has none."""

_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Shares:
    """Which crossbars hold which weights.

    ``projection``, ``forward``, ``mirror``: of each share, int64 [shares]: its projection, the block of the
    first copy that holds it, and the first copy's mirror (``NONE``: none). ``first_row``: int64
    [projections], where a projection's rows begin. Row ``r`` of all is divided by the cuts ``row_cuts[r] ..
    row_cuts[r + 1] - 1``; ``cuts``: int64 [cuts, 2], (column behind the last one, share), rising.
    """

    projection: Ints
    forward: Ints
    mirror: Ints
    first_row: Ints
    row_cuts: Ints
    cuts: Ints

    @classmethod
    def of(cls, placement: Placement) -> Shares:
        """The shares of a placed network."""
        build = _Builder(placement)
        for index in range(len(placement.network.projections)):
            build.projection(index)
        return build.shares()


class _Builder:
    """Shares while they are found, projection by projection."""

    def __init__(self, placement: Placement) -> None:
        self.placement = placement
        self.held = (placement.network.folded() if placement.folded else placement.network).projections
        self.number: dict[tuple[int, int, int], int] = {}
        self.first_row: list[int] = []
        self.lengths: list[Ints] = [np.zeros(1, np.int64)]
        self.cuts: list[Ints] = [np.zeros((0, 2), np.int64)]
        self.rows = 0

    def projection(self, index: int) -> None:
        """Append the rows of a projection."""
        rows, cols = self.placement.network.projections[index].weight_shape
        self.first_row.append(self.rows)
        self.rows += rows
        step = max(1, _CHUNK // cols)
        for start in range(0, rows, step):
            self._rows(index, np.arange(start, min(start + step, rows)), cols)

    def shares(self) -> Shares:
        projection, forward, mirror = np.array(list(self.number), np.int64).reshape(-1, 3).T
        row_cuts = np.cumsum(np.concatenate(self.lengths))
        first_row, cuts = np.array(self.first_row, np.int64), np.concatenate(self.cuts)
        return Shares(projection, forward, mirror, first_row, row_cuts, cuts)

    def _rows(self, index: int, rows: Ints, cols: int) -> None:
        blocks = len(self.placement.blocks) + 1
        keys = self._forward(index, rows, cols) * blocks + self._mirror(index, rows, cols) + 1
        ends = np.ones(keys.shape, np.bool_)
        ends[:, :-1] = keys[:, 1:] != keys[:, :-1]
        row, col = np.nonzero(ends)
        distinct, where = np.unique(keys[row, col], return_inverse=True)
        numbers = [self._share(index, *divmod(int(key), blocks)) for key in distinct]
        self.lengths.append(ends.sum(1))
        self.cuts.append(np.stack([col + 1, np.array(numbers, np.int64)[where]], axis=1))

    def _share(self, index: int, forward: int, mirror: int) -> int:
        return self.number.setdefault((index, forward, mirror - 1), len(self.number))

    def _forward(self, index: int, rows: Ints, cols: int) -> Ints:
        """The block of the first copy that holds each weight, int64 [rows, cols]."""
        it, found = self.placement.network.projections[index], np.zeros((len(rows), cols), np.int64)
        for number, block in self._blocks(index, "forward"):
            mine = own_rows(it, self.held[index], block.rows)
            inside = (rows >= mine.start) & (rows < mine.stop)
            found[inside, block.cols.start : block.cols.stop] = number
        return found

    def _mirror(self, index: int, rows: Ints, cols: int) -> Ints:
        """The same of the mirror, or ``NONE``."""
        found = np.full((len(rows), cols), NONE, np.int64)
        lines, columns = _mirrored(self.placement.network.projections[index], self.held[index], rows, cols)
        for number, block in self._blocks(index, "mirror"):
            inside = (lines >= block.rows.start) & (lines < block.rows.stop)
            inside &= ((columns >= block.cols.start) & (columns < block.cols.stop))[:, None]
            found[inside] = number
        return found

    def _blocks(self, index: int, role: str) -> list[tuple[int, Block]]:
        return [
            (number, block)
            for number, block in enumerate(self.placement.blocks)
            if (block.projection, block.role, block.replica) == (index, role, 0)
        ]


def _mirrored(it: Projection, held: Projection, rows: Ints, cols: int) -> tuple[Ints, NDArray[np.int64]]:
    """Row [rows, cols] and column [rows] of the mirror that hold the weights of some rows."""
    if it.kernel is None or held.kernel is None:
        return np.broadcast_to(np.arange(cols), (len(rows), cols)), rows
    size, side = it.kernel.size, held.kernel.size
    channel, element = np.divmod(rows, size**2)
    kept = element // size * side + element % size
    return np.arange(cols) * side**2 + kept[:, None], channel
