"""When what happened: the controller's own log, from which the record of time is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from neurochip.program import Program


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
