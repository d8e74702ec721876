"""The fast engine's estimate of cycles, from how many spikes each segment sent in each tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.mapping.packets import Packets, barrier_cycles
from neurochip.program import Program
from neurochip.timing.edges import edges, passes
from neurochip.timing.learning import Update
from neurochip.timing.record import Timing
from neurochip.timing.routes import Path, SpikeRoutes
from neurochip.timing.sums import Second

Ints = NDArray[np.integer[Any]]
Reals = NDArray[np.float64]


def estimate(
    placement: Placement, hardware: Hardware, program: Program, loads: Ints, batches: Sequence[int] = ()
) -> Timing:
    """Cycles of samples whose ticks brought ``loads``: int [samples, ticks, segments], as `Chip.run` counts
    them.

    ``batches``: samples of each batch after which the weights were updated. docs/machine.md says where the
    estimate is off.
    """
    samples, ticks, _ = loads.shape
    routes, second = SpikeRoutes.of(placement, hardware), Second.of(placement, hardware)
    flat = loads.reshape(samples * ticks, -1).astype(np.float64)
    cycles, work, links = _spikes(placement, hardware, routes, flat)
    once = edges(placement, hardware, program)
    updates = [Update.of(placement, hardware, program, size) for size in batches]
    busy = work + (second.work * ticks + passes(placement, hardware) * _edges(program)) * samples
    return Timing(
        engine="estimate",
        clock_mhz=hardware.clock_mhz,
        mesh=placement.mesh,
        phases=tuple(phase.name for phase in program.phases),
        lengths=tuple(phase.ticks for phase in program.phases),
        spikes=np.rint(cycles).astype(np.int64).reshape(samples, ticks),
        neurons=np.full((samples, ticks), second.cycles, np.int64),
        barrier=barrier_cycles(hardware),
        edges=np.tile(once, (samples, 1)),
        updates=np.array([it.cycles for it in updates], np.int64),
        busy=np.rint(busy).astype(np.int64) + sum(it.work for it in updates),
        links=links + second.flits * samples * ticks + sum(it.flits for it in updates),
    )


def _edges(program: Program) -> int:
    return sum((it.start != "continue") + it.save + (it.bank is not None) for it in program.phases)


def _spikes(
    placement: Placement, hardware: Hardware, routes: SpikeRoutes, loads: Reals
) -> tuple[Reals, Reals, Ints]:
    """Cycles of the first part of each tick, float [ticks]; cycles of work, float [cores]; flits of each
    link."""
    turns = loads * routes.turn
    starts = np.zeros_like(turns)
    for mine in routes.order:
        starts[:, mine] = np.cumsum(turns[:, mine], axis=1) - turns[:, mine]
    cycles, work = np.ones(len(loads)), np.zeros(placement.mesh.cores)
    for core in range(placement.mesh.cores):
        sent, mine = turns[:, routes.order[core]].sum(1), np.flatnonzero(routes.core == core)
        read = loads[:, routes.segment[mine]] * routes.work[mine]
        moved = (loads * routes.moves)[:, routes.order[core]].sum(1)
        work[core] = np.maximum(moved, read.sum(1)).sum()
        cycles = np.maximum(cycles, sent)
        if len(mine):
            cycles = np.maximum(cycles, _core(routes, mine, loads, starts, read))
    flits, passed = _links(placement, hardware, routes, loads)
    return np.maximum(cycles, passed), work, flits


def _core(routes: SpikeRoutes, mine: Ints, loads: Reals, starts: Reals, read: Reals) -> Reals:
    """Cycles until a core has read everything, float [ticks]: routes ``mine`` end there.

    Whatever arrives from some moment on cannot be done before that moment and all of its work; and the last
    spike of each route has to be read when it has come.
    """
    segment = routes.segment[mine]
    n, lead = loads[:, segment], routes.before[mine] + routes.latency[mine]
    first = np.where(n > 0, starts[:, segment] + lead, np.inf)
    order = np.argsort(first, axis=1)
    sorted_first = np.take_along_axis(first, order, 1)
    left = np.cumsum(np.take_along_axis(read, order, 1)[:, ::-1], axis=1)[:, ::-1]
    bound = np.where(np.isinf(sorted_first), 0.0, sorted_first + left).max(1)
    last = starts[:, segment] + (n - 1) * routes.turn[segment] + lead + routes.work[mine]
    found: Reals = np.maximum(bound, np.where(n > 0, last, 0.0).max(1))
    return found


def _links(placement: Placement, hardware: Hardware, routes: SpikeRoutes, loads: Reals) -> tuple[Ints, Reals]:
    """Flits of each link, and cycles until the fullest link of each tick has passed all of its flits on."""
    path, length = Path.of(hardware), Packets.of(hardware, placement.network).spike
    route, link = placement.mesh.paths(routes.home, routes.core)
    flits, passed = np.zeros(placement.mesh.link_ids, np.int64), np.zeros(len(loads))
    for it in np.unique(link).tolist():
        across = route[link == it]
        load = loads[:, routes.segment[across]].sum(1) * length
        flits[it] = int(load.sum())
        behind = routes.latency[across].min()
        passed = np.maximum(passed, np.where(load > 0, load * path.crossing + behind, 0.0))
    return flits, passed
