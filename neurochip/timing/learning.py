"""Cycles of an update, which no data change: products, sums of copies, new values, answers to copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.mapping.packets import Packets, barrier_cycles
from neurochip.program import Program
from neurochip.timing.flits import travel
from neurochip.timing.routes import Path

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Update:
    """``cycles`` of the update after one batch; int64 [cores] ``work`` of update units; int64 [links]
    ``flits``."""

    cycles: int
    work: Ints
    flits: Ints

    @classmethod
    def of(cls, placement: Placement, hardware: Hardware, program: Program, samples: int) -> Update:
        """The update after ``samples`` samples; each stage ends with a pass over the tree."""
        products, writes = _units(placement, hardware, len(program.terms) * samples)
        cycles = int(products.max() + writes.max()) + 2 * barrier_cycles(hardware)
        words, flits = _words(placement), np.zeros(placement.mesh.link_ids, np.int64)
        work = products + writes
        if words:
            length = Packets.of(hardware, placement.network).word
            for way in (words, [(to, core) for core, to in words]):
                each, own = _exchange(placement, hardware, way, length, flits)
                cycles, work = cycles + each + barrier_cycles(hardware), work + own
        return cls(cycles, work, flits)


def _units(placement: Placement, hardware: Hardware, uses: int) -> tuple[Ints, Ints]:
    """Cycles of each core's update unit for products and for writing; ``uses``: terms times samples."""
    lanes, cores = hardware.update_unit.lanes, placement.mesh.cores
    products, writes, biases, neurons = (np.zeros(cores, np.int64) for _ in range(4))
    for number, block in enumerate(placement.blocks):
        if block.role == "forward":
            n = len(block.cols)
            products[block.core] += int(placement.products[number]) // n * _groups(n, lanes) * uses
            if block.replica == 0:
                writes[block.core] += int(placement.weights[number]) // n * _groups(n, lanes)
    for group in placement.groups:
        if group.population:
            neurons[group.core] += len(group.neurons)
            channels = placement.network.projections[group.population - 1].weight_shape[1]
            biases[group.core] += max(0, min(group.neurons.stop, channels) - group.neurons.start)
    return products + -(-neurons // lanes) * uses, writes + -(-biases // lanes)


def _groups(n: int, lanes: int) -> int:
    return -(-n // lanes)


def _words(placement: Placement) -> list[tuple[int, int]]:
    """(core of a copy, core of the first copy) of each weight and bias of which there are copies."""
    first = {
        (it.projection, it.rows, it.cols): it.core
        for it in placement.blocks
        if it.role == "forward" and it.replica == 0
    }
    words: list[tuple[int, int]] = []
    for number, block in enumerate(placement.blocks):
        if block.role == "forward" and block.replica:
            to = first[block.projection, block.rows, block.cols]
            words += [(block.core, to)] * int(placement.weights[number])
    return words + _bias_words(placement)


def _bias_words(placement: Placement) -> list[tuple[int, int]]:
    words: list[tuple[int, int]] = []
    home: dict[tuple[int, int], int] = {}
    seen: set[tuple[int, int, int]] = set()
    for group in sorted(placement.groups, key=lambda it: (it.population, it.neurons.start)):
        if group.population:
            channels = placement.network.projections[group.population - 1].weight_shape[1]
            for neuron in group.neurons[:channels]:
                key = group.population, neuron % channels
                home.setdefault(key, group.core)
                if (*key, group.core) not in seen and home[key] != group.core:
                    words.append((group.core, home[key]))
                seen.add((*key, group.core))
    return words


def _exchange(
    placement: Placement, hardware: Hardware, words: list[tuple[int, int]], length: int, flits: Ints
) -> tuple[int, Ints]:
    """Cycles until all words have come in, and for each core those in which a flit leaves; adds to ``flits``.

    Words that stay on a core are taken to be sent last, a cycle each.
    """
    mesh = placement.mesh
    sending = [[to for core, to in words if core == it and to != it] for it in range(mesh.cores)]
    stay = np.bincount([core for core, to in words if core == to], minlength=mesh.cores)
    sent, received = (np.array(it, np.int64) for it in travel(mesh, Path.of(hardware), length, sending))
    for core, to in words:
        for link in mesh.path(core, to):
            flits[link] += length
    moved = np.array([len(it) * length for it in sending]) + stay
    return int(max((sent + stay).max(), received.max())), moved
