"""How numbers of a sweep are shown: short, and accuracies on a scale that tells 98 from 99 per cent."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import Any

ACCURACIES = (0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Accuracies that get a tick."""
_LEAST = 5e-4
"""Errors below it are drawn as this one."""
_FEWEST = 3
"""With fewer of these ticks than so many, there are others."""


def is_accuracy(metric: str) -> bool:
    """Whether a metric is a fraction of right predictions."""
    return metric.endswith("accuracy")


def stretched(accuracy: float) -> float:
    """The place of an accuracy on an axis on which halving the error is always the same distance."""
    return -log10(max(1.0 - accuracy, _LEAST))


def accuracy_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Places and labels, in per cent, of the ticks between two accuracies: round ones, or those two."""
    usual = [share for share in ACCURACIES if low <= share <= high]
    there = usual if len(usual) >= _FEWEST else _evenly(low, high)
    there = there if len(there) > 1 else [low, high]
    return [stretched(share) for share in there], [f"{100 * share:.6g}" for share in there]


def _evenly(low: float, high: float) -> list[float]:
    """Round numbers at equal distances, two to six: a step is at most half of the range."""
    wanted = (high - low) / 5
    if wanted < _LEAST:
        return []
    power = 10.0 ** floor(log10(wanted))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= wanted * (1 - 1e-9))
    return [round(n * step, 12) for n in range(ceil(low / step), floor(high / step) + 1)]


def short(value: Any) -> str:
    """Three digits and a letter for a large number, text as it is."""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 100_000):
        for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:.3g} {letter}"
        return f"{value:.3g}"
    return str(value)


def shown(metric: str, value: float) -> str:
    """A value with its unit where that is per cent."""
    return f"{100 * value:.2f} %" if is_accuracy(metric) else short(value)


def titled(metric: str, unit: str) -> str:
    """A metric and its unit, for an axis."""
    if unit == "fraction":
        return f"{metric}, %"
    return f"{metric}, {unit}" if unit else metric
