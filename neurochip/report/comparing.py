"""Pictures of a comparison of the chip with its references. Matplotlib is imported where it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.report.style import BLUE, GREEN, GREY, INK, ORANGE, RED, figure, mark_phases

Reals = NDArray[np.float64]

_LINES = {
    "chip": {"color": BLUE, "lw": 2.4, "alpha": 0.55},
    "float": {"color": ORANGE, "lw": 1.2},
    "brian2": {"color": INK, "lw": 1.0, "ls": ":"},
}
_MARKS = {"chip": (BLUE, 0.26), "float": (ORANGE, 0.0), "brian2": (INK, -0.26)}
_PLACES = tuple(zip((BLUE, ORANGE, GREEN, INK, GREY), "os^Dv", strict=True))
_COLUMNS = 2
_TITLE_WIDTH = 72
"""Characters in a line of a title."""
_LOWEST = 2.4
"""Height of a picture in inches, however little it holds."""


def trajectories(
    records: Mapping[str, Mapping[str, Reals]],
    layers: Sequence[tuple[str, int, Sequence[int]]],
    phases: Sequence[tuple[str, int]],
    path: str | Path,
    *,
    register: str = "membrane",
    parted: int | None = None,
    title: str = "",
) -> None:
    """Spikes of chosen neurons above the course of one register of each layer's first, for all witnesses.

    ``records``: arrays [ticks, units of the network] by witness and register; ``layers``: name, first unit
    and chosen neurons; ``phases``: (name, ticks) in order; ``parted``: the first tick in which spikes differ.
    """
    units = [start + neuron for _, start, neurons in layers for neuron in neurons]
    height = max(0.6 + 0.17 * len(units) + 1.3 * len(layers), _LOWEST)
    ratios = (0.17 * len(units) + 0.1, *([1.3] * len(layers)))
    with figure(path, 1 + len(layers), 7.0, height, sharex=True, height_ratios=ratios) as (
        fig,
        (raster, *courses),
    ):
        for witness, record in records.items():
            _raster(raster, record["spikes"][:, units], *_MARKS[witness])
            for axes, (_, start, neurons) in zip(courses, layers, strict=True):
                axes.plot(record[register][:, start + neurons[0]], label=witness, **_LINES[witness])
        names = [f"{name} {neuron}" for name, _, neurons in layers for neuron in neurons]
        raster.set(yticks=range(len(units)), ylim=(len(units) - 0.4, -0.6))
        raster.set_yticklabels(names, fontsize=8)
        raster.grid(False)
        for axes, (name, _, neurons) in zip(courses, layers, strict=True):
            axes.set_ylabel(f"{register}\n{name} {neurons[0]}", fontsize=8)
        courses[-1].set_xlabel("tick")
        mark_phases((courses[0], raster, *courses[1:]), phases)
        if parted is not None:
            for axes in (raster, *courses):
                line = axes.axvline(parted, color=RED, lw=1.0, ls="--", zorder=0.6)
            line.set_label(f"first spike that differs, tick {parted}")
        fig.legend(*courses[-1].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        fig.suptitle(fill(title, _TITLE_WIDTH), fontsize=9)


def widths(sweeps: Sequence[Mapping[str, Any]], path: str | Path, title: str = "") -> None:
    """Mean absolute error against fraction bits, by register; ``sweeps``: as in compare.json."""
    from matplotlib.ticker import MaxNLocator

    registers = list(dict.fromkeys(sweep["register"] for sweep in sweeps))
    rows = math.ceil(len(registers) / _COLUMNS)
    size = {"width": 3.7 * _COLUMNS, "height": max(1.8 * rows + 0.5, _LOWEST), "squeeze": False}
    with figure(path, rows, columns=_COLUMNS, **size) as (fig, grid):
        for axes, register in zip(grid.flat, registers, strict=False):
            chosen = [sweep for sweep in sweeps if sweep["register"] == register]
            for number, sweep in enumerate(chosen):
                _sweep(axes, sweep, *_PLACES[number % len(_PLACES)])
            axes.set(ylabel="log2 of mean |error|", xlabel="fraction bits", xticks=chosen[0]["fraction_bits"])
            axes.set_title(f"{register} · {chosen[0]['kernel']}", fontsize=7.5)
            axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.legend(loc="best", fontsize=7)
        for axes in grid.flat[len(registers) :]:
            axes.set_visible(False)
        fig.suptitle(fill(title, _TITLE_WIDTH), fontsize=9)


def accuracies(found: Mapping[str, Any], path: str | Path, title: str = "") -> None:
    """Test error over the epochs, chip and twin, a thin line for each seed; ``found``: as in compare.json."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    with figure(path, 1, 6.0, 3.4) as (_, axes):
        for kind, colour in (("chip", BLUE), ("float", ORANGE)):
            errors = np.array([[100.0 * (1.0 - a) for a in course[kind]] for course in found["courses"]])
            epochs, mean = range(errors.shape[1]), errors.mean(0)
            for line in errors:
                axes.plot(epochs, line, lw=0.6, alpha=0.5, color=colour)
            label = f"{kind}, {mean[-1]:.2f} % at the end"
            axes.plot(epochs, mean, "o-", ms=3, lw=1.6, color=colour, label=label)
        axes.set(xlabel="epoch", ylabel="test error, %", yscale="log", title=fill(title, _TITLE_WIDTH))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(
            FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
        )
        axes.legend(loc="upper right")


def _sweep(axes: Any, sweep: Mapping[str, Any], colour: str, marker: str) -> None:
    slope = "no error" if sweep["slope"] is None else f"slope {sweep['slope']:.2f}"
    errors = [np.log2(error) if error else np.nan for error in sweep["mean_absolute_error"]]
    label = f"{sweep['place']}, {slope}"
    axes.plot(sweep["fraction_bits"], errors, color=colour, marker=marker, ms=3, lw=1.2, label=label)


def _raster(axes: Any, spikes: Reals, colour: str, offset: float) -> None:
    for sign, marker in ((1, "|"), (-1, "_")):
        when, who = np.nonzero(spikes == sign)
        axes.scatter(when, who - offset, s=8, marker=marker, color=colour, linewidths=0.8, zorder=3)
