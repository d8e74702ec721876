"""What a table says: which settings no other beats, and which axis matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import fsum
from typing import Any, NamedTuple

Row = Mapping[str, Any]
_GROUPS = 8
"""An axis with more numbers than these is divided into as many groups of equal size."""


class Influence(NamedTuple):
    """What one axis does to one metric.

    ``share``: of the metric's variance over settings, the part between the groups of the axis (the
    first-order index; 0..1); ``low``, ``high``: least and greatest mean of a group, ``lowest`` and
    ``highest`` the values of the axis there.
    """

    axis: str
    metric: str
    groups: int
    share: float
    low: float
    high: float
    lowest: Any
    highest: Any


def front(rows: Sequence[Row], objectives: Mapping[str, str]) -> list[int]:
    """Indices of the rows that no other row beats, ordered by the first objective, best first.

    ``objectives``: maximise or minimise, by metric. A row beats another if it is as good in all and better in
    one; of equal rows all stay; rows without a value for some objective are left out.
    """
    signs = {name: -1.0 if way == "maximise" else 1.0 for name, way in objectives.items()}
    costs = {
        index: tuple(sign * float(row[name]) for name, sign in signs.items())
        for index, row in enumerate(rows)
        if all(row.get(name) is not None for name in signs)
    }
    kept: dict[int, tuple[float, ...]] = {}
    for index, cost in sorted(costs.items(), key=lambda item: (item[1], item[0])):
        if not any(_beats(other, cost) for other in kept.values()):
            kept[index] = cost
    return list(kept)


def influences(rows: Sequence[Row], axes: Sequence[str], metrics: Sequence[str]) -> list[Influence]:
    """Of each metric and axis with two groups or more, over the rows that have a value."""
    return [found for metric in metrics for axis in axes for found in _influence(rows, axis, metric)]


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def _influence(rows: Sequence[Row], axis: str, metric: str) -> Iterator[Influence]:
    there = [row for row in rows if row.get(metric) is not None]
    groups = _groups(there, axis)
    if len(groups) < 2:
        return
    means = [fsum(row[metric] for row in group) / len(group) for group in groups]
    total = fsum(row[metric] for row in there) / len(there)
    every = fsum((row[metric] - total) ** 2 for row in there)
    between = fsum(len(g) * (mean - total) ** 2 for g, mean in zip(groups, means, strict=True))
    low, high = (pick(range(len(means)), key=means.__getitem__) for pick in (min, max))
    share = min(1.0, between / every) if every else 0.0
    names = [_name(group, axis) for group in groups]
    yield Influence(axis, metric, len(groups), share, means[low], means[high], names[low], names[high])


def _groups(rows: Sequence[Row], axis: str) -> list[list[Row]]:
    """Rows with the same value; of numbers that are too many, neighbours together."""
    by: dict[Any, list[Row]] = {}
    for row in rows:
        by.setdefault(row[axis], []).append(row)
    numeric = all(isinstance(value, int | float) for value in by)
    if len(by) <= _GROUPS or not numeric:
        return [by[value] for value in (sorted(by) if numeric else by)]
    ordered = [row for value in sorted(by) for row in by[value]]
    cuts = [round(len(ordered) * cut / _GROUPS) for cut in range(_GROUPS + 1)]
    return [ordered[a:b] for a, b in pairwise(cuts) if b > a]


def _name(group: Sequence[Row], axis: str) -> Any:
    first, last = group[0][axis], group[-1][axis]
    return first if first == last else f"{first:g}..{last:g}"
