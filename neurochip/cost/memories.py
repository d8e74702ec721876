"""The memories of a core: how many bits an array has, and how many of them are read at a time."""

from __future__ import annotations

from dataclasses import dataclass

from neurochip.hardware import Hardware
from neurochip.mapping.packets import address_bits
from neurochip.network import Network
from neurochip.program import Program

SPIKE_BITS = 2
"""A spike in flight: -1, 0 or +1."""

SETTLED = ("current", "previous")
"""Neuron registers that a tick writes before it reads them: a snapshot does without them."""


@dataclass(frozen=True)
class Memory:
    """Arrays of one kind: bits of one array, bits of a word, items (weights, neurons ...) in a word, and how
    many such arrays a core has."""

    bits: int
    word: int
    items: int
    per_core: int


def registers(hardware: Hardware, program: Program) -> dict[str, int]:
    """Bits of each register that a neuron occupies, its bias among them."""
    formats = hardware.registers.formats()
    names = {name: "membrane" if name == "previous" else name for name in program.neuron.registers}
    return {**{name: formats[held].bits for name, held in names.items()}, "bias": formats["bias"].bits}


def snapshot_bits(hardware: Hardware, program: Program) -> int:
    """Bits that a neuron keeps in the snapshot: the registers that the next tick reads, and its spike."""
    held = registers(hardware, program)
    return sum(bits for name, bits in held.items() if name not in (*SETTLED, "bias")) + SPIKE_BITS


def winner_bits(network: Network, population: int) -> int:
    """Bits of the ``winner`` of each neuron of a population: the positions of a max pooling's window."""
    kernel = network.projections[population - 1].kernel if population else None
    return address_bits(kernel.window**2) if kernel and kernel.pooling == "max" else 0


def memories(hardware: Hardware, program: Program, cell_bits: int) -> dict[str, Memory]:
    """All memories of a core, by name; ``cell_bits``: of a crossbar's cell, a weight's if no kernel is
    folded."""
    core, crossbar, formats = hardware.core, hardware.crossbar, hardware.registers.formats()
    cells, arrays = crossbar.rows * crossbar.cols, core.crossbars
    held = registers(hardware, program)
    encoder = sum(held.get(name, 0) for name in ("previous", "residual"))
    neuron, snapshot = sum(held.values()) - encoder, snapshot_bits(hardware, program)
    lanes, adders = (min(n, crossbar.cols) for n in (hardware.update_unit.lanes, crossbar.column_adders))
    axon = address_bits(arrays * (crossbar.rows + crossbar.cols))
    route = address_bits(hardware.mesh.rows * hardware.mesh.cols) + address_bits(core.axons)
    weight, fraction = cell_bits, hardware.registers.fraction.bits
    total, bank = formats["accumulator"].bits, formats["bank"].bits
    return {
        "weights": Memory(cells * weight, adders * weight, adders, arrays),
        "fractions": Memory(cells * fraction, lanes * fraction, lanes, arrays),
        "accumulators": Memory(cells * total, lanes * total, lanes, arrays),
        "neurons": Memory(core.neurons * neuron, neuron, 1, 1),
        "encoders": Memory(core.neurons * encoder, encoder, 1, 1),
        "snapshot": Memory(core.neurons * snapshot, snapshot, 1, 1),
        "banks": Memory(core.neurons * bank * program.banks, bank, 1, 1),
        "axons": Memory(core.axons * axon, axon, 1, 1),
        "routes": Memory(core.neurons * route, route, 1, 1),
    }


MEMORIES = (
    "weights", "fractions", "accumulators", "neurons", "encoders", "snapshot", "banks", "axons", "routes",
)  # fmt: skip
