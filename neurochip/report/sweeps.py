"""Pictures of a sweep: heat maps, accuracy against cost, what matters.

Matplotlib is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from neurochip.report.style import BLUE, GREY, INK, ORANGE, figure

Row = Mapping[str, Any]
_PANELS = 6
"""More panels than these are drawn as one, a mean over the other axes."""
_NAMED = 9
"""Up to so many settings of a front have their axes beside them."""
_SHOWN = {"does_not_fit": "does not fit"}


def heat_map(
    means: Sequence[Row],
    axes: Sequence[str],
    across: str,
    up: str,
    metric: str,
    path: str | Path,
    title: str = "",
    unit: str = "",
) -> None:
    """A metric over two axes, a panel for each setting of the other ``axes``.

    ``means``: a row for each setting; settings without a value say why. Raises NeurochipError.
    """
    columns, lines = _levels(means, across), _levels(means, up)
    panels = _panels(means, [name for name in axes if name not in (across, up)])
    values = [row[metric] for row in means if row.get(metric) is not None]
    height = 1.0 + len(panels) * (0.34 * len(lines) + 0.62)
    with figure(path, len(panels), max(4.4, 1.9 + 0.78 * len(columns)), height) as (fig, drawn):
        for axes_, (name, rows) in zip(np.atleast_1d(drawn), panels.items(), strict=True):
            image = _panel(axes_, rows, (across, columns), (up, lines), metric, (min(values), max(values)))
            axes_.set(ylabel=up, title=name)
        axes_.set_xlabel(across)
        bar = fig.colorbar(image, ax=list(np.atleast_1d(drawn)), fraction=0.06, pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label(f"{metric}, %" if unit == "fraction" else f"{metric}, {unit}" if unit else metric)
        if unit == "fraction":
            bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}")
        fig.suptitle(title, fontsize=9, x=0.01, ha="left")


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
    """Accuracy against cost, with the settings that no other beats; ``best``: their numbers in ``means``."""
    shown = [row for row in means if row.get(accuracy) is not None and row.get(cost) is not None]
    top = sorted((means[index] for index in best), key=lambda row: float(row[cost]))
    with figure(path, 1, 6.4, 4.0) as (_, panel):
        panel.scatter(*_pairs(shown, cost, accuracy), s=16, color=GREY, alpha=0.6, lw=0, label="settings")
        panel.plot(*_pairs(top, cost, accuracy), "o-", ms=5, lw=1.3, color=ORANGE, label="no other is better")
        for spot, words in _named(top, axes, cost, accuracy).items():
            panel.annotate(words, spot, xytext=(6, -9), textcoords="offset points", fontsize=6, color=INK)
        costs = [float(row[cost]) for row in shown]
        if min(costs) > 0 and max(costs) / min(costs) > 20:
            panel.set_xscale("log")
        panel.margins(x=0.12)
        panel.set(xlabel=f"{cost}, {unit}" if unit else cost, ylabel=f"{accuracy}, %", title=title)
        panel.legend(loc="lower right")


def sensitivity(influences: Sequence[Row], path: str | Path, title: str = "") -> None:
    """For each metric, the share of its variance that each axis explains, greatest first."""
    metrics = list(dict.fromkeys(row["metric"] for row in influences))
    with figure(path, len(metrics), 5.6, 0.7 + len(metrics) * (0.5 + 0.26 * _most(influences))) as (
        fig,
        drawn,
    ):
        for panel, metric in zip(np.atleast_1d(drawn), metrics, strict=True):
            rows = sorted(
                (row for row in influences if row["metric"] == metric), key=lambda row: row["share"]
            )
            names = [row["axis"] for row in rows]
            panel.barh(names, [100 * row["share"] for row in rows], color=BLUE, height=0.62)
            for place, row in enumerate(rows):
                panel.annotate(_ends(row), (100 * row["share"], place), va="center", fontsize=7, color=INK)
            panel.set(title=metric, xlim=(0, 160))
            panel.set_xticks([0, 25, 50, 75, 100])
            panel.grid(axis="y", visible=False)
        panel.set_xlabel("share of the variance between settings, %; least and greatest mean")
        fig.suptitle(title, fontsize=9, x=0.01, ha="left")


def _panel(
    panel: Any,
    rows: Sequence[Row],
    across: tuple[str, list[Any]],
    up: tuple[str, list[Any]],
    metric: str,
    limits: tuple[float, float],
) -> Any:
    """One heat map with its numbers; a cell with no number says why."""
    cells: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        spot = (up[1].index(row[up[0]]), across[1].index(row[across[0]]))
        cells.setdefault(spot, []).append(row)
    grid = np.full((len(up[1]), len(across[1])), np.nan)
    for spot, there in cells.items():
        values = [row[metric] for row in there if row.get(metric) is not None]
        if values:
            grid[spot] = sum(values) / len(values)
    low, high = limits
    image = panel.imshow(
        grid, origin="lower", aspect="auto", cmap="viridis", vmin=low, vmax=max(high, low + 1e-9)
    )
    for spot, there in cells.items():
        value = grid[spot]
        dark = np.isnan(value) or (value - low) > 0.6 * (high - low)
        status = str(there[0]["status"])
        words = _SHOWN.get(status, status) if np.isnan(value) else _cell(value, low, high)
        size = 6 if np.isnan(value) else 7.5
        colour = GREY if np.isnan(value) else INK if dark else "white"
        panel.annotate(words, spot[::-1], ha="center", va="center", fontsize=size, color=colour)
    panel.set_xticks(range(len(across[1])), [_short(value) for value in across[1]])
    panel.set_yticks(range(len(up[1])), [_short(value) for value in up[1]])
    panel.grid(False)
    for place in range(1, len(across[1])):
        panel.axvline(place - 0.5, color="white", lw=1.5)
    for place in range(1, len(up[1])):
        panel.axhline(place - 0.5, color="white", lw=1.5)
    panel.tick_params(length=0)
    for side in panel.spines.values():
        side.set_visible(False)
    return image


def _panels(means: Sequence[Row], others: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of each panel, by its title."""
    levels = [_levels(means, name) for name in others]
    found: dict[str, list[Row]] = {}
    for values in product(*levels):
        rows = [r for r in means if all(r[name] == v for name, v in zip(others, values, strict=True))]
        if rows:
            found[", ".join(f"{name} {_short(v)}" for name, v in zip(others, values, strict=True))] = rows
    return found if len(found) <= _PANELS else {f"mean over {', '.join(others)}": list(means)}


def _levels(rows: Sequence[Row], name: str) -> list[Any]:
    found = list(dict.fromkeys(row[name] for row in rows))
    return sorted(found) if all(isinstance(value, int | float) for value in found) else found


def _pairs(rows: Sequence[Row], cost: str, accuracy: str) -> tuple[list[float], list[float]]:
    return [float(row[cost]) for row in rows], [100 * float(row[accuracy]) for row in rows]


def _cell(value: float, low: float, high: float) -> str:
    """A number in a cell: fractions as per cent."""
    return f"{100 * value:.1f}" if low >= 0 and high <= 1 else _short(value)


def _short(value: Any) -> str:
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 100_000):
        for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:.3g} {letter}"
        return f"{value:.3g}"
    return str(value)


def _named(
    top: Sequence[Row], axes: Sequence[str], cost: str, accuracy: str
) -> dict[tuple[float, float], str]:
    """The axes of the settings of a front, by their place; nothing if there are many places."""
    found: dict[tuple[float, float], list[Row]] = {}
    for row in top:
        found.setdefault((float(row[cost]), 100 * float(row[accuracy])), []).append(row)
    if len(found) > _NAMED:
        return {}
    return {spot: _axes_of(rows, axes) for spot, rows in found.items()}


def _axes_of(rows: Sequence[Row], axes: Sequence[str]) -> str:
    """What settings of equal results have in common."""
    alike = [name for name in axes if len({repr(row[name]) for row in rows}) == 1]
    any_of = [name for name in axes if name not in alike]
    words = [f"{name} {_short(rows[0][name])}" for name in alike]
    return ", ".join([*words, *(f"several {name}" for name in any_of)])


def _ends(row: Row) -> str:
    """Least and greatest mean of an axis, and where."""
    if row["low"] == row["high"]:
        return " no difference"
    low, high = (_percent_or_number(row["metric"], row[end]) for end in ("low", "high"))
    return f" {low} at {row['lowest']} to {high} at {row['highest']}"


def _percent_or_number(metric: str, value: float) -> str:
    return f"{100 * value:.2f} %" if metric.endswith("accuracy") else _short(value)


def _most(influences: Sequence[Row]) -> int:
    return len(dict.fromkeys(row["axis"] for row in influences))
