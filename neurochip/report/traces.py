"""Spikes and registers of chosen neurons, tick by tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.report.style import BLUE, ORANGE, figure, mark_phases

Ints = NDArray[np.integer[Any]]
Reals = NDArray[np.float64]

_NAMED = 12
"""Up to so many neurons each has its name beside its lines."""
_GAP = 0.055
"""Least distance of two names, as a part of the panel's height."""


def trace_plot(
    trace: Mapping[str, Ints],
    phases: Sequence[tuple[str, int]],
    path: str | Path,
    *,
    one: int,
    register: str = "membrane",
    labels: Sequence[str] | None = None,
    title: str = "",
) -> None:
    """A spike raster above the course of one register.

    ``trace``: arrays [ticks, neurons], as of `Run.probe`; ``phases``: (name, ticks), in order; ``one``: what
    a register holds for 1.0; ``labels``: names of the neurons. Raises NeurochipError if it cannot be saved.
    """
    spikes, values = trace["spikes"], trace[register] / one
    names = list(labels) if labels else [str(neuron) for neuron in range(spikes.shape[1])]
    with figure(path, 2, 7.0, 4.4, sharex=True, height_ratios=(1, 1.3)) as (_, (raster, course)):
        _draw_spikes(raster, spikes, names)
        raster.set_title(title)
        _draw_values(course, values, names, phases)
        course.set(xlabel="tick", ylabel=register, xlim=(-0.5, len(values) - 0.5))
        mark_phases((raster, course), phases)


def _draw_spikes(raster: Any, spikes: Ints, names: list[str]) -> None:
    neurons = len(names)
    for sign, colour, label in ((1, BLUE, "+1"), (-1, ORANGE, "−1")):
        when, who = np.nonzero(spikes == sign)
        raster.vlines(when, who - 0.38, who + 0.38, color=colour, label=label, linewidths=1.2)
    every = -(-neurons // _NAMED)
    raster.set(ylabel="neuron", ylim=(neurons - 0.5, -0.5))
    raster.set_yticks(range(0, neurons, every), names[::every])
    raster.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, handletextpad=0.2)
    raster.grid(False)


def _draw_values(course: Any, values: Reals, names: list[str], phases: Sequence[tuple[str, int]]) -> None:
    """Each phase is a line of its own: it may start from a state that another one reached."""
    from matplotlib import colormaps

    neurons = len(names)
    palette = colormaps["tab10" if neurons <= 10 else "viridis"]
    colours = [palette(neuron if neurons <= 10 else neuron / neurons) for neuron in range(neurons)]
    ends = np.cumsum([length for _, length in phases]).tolist()
    for start, end in zip([0, *ends], ends, strict=False):
        for neuron, colour in enumerate(colours):
            course.plot(range(start, end), values[start:end, neuron], lw=1.3, color=colour)
    if neurons > _NAMED:
        return
    bottom, top = course.get_ylim()
    for neuron, height in enumerate(_spread(values[-1], _GAP * (top - bottom), top)):
        course.annotate(
            names[neuron], (1.0, height), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=7, color=colours[neuron], annotation_clip=False,
        )  # fmt: skip


def _spread(heights: Reals, gap: float, top: float) -> Reals:
    """Heights in the same order, moved up, and below ``top`` again, until no two are nearer than ``gap``."""
    order = np.argsort(heights, kind="stable")
    placed = heights[order].tolist()
    for index in range(1, len(placed)):
        placed[index] = max(placed[index], placed[index - 1] + gap)
    placed[-1] = min(placed[-1], top)
    for index in reversed(range(len(placed) - 1)):
        placed[index] = min(placed[index], placed[index + 1] - gap)
    moved = np.empty(len(placed))
    moved[order] = placed
    return moved
