"""Pictures of gradient estimates against the exact gradient: a row for a sweep, a column for a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan, log10, nan
from pathlib import Path
from textwrap import fill
from typing import Any

from neurochip.report.style import BLUE, GREEN, ORANGE, figure

Rows = Sequence[Mapping[str, Any]]

_BY = {"rates": (GREEN, "o"), "spikes": (ORANGE, "s"), "chip": (BLUE, "^")}
_STROKES = {"one_sided": ":", "random_sign": "--"}
_AXES = {
    "theorem": "beta, phases four times as long",
    "free ticks": "free ticks, exact: settled",
}
_NINES = (2.0, *(m * 10.0**-e for e in range(1, 7) for m in (10, 7, 5, 3, 2)), 1e-6)
"""Where the cosine's axis may have labels, by 1 - cosine."""
_WIDE = 40.0
"""An axis that spans this factor or more has labels at whole decades alone."""
_STEPS = tuple(mantissa * 10.0**exponent for exponent in range(-6, 4) for mantissa in (1, 2, 3, 5, 7))
_LEAST = 1e-6
"""Smaller distances are drawn here."""


def cosines(rows: Rows, layers: Sequence[str], path: str | Path, title: str = "") -> None:
    """Cosine with the exact gradient, on an axis that spreads the nines: logarithmic in 1 - cosine.

    ``rows``: as in compare.json, ``layers``: names of the projections.
    """
    with _panels(rows, layers, path, f"{title} · cosine with the exact gradient") as grid:
        for panels, chosen in grid:
            away = [[max(1.0 - cosine, _LEAST) for cosine in row["cosine"]] for row in chosen]
            _draw(panels, chosen, away)
            least, most = min(map(min, away)), max(map(max, away))
            _scale(panels[0], least, most, {tick: f"{1.0 - tick:g}".replace("-", "−") for tick in _NINES})
            panels[0].invert_yaxis()
            panels[0].set_ylabel("cosine")


def errors(rows: Rows, layers: Sequence[str], path: str | Path, title: str = "") -> None:
    """Relative error |estimate - exact| / |exact|, logarithmic, where it is not None; else like `cosines`."""
    with _panels(rows, layers, path, f"{title} · relative error of the gradient") as grid:
        for panels, chosen in grid:
            off = [
                [nan if error is None else max(error, _LEAST) for error in row["relative_error"]]
                for row in chosen
            ]
            _draw(panels, chosen, off)
            known = [error for errors in off for error in errors if not isnan(error)] or [1.0]
            _scale(panels[0], min(known), max(known), {tick: f"{tick:g}" for tick in _STEPS})
            panels[0].set_ylabel("relative error")


@contextmanager
def _panels(
    rows: Rows, layers: Sequence[str], path: str | Path, title: str
) -> Iterator[list[tuple[Any, list[Mapping[str, Any]]]]]:
    """For each sweep its panels, one for each layer, and its rows; with titles, labels and one legend."""
    sweeps = [sweep for sweep in dict.fromkeys(row["sweep"] for row in rows) if not sweep.startswith("after")]
    size = {"width": 0.8 + 2.3 * len(layers), "height": 0.8 + 1.45 * len(sweeps)}
    with figure(path, len(sweeps), columns=len(layers), sharey="row", squeeze=False, **size) as (fig, grid):
        yield [
            (panels, [row for row in rows if row["sweep"] == sweep])
            for panels, sweep in zip(grid, sweeps, strict=True)
        ]
        for panels, sweep in zip(grid, sweeps, strict=True):
            for axes in panels:
                axes.set_xlabel(_AXES.get(sweep, sweep), fontsize=8)
        for axes, name in zip(grid[0], layers, strict=True):
            axes.set_title(name)
        lines = [line for axes in grid[:, 0] for line in axes.get_lines()]
        named = {line.get_label(): line for line in lines}
        fig.legend(named.values(), named.keys(), loc="outside lower center", ncols=3, fontsize=8)
        fig.suptitle(fill(title, int(15 * size["width"])), fontsize=8)


def _draw(panels: Any, rows: Rows, heights: Sequence[Sequence[float]]) -> None:
    """Lines over the values of one sweep, evenly spaced; ``heights``: by row and layer."""
    values = sorted({row["value"] for row in rows})
    for by, variant in dict.fromkeys((row["by"], row["variant"]) for row in rows):
        pairs = zip(rows, heights, strict=True)
        own = [(values.index(r["value"]), h) for r, h in pairs if (r["by"], r["variant"]) == (by, variant)]
        colour, marker = _BY[by]
        style = {"color": colour, "marker": marker, "ls": _STROKES.get(variant, "-"), "ms": 3, "lw": 1.1}
        label = f"{by}, {variant.replace('_', '-')}"
        for layer, axes in enumerate(panels):
            axes.plot([at for at, _ in own], [height[layer] for _, height in own], label=label, **style)
    for axes in panels:
        axes.set_xticks(range(len(values)), [f"{value:g}" for value in values], fontsize=7.5)


def _scale(axes: Any, least: float, most: float, names: Mapping[float, str]) -> None:
    """A logarithmic y axis around two values, with those of the named ticks that have room."""
    low, high = least / 1.4, most * 1.4
    ticks = [tick for tick in names if low <= tick <= high]
    if high / low > _WIDE:
        ticks = [tick for tick in ticks if abs(log10(tick) - round(log10(tick))) < 1e-6]
    axes.set(yscale="log", ylim=(low, high))
    axes.set_yticks(ticks, [names[tick] for tick in ticks], fontsize=8)
    axes.set_yticks([], minor=True)
