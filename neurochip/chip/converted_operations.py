"""The operation table of a chip with column converters: what is summed at once is an operation of its own."""

from __future__ import annotations

import numpy as np

from neurochip.chip import columns as col
from neurochip.chip.memory import Matrix, Memory
from neurochip.chip.operations import Operations
from neurochip.hardware import Hardware
from neurochip.mapping import FORWARD, Placement, Reading, readings
from neurochip.mapping.converted import require_known
from neurochip.network import Network, Projection
from neurochip.program import Program


def operations(placement: Placement, memory: Memory, program: Program, hardware: Hardware) -> Operations:
    """One operation for each range of rows that are summed before a conversion, in each direction.

    Raises ConfigError for convolutions of which it is not known what their cells would do.
    """
    require_known(placement, hardware)
    network, found = placement.network, readings(placement, program.feedback)
    rows = [_row(network, it, memory, program) for it in found]
    for number, row in enumerate(rows):
        row[col.NAME] = number
    none = np.zeros((4, 0), np.int32)
    return Operations(np.array(rows, np.int64), none, 0, places=found[-1].places.stop)


def _row(network: Network, it: Reading, memory: Memory, program: Program) -> list[int]:
    """The operation of a reading; its number is left open."""
    projection, row = network.projections[it.projection], [0] * col.OP_COLUMNS
    up = it.way == FORWARD
    row[: col.GROUP + 1] = (_up if up else _down)(network, projection, memory, program)
    columns = projection.weight_shape[1 if up else 0]
    row[col.ROW_LO : col.CHECKED + 1] = [it.cut.start, it.cut.stop, 0, columns, col.CONVERTED]
    if kernel := projection.kernel:
        geometry = kernel.size, kernel.stride, kernel.padding, kernel.window
        row[col.P_C_IN : col.P_WINDOW + 1] = [*projection.source_shape, *projection.target_shape, *geometry]
    row[col.FIRST_PLACE] = it.places.start
    return row


def _up(network: Network, projection: Projection, memory: Memory, program: Program) -> list[int]:
    matrix = memory.matrices[projection.source]
    shift = network.extra_bits(projection.target, program.feedback) - projection.pool_bits
    kind = col.UP if projection.kernel else col.DENSE
    ends = [projection.source, projection.target, matrix.forward, matrix.stride]
    return [kind, *ends, shift, memory.group]


def _down(network: Network, projection: Projection, memory: Memory, program: Program) -> list[int]:
    matrix = memory.matrices[projection.source]
    shift = network.extra_bits(projection.source, program.feedback) - projection.pool_bits
    kind, base, stride = _array(projection, matrix)
    return [kind, projection.target, projection.source, base, stride, shift, memory.group]


def _array(projection: Projection, matrix: Matrix) -> tuple[int, int, int]:
    """Kind, start and row distance of what is read downwards: a kernel by its columns, else the transpose."""
    if projection.kernel:
        return col.DOWN, matrix.forward, matrix.stride
    return col.DENSE, matrix.back, matrix.back_stride
