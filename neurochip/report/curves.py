"""The learning curve of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurochip.report.style import BLUE, GREEN, GREY, ORANGE, figure

_LINES = (
    ("train_accuracy", "train (before each update)", GREY),
    ("validation_accuracy", "validation", GREEN),
    ("test_accuracy", "test", BLUE),
)


def learning_curve(record: dict[str, Any], path: str | Path) -> None:
    """Draw error (%) on a logarithmic axis over the epochs of a record."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    rows = record["epochs"]
    floor = 100.0 * 0.5 / record["data"]["test"]["samples"]
    with figure(path) as (_, axes):
        for column, label, colour in _LINES:
            if rows and column in rows[0]:
                errors = [max(100.0 * (1.0 - row[column]), floor) for row in rows]
                axes.plot([row["epoch"] for row in rows], errors, "o-", ms=3, lw=1.4, color=colour, label=label)
        if rows and "test_accuracy" in rows[-1]:
            final = 100.0 * (1.0 - rows[-1]["test_accuracy"])
            axes.annotate(
                f"{final:.2f} %", (rows[-1]["epoch"], max(final, floor)), xytext=(6, 0),
                textcoords="offset points", va="center", color=ORANGE, annotation_clip=False,
            )  # fmt: skip
        axes.set(yscale="log", xlabel="epoch", ylabel="error, %", title=_title(record))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if _first_digit(value) in (2, 5) else ""))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper right")


def _first_digit(value: float) -> int:
    return int(f"{value:e}"[0])


def _title(record: dict[str, Any]) -> str:
    experiment, hardware = record["experiment"], record["hardware"]
    bits = hardware["registers"]["weight"]["bits"]
    return f"{experiment['name']} · {record['network']['name']} on {hardware['name']} ({bits}-bit weights) · seed {record['seed']}"
