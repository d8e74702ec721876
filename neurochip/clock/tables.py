"""Tables that describe registers and neurons to the kernels, from the hardware and the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip import fixed
from neurochip.clock import columns as col
from neurochip.clock import convert
from neurochip.devices import Resistive
from neurochip.devices.resistive_tables import HELD_BITS
from neurochip.fixed import Format
from neurochip.hardware import Crossbar, Hardware
from neurochip.network import Network, Projection
from neurochip.neurons import registers as reg
from neurochip.program import Program
from neurochip.timing import Packets, barrier_cycles

Ints = NDArray[np.integer[Any]]


def pool_bits(projection: Projection) -> int:
    """Fraction bits by which the mean over a pooling window is finer than a weight."""
    kernel = projection.kernel
    window = kernel.window if kernel and kernel.pooling == "average" else 1
    return 2 * (window.bit_length() - 1)


def fine_bits(network: Network, program: Program) -> list[int]:
    """For each population, fraction bits of its currents below those of a weight."""
    finest = [0] * len(network.populations)
    for it in network.projections:
        ends = (it.source, it.target) if program.feedback and it.source else (it.target,)
        for population in ends:
            finest[population] = max(finest[population], pool_bits(it))
    return finest


def offsets(network: Network) -> list[int]:
    """First unit of each population, and the number of units."""
    sizes = [population.size for population in network.populations]
    return [sum(sizes[:index]) for index in range(len(sizes) + 1)]


def populations(network: Network, program: Program, formats: Mapping[str, Format]) -> Ints:
    """The population table of the neuron kernels (`neurochip.neurons.registers`); the last one is nudged."""
    rows, first = [], offsets(network)
    for index, extra in enumerate(fine_bits(network, program)):
        current = replace(formats["current"], frac=formats["current"].frac + extra)
        parameters = program.neuron.parameters({**formats, "current": current})
        program.neuron.widest({**formats, "current": current}, program.nudge)
        nudged = index == len(network.populations) - 1
        size = network.populations[index].size
        rows.append([first[index], size, program.neuron.code, nudged, nudged - 1, *parameters])
    return np.array(rows, np.int64)


def pools(network: Network) -> Ints:
    """For each population the first of its windows' sums, and the places of a window whose largest sum its
    neurons take (1: none, the sum is the current); int64 [populations + 1, 2]."""
    rows, slots = [[0, 1]], 0
    for it in network.projections:
        places = it.kernel.window**2 if takes_largest(it) and it.kernel else 1
        rows.append([slots, places])
        slots += it.n_post * places if places > 1 else 0
    return np.array([*rows, [slots, 1]], np.int64)


def takes_largest(projection: Projection) -> bool:
    """Whether a max pooling is behind a projection."""
    return projection.kernel is not None and projection.kernel.pooling == "max"


def format_table(formats: Mapping[str, Format]) -> Ints:
    """One row for each register: lowest and highest value, overflow and rounding code, shift into the
    bank."""
    rows = [[*formats["membrane" if name == "previous" else name].row(), 0] for name in reg.REGISTERS]
    rows[reg.BANK][reg.SHIFT] = formats["membrane"].frac - formats["bank"].frac
    return np.array(rows, np.int64)


def converter(crossbar: Crossbar, weight: Format) -> Ints:
    """The converters of a chip, as `convert` sees them; int64 [4]."""
    found, full, cells = np.zeros(4, np.int64), -weight.lo, crossbar.cells
    if isinstance(cells, Resistive):
        found[convert.FINE] = HELD_BITS - 1 - weight.bits
        found[convert.NOISE] = fixed.draws.bell_scale(cells.read_noise * full * 2.0 ** found[convert.FINE])
    if crossbar.adc:
        found[convert.END] = crossbar.adc.range_cells * full
        found[convert.CODES] = 2 ** (crossbar.adc.bits - 1)
    return found


def parameters(hardware: Hardware, network: Network) -> Ints:
    """The parameters of the state machines; see `columns`."""
    packets = Packets.of(hardware, network)
    row = np.zeros(14, np.int64)
    row[col.P_MESH_COLS], row[col.P_ADDERS] = hardware.mesh.cols, hardware.crossbar.column_adders
    row[col.P_LANES], row[col.P_NEURON_CYCLES] = hardware.core.lanes, hardware.core.neuron_cycles
    row[col.P_FIFO], row[col.P_BARRIER] = hardware.core.fifo_depth, barrier_cycles(hardware)
    row[col.P_ROUTER], row[col.P_LINK] = hardware.noc.router_cycles, hardware.noc.link_cycles
    row[col.P_SPIKE], row[col.P_SUM], row[col.P_WORD] = packets.spike, packets.sum, packets.word
    row[col.P_UPDATE_LANES], row[col.P_ACCESS] = hardware.update_unit.lanes, hardware.crossbar.access_cycles
    row[col.P_CONVERTS] = hardware.crossbar.converts
    return row


def draws(
    network: Network, program: Program, formats: Mapping[str, Format], steps: tuple[int, int], nudged: bool
) -> Ints:
    """Random words of an update and of an encoder in a tick, for each population, int64 [populations, 2].

    ``steps``: the tick's entry of the neuron's schedule; ``nudged``: whether the outputs are.
    """
    rows, last = [], len(network.populations) - 1
    for index, extra in enumerate(fine_bits(network, program)):
        current = replace(formats["current"], frac=formats["current"].frac + extra)
        shift = program.nudge.shift if nudged and index == last else 0
        rows.append(program.neuron.draws({**formats, "current": current}, steps, shift))
    return np.array(rows, np.int64)
