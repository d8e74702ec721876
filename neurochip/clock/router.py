"""The routers: flits go along x, then along y, through buffered input ports, one flit a cycle and output.

A flit that enters a port at cycle t may leave from t + router_cycles on and then takes link_cycles to the
next port, where a place is held for it from the moment it leaves. A packet's first flit takes an output port
and the last one gives it back; ports that want the same output take turns. What a router sees of another one
is the state before the cycle, so the order in which routers are stepped changes nothing.
"""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel

EAST, WEST, SOUTH, NORTH, LOCAL = range(5)
"""Ports; the outputs are the directions of the links of `neurochip.noc`."""

TO, ADDRESS, VALUE, SOURCE, FIRST, LAST, READY = range(7)
"""A flit: core that it goes to, address there, payload, core that it comes from, whether it is a packet's
first or last, cycle from which it may leave its port."""


@kernel
def inject(parameters, registers, ports, flits, core, now, to, address, value, length, counts):
    """Bring the next flit of a packet of ``length`` into the mesh if there is room; returns whether it was
    the last one. ``counts``: int64 [cores, events]."""
    port, ring = ports[core, LOCAL], flits[core, LOCAL]
    if port[col.COUNT] + (port[col.FREED] == now) >= ring.shape[0]:
        return False
    sent = registers[core, col.SENT] + 1
    flit = ring[(port[col.HEAD] + port[col.COUNT]) % ring.shape[0]]
    flit[TO], flit[ADDRESS], flit[VALUE], flit[SOURCE] = to, address, value, core
    flit[FIRST], flit[LAST], flit[READY] = sent == 1, sent == length, now + parameters[col.P_ROUTER]
    port[col.COUNT] += 1
    registers[core, col.LOAD] += 1
    counts[core, col.FLITS] += 1
    if sent < length:
        registers[core, col.SENT] = sent
        return False
    registers[core, col.SENT] = 0
    counts[core, col.PACKETS] += 1
    return True


@kernel
def step(parameters, registers, ports, flits, links, now, counts):
    """One cycle of all routers. Packets that reach their core are in its registers afterwards."""
    for core in range(registers.shape[0]):
        if registers[core, col.LOAD] > 0 and _request(parameters, ports, flits, core, now):
            for output in range(5):
                port = _winner(ports, core, output)
                if port >= 0:
                    _forward(parameters, registers, ports, flits, links, core, port, output, now, counts)


@kernel
def _request(parameters, ports, flits, core, now):
    """Note for each input port the output that its first flit wants, or -1; returns whether any wants one."""
    cols, some = parameters[col.P_MESH_COLS], False
    for port in range(5):
        ports[core, port, col.WANT] = -1
        head = ports[core, port, col.HEAD]
        if ports[core, port, col.COUNT] > 0 and flits[core, port, head, READY] <= now:
            ports[core, port, col.WANT] = _way(core, flits[core, port, head, TO], cols)
            some = True
    return some


@kernel
def _way(core, to, cols):
    """The output towards a core: first along x, then along y."""
    if to % cols != core % cols:
        return EAST if to % cols > core % cols else WEST
    if to // cols != core // cols:
        return SOUTH if to // cols > core // cols else NORTH
    return LOCAL


@kernel
def _winner(ports, core, output):
    """The input port whose flit goes to an output: the one that holds it, or the next in turn; -1: none."""
    held = ports[core, output, col.LOCK]
    if held >= 0:
        return held if ports[core, held, col.WANT] == output else -1
    for ahead in range(1, 6):
        port = (ports[core, output, col.TURN] + ahead) % 5
        if ports[core, port, col.WANT] == output:
            return port
    return -1


@kernel
def _forward(parameters, registers, ports, flits, links, core, port, output, now, counts):
    """Send the first flit of an input port on, if there is room for it."""
    head, depth = ports[core, port, col.HEAD], flits.shape[2]
    flit = flits[core, port, head]
    if output == LOCAL:
        if flit[LAST] != 0:
            if registers[core, col.OPEN] == 0:
                return
            registers[core, col.ARRIVED] = 1
            registers[core, col.ADDRESS], registers[core, col.VALUE] = flit[ADDRESS], flit[VALUE]
    else:
        step_x, step_y = (output == EAST) - (output == WEST), (output == SOUTH) - (output == NORTH)
        there = core + step_x + step_y * parameters[col.P_MESH_COLS]
        entry = ports[there, output ^ 1]
        if entry[col.COUNT] + (entry[col.FREED] == now) >= depth:
            return
        to = flits[there, output ^ 1, (entry[col.HEAD] + entry[col.COUNT]) % depth]
        for word in range(flit.shape[0]):
            to[word] = flit[word]
        to[READY] = now + parameters[col.P_LINK] + parameters[col.P_ROUTER]
        entry[col.COUNT] += 1
        registers[there, col.LOAD] += 1
        links[core * 4 + output] += 1
        counts[flit[SOURCE], col.HOPS] += flit[FIRST]
        counts[flit[SOURCE], col.FLIT_HOPS] += 1
    ports[core, output, col.LOCK] = -1 if flit[LAST] != 0 else port
    ports[core, output, col.TURN] = port
    ports[core, port, col.HEAD] = (head + 1) % depth
    ports[core, port, col.COUNT] -= 1
    ports[core, port, col.FREED] = now
    registers[core, col.LOAD] -= 1
