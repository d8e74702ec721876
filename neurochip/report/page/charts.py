"""Pictures of the page as SVG: lines and maps of the mesh. Colours are classes; the style sheet has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any

WIDTH, HEIGHT = 440.0, 270.0
LEFT, RIGHT, TOP, BOTTOM = 72.0, 14.0, 14.0, 40.0

Points = Sequence[tuple[float, float]]
Show = Callable[[float], str]
Links = Sequence[Mapping[str, Any]]


def lines(
    series: Mapping[str, Points],
    label: str,
    x_name: str,
    y_name: str,
    x_show: Show,
    y_show: Show,
    log_x: bool,
) -> str:
    """Lines over a logarithmic y axis, and an x axis that may be one; ``series``: by class of the line."""
    if not any(series.values()):
        return ""
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points if y > 0]
    x_at = _axis(min(xs), max(xs), LEFT, WIDTH - RIGHT, log_x)
    low, high = _limits(min(ys), max(ys))
    y_at = _axis(low, high, HEIGHT - BOTTOM, TOP, True)
    parts = [_grid(_ticks(low, high), y_at, y_show), _marks(_x_ticks(xs, log_x), x_at, x_show)]
    for name, points in series.items():
        parts.append(_line(name, [(x_at(x), y_at(max(y, low)), x, y) for x, y in points], x_show, y_show))
    parts.append(_names(x_name, y_name))
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _axis(low: float, high: float, start: float, end: float, log: bool) -> Callable[[float], float]:
    def place(value: float) -> float:
        if high == low:
            return (start + end) / 2
        part = log10(value / low) / log10(high / low) if log else (value - low) / (high - low)
        return start + part * (end - start)

    return place


def _limits(low: float, high: float) -> tuple[float, float]:
    """The nearest of 1, 2 and 5 of a decade around two values."""
    steps = [m * 10.0**e for e in range(floor(log10(low)) - 1, ceil(log10(high)) + 2) for m in (1, 2, 5)]
    below = max(step for step in steps if step <= low * 1.0001)
    return below, min(step for step in steps if step >= high * 0.9999 and step > below)


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every decade, or only 1 if that would be many."""
    decades = range(floor(log10(low)) - 1, ceil(log10(high)) + 1)
    all_ = [m * 10.0**e for e in decades for m in (1, 2, 5) if low * 0.999 <= m * 10.0**e <= high * 1.001]
    return all_ if len(all_) <= 8 else [tick for tick in all_ if f"{tick:e}"[0] == "1"]


def _x_ticks(xs: list[float], log: bool) -> list[float]:
    known = sorted(set(xs))
    every = max(1, ceil(len(known) / (7 if log else 8)))
    return known[::every] if log else [x for x in known if (x - known[0]) % every == 0]


def _grid(ticks: list[float], place: Callable[[float], float], show: Show) -> str:
    found = []
    for tick in ticks:
        y = place(tick)
        found.append(f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        found.append(
            f'<text class="tick" x="{LEFT - 7:g}" y="{y + 4:.1f}" text-anchor="end">{show(tick)}</text>'
        )
    return "".join(found)


def _marks(ticks: list[float], place: Callable[[float], float], show: Show) -> str:
    y = HEIGHT - BOTTOM + 17
    return "".join(
        f'<text class="tick" x="{place(tick):.1f}" y="{y:g}" text-anchor="middle">{show(tick)}</text>'
        for tick in ticks
    )


def _line(name: str, points: list[tuple[float, float, float, float]], x_show: Show, y_show: Show) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{3 if len(points) <= 40 else 1.5}">'
        f"<title>{x_show(a)}: {y_show(b)}</title></circle>"
        for x, y, a, b in points
    )
    return f'<g class="line {name}"><polyline points="{path}"/>{dots}</g>'


def _names(x_name: str, y_name: str) -> str:
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return (
        f'<text class="name" x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 5:g}" text-anchor="middle">'
        f'{escape(x_name)}</text><text class="name" transform="translate(12 {middle:g}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_name)}</text>'
    )


CELL, GAP = 30.0, 16.0
SIDE = 6.0
"""How far a link stands beside the line between two cores."""
FAINTEST = 0.12
"""Opacity just above 0. The largest value is opaque; between them it is linear, as the scale beside it."""


def mesh_map(rows: int, cols: int, values: Sequence[float], show: Show, label: str, links: Links = ()) -> str:
    """A map of the cores, the darker the larger the value; with arrows for links that carry flits."""
    step, most = CELL + GAP, max(max(values, default=0.0), 1e-300)
    width, height = cols * step + GAP, rows * step + GAP
    parts = [_core(core, cols, value, most, show) for core, value in enumerate(values)]
    parts += [_arrow(link, cols, max(it["flits"] for it in links)) for link in links]
    return (
        f'<svg class="mesh" viewBox="0 0 {width:g} {height:g}" style="max-width:{min(width * 1.6, 360):g}px" '
        f'role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _core(core: int, cols: int, value: float, most: float, show: Show) -> str:
    step = CELL + GAP
    x, y = core % cols * step + GAP, core // cols * step + GAP
    shade = 0.0 if value == 0 else FAINTEST + (1 - FAINTEST) * value / most
    square = f'x="{x:g}" y="{y:g}" width="{CELL:g}" height="{CELL:g}" rx="4"'
    return (
        f'<g><rect class="cell" {square}/><rect class="heat" {square} style="opacity:{shade:.3f}"/>'
        f"<title>core {core}: {show(value)}</title></g>"
    )


def _arrow(link: Mapping[str, Any], cols: int, most: float) -> str:
    """A triangle from one core to its neighbour, the wider the more flits."""
    step, half = CELL + GAP, CELL / 2
    (x1, y1), (x2, y2) = (
        (link[end] % cols * step + GAP + half, link[end] // cols * step + GAP + half)
        for end in ("from", "to")
    )
    dx, dy = (x2 - x1) / step, (y2 - y1) / step
    wide = 1.0 + 4.0 * (link["flits"] / most) ** 0.5
    x, y = x1 + dx * (half + 1) - dy * SIDE, y1 + dy * (half + 1) + dx * SIDE
    tip = x + dx * (GAP - 2), y + dy * (GAP - 2)
    corners = ((x - dy * wide, y + dx * wide), (x + dy * wide, y - dx * wide), tip)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    name = f"link {link['from']} to {link['to']}: {link['flits']:,.1f} flits a sample"
    return f'<polygon class="link" points="{points}"><title>{name}</title></polygon>'
