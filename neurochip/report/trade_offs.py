"""Pictures of what a sweep's settings are worth: accuracy against cost, and which axis matters.

Matplotlib is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neurochip.report.style import BLUE, GREY, INK, ORANGE, figure
from neurochip.report.sweep_numbers import accuracy_ticks, is_accuracy, short, shown, stretched, titled

Row = Mapping[str, Any]
_NAMED = 12
"""Up to so many places of a front are numbered and named."""
_WIDE = 20
"""A cost that varies by more than this factor has a logarithmic axis."""


def trade_off(
    means: Sequence[Row],
    best: Sequence[int],
    axes: Sequence[str],
    accuracy: str,
    cost: str,
    path: str | Path,
    title: str = "",
    unit: str = "",
) -> None:
    """Accuracy against cost, with the settings that no other beats; ``best``: their numbers in ``means``.

    The accuracy's axis is logarithmic in the error. At least one row has both. Raises NeurochipError.
    """
    place = stretched if is_accuracy(accuracy) else float
    there = [row for row in means if row.get(accuracy) is not None and row.get(cost) is not None]
    top = sorted((means[index] for index in best), key=lambda row: float(row[cost]))
    named = _named(top, axes, cost, accuracy)
    with figure(path, 1, 6.0, 3.6 + 0.15 * len(named)) as (fig, panel):
        for rows, style in ((there, _DOT), (top, _BEST), (_rising(top, cost, accuracy), _LINE)):
            panel.plot([row[cost] for row in rows], [place(row[accuracy]) for row in rows], **style)
        for number, ((x, y), words) in enumerate(named.items(), 1):
            panel.annotate(
                f"{number}", (x, place(y)), xytext=(4, -10), textcoords="offset points", color=ORANGE
            )
            panel.plot([], [], lw=0, label=f"{number}  {words}")
        if is_accuracy(accuracy):
            panel.set_yticks(*accuracy_ticks(*_ends(there, accuracy)))
        least, most = _ends(there, cost)
        if least > 0 and most / least > _WIDE:
            panel.set_xscale("log")
            panel.xaxis.set_major_formatter(lambda value, _: short(value))
        else:
            panel.xaxis.set_major_formatter(lambda value, _: short(value) if value else "0")
        panel.margins(x=0.08)
        panel.set(xlabel=titled(cost, unit), ylabel=titled(accuracy, "fraction"), title=title)
        handles, labels = panel.get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside lower left", fontsize=7, handlelength=1.2)


def sensitivity(influences: Sequence[Row], path: str | Path, title: str = "") -> None:
    """For each metric, the share of its variance that each axis explains, greatest first.

    ``influences``: rows with the keys of `neurochip.sweep.analysis.Influence`. Raises NeurochipError.
    """
    metrics = list(dict.fromkeys(row["metric"] for row in influences))
    bars = len(dict.fromkeys(row["axis"] for row in influences))
    height = 0.7 + len(metrics) * (0.5 + 0.26 * bars)
    with figure(path, len(metrics), 5.6, height) as (fig, drawn):
        for panel, metric in zip(np.atleast_1d(drawn), metrics, strict=True):
            rows = sorted(
                (row for row in influences if row["metric"] == metric), key=lambda row: row["share"]
            )
            panel.barh(
                [row["axis"] for row in rows], [100 * row["share"] for row in rows], color=BLUE, height=0.62
            )
            for line, row in enumerate(rows):
                panel.annotate(_range(row), (100 * row["share"], line), va="center", fontsize=7, color=INK)
            panel.set(title=metric, xlim=(0, 160))
            panel.set_xticks([0, 25, 50, 75, 100])
            panel.grid(axis="y", visible=False)
        panel.set_xlabel("share of the variance between settings, %; least and greatest mean")
        fig.suptitle(title, fontsize=9, x=0.01, ha="left")


_DOT = {"marker": "o", "lw": 0, "ms": 4, "color": GREY, "alpha": 0.6, "mew": 0, "label": "settings"}
_BEST = {
    "marker": "o",
    "lw": 0,
    "ms": 5,
    "color": ORANGE,
    "label": "no other is as good and in something better",
}
_LINE = {"lw": 1.3, "color": ORANGE, "drawstyle": "steps-post"}


def _rising(top: Sequence[Row], cost: str, accuracy: str) -> list[Row]:
    """Of rows in order of cost those that are more accurate than all before: the front in these two alone."""
    found: list[Row] = []
    for row in sorted(top, key=lambda row: (float(row[cost]), -float(row[accuracy]))):
        if not found or row[accuracy] > found[-1][accuracy]:
            found.append(row)
    return found


def _named(
    top: Sequence[Row], axes: Sequence[str], cost: str, accuracy: str
) -> dict[tuple[float, float], str]:
    """The axes of the settings of a front, by their place; nothing if there are many places."""
    found: dict[tuple[float, float], list[Row]] = {}
    for row in top:
        found.setdefault((float(row[cost]), float(row[accuracy])), []).append(row)
    return {spot: _alike(rows, axes) for spot, rows in found.items()} if len(found) <= _NAMED else {}


def _alike(rows: Sequence[Row], axes: Sequence[str]) -> str:
    """The values of each axis in settings of equal results."""
    words = []
    for name in axes:
        values = list(dict.fromkeys(row[name] for row in rows))
        words.append(f"{name} {' or '.join(short(value) for value in values[:4])}")
    return ", ".join(words)


def _range(row: Row) -> str:
    """Least and greatest mean of an axis, and where."""
    if row["low"] == row["high"]:
        return " no difference"
    low, high = (shown(row["metric"], row[end]) for end in ("low", "high"))
    return f" {low} at {row['lowest']} to {high} at {row['highest']}"


def _ends(rows: Sequence[Row], name: str) -> tuple[float, float]:
    values = [float(row[name]) for row in rows]
    return min(values), max(values)
