"""How much memory a placed network takes, by role and core, and how much there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurochip.cost.memories import registers, snapshot_bits, winner_bits
from neurochip.cost.priced import Priced
from neurochip.counts import Packets
from neurochip.mapping import Block, spike_routes, sum_routes
from neurochip.noc import Ints

ROLES = {
    "weights": "cells of crossbars that hold weights",
    "mirror": "cells of crossbars that hold the weights again, for feedback",
    "fraction": "bits of weights below their last one, for the update unit alone",
    "accumulators": "sums of updates over a batch",
    "registers": "registers of neurons and inputs, winners of max pooling among them",
    "biases": "biases of neurons or maps",
    "snapshot": "states to which a phase returns, with the spikes in flight",
    "banks": "states kept for the update",
    "traces": "eligibility traces",
    "axons": "axon table: which line an arriving spike drives",
    "routing": "routing table: where spikes and sums go",
    "buffers": "spikes that wait at the core, flits that wait at the router",
}
"""What memory is for."""

PORTS = 5
"""Input ports of a router: four neighbours and its core."""


@dataclass(frozen=True)
class Held:
    """Bits of one role: ``used`` on each core, int64 [cores]; ``available`` in a core (None: it shares the
    crossbars with the weights, or has no bound of its own)."""

    used: Ints
    available: int | None


def memory(chip: Priced, batch: int) -> dict[str, Held]:
    """Bits of every role; ``batch``: samples whose updates are summed."""
    core, formats = chip.hardware.core, chip.hardware.registers.formats()
    cells = chip.placement.available["cells"]
    held = registers(chip.hardware, chip.program)
    state, axon = sum(held.values()) - held["bias"], chip.memories["axons"].word
    total, fraction = formats["accumulator"].bits * (batch > 1), chip.hardware.registers.fraction.bits
    units, returns, banks = _units(chip), chip.program.restores, chip.program.banks
    snapshot = snapshot_bits(chip.hardware, chip.program) * returns
    won, widest = winners(chip)
    bank, trace = banks * formats["bank"].bits, held.get("trace", 0)
    first = _by_block(chip, lambda it: it.role == "forward" and it.replica == 0, chip.placement.weights)
    every = _by_block(chip, lambda it: it.role == "forward", chip.placement.weights)
    return {
        "weights": Held(_cells(chip, "forward"), cells * max(chip.placement.cell_bits)),
        "mirror": Held(_cells(chip, "mirror"), None),
        "fraction": Held(first * fraction, cells * fraction),
        "accumulators": Held(every * total, cells * total),
        "registers": Held(_registers(chip, state - trace) + won, core.neurons * (state - trace + widest)),
        "biases": Held(_biases(chip) * held["bias"], core.neurons * held["bias"]),
        "snapshot": Held(units * snapshot + won * returns, core.neurons * (snapshot + widest * returns)),
        "banks": Held(units * bank + won * banks, core.neurons * (bank + widest * banks)),
        "traces": Held(units * trace, core.neurons * trace),
        "axons": Held(chip.placement.used["axons"] * axon, core.axons * axon),
        "routing": Held(_routes(chip) * chip.memories["routes"].word, None),
        "buffers": Held(np.full(chip.cores, _buffers(chip)), _buffers(chip)),
    }


def winners(chip: Priced) -> tuple[Ints, int]:
    """Bits that tell which position of its window won, of the neurons behind a max pooling: of each core,
    int64 [cores], and of one neuron at most."""
    found, widest = np.zeros(chip.cores, np.int64), 0
    for group in chip.placement.groups:
        bits = winner_bits(chip.placement.network, group.population)
        found[group.core] += len(group.neurons) * bits
        widest = max(widest, bits)
    return found, widest


def _by_block(chip: Priced, chosen: Callable[[Block], bool], amounts: Ints) -> Ints:
    """Sums over the chosen blocks of each core, int64 [cores]."""
    found = np.zeros(chip.cores, np.int64)
    for block, amount in zip(chip.placement.blocks, amounts.tolist(), strict=True):
        if chosen(block):
            found[block.core] += amount
    return found


def _cells(chip: Priced, role: str) -> Ints:
    blocks: tuple[Block, ...] = chip.placement.blocks
    bits = np.array([block.cells * chip.placement.cell_bits[block.projection] for block in blocks], np.int64)
    return _by_block(chip, lambda block: block.role == role, bits)


def _units(chip: Priced, first: int = 0) -> Ints:
    """Neurons of populations ``first`` and up on each core, inputs among them if that is 0."""
    found = np.zeros(chip.cores, np.int64)
    for group in chip.placement.groups:
        found[group.core] += len(group.neurons) * (group.population >= first)
    return found


def _registers(chip: Priced, state: int) -> Ints:
    """Neurons have all registers, inputs those of the encoder."""
    held = registers(chip.hardware, chip.program)
    encoder = sum(held.get(name, 0) for name in ("membrane", "previous", "residual"))
    neurons = _units(chip, first=1)
    return neurons * state + (_units(chip) - neurons) * encoder


def _biases(chip: Priced) -> Ints:
    """One for each neuron; of a convolution one for each map that a core has neurons of."""
    kinds: list[set[tuple[int, int]]] = [set() for _ in range(chip.cores)]
    populations, projections = chip.placement.network.populations, chip.placement.network.projections
    for group in chip.placement.groups:
        if group.population > 0:
            conv = projections[group.population - 1].kernel is not None
            channels = populations[group.population].shape[0]
            kinds[group.core] |= {(group.population, n % channels if conv else n) for n in group.neurons}
    return np.array([len(kind) for kind in kinds], np.int64)


def _routes(chip: Priced) -> Ints:
    """Entries of each core's routing table: one for each segment and other core that it sends to."""
    found = np.zeros(chip.cores, np.int64)
    for routes in (spike_routes(chip.placement), sum_routes(chip.placement)):
        np.add.at(found, routes.source[routes.hops > 0], 1)
    return found


def _buffers(chip: Priced) -> int:
    noc, packet = chip.hardware.noc, Packets.of(chip.hardware, chip.placement.network)
    waiting = chip.hardware.core.fifo_depth * packet.spike * noc.flit_bits
    return waiting + PORTS * noc.fifo_flits * noc.flit_bits
