"""Rows of the table, and taking times on a noisy machine: in turns, medians, ratios of one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Row:
    """One measurement; ``goal``: the least (or, if negative, minus the most) value that is wanted."""

    part: str
    what: str
    value: float
    unit: str
    note: str = ""
    goal: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goal is reached; true where there is none."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.goal >= 0 else self.value <= -self.goal

    def as_csv(self) -> dict[str, object]:
        """The fields, and whether the goal is met."""
        return {**asdict(self), "met": "" if self.goal is None else self.met}


@dataclass
class Table:
    """All rows so far; ``tell`` is called with each."""

    tell: Callable[[Row], None]
    rows: list[Row] = field(default_factory=list)

    def add(
        self, part: str, what: str, value: float, unit: str, note: str = "", goal: float | None = None
    ) -> None:
        """Add a row."""
        made = Row(part, what, value, unit, note, goal)
        self.rows.append(made)
        self.tell(made)


def seconds(work: Callable[[], object], least: float = 0.1) -> float:
    """Seconds of one call, repeated for at least ``least`` seconds."""
    calls, began = 0, perf_counter()
    while perf_counter() - began < least or not calls:
        work()
        calls += 1
    return (perf_counter() - began) / calls


def in_turns(works: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    """What each work returns, in ``rounds`` rounds in which all take their turn: [works][rounds]."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for values, work in zip(found, works, strict=True):
            values.append(work())
    return found


def side_by_side(*works: Callable[[], float]) -> list[float]:
    """What works return that run in threads at the same time."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result() for done in [pool.submit(work) for work in works]]


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of the rounds."""
    return median(a / b for a, b in zip(above, below, strict=True))
