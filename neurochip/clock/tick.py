"""One tick, clock by clock: spikes until all are integrated, a pass over the tree, sums and neurons, another pass.

No machine looks at what another core does in the same cycle: between cores there are only the routers' ports, the
counter of deliveries that are under way, and the tree.
"""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.clock import logs, router, spikes, sums
from neurochip.fixed.jit import kernel
from neurochip.neurons import registers as reg


@kernel
def run(wiring, mesh, cores, memories, tick, formats, phase, start, counts, log):
    """One tick of phase number ``phase`` that begins at cycle ``start``.

    Returns (cycles until all spikes are integrated, cycles until all neurons have fired), each without the pass
    over the tree that follows it.
    """
    _prepare(wiring, cores, memories)
    spiking = _deliver(wiring, mesh, cores, memories, phase, start, counts, log)
    barrier = wiring.parameters[col.P_BARRIER]
    updating = _update(wiring, mesh, cores, memories, tick, formats, phase, start + spiking + barrier, counts, log)
    memories.spike[:] = memories.fired
    counts[phase, 0, col.BARRIERS] += 1
    return spiking, updating


@kernel
def _prepare(wiring, cores, memories):
    """The events that the encoders wrote in the last tick, core by core; currents are cleared."""
    memories.state[reg.CURRENT, :] = 0
    for core in range(cores.event.shape[0]):
        n = 0
        for slot in range(wiring.slot_of[core], wiring.slot_of[core + 1]):
            unit = wiring.slot_unit[slot]
            if memories.spike[unit] != 0:
                cores.events[wiring.slot_of[core] + n] = unit
                n += 1
        cores.event_count[core] = n
        cores.event[core] = cores.step[core] = cores.got[core] = 0
        cores.entry[core] = wiring.sum_of[core]


@kernel
def _deliver(wiring, mesh, cores, memories, phase, start, counts, log):
    """Cycles until every spike has been sent, looked up and added."""
    now, under_way, sending = start, 0, True
    while sending or under_way > 0:
        router.step(mesh, wiring.parameters, now, counts)
        sending = False
        for core in range(cores.event.shape[0]):
            under_way += spikes.step(core, wiring, mesh, cores, memories, now, phase, counts)
            sending = sending or cores.event[core] < cores.event_count[core]
        logs.cycle(now, mesh, cores, log)
        now += 1
    return now - start


@kernel
def _update(wiring, mesh, cores, memories, tick, formats, phase, start, counts, log):
    """Cycles until every core has sent its sums, received its neurons' sums and advanced them."""
    now, working = start, True
    while working:
        router.step(mesh, wiring.parameters, now, counts)
        working = False
        for core in range(cores.event.shape[0]):
            complete = cores.got[core] == wiring.expected[core]
            receive = mesh.arrived[core] != 0
            if receive:
                sums.receive(core, mesh, cores, memories)
            if not sums.send(core, wiring, mesh, cores, memories, formats, now, phase, counts):
                working = True
            elif not complete:
                working = True
            elif not sums.advance(core, wiring, cores, memories, tick, formats, phase, counts):
                working = True
        logs.cycle(now, mesh, cores, log)
        now += 1
    return now - start - 1
