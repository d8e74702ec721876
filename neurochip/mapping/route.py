"""The ways that spikes and partial sums take over the mesh, as flat tables.

A spike is sent once to every core that needs it (unicast, one packet for each core, however many blocks it
reads there, x first). A core that adds up currents for a neuron sends one partial sum to the neuron's home
core. Routes that stay within a core are in the tables, with 0 hops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurochip.mapping.pieces import BACKWARD, FORWARD, Ints
from neurochip.mapping.placement import Placement


@dataclass(frozen=True, eq=False)
class Routes:
    """One row for each segment and core at the other end, sorted by segment; arrays are int64 [routes].

    ``way`` has the bits ``FORWARD`` and ``BACKWARD``: a route with both is shared by a rule that sends the
    same spikes (adds up both currents) both ways, and used once for each way by a rule that keeps them apart.
    ``link`` and ``link_route`` (int64 [hops of all routes], sorted by link) say which routes cross which link
    (ids of `noc.Mesh`).
    """

    segment: Ints
    group: Ints
    neurons: Ints
    source: Ints
    target: Ints
    way: Ints
    hops_x: Ints
    hops_y: Ints
    link: Ints
    link_route: Ints

    @property
    def hops(self) -> Ints:
        return self.hops_x + self.hops_y

    def crossing(self, link: int) -> Ints:
        """The routes that cross a link."""
        first, last = np.searchsorted(self.link, [link, link + 1])
        return self.link_route[first:last]

    def neurons_per_link(self, link_ids: int) -> Ints:
        """Packets across each link if every route carries one for each of its neurons, int64 [link_ids]."""
        return np.bincount(self.link, self.neurons[self.link_route], link_ids).astype(np.int64)


def spike_routes(placement: Placement) -> Routes:
    """From the home of each segment to every core with a block that its spikes read."""
    segment, core, way = _ends(placement, placement.reads)
    return _routes(placement, segment, placement.home[segment], core, way)


def sum_routes(placement: Placement) -> Routes:
    """From every core with a block that adds up for a segment to the segment's home."""
    segment, core, way = _ends(placement, placement.sums)
    return _routes(placement, segment, core, placement.home[segment], way)


def _ends(placement: Placement, pairs: Ints) -> tuple[Ints, Ints, Ints]:
    """(segment, core, way) for each core with any of a segment's blocks; the ways of these blocks joined."""
    block_core = np.array([block.core for block in placement.blocks])
    keys = pairs[:, 0] * placement.mesh.cores + block_core[pairs[:, 1]]
    found, place = np.unique(keys, return_inverse=True)
    way = np.zeros(len(found), np.int64)
    for bit in (FORWARD, BACKWARD):
        way[place[(pairs[:, 2] & bit) > 0]] |= bit
    return found // placement.mesh.cores, found % placement.mesh.cores, way


def _routes(placement: Placement, segment: Ints, source: Ints, target: Ints, way: Ints) -> Routes:
    hops_x, hops_y = placement.mesh.legs(source, target)
    route, link = placement.mesh.paths(source, target)
    by_link = np.argsort(link, kind="stable")
    group = np.array([it.group for it in placement.segments])[segment]
    neurons = np.array([len(it.neurons) for it in placement.segments])[segment]
    return Routes(segment, group, neurons, source, target, way, hops_x, hops_y, link[by_link], route[by_link])
