"""From a placed network and a program to the integer tables that the engine walks through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.chip import kernels
from neurochip.chip.geometry import Folded, Stamp
from neurochip.chip.memory import Memory
from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format, Rate
from neurochip.mapping import Block, Placement
from neurochip.network import Network
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.int64]

NEVER = 1 << 62
"""A time that does not come."""

LONGEST_SHIFT = 62
"""Of a 64-bit sum: a larger shift leaves nothing."""

STARTS = {"reset": col.RESET, "continue": col.CONTINUE, "restore": col.RESTORE}


def populations(network: Network, program: Program, formats: Mapping[str, Format]) -> Ints:
    """The population table; see `neurochip.neurons.registers`."""
    rows, offset, last = [], 0, len(network.populations) - 1
    for index, population in enumerate(network.populations):
        current = formats["current"]
        fine = replace(current, frac=current.frac + network.extra_bits(index, program.feedback))
        parameters = program.neuron.parameters({**formats, "current": fine})
        nudged = index == last
        rows.append([offset, population.size, program.neuron.code, nudged, 0 if nudged else -1, *parameters])
        offset += population.size
    return np.array(rows, np.int64)


def word(
    network: Network, program: Program, formats: Mapping[str, Format], held_bits: int
) -> type[np.signedinteger[Any]]:
    """The type in which neuron registers are held and computed: int32 where every intermediate value
    provably fits. ``held_bits``: of a weight as it is read."""
    widest = 0
    for index in range(len(network.populations)):
        current = formats["current"]
        fine = replace(current, frac=current.frac + network.extra_bits(index, program.feedback))
        widest = max(widest, program.neuron.widest({**formats, "current": fine}, program.nudge))
    return np.int32 if max(widest, _sum_bits(network, held_bits)) <= 32 else np.int64


def _sum_bits(network: Network, weight_bits: int) -> int:
    """Bits, sign included, of the largest current that the weights of both directions could sum up to."""
    largest = sum(
        max(rows, cols) * (p.kernel.window if p.kernel else 1) ** 2 * (p.kernel.size if p.kernel else 1) ** 2
        for p in network.projections
        for rows, cols in [p.weight_shape]
    )
    most = max((p.pool_bits for p in network.projections), default=0)
    return (largest << (weight_bits - 1 + most)).bit_length() + 1


@dataclass(frozen=True)
class Operations:
    """The operation table, and the stamps of convolutions: int32 [4, source neurons], where each is in the
    table of weights, where it falls, its rows and the weights in each."""

    table: Ints
    stamps: NDArray[np.int32]
    largest_map: int


def operations(
    placement: Placement, memory: Memory, program: Program, formats: Mapping[str, Format]
) -> Operations:
    """One operation for each matrix that is read in a tick, in each direction.

    A matrix that is cut over row blocks is still one operation as long as no block's sum can leave the
    partial-sum register; otherwise each range of rows is an operation of its own that checks it. Raises
    ConfigError where that is not possible: in a convolution the partial-sum register must hold all sums.
    """
    network, weight, partial = placement.network, formats["weight"], formats["partial"]
    rows: list[list[int]] = []
    stamps: list[Stamp] = []
    for index, projection in enumerate(network.projections):
        matrix = memory.matrices[index]
        blocks = [block for block in placement.blocks if block.projection == index]
        feedback = program.feedback and projection.source != 0
        if projection.kernel is not None:
            _require_partial(network, index, weight, partial)
            folded = Folded.of(projection)
            ways = [(projection.source, projection.target, matrix.up, folded.up())]
            if feedback:
                ways.append((projection.target, projection.source, matrix.down, folded.down()))
            pools = projection.kernel.pooling == "max"
            for source, target, base, stamp in ways:
                group = memory.spikes_in_a_sum(weight.bits, projection, up=source == projection.source)
                shift = network.extra_bits(target, program.feedback) - projection.pool_bits
                row = _stamp_row(source, target, base, shift, stamp, group, sum(len(s.which) for s in stamps))
                if pools:
                    row[col.KIND] = col.POOL if source == projection.source else col.UNPOOL
                    row[col.WINDOW : col.NAME] = _window(folded, stamp)
                rows.append(row)
                stamps.append(stamp)
            continue
        forward = {block.rows for block in blocks if block.role == "forward"}
        up = network.extra_bits(projection.target, program.feedback)
        ends = [
            col.DENSE,
            projection.source,
            projection.target,
            matrix.forward,
            matrix.stride,
            up,
            memory.group,
        ]
        rows += _reads(ends, projection.n_pre, projection.n_post, forward, weight, partial)
        if feedback:
            down = network.extra_bits(projection.source, True)
            ends = [
                col.DENSE,
                projection.target,
                projection.source,
                matrix.back,
                matrix.back_stride,
                down,
                memory.group,
            ]
            rows += _reads(ends, projection.n_post, projection.n_pre, back_rows(blocks), weight, partial)
    fields = [np.stack([stamp.which, stamp.where, stamp.rows, stamp.lengths]) for stamp in stamps]
    return Operations(
        np.array(rows, np.int64),
        np.concatenate([np.zeros((4, 0), np.int32), *fields], axis=1).astype(np.int32),
        max((stamp.size for stamp in stamps), default=0),
    )


def _stamp_row(
    source: int, target: int, base: int, shift: int, stamp: Stamp, group: int, first: int
) -> list[int]:
    row = [0] * col.OP_COLUMNS
    row[: col.GROUP + 1] = [col.STAMP, source, target, base, 0, shift, group]
    row[col.FIRST_STAMP], row[col.RUN], row[col.PITCH] = first, stamp.run, stamp.pitch
    row[col.MAP_SIZE], row[col.CORNER] = stamp.size, stamp.corner
    row[col.VALID_ROWS], row[col.VALID_RUN] = stamp.valid_rows, stamp.valid_run
    return row


def _window(folded: Folded, stamp: Stamp) -> tuple[int, int, int, int]:
    """The columns of an operation that take part in max pooling."""
    right = folded.stride * folded.source[0]
    return folded.window, folded.target[0], folded.stride * stamp.pitch, right


def back_rows(blocks: list[Block]) -> set[range]:
    """Ranges of the upper population's neurons whose feedback is summed on one crossbar."""
    mirrors = {block.rows for block in blocks if block.role == "mirror"}
    return mirrors or {block.cols for block in blocks}


def _reads(
    ends: list[int], n_rows: int, n_cols: int, cuts: set[range], weight: Format, partial: Format
) -> list[list[int]]:
    rest = [0] * (col.OP_COLUMNS - col.CHECKED - 1)
    if max(len(cut) for cut in cuts) * -weight.lo <= partial.hi:
        return [[*ends, 0, n_rows, 0, n_cols, 0, *rest]]
    return [
        [*ends, cut.start, cut.stop, 0, n_cols, 1, *rest] for cut in sorted(cuts, key=lambda cut: cut.start)
    ]


def _require_partial(network: Network, index: int, weight: Format, partial: Format) -> None:
    projection = network.projections[index]
    rows, columns = projection.weight_shape
    kernel = projection.kernel
    window = kernel.window if kernel and kernel.pooling == "average" else 1
    needed = (
        max(rows, columns * rows // projection.source_shape[0]) * window**2 * -weight.lo
    ).bit_length() + 1
    if partial.bits < needed:
        message = (
            f"registers.partial.bits must be {needed} or more for the convolution {network.label(index)}"
        )
        raise ConfigError([Problem(f"{message}, not {partial.bits}", "hardware.registers.partial")])


class Course(NamedTuple):
    """What a program is to the engine.

    The phase table, the neurons' schedule, (multiplier, shift, whether the sign flips) of the nudge; the
    longest time from a reset on, and how many times come again.
    """

    phases: Ints
    schedule: Ints
    nudge: Ints
    times: int
    repeats: int


@lru_cache(maxsize=32)
def course(program: Program) -> Course:
    """The tables of a program."""
    phases = phase_table(program)
    return Course(
        phases,
        np.array(program.neuron.schedule(program.ticks), np.int64),
        np.array([program.nudge.multiplier, program.nudge.shift, program.flips], np.int64),
        int((phases[:, col.TIME] + phases[:, col.TICKS]).max()),
        len(repeated(phases)),
    )


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
    again = repeated(rows)
    first = again.start if again else NEVER
    return np.array([[*row, first] for row in rows], np.int64)


def repeated(phases: Sequence[Sequence[int]] | NDArray[np.integer[Any]]) -> range:
    """The times, of those counted along the neurons' own, that come more than once (from first to last)."""
    spans = [(int(row[col.TIME]), int(row[col.TIME] + row[col.TICKS])) for row in phases]
    often = np.bincount(np.concatenate([np.arange(*span) for span in spans]))
    times = np.flatnonzero(often > 1)
    return range(int(times[0]), int(times[-1]) + 1) if len(times) else range(0)


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
            [index, start, min(start + rows_per_tile, projection.weight_shape[0])]
            for index, projection in enumerate(network.projections)
            for start in range(0, projection.weight_shape[0], rows_per_tile)
        ],
        np.int64,
    )


def matrix_table(network: Network, memory: Memory, rates: Sequence[Rate], bias_rates: Sequence[Rate]) -> Ints:
    """The update unit's matrix table; see `neurochip.chip.matrices`. Pooling's division is part of a
    convolution's rate."""
    offsets, rows = _offsets(network), []
    each = zip(network.projections, memory.matrices, rates, bias_rates, strict=True)
    for projection, matrix, rate, bias_rate in each:
        n_rows, n_cols = projection.weight_shape
        ends = [
            offsets[projection.source],
            projection.n_pre,
            offsets[projection.target],
            n_rows,
            n_cols,
            projection.n_post // n_cols,
        ]
        places = [matrix.forward, matrix.stride, matrix.back, matrix.back_stride, matrix.master]
        steps = [*_step(rate, projection.pool_bits), *_step(bias_rate, 0)]
        rows.append([*ends, *places, projection.kernel is not None, *steps])
    return np.array(rows, np.int64)


def _step(rate: Rate, extra: int) -> tuple[int, int]:
    """Multiplier and shift of a rate divided by ``2**extra``; one too small to move anything is zero."""
    shift = rate.shift + extra
    return (rate.multiplier, shift) if shift <= LONGEST_SHIFT else (0, 0)


def conv_table(network: Network, memory: Memory) -> Ints:
    """The convolution table; see `neurochip.chip.kernels`."""
    offsets = _offsets(network)
    table = np.zeros((len(network.projections), kernels.CONV_COLUMNS), np.int64)
    for index, (it, matrix) in enumerate(zip(network.projections, memory.matrices, strict=True)):
        if it.kernel is not None:
            (c_in, height, width), (c_out, out_height, out_width) = it.source_shape, it.target_shape
            kernel = it.kernel
            largest = kernel.window if kernel.pooling == "max" else 0
            table[index] = [
                c_in, kernel.size, kernel.stride, 1 if largest else kernel.window, c_out, kernel.padding,
                height, width, out_height, out_width, matrix.forward, matrix.stride, matrix.up, matrix.down,
                matrix.sums,
                offsets[it.source], offsets[it.target], largest,
            ]  # fmt: skip
    return table


def segment_of(placement: Placement) -> Ints:
    """The segment of each unit, int64 [units]."""
    offsets = _offsets(placement.network)
    found = np.zeros(placement.network.neurons, np.int64)
    for number, segment in enumerate(placement.segments):
        first = offsets[segment.population]
        found[first + segment.neurons.start : first + segment.neurons.stop] = number
    return found


def _offsets(network: Network) -> list[int]:
    """First unit of each population."""
    sizes = [population.size for population in network.populations]
    return [sum(sizes[:index]) for index in range(len(sizes))]
