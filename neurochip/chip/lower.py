"""From a placed network to the integer tables of its populations, registers and matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import convolution
from neurochip.chip.memory import Memory
from neurochip.fixed import Format, Rate
from neurochip.mapping import Placement
from neurochip.network import Network
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.int64]

LONGEST_SHIFT = 62
"""Of a 64-bit sum: a larger shift leaves nothing."""


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
    first, rows = offsets(network), []
    each = zip(network.projections, memory.matrices, rates, bias_rates, strict=True)
    for projection, matrix, rate, bias_rate in each:
        n_rows, n_cols = projection.weight_shape
        ends = [
            first[projection.source],
            projection.n_pre,
            first[projection.target],
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
    """The convolution table; see `neurochip.chip.convolution`."""
    first = offsets(network)
    table = np.zeros((len(network.projections), convolution.CONV_COLUMNS), np.int64)
    for index, (it, matrix) in enumerate(zip(network.projections, memory.matrices, strict=True)):
        if it.kernel is not None:
            (c_in, height, width), (c_out, out_height, out_width) = it.source_shape, it.target_shape
            kernel = it.kernel
            largest = kernel.window if kernel.pooling == "max" else 0
            table[index] = [
                c_in, kernel.size, kernel.stride, 1 if largest else kernel.window, c_out, kernel.padding,
                height, width, out_height, out_width, matrix.forward, matrix.stride, matrix.up, matrix.down,
                matrix.sums,
                first[it.source], first[it.target], largest,
            ]  # fmt: skip
    return table


def segment_of(placement: Placement) -> Ints:
    """The segment of each unit, int64 [units]."""
    starts = offsets(placement.network)
    found = np.zeros(placement.network.neurons, np.int64)
    for number, segment in enumerate(placement.segments):
        first = starts[segment.population]
        found[first + segment.neurons.start : first + segment.neurons.stop] = number
    return found


def offsets(network: Network) -> list[int]:
    """First unit of each population."""
    sizes = [population.size for population in network.populations]
    return [sum(sizes[:index]) for index in range(len(sizes))]
