"""Where the cycles of a tick come from: what a spike of each segment costs on every core and link."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurochip.hardware import Hardware
from neurochip.mapping import BACKWARD, Placement
from neurochip.mapping.packets import Packets

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Path:
    """What passing the mesh takes on a chip, apart from what other packets do to it."""

    router: int
    link: int
    buffers: int

    @classmethod
    def of(cls, hardware: Hardware) -> Path:
        noc = hardware.noc
        return cls(noc.router_cycles, noc.link_cycles, noc.fifo_flits)

    def latency(self, hops: Ints, flits: int) -> Ints:
        """Cycles from the first flit's entry to the arrival of the last one, through empty routers."""
        found: Ints = self.router + hops * (self.router + self.link) + flits - 1
        return found

    @property
    def entry(self) -> float:
        """Cycles for each flit of a stream into the mesh: a place in a buffer is taken until the flit has
        gone."""
        return max(1.0, (self.router + 1) / self.buffers)

    @property
    def crossing(self) -> float:
        """Cycles for each flit of a stream over a link."""
        return max(1.0, (self.router + self.link + 1) / self.buffers)


@dataclass(frozen=True, eq=False)
class SpikeRoutes:
    """One row for each segment and core that its spikes reach, in the order in which injectors take them.

    int64 [routes]: ``segment``, ``home``, ``core``; ``work``: cycles in which the core's adders are busy with
    a spike; ``before``: cycles from the spike's turn at the injector until it is sent to this core;
    ``latency``: from then until its first row can be read. float [segments]: ``turn``: cycles that a spike
    takes at the injector, ``moves``: those of them in which something is sent. ``order``: the segments of
    each core in the order of the injector.
    """

    segment: Ints
    home: Ints
    core: Ints
    work: Ints
    before: NDArray[np.float64]
    latency: Ints
    turn: NDArray[np.float64]
    moves: NDArray[np.float64]
    order: tuple[Ints, ...]

    @classmethod
    def of(cls, placement: Placement, hardware: Hardware) -> SpikeRoutes:
        """The routes of a placement; a route within a core is one, too."""
        cores, flits = placement.mesh.cores, Packets.of(hardware, placement.network).spike
        path, homes = Path.of(hardware), placement.home
        key = (
            placement.reads[:, 0] * cores
            + np.array([it.core for it in placement.blocks])[placement.reads[:, 1]]
        )
        routes, place = np.unique(key, return_inverse=True)
        work = np.zeros(len(routes), np.int64)
        np.add.at(work, place, placement.lines * _line_cycles(placement, hardware))
        segment, core = routes // cores, routes % cores
        home = homes[segment]
        hops = np.add(*placement.mesh.legs(home, core))
        way = _first_links(placement, home, core)
        rate = np.where(way == _before(segment, way), path.crossing, path.entry)
        cost = np.where(hops > 0, flits * rate, 1.0)
        turn, moves = (
            np.maximum(np.bincount(segment, it, len(placement.segments)), 1.0)
            for it in (cost, np.where(hops > 0, flits, 1))
        )
        running = np.cumsum(cost) - cost
        first = np.searchsorted(segment, segment)
        latency = np.where(hops > 0, path.latency(hops, flits), 0) + 2
        order = tuple(np.flatnonzero(homes == it) for it in range(cores))
        return cls(segment, home, core, work, running - running[first], latency, turn, moves, order)


def _first_links(placement: Placement, home: Ints, core: Ints) -> Ints:
    """The link by which each route leaves its home; -1: none."""
    found = np.full(len(home), -1, np.int64)
    route, link = placement.mesh.paths(home, core)
    first = np.unique(route, return_index=True)
    found[first[0]] = link[first[1]]
    return found


def _before(segment: Ints, way: Ints) -> Ints:
    """For each route the first link of the packet before it: of the same spike, or the last one of the spike
    before."""
    found, last = np.full(len(way), -1, np.int64), {}
    remote = np.flatnonzero(way >= 0)
    for it in remote.tolist():
        last[int(segment[it])] = int(way[it])
    for it in remote.tolist():
        found[it] = last[int(segment[it])]
        last[int(segment[it])] = int(way[it])
    return found


def _line_cycles(placement: Placement, hardware: Hardware) -> Ints:
    """Cycles to read one line, for each row of ``placement.reads``."""
    adders = hardware.crossbar.column_adders
    sides = np.array([(len(it.cols), len(it.rows), it.role == "forward") for it in placement.blocks])
    _, block, way = placement.reads.T
    by_column = (way == BACKWARD) & (sides[block, 2] == 1)
    length = np.where(by_column, sides[block, 1], sides[block, 0])
    found: Ints = -(-length // adders) * hardware.crossbar.access_cycles
    return found
