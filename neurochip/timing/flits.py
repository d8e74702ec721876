"""A mesh stepped flit by flit in plain Python: small, slow, and a stranger to the cycle engine's routers.

It serves what has to be known once for a placement: how long the sums of a tick travel, which no data change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from neurochip.noc import DIRECTIONS, EAST, NORTH, SOUTH, WEST, Mesh
from neurochip.timing.routes import Path

LOCAL = DIRECTIONS
"""The port between a router and its core."""

OPPOSITE = {EAST: WEST, WEST: EAST, SOUTH: NORTH, NORTH: SOUTH}


class Flit(NamedTuple):
    """``outputs``: those still to be taken, this router's first; ``ready``: cycle from which it may leave."""

    outputs: tuple[int, ...]
    first: bool
    last: bool
    ready: int


@dataclass
class Router:
    """Flits at the inputs; for each output the input that holds it and the one that was served last."""

    inputs: list[deque[Flit]] = field(default_factory=lambda: [deque() for _ in range(DIRECTIONS + 1)])
    held: dict[int, int] = field(default_factory=dict)
    served: dict[int, int] = field(default_factory=dict)

    def choose(self, output: int, now: int) -> int | None:
        """The input whose first flit goes to ``output`` in this cycle."""
        wanting = [
            port
            for port, flits in enumerate(self.inputs)
            if flits and flits[0].ready <= now and flits[0].outputs[0] == output
        ]
        if output in self.held:
            return self.held[output] if self.held[output] in wanting else None
        last = self.served.get(output, 0)
        return min(wanting, key=lambda port: (port - last - 1) % (DIRECTIONS + 1), default=None)

    def take(self, port: int, output: int) -> Flit:
        """Remove the first flit of an input; the output is held until a packet's last flit has gone."""
        flit = self.inputs[port].popleft()
        self.served[output] = port
        if flit.last:
            self.held.pop(output, None)
        else:
            self.held[output] = port
        return flit


def travel(
    mesh: Mesh,
    path: Path,
    length: int,
    sending: Sequence[Sequence[int]],
    begin: Sequence[int] | None = None,
) -> tuple[list[int], list[int]]:
    """Cycles until each core has sent all of its packets, and until each has received all that come to it.

    ``sending``: for each core the cores that its packets of ``length`` flits go to, in order. ``begin``: the
    cycle in which each core begins; all at once by default.
    """
    start = list(begin or [0] * mesh.cores)
    routers = {core: Router() for core in range(mesh.cores)}
    waiting = [deque(_flits(mesh, core, to, length)) for core, to in enumerate(sending)]
    sent, received, now = start.copy(), [0] * mesh.cores, 0
    left = sum(len(to) for to in sending)
    while left:
        full = {
            (core, port)
            for core, router in routers.items()
            for port, flits in enumerate(router.inputs)
            if len(flits) >= path.buffers
        }
        moves = [move for core, router in routers.items() for move in _moves(mesh, core, router, full, now)]
        for core, port, output in moves:
            flit = routers[core].take(port, output)
            if output != LOCAL:
                there, entry = mesh.link_ends(core * DIRECTIONS + output)[1], OPPOSITE[output]
                later = now + path.link + path.router
                routers[there].inputs[entry].append(flit._replace(outputs=flit.outputs[1:], ready=later))
            elif flit.last:
                received[core], left = now + 1, left - 1
        for core, flits in enumerate(waiting):
            if flits and now >= start[core] and (core, LOCAL) not in full:
                routers[core].inputs[LOCAL].append(flits.popleft()._replace(ready=now + path.router))
                sent[core] = now + 1
        now += 1
    return sent, received


def _flits(mesh: Mesh, core: int, targets: Sequence[int], length: int) -> list[Flit]:
    found = []
    for to in targets:
        outputs = (*(link % DIRECTIONS for link in mesh.path(core, to)), LOCAL)
        found += [Flit(outputs, index == 0, index == length - 1, 0) for index in range(length)]
    return found


def _moves(
    mesh: Mesh, core: int, router: Router, full: set[tuple[int, int]], now: int
) -> list[tuple[int, int, int]]:
    """(core, input, output) of the flits that leave a router in this cycle."""
    found = []
    for output in {flits[0].outputs[0] for flits in router.inputs if flits}:
        if output != LOCAL:
            there = mesh.link_ends(core * DIRECTIONS + output)[1]
            if (there, OPPOSITE[output]) in full:
                continue
        port = router.choose(output, now)
        if port is not None:
            found.append((core, port, output))
    return found
