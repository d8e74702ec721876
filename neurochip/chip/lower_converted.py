"""The operation table of a chip with column converters: what is summed at once is an operation of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurochip.chip import columns as col
from neurochip.chip.memory import Matrix, Memory
from neurochip.chip.operations import Operations, back_rows
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.mapping.converted import require_known
from neurochip.network import Network, Projection
from neurochip.program import Program


def operations(placement: Placement, memory: Memory, program: Program, hardware: Hardware) -> Operations:
    """One operation for each range of rows that are summed before a conversion, in each direction.

    Raises ConfigError for convolutions of which it is not known what their cells would do.
    """
    require_known(placement, hardware)
    rows: list[list[int]] = []
    for index, projection in enumerate(placement.network.projections):
        blocks = [block for block in placement.blocks if block.projection == index]
        forward = {block.rows for block in blocks if block.role == "forward"}
        rows += _up(placement.network, projection, memory, program, forward)
        if program.feedback and projection.source != 0:
            rows += _down(placement.network, projection, memory, back_rows(blocks))
    for number, row in enumerate(rows):
        row[col.NAME] = number
    return Operations(np.array(rows, np.int64), np.zeros((4, 0), np.int32), 0)


def _up(
    network: Network, projection: Projection, memory: Memory, program: Program, cuts: set[range]
) -> Iterator[list[int]]:
    matrix = memory.matrices[projection.source]
    shift = network.extra_bits(projection.target, program.feedback) - projection.pool_bits
    ends = [projection.source, projection.target, matrix.forward, matrix.stride, shift, memory.group]
    kind = col.UP if projection.kernel else col.DENSE
    yield from _cut([kind, *ends], cuts, projection.weight_shape[1], projection)


def _down(network: Network, projection: Projection, memory: Memory, cuts: set[range]) -> Iterator[list[int]]:
    matrix = memory.matrices[projection.source]
    shift = network.extra_bits(projection.source, True) - projection.pool_bits
    kind, base, stride = _array(projection, matrix)
    ends = [kind, projection.target, projection.source, base, stride, shift, memory.group]
    yield from _cut(ends, cuts, projection.weight_shape[0], projection)


def _array(projection: Projection, matrix: Matrix) -> tuple[int, int, int]:
    """Kind, start and row distance of what is read downwards: a kernel by its columns, else the transpose."""
    if projection.kernel:
        return col.DOWN, matrix.forward, matrix.stride
    return col.DENSE, matrix.back, matrix.back_stride


def _cut(ends: list[int], cuts: set[range], columns: int, projection: Projection) -> Iterator[list[int]]:
    for cut in sorted(cuts, key=lambda cut: cut.start):
        row = [0] * col.OP_COLUMNS
        row[: col.CHECKED + 1] = [*ends, cut.start, cut.stop, 0, columns, col.CONVERTED]
        if kernel := projection.kernel:
            geometry = kernel.size, kernel.stride, kernel.padding, kernel.window
            row[col.P_C_IN : col.P_WINDOW + 1] = [
                *projection.source_shape, *projection.target_shape, *geometry
            ]  # fmt: skip
        yield row
