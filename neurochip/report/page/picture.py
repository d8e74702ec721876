"""The report as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neurochip.report.page.numbers import joules, percent
from neurochip.report.page.render import WAYS
from neurochip.report.style import BLUE, GREEN, GREY, ORANGE, figure

COLOURS = (
    "#1f77b4", "#7db8e0", "#2a9d6f", "#93d3b3", "#c9b037", "#d9730d", "#b0413e", "#8a5fb5", "#d48fb8",
    "#6b4f3a", "#59636e", "#98a2ad", "#ced4da",
)  # fmt: skip
"""Of the kinds of energy, as on the page."""


def picture(report: dict[str, Any], path: str | Path) -> None:
    """Energy by kind and by core, memory by ticks, and the learning curve, in one file."""
    with figure(path, 4, 7.0, 9.6, height_ratios=(1.0, 1.5, 1.3, 1.3)) as (fig, axes):
        _kinds(axes[0], report["energy"])
        _mesh(axes[1], report["mesh"])
        _memory(axes[2], report["memory"])
        _curve(axes[3], report["learning"]["epochs"])
        run, prices = report["run"], report["prices"]["name"]
        fig.suptitle(f"{run['experiment']} on {run['hardware']}, prices {prices}", fontsize=10)


def _kinds(axes: Any, energy: dict[str, Any]) -> None:
    left = np.zeros(2)
    for colour, row in zip(COLOURS, energy["kinds"], strict=True):
        widths = np.array([row["inference_pj"], row["training_pj"]]) / 1e3
        axes.barh([0, 1], widths, left=left, color=colour, label=row["kind"])
        left += widths
    axes.set_yticks([0, 1], ["classifying", "learning"])
    axes.set(xlabel="energy of a sample, nJ")
    axes.grid(False, axis="y")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.45), ncols=7, fontsize=7, handlelength=1.0)


def _mesh(axes: Any, mesh: dict[str, Any]) -> None:
    """Three maps of the cores, side by side."""
    found, shape = mesh["training"], (mesh["rows"], mesh["cols"])
    axes.axis("off")
    maps = (
        ("energy", found["energy_pj"], joules),
        ("flits sent on", found["flits"], lambda most: f"{most:,.0f}"),
        ("utilisation", found["utilisation"], percent),
    )
    for number, (title, values, show) in enumerate(maps):
        inset = axes.inset_axes((0.34 * number, 0.0, 0.32, 0.95))
        inset.imshow(np.array(values).reshape(shape), cmap="OrRd", aspect="equal", vmin=0)
        inset.grid(False)
        inset.set(xticks=[], yticks=[], title=f"{title}, up to {show(max(values))}")


def _memory(axes: Any, found: dict[str, Any]) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    ticks = [row["ticks"] for row in found["needs_by_ticks"]]
    for (way, name), colour in zip(WAYS.items(), (BLUE, ORANGE, GREEN, GREY), strict=True):
        axes.plot(
            ticks, [row[way] / 8192 for row in found["needs_by_ticks"]], "o-", ms=3, color=colour, label=name
        )
    axes.set(xscale="log", yscale="log", xlabel="ticks of the free phase", ylabel="memory to train, KiB")
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda kib, _: f"{kib:,.0f}"))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)


def _curve(axes: Any, epochs: list[dict[str, Any]]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for part, colour in (("train", GREY), ("validation", GREEN), ("test", BLUE)):
        points = [(row["epoch"], row[f"{part}_accuracy"]) for row in epochs if f"{part}_accuracy" in row]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, [100 * (1 - accuracy) for accuracy in y], "o-", ms=3, color=colour, label=part)
    axes.set(xlabel="epoch", ylabel="error, %", ylim=(0, None))
    if epochs:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
