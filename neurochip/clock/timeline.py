"""What was seen of some ticks, cycle by cycle: the source of all pictures of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import logs
from neurochip.clock.marks import TickMark
from neurochip.clock.works import Works
from neurochip.errors import NeurochipError

Ints = NDArray[np.integer[Any]]

SIGNALS = 3
"""Signals of a core: machines at work, spikes in the FIFO, flits in the router."""


class Span(NamedTuple):
    """A named stretch of cycles, ``end`` not included."""

    name: str
    begin: int
    end: int


@dataclass(frozen=True, eq=False)
class Timeline:
    """Some ticks of a sample.

    ``ticks``: their marks; ``phases``: names of all phases; ``barrier``: cycles of a pass over the tree;
    ``changes``: int64 [n, (cycle, signal, value)], rising cycles; signal ``3 * core + which``, see `logs`.
    All signals are 0 before the first tick and after the last one.
    """

    clock_mhz: float
    phases: tuple[str, ...]
    ticks: tuple[TickMark, ...]
    barrier: int
    changes: Ints

    @classmethod
    def of(cls, works: Works) -> Timeline:
        used, lost = works.log.used.tolist()
        if lost:
            message = (
                f"the timeline has {used + lost:,} changes of signals but keeps {used:,}: watch fewer ticks"
            )
            raise NeurochipError(message)
        program, marks = works.marks.program, works.marks
        first = 0 if program is None else marks.watched_sample * program.ticks
        chosen = marks.ticks[first + works.watched.start : first + works.watched.stop]
        names = () if program is None else tuple(phase.name for phase in program.phases)
        tree = int(works.wiring.parameters[col.P_BARRIER])
        return cls(works.hardware.clock_mhz, names, tuple(chosen), tree, works.log.rows[:used].copy())

    @property
    def begin(self) -> int:
        """First cycle."""
        return self.ticks[0].begin if self.ticks else 0

    @property
    def end(self) -> int:
        """The cycle after the last one."""
        return max((self.end_of(tick) for tick in self.ticks), default=0)

    @property
    def cores(self) -> list[int]:
        """Cores of which any signal changes."""
        found: list[int] = np.unique(self.changes[:, 1] // SIGNALS).tolist()
        return found

    def end_of(self, tick: TickMark) -> int:
        return tick.begin + tick.spikes + tick.neurons + 2 * self.barrier

    def parts(self, tick: TickMark) -> list[Span]:
        """The parts of a tick: spikes, a pass over the tree, sums and neurons, another pass."""
        lengths = (tick.spikes, self.barrier, tick.neurons, self.barrier)
        ends = np.cumsum([tick.begin, *lengths]).tolist()
        names = ("spikes", "tree", "sums and neurons", "tree")
        return [Span(*it) for it in zip(names, ends[:-1], ends[1:], strict=True) if it[2] > it[1]]

    def spans_of_phases(self) -> list[Span]:
        """The phases, as far as their ticks are here."""
        found: list[Span] = []
        for tick in self.ticks:
            name = self.phases[tick.phase]
            if found and found[-1].name == name:
                found[-1] = found[-1]._replace(end=self.end_of(tick))
            else:
                found.append(Span(name, tick.begin, self.end_of(tick)))
        return found

    def work(self, core: int) -> Iterator[Span]:
        """Stretches in which a machine of a core does something in every cycle, machine by machine."""
        mine = self.changes[self.changes[:, 1] == core * SIGNALS + logs.MACHINES]
        for machine, name in enumerate(col.MACHINES[: col.ANY]):
            since = None
            for cycle, on in zip(mine[:, 0].tolist(), (mine[:, 2] >> machine & 1).tolist(), strict=True):
                if on and since is None:
                    since = cycle
                elif not on and since is not None:
                    yield Span(name, since, cycle)
                    since = None
            if since is not None:
                yield Span(name, since, self.end)
