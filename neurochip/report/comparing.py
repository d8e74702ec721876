"""Pictures of a comparison of the chip with its references. Matplotlib is imported where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
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
_BY = {"rates": GREEN, "spikes": ORANGE, "chip": BLUE}
_AXES = {"theorem": "beta, settled phases (four times as long)"}


def trajectories(
    records: Mapping[str, Mapping[str, Reals]],
    units: Sequence[int],
    names: Sequence[str],
    phases: Sequence[tuple[str, int]],
    path: str | Path,
    *,
    register: str = "membrane",
    parted: int | None = None,
    title: str = "",
) -> None:
    """Spikes above the course of one register, for chosen units and all witnesses.

    ``records``: arrays [ticks, units of the network] by witness and register; ``names``: of the chosen units;
    ``phases``: (name, ticks) in order; ``parted``: the first tick in which witnesses differ.
    """
    with figure(path, 2, 8.0, 5.6, sharex=True, height_ratios=(1, 1.4)) as (_, (raster, course)):
        for witness, record in records.items():
            _raster(raster, record["spikes"][:, list(units)], *_MARKS[witness])
            lines = course.plot(record[register][:, list(units)], **_LINES[witness])
            lines[0].set_label(witness)
        raster.set(yticks=range(len(units)), ylim=(len(units) - 0.4, -0.6), title=title)
        raster.set_yticklabels(names)
        raster.grid(False)
        course.set(xlabel="tick", ylabel=register)
        course.legend(loc="upper left", ncols=len(records))
        mark_phases((raster, course), phases)
        if parted is not None:
            for axes in (raster, course):
                axes.axvline(parted, color=RED, lw=1.0, ls="--")
            where = {"xy": (parted, 0.02), "xycoords": ("data", "axes fraction")}
            raster.annotate("first difference", **where, xytext=(3, 0), textcoords="offset points", color=RED)


def widths(sweeps: Sequence[Mapping[str, Any]], path: str | Path, title: str = "") -> None:
    """Mean absolute error against fraction bits, by register; ``sweeps``: as in compare.json."""
    registers = list(dict.fromkeys(sweep["register"] for sweep in sweeps))
    with figure(path, len(registers), 6.0, 1.5 * len(registers) + 0.4) as (fig, panels):
        for axes, register in zip(np.atleast_1d(panels), registers, strict=True):
            chosen = [sweep for sweep in sweeps if sweep["register"] == register]
            for number, sweep in enumerate(chosen):
                slope = "no error" if sweep["slope"] is None else f"slope {sweep['slope']:.2f}"
                errors = [np.log2(error) if error else np.nan for error in sweep["mean_absolute_error"]]
                style = {"color": (BLUE, ORANGE, GREEN, INK, GREY)[number % 5], "marker": "os^Dv"[number % 5]}
                axes.plot(
                    sweep["fraction_bits"], errors, ms=3, lw=1.2, label=f"{sweep['place']}, {slope}", **style
                )
            axes.set(ylabel="log2 |error|", title=f"{register} · {chosen[0]['kernel']}")
            axes.legend(loc="upper right", fontsize=7)
        axes.set_xlabel("fraction bits")
        fig.suptitle(title, fontsize=9)


def gradients(
    rows: Sequence[Mapping[str, Any]], layers: Sequence[str], path: str | Path, title: str = ""
) -> None:
    """Cosine with the exact gradient, by sweep; ``rows``: as in compare.json, ``layers``: their names."""
    sweeps = [sweep for sweep in dict.fromkeys(row["sweep"] for row in rows) if not sweep.startswith("after")]
    with figure(path, len(sweeps), 6.8, 1.9 * len(sweeps) + 0.4) as (fig, panels):
        for axes, sweep in zip(np.atleast_1d(panels), sweeps, strict=True):
            chosen = [row for row in rows if row["sweep"] == sweep]
            values = sorted({row["value"] for row in chosen})
            for by, variant in dict.fromkeys((row["by"], row["variant"]) for row in chosen):
                points = [row for row in chosen if (row["by"], row["variant"]) == (by, variant)]
                at = [values.index(point["value"]) for point in points]
                for layer, name in enumerate(layers):
                    style = {
                        "color": _BY[by],
                        "marker": "os^Dv"[layer % 5],
                        "alpha": 1.0 - 0.5 * layer / len(layers),
                    }
                    label = f"{by}, {variant.replace('_', '-')}, {name}"
                    line = ":" if variant == "one_sided" else "-"
                    cosines = [point["cosine"][layer] for point in points]
                    axes.plot(at, cosines, line, ms=3, lw=1.1, label=label, **style)
            axes.set_xticks(range(len(values)), [f"{value:g}" for value in values])
            axes.set(ylabel="cosine", xlabel=_AXES.get(sweep, sweep))
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=6)
        fig.suptitle(title, fontsize=9)


def accuracies(found: Mapping[str, Any], path: str | Path, title: str = "") -> None:
    """Test error over the epochs, chip and twin, a thin line for each seed; ``found``: as in compare.json."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    with figure(path, 1, 6.0, 3.4) as (_, axes):
        for kind, colour in (("chip", BLUE), ("float", ORANGE)):
            errors = np.array([[100.0 * (1.0 - a) for a in course[kind]] for course in found["courses"]])
            epochs = range(errors.shape[1])
            for line in errors:
                axes.plot(epochs, line, lw=0.6, alpha=0.5, color=colour)
            mean = errors.mean(0)
            axes.plot(
                epochs, mean, "o-", ms=3, lw=1.6, color=colour, label=f"{kind}, {mean[-1]:.2f} % at the end"
            )
        axes.set(xlabel="epoch", ylabel="test error, %", yscale="log", title=title)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(
            FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
        )
        axes.legend(loc="upper right")


def _raster(axes: Any, spikes: Reals, colour: str, offset: float) -> None:
    for sign, marker in ((1, "|"), (-1, "_")):
        when, who = np.nonzero(spikes == sign)
        axes.scatter(when, who - offset, s=10, marker=marker, color=colour, linewidths=0.9)
