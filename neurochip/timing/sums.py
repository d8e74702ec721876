"""The second half of a tick, which is the same in every tick: sums travel home, lanes advance the neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.timing.edges import passes
from neurochip.timing.packets import Packets
from neurochip.timing.routes import Path

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Second:
    """Estimated ``cycles``; float [cores] of ``work``: sum unit and lanes; int64 [links] ``flits``."""

    cycles: int
    work: NDArray[np.float64]
    flits: Ints

    @classmethod
    def of(cls, placement: Placement, hardware: Hardware) -> Second:
        cores, path = placement.mesh.cores, Path.of(hardware)
        flits = Packets.of(hardware, placement.network).sum
        source, home, last, number = _streams(placement)
        away = source != home
        sent = np.bincount(source[away], number[away], cores) * flits * path.entry
        kept = -(-np.bincount(source[~away], number[~away], cores) // hardware.crossbar.column_adders)
        hops = np.add(*placement.mesh.legs(source, home))
        arrival = last * flits * path.entry - flits + path.latency(hops, flits) + 1
        ready = sent + kept
        np.maximum.at(ready, home[away], arrival[away])
        route, link = placement.mesh.paths(source[away], home[away])
        crossing = np.bincount(link, number[away][route], placement.mesh.link_ids).astype(np.int64) * flits
        ready = np.maximum(ready, _queues(placement, path, source[away], home[away], number[away], flits, crossing))
        lanes = passes(placement, hardware) * hardware.core.neuron_cycles
        busy = np.where(lanes > 0, ready + lanes, ready)
        return cls(round(float(busy.max())), sent + kept + lanes, crossing)


def _streams(placement: Placement) -> tuple[Ints, Ints, Ints, Ints]:
    """Sums from core to core: (source, home, turn of the last of them at the source, how many)."""
    cores = placement.mesh.cores
    segment, block, _ = placement.sums.T
    source = np.array([it.core for it in placement.blocks], np.int64)[block]
    pairs = np.unique(segment * cores + source)
    segment, source = pairs // cores, pairs % cores
    home = placement.home[segment]
    size = np.array([len(it.neurons) for it in placement.segments])[segment]
    ends: dict[tuple[int, int], tuple[int, int]] = {}
    turn = np.zeros(cores, np.int64)
    for at, to, n in zip(source.tolist(), home.tolist(), size.tolist(), strict=True):
        turn[at] += n * (at != to)
        ends[at, to] = int(turn[at]), ends.get((at, to), (0, 0))[1] + n
    table = np.array([(at, to, last, n) for (at, to), (last, n) in ends.items()], np.int64).reshape(-1, 4)
    found = table[:, 0], table[:, 1], table[:, 2], table[:, 3]
    return found


def _queues(
    placement: Placement, path: Path, source: Ints, home: Ints, number: Ints, flits: int, crossing: Ints
) -> NDArray[np.float64]:
    """Cycles until all sums have passed the fullest link on their way, or the core's own port."""
    cores = placement.mesh.cores
    hops = np.add(*placement.mesh.legs(source, home))
    ready = np.zeros(cores)
    nearest = np.full(cores, np.inf)
    np.minimum.at(nearest, home, path.latency(hops, flits))
    into = np.bincount(home, number, cores) * flits
    busy = into > 0
    ready[busy] = into[busy] - flits + nearest[busy] + 1
    route, link = placement.mesh.paths(source, home)
    passed = crossing[link] * path.crossing + path.latency(hops, 1)[route] + 1
    np.maximum.at(ready, home[route], passed)
    return ready

