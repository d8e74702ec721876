"""The routers: flits go along x, then along y, through buffered input ports, one flit a cycle and output.

A flit that enters a port at cycle t may leave from t + router_cycles on and then takes link_cycles to the next
port, where a place is held for it from the moment it leaves. A packet's first flit takes an output port and the
last one gives it back; ports that want the same output take turns. What a router sees of another one is the
state before the cycle, so the order in which routers are stepped changes nothing.
"""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel

EAST, WEST, SOUTH, NORTH, LOCAL = range(5)
"""Ports; the outputs are the directions of the links of `neurochip.noc`."""

TO, ADDRESS, VALUE, SOURCE, PHASE, FIRST, LAST, READY = range(8)
"""A flit: core that it goes to, address there, payload, core that it comes from, phase, whether it is a packet's
first or last, cycle from which it may leave its port."""


@kernel
def room(mesh, core, port, now):
    """Whether a port can take a flit, as far as was known before this cycle."""
    return mesh.count[core, port] + (mesh.freed[core, port] == now) < mesh.flit.shape[2]


@kernel
def put(mesh, core, port, ready, to, address, value, source, phase, first, last):
    """Write a flit into a port that has room."""
    slot = (mesh.head[core, port] + mesh.count[core, port]) % mesh.flit.shape[2]
    flit = mesh.flit[core, port, slot]
    flit[TO], flit[ADDRESS], flit[VALUE], flit[SOURCE], flit[PHASE] = to, address, value, source, phase
    flit[FIRST], flit[LAST], flit[READY] = first, last, ready
    mesh.count[core, port] += 1
    mesh.load[core] += 1


@kernel
def inject(mesh, parameters, core, now, to, address, value, phase, sent, flits, counts):
    """Bring the next flit of a packet into the mesh, if there is room; returns how many are in now (``flits``:
    all are)."""
    if not room(mesh, core, LOCAL, now):
        return sent
    last = sent + 1 == flits
    ready = now + parameters[col.P_ROUTER]
    put(mesh, core, LOCAL, ready, to, address, value, core, phase, sent == 0, last)
    if last:
        counts[phase, core, col.PACKETS] += 1
    return sent + 1


@kernel
def step(mesh, parameters, now, counts):
    """One cycle of all routers. Packets that reach their core are in ``arrived`` afterwards."""
    for core in range(mesh.load.shape[0]):
        if mesh.load[core] > 0:
            _request(mesh, parameters, core, now)
            for output in range(5):
                port = _winner(mesh, core, output)
                if port >= 0:
                    _forward(mesh, parameters, core, port, output, now, counts)


@kernel
def _request(mesh, parameters, core, now):
    """Note for each input port the output that its first flit wants, or -1."""
    cols = parameters[col.P_MESH_COLS]
    for port in range(5):
        mesh.want[core, port] = -1
        flit = mesh.flit[core, port, mesh.head[core, port]]
        if mesh.count[core, port] > 0 and flit[READY] <= now:
            to = flit[TO]
            if to % cols != core % cols:
                mesh.want[core, port] = EAST if to % cols > core % cols else WEST
            elif to // cols != core // cols:
                mesh.want[core, port] = SOUTH if to // cols > core // cols else NORTH
            else:
                mesh.want[core, port] = LOCAL


@kernel
def _winner(mesh, core, output):
    """The input port whose flit goes to an output: the one that holds it, or the next in turn; -1: none."""
    held = mesh.lock[core, output]
    if held >= 0:
        return held if mesh.want[core, held] == output else -1
    for ahead in range(1, 6):
        port = (mesh.turn[core, output] + ahead) % 5
        if mesh.want[core, port] == output:
            return port
    return -1


@kernel
def _forward(mesh, parameters, core, port, output, now, counts):
    """Send the first flit of an input port on, if there is room for it."""
    flit = mesh.flit[core, port, mesh.head[core, port]]
    if output == LOCAL:
        if flit[LAST] != 0:
            if mesh.open[core] == 0:
                return
            mesh.arrived[core], mesh.address[core], mesh.value[core] = 1, flit[ADDRESS], flit[VALUE]
    else:
        cols = parameters[col.P_MESH_COLS]
        step_x, step_y = (output == EAST) - (output == WEST), (output == SOUTH) - (output == NORTH)
        there, entry = core + step_x + step_y * cols, output ^ 1
        if not room(mesh, there, entry, now):
            return
        ready = now + parameters[col.P_LINK] + parameters[col.P_ROUTER]
        put(
            mesh, there, entry, ready, flit[TO], flit[ADDRESS], flit[VALUE], flit[SOURCE], flit[PHASE],
            flit[FIRST], flit[LAST],
        )  # fmt: skip
        mesh.links[core * 4 + output] += 1
        counts[flit[PHASE], flit[SOURCE], col.HOPS] += flit[FIRST]
    mesh.lock[core, output] = -1 if flit[LAST] != 0 else port
    mesh.turn[core, output] = port
    mesh.head[core, port] = (mesh.head[core, port] + 1) % mesh.flit.shape[2]
    mesh.count[core, port] -= 1
    mesh.freed[core, port] = now
    mesh.load[core] -= 1
