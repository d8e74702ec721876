"""How numbers of a sweep are shown: short, and accuracies on a scale that tells 98 from 99 per cent."""

from __future__ import annotations

from math import log10
from typing import Any

ACCURACIES = (0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Accuracies that get a tick."""
_LEAST = 5e-4
"""Errors below it are drawn as this one."""


def is_accuracy(metric: str) -> bool:
    """Whether a metric is a fraction of right predictions."""
    return metric.endswith("accuracy")


def stretched(accuracy: float) -> float:
    """The place of an accuracy on an axis on which halving the error is always the same distance."""
    return -log10(max(1.0 - accuracy, _LEAST))


def accuracy_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Places and labels, in per cent, of the ticks between two accuracies; those two if there is none."""
    there = [share for share in ACCURACIES if low <= share <= high] or [low, high]
    return [stretched(share) for share in there], [f"{100 * share:.4g}" for share in there]


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
