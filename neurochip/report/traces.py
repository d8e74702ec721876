"""Spikes and registers of chosen neurons, tick by tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.report.style import BLUE, GREY, ORANGE, figure

Ints = NDArray[np.integer[Any]]


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

    ``trace``: arrays [ticks, neurons], as of `Run.probe`; ``phases``: (name, ticks) in order; ``one``: what the register
    holds for 1.0; ``labels``: names of the neurons.
    """
    from matplotlib import colormaps

    spikes, values = trace["spikes"], trace[register] / one
    ticks, neurons = spikes.shape
    names = list(labels) if labels else [str(neuron) for neuron in range(neurons)]
    palette = colormaps["tab10" if neurons <= 10 else "viridis"]
    with figure(path, 2, 7.5, 4.6, sharex=True, height_ratios=(1, 1.3)) as (_, (raster, course)):
        for sign, colour, label in ((1, BLUE, "+1"), (-1, ORANGE, "−1")):
            when, who = np.nonzero(spikes == sign)
            raster.scatter(when, who, s=9, marker="|", color=colour, label=label, linewidths=1.2)
        raster.set(ylabel="neuron", yticks=range(neurons), ylim=(neurons - 0.5, -0.5))
        raster.set_yticklabels(names)
        raster.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, title="", handletextpad=0.2)
        raster.grid(False)
        for neuron in range(neurons):
            course.plot(values[:, neuron], lw=1.3, color=palette(neuron % 10 if neurons <= 10 else neuron / neurons))
            course.annotate(
                names[neuron], (ticks - 1, values[-1, neuron]), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=7, color=palette(neuron % 10 if neurons <= 10 else neuron / neurons), annotation_clip=False,
            )  # fmt: skip
        course.set(xlabel="tick", ylabel=register, xlim=(-0.5, ticks - 0.5))
        _mark_phases((raster, course), phases)
        raster.set_title(title)


def _mark_phases(axes: Sequence[Any], phases: Sequence[tuple[str, int]]) -> None:
    start = 0
    for name, length in phases:
        for panel in axes:
            panel.axvline(start - 0.5, color=GREY, lw=0.8)
        axes[1].annotate(
            name, (start, 1.0), xycoords=("data", "axes fraction"), xytext=(2, 2), textcoords="offset points",
            fontsize=8, color=GREY,
        )  # fmt: skip
        start += length
