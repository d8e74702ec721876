"""Heat maps of a sweep. Matplotlib is imported where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.report.style import GREY, INK, figure
from neurochip.report.sweep_numbers import accuracy_ticks, is_accuracy, short, stretched, titled

Row = Mapping[str, Any]
Axis = tuple[str, list[Any]]
"""Name and levels."""
_PANELS = 6
"""More panels than these are drawn as one, a mean over the other axes."""
_SHOWN = {"does_not_fit": "does not fit", "invalid": "not valid", "not_priced": "not priced"}


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

    ``means``: a row for each setting, with its ``status``; a cell without a value says why. At least one row
    has a value. Accuracies are coloured by the logarithm of their error. Raises NeurochipError.
    """
    x, y = (across, _levels(means, across)), (up, _levels(means, up))
    panels = _panels(means, [name for name in axes if name not in (across, up)])
    values = [row[metric] for row in means if row.get(metric) is not None]
    limits = (min(values), max(values))
    height = 1.0 + len(panels) * (0.34 * len(y[1]) + 0.62)
    with figure(path, len(panels), max(4.4, 1.9 + _wide(x[1]) * len(x[1])), height) as (fig, drawn):
        every = list(np.atleast_1d(drawn))
        for panel, (name, rows) in zip(every, panels.items(), strict=True):
            image = _panel(panel, rows, x, y, metric, limits, unit)
            panel.set(ylabel=up, title=name)
        every[-1].set_xlabel(across)
        bar = fig.colorbar(image, ax=every, fraction=0.06, pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label(titled(metric, unit))
        if is_accuracy(metric):
            places, labels = accuracy_ticks(*limits)
            bar.set_ticks(places, labels=labels)
        elif unit == "fraction":
            bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}")
        else:
            bar.ax.yaxis.set_major_formatter(lambda value, _: short(value) if value else "0")
        fig.suptitle(title, fontsize=9, x=0.01, ha="left")


def _wide(levels: Sequence[Any]) -> float:
    """Inches of a column: room for its number, and for its name below."""
    return max(0.78, 0.12 + 0.075 * max(len(short(level)) for level in levels))


def _panel(
    panel: Any,
    rows: Sequence[Row],
    x: Axis,
    y: Axis,
    metric: str,
    limits: tuple[float, float],
    unit: str,
) -> Any:
    """One heat map with its numbers; returns the image."""
    fraction = unit == "fraction" or is_accuracy(metric)
    place = stretched if is_accuracy(metric) else float
    low, high = (place(limit) for limit in limits)
    grid = _grid(rows, x, y, metric)
    colours = np.array([[place(v) if np.isfinite(v) else np.nan for v in line] for line in grid])
    image = panel.imshow(colours, origin="lower", aspect="auto", cmap="viridis", vmin=low, vmax=high)
    for row in rows:
        spot = (y[1].index(row[y[0]]), x[1].index(row[x[0]]))
        dark = (colours[spot] - low) > 0.6 * (high - low)
        _write(panel, spot, row, grid[spot], fraction, INK if dark else "white")
    panel.set_xticks(range(len(x[1])), [short(value) for value in x[1]])
    panel.set_yticks(range(len(y[1])), [short(value) for value in y[1]])
    _tile(panel, len(x[1]), len(y[1]))
    return image


def _grid(rows: Sequence[Row], x: Axis, y: Axis, metric: str) -> NDArray[np.float64]:
    """Mean of the metric in each cell; nan where no setting has one."""
    cells: dict[tuple[int, int], list[float]] = {}
    for row in rows:
        if row.get(metric) is not None:
            cells.setdefault((y[1].index(row[y[0]]), x[1].index(row[x[0]])), []).append(row[metric])
    grid = np.full((len(y[1]), len(x[1])), np.nan)
    for spot, values in cells.items():
        grid[spot] = sum(values) / len(values)
    return grid


def _write(panel: Any, spot: tuple[int, int], row: Row, value: float, fraction: bool, colour: str) -> None:
    """The number of a cell, or why there is none."""
    where: dict[str, Any] = {"ha": "center", "va": "center"}
    if np.isnan(value):
        words = _SHOWN.get(str(row["status"]), str(row["status"]))
        panel.annotate(words, spot[::-1], fontsize=6, color=GREY, **where)
        return
    words = f"{100 * value:.1f}" if fraction else short(value)
    panel.annotate(words, spot[::-1], fontsize=7.5, color=colour, **where)


def _tile(panel: Any, columns: int, lines: int) -> None:
    """White joints between cells, nothing around them."""
    panel.grid(False)
    for place in range(1, columns):
        panel.axvline(place - 0.5, color="white", lw=1.5)
    for place in range(1, lines):
        panel.axhline(place - 0.5, color="white", lw=1.5)
    panel.tick_params(length=0)
    for side in panel.spines.values():
        side.set_visible(False)


def _panels(means: Sequence[Row], others: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of each panel, by its title."""
    levels = [_levels(means, name) for name in others]
    found: dict[str, list[Row]] = {}
    for values in product(*levels):
        pairs = list(zip(others, values, strict=True))
        rows = [row for row in means if all(row[name] == value for name, value in pairs)]
        if rows:
            found[", ".join(f"{name} {short(value)}" for name, value in pairs)] = rows
    return found if len(found) <= _PANELS else {f"mean over {', '.join(others)}": list(means)}


def _levels(rows: Sequence[Row], name: str) -> list[Any]:
    found = list(dict.fromkeys(row[name] for row in rows))
    return sorted(found) if all(isinstance(value, int | float) for value in found) else found
