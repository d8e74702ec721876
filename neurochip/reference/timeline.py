"""The ticks of one sample in the order in which they are computed, each with what it needs to know."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tick:
    """One tick: which tick it goes on from (-1: cleared registers), how old the neurons are, the nudge.

    ``time`` counts along the neurons' own past, which a restored state turns back; schedules go by it.
    ``nudge`` is the signed strength with which outputs are pulled to their targets.
    """

    phase: str
    before: int
    time: int
    nudge: float


@dataclass(frozen=True)
class Timeline:
    """All ticks of a sample, the last one of the free phase, and the ends of the two phases compared."""

    ticks: tuple[Tick, ...]
    free: int
    plus: int
    minus: int

    @classmethod
    def of(cls, variant: str, beta: float, free: int, nudged: int) -> Timeline:
        """Free phase, then +beta and, if ``variant`` is symmetric, -beta, each from the free phase's end.

        The other variants compare the one nudged phase with the free one.
        """
        settle = [Tick("free", t - 1, t, 0.0) for t in range(free)]
        plus = _nudged("nudged+" if variant == "symmetric" else "nudged", beta, free, nudged, free)
        if variant != "symmetric":
            return cls((*settle, *plus), free - 1, free + nudged - 1, free - 1)
        minus = _nudged("nudged-", -beta, free, nudged, free + nudged)
        return cls((*settle, *plus, *minus), free - 1, free + nudged - 1, free + 2 * nudged - 1)

    def until_free(self) -> Timeline:
        """The free phase alone: what a prediction needs."""
        return Timeline(self.ticks[: self.free + 1], self.free, self.free, self.free)

    @property
    def phases(self) -> list[tuple[str, int]]:
        """(name, ticks) of each phase, in order."""
        names = [tick.phase for tick in self.ticks]
        return [(name, names.count(name)) for name in dict.fromkeys(names)]


def _nudged(name: str, nudge: float, free: int, ticks: int, start: int) -> list[Tick]:
    before = [free - 1, *range(start, start + ticks - 1)]
    return [Tick(name, before[k], free + k, nudge) for k in range(ticks)]
