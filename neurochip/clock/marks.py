"""When what happened: the controller's own log, from which the record of time is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from neurochip.clock import columns as col
from neurochip.program import Program
from neurochip.timing.record import Timing

if TYPE_CHECKING:
    from neurochip.clock.clock import Clock


class TickMark(NamedTuple):
    """A tick: sample (from 0, since the log began), phase, tick of the phase, first cycle, cycles until
    spikes were integrated and from then until neurons had fired."""

    sample: int
    phase: int
    tick: int
    begin: int
    spikes: int
    neurons: int


@dataclass
class Marks:
    """What the controller did from cycle ``begin`` on; ``edges``: (sample, phase, first cycle, cycles);
    ``updates``: (first cycle, cycles); ``work``: (first cycle, cycles of each core's update unit)."""

    begin: int
    program: Program | None = None
    samples: int = 0
    watched_sample: int = -1
    ticks: list[TickMark] = field(default_factory=list)
    edges: list[tuple[int, int, int, int]] = field(default_factory=list)
    updates: list[tuple[int, int]] = field(default_factory=list)
    work: list[tuple[int, list[int]]] = field(default_factory=list)

    def sample(self, program: Program) -> None:
        """A sample begins."""
        self.program = program
        self.samples += 1

    def tick(self, phase: int, tick: int, begin: int, spikes: int, neurons: int) -> None:
        self.ticks.append(TickMark(self.samples - 1, phase, tick, begin, spikes, neurons))

    def edge(self, phase: int, begin: int, cycles: int) -> None:
        self.edges.append((self.samples - 1, phase, begin, cycles))

    def watching(self, ticks: range) -> bool:
        """Whether the tick that comes next is one of the ``ticks`` of the watched sample."""
        if self.samples - 1 != self.watched_sample or self.program is None:
            return False
        done = len(self.ticks) - (self.samples - 1) * self.program.ticks
        return done in ticks

    def timing(self, clock: Clock) -> Timing:
        """The record of all cycles since the log began."""
        phases = self.program.phases if self.program else ()
        shape = self.samples, sum(phase.ticks for phase in phases)
        cycles = np.array([(it.spikes, it.neurons) for it in self.ticks], np.int64).reshape(*shape, 2)
        edges = np.zeros((self.samples, len(phases)), np.int64)
        for sample, phase, _, length in self.edges:
            edges[sample, phase] += length
        return Timing(
            engine="cycle",
            clock_mhz=clock.hardware.clock_mhz,
            mesh=clock.placement.mesh,
            phases=tuple(phase.name for phase in phases),
            lengths=tuple(phase.ticks for phase in phases),
            spikes=cycles[..., 0],
            neurons=cycles[..., 1],
            barrier=int(clock.wiring.parameters[col.P_BARRIER]),
            edges=edges,
            updates=np.array([length for _, length in self.updates], np.int64),
            busy=clock.machines.busy[:, col.ANY].copy(),
            links=clock.machines.links.copy(),
            machines={
                name: clock.machines.busy[:, index].copy()
                for index, name in enumerate(col.MACHINES[: col.ANY])
            },
        )
