"""The third part of a tick, which is the same in every tick: columns are converted, sums travel home, lanes
advance the neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.hardware import Hardware
from neurochip.mapping import BACKWARD, FORWARD, Placement
from neurochip.mapping.packets import Packets
from neurochip.timing.edges import passes
from neurochip.timing.flits import travel
from neurochip.timing.routes import Path

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Second:
    """``cycles`` from the moment when all spikes are integrated until all neurons have fired; int64 [cores]
    ``work``: cycles in which converters, sum unit and lanes do something; int64 [links] ``flits``."""

    cycles: int
    work: Ints
    flits: Ints

    @classmethod
    def of(cls, placement: Placement, hardware: Hardware) -> Second:
        mesh, length = placement.mesh, Packets.of(hardware, placement.network).sum
        source, home, number = _sums(placement)
        away = source != home
        packets = np.repeat(source[away], number[away]), np.repeat(home[away], number[away])
        sending = [packets[1][packets[0] == core].tolist() for core in range(mesh.cores)]
        turns = conversions(placement, hardware)
        times = travel(mesh, Path.of(hardware), length, sending, turns.tolist())
        sent, received = (np.array(it) for it in times)
        kept = np.bincount(source[~away], number[~away], mesh.cores).astype(np.int64)
        kept = -(-kept // hardware.crossbar.column_adders)
        lanes = passes(placement, hardware) * hardware.core.neuron_cycles
        route, link = mesh.paths(source[away], home[away])
        flits = np.zeros(mesh.link_ids, np.int64)
        np.add.at(flits, link, number[away][route] * length)
        cycles = np.maximum(sent + kept, received) + lanes
        moved = np.array([len(it) * length for it in sending])
        return cls(int(cycles.max()), turns + moved + kept + lanes, flits)


def conversions(placement: Placement, hardware: Hardware) -> Ints:
    """Cycles in which the converters of each core take all columns of its arrays, int64 [cores].

    A column of a convolution counts once for each place before pooling; read downwards, a row once for each
    place from which it reaches the map.
    """
    columns = np.zeros(placement.mesh.cores, np.int64)
    if not hardware.crossbar.converts:
        return columns
    for number, way in np.unique(placement.sums[:, 1:], axis=0).tolist():
        block = placement.blocks[number]
        kernel = placement.network.projections[block.projection].kernel
        backward = way == BACKWARD and block.role == "forward"
        lines, places = len(block.rows if backward else block.cols), 1
        if kernel and backward:
            lines = int(placement.products[number]) // len(block.cols)
        elif kernel:
            places = len(block.positions or ()) * kernel.window**2
        columns[block.core] += lines * places
    found: Ints = -(-columns // hardware.crossbar.column_adders) * hardware.crossbar.access_cycles
    return found


def _sums(placement: Placement) -> tuple[Ints, Ints, Ints]:
    """(source, home, number) of the sums of each segment, in the order in which sum units take them."""
    cores = placement.mesh.cores
    segment, block, _ = placement.sums.T
    source = np.array([it.core for it in placement.blocks], np.int64)[block]
    each, way = _each(placement), placement.sums[:, 2]
    most = (way == FORWARD) & (each[segment] > 1)
    pairs = np.unique(segment * cores + source)
    number = np.zeros(len(pairs), np.int64)
    for those, times in ((~most, np.ones_like(each)), (most, each)):
        some = np.unique((segment * cores + source)[those])
        number[np.searchsorted(pairs, some)] += times[some // cores]
    order = np.array([(it.population, it.neurons.start) for it in placement.segments])[pairs // cores]
    rank = np.lexsort((order[:, 1], order[:, 0]))
    pairs, number = pairs[rank], number[rank]
    size = np.array([len(it.neurons) for it in placement.segments], np.int64)
    return pairs % cores, placement.home[pairs // cores], size[pairs // cores] * number


def _each(placement: Placement) -> Ints:
    """Sums that come up to a neuron of each segment: one, or those of a max pooling's window."""
    found = np.ones(len(placement.segments), np.int64)
    for number, segment in enumerate(placement.segments):
        kernel = placement.network.projections[segment.population - 1].kernel if segment.population else None
        if kernel and kernel.pooling == "max":
            found[number] = kernel.window**2
    return found
