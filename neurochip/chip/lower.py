"""From a placed network and a program to the integer tables that the engine walks through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.fixed import Format
from neurochip.mapping import Block, Placement
from neurochip.network import Network
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.int64]

LANES = 32
"""Rows of the weight memory are padded to a multiple of this many weights: whole vectors, no remainder loop."""

STARTS = {"reset": col.RESET, "continue": col.CONTINUE, "restore": col.RESTORE}


@dataclass(frozen=True)
class Matrix:
    """Where a projection's weights are: as the forward read needs them, transposed for feedback, and the masters."""

    forward: int
    stride: int
    back: int
    back_stride: int
    master: int


@dataclass(frozen=True)
class Memory:
    """Layout of the weight memory. A narrow weight (up to 8 bits) is an int8 summed in int16, a wide one int16 in int32."""

    matrices: tuple[Matrix, ...]
    words: int
    masters: int
    weight_type: type[np.signedinteger[Any]]
    sum_type: type[np.signedinteger[Any]]
    group: int
    widest: int

    @classmethod
    def of(cls, network: Network, weight_bits: int, feedback: bool) -> Memory:
        matrices, at, master = [], 0, 0
        for projection in network.projections:
            stride, back_stride = padded(projection.n_post), padded(projection.n_pre)
            forward, at = at, at + projection.n_pre * stride
            back = -1
            if feedback and projection.source != 0:
                back, at = at, at + projection.n_post * back_stride
            matrices.append(Matrix(forward, stride, back, back_stride, master))
            master += projection.n_pre * projection.n_post
        widest = max(max(m.stride, m.back_stride) for m in matrices)
        narrow = weight_bits <= 8
        types = (np.int8, np.int16, 252) if narrow else (np.int16, np.int32, 65_532)
        return cls(tuple(matrices), at, master, *types, widest)


def padded(n: int) -> int:
    """``n`` rounded up to whole vectors."""
    return -(-n // LANES) * LANES


def populations(network: Network, program: Program, formats: Mapping[str, Format]) -> Ints:
    """The population table; see `neurochip.neurons.registers`."""
    parameters = program.neuron.parameters(formats)
    rows, offset, last = [], 0, len(network.populations) - 1
    for index, population in enumerate(network.populations):
        nudged = index == last
        rows.append([offset, population.size, program.neuron.code, nudged, 0 if nudged else -1, *parameters])
        offset += population.size
    return np.array(rows, np.int64)


def operations(placement: Placement, memory: Memory, program: Program, weight: Format, partial: Format) -> Ints:
    """The operation table: one row for each matrix that is read in a tick, in each direction.

    A matrix that is cut over row blocks is still one operation as long as no block's sum can leave the partial-sum
    register; otherwise each range of rows is an operation of its own that checks it.
    """
    rows: list[list[int]] = []
    for index, projection in enumerate(placement.network.projections):
        matrix = memory.matrices[index]
        blocks = [block for block in placement.blocks if block.projection == index]
        forward = {block.rows for block in blocks if block.role == "forward"}
        ends = [projection.source, projection.target, matrix.forward, matrix.stride]
        rows += _reads(ends, projection.n_pre, projection.n_post, forward, weight, partial)
        if program.feedback and projection.source != 0:
            ends = [projection.target, projection.source, matrix.back, matrix.back_stride]
            rows += _reads(ends, projection.n_post, projection.n_pre, _back_rows(blocks), weight, partial)
    return np.array(rows, np.int64)


def _back_rows(blocks: list[Block]) -> set[range]:
    """Ranges of the upper population's neurons whose feedback is summed on one crossbar."""
    mirrors = {block.rows for block in blocks if block.role == "mirror"}
    return mirrors or {block.cols for block in blocks}


def _reads(
    ends: list[int], n_rows: int, n_cols: int, cuts: set[range], weight: Format, partial: Format
) -> list[list[int]]:
    largest = max(len(cut) for cut in cuts) * -weight.lo
    if largest <= partial.hi:
        return [[*ends, 0, n_rows, 0, n_cols, 0]]
    return [[*ends, cut.start, cut.stop, 0, n_cols, 1] for cut in sorted(cuts, key=lambda cut: cut.start)]


def phase_table(program: Program) -> Ints:
    """The phase table; see `neurochip.chip.columns`."""
    rows, time, elapsed, saved_at = [], 0, 0, 0
    for phase in program.phases:
        if phase.start != "continue":
            time = 0 if phase.start == "reset" else saved_at
        bank = -1 if phase.bank is None else phase.bank
        how = STARTS[phase.start]
        rows.append([phase.ticks, phase.nudge, how, phase.save, bank, phase.readout, time, elapsed])
        time, elapsed = time + phase.ticks, elapsed + phase.ticks
        saved_at = time if phase.save else saved_at
    return np.array(rows, np.int64)


def format_table(formats: Mapping[str, Format]) -> Ints:
    """The format table: one row for each register in the order of `neurochip.neurons.registers.REGISTERS`."""
    table = np.zeros((len(reg.REGISTERS), 5), np.int64)
    for index, name in enumerate(reg.REGISTERS):
        table[index, :4] = formats["membrane" if name == "previous" else name].row()
    table[reg.BANK, reg.SHIFT] = formats["membrane"].frac - formats["bank"].frac
    return table


def tile_table(network: Network, rows_per_tile: int = 32) -> Ints:
    """Work of the update unit in pieces that one thread takes: (projection, first row, end)."""
    return np.array(
        [
            [index, start, min(start + rows_per_tile, projection.n_pre)]
            for index, projection in enumerate(network.projections)
            for start in range(0, projection.n_pre, rows_per_tile)
        ],
        np.int64,
    )
