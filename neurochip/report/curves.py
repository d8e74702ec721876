"""The learning curve of a run."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any

from neurochip.report.style import BLUE, GREEN, GREY, figure

_LINES = (
    ("train", "train (before each update)", GREY, "s"),
    ("validation", "validation", GREEN, "^"),
    ("test", "test", BLUE, "o"),
)
_MARKED = 40
"""Up to so many epochs each point has a marker."""
_TITLE_WIDTH = 56
"""Characters in a line of the title."""


def learning_curve(record: dict[str, Any], path: str | Path) -> None:
    """Draw error (%) on a logarithmic axis over the epochs of a record; no error at all is half an error."""
    rows = record["epochs"]
    with figure(path, width=5.0, height=3.0) as (_, axes):
        for part, label, colour, marker in _LINES:
            errors = _errors(rows, part, record)
            if errors:
                _line(axes, [row["epoch"] for row in rows], errors, label, colour, marker)
        if rows and "test_accuracy" in rows[-1]:
            _name_last(axes, rows[-1], _errors(rows, "test", record)[-1])
        drawn = [error for part, *_ in _LINES for error in _errors(rows, part, record)]
        axes.set(yscale="log", xlabel="epoch", ylabel="error (%)", ylim=_limits(drawn))
        axes.set_title(fill(_title(record), _TITLE_WIDTH))
        _ticks(axes)
        if rows:
            axes.legend(loc="best")


def _errors(rows: list[dict[str, Any]], part: str, record: dict[str, Any]) -> list[float]:
    """Error of each epoch in percent, at least that of half a sample; empty if the part was not evaluated."""
    if not rows or any(row.get(f"{part}_accuracy") is None for row in rows):
        return []
    least = 100.0 * 0.5 / record["data"][part]["samples"]
    return [max(100.0 * (1.0 - row[f"{part}_accuracy"]), least) for row in rows]


def _line(axes: Any, epochs: list[int], errors: list[float], label: str, colour: str, marker: str) -> None:
    shown = marker if len(epochs) <= _MARKED else ""
    axes.plot(epochs, errors, "-", marker=shown, ms=3.5, lw=1.4, color=colour, label=label, clip_on=False)


def _name_last(axes: Any, row: dict[str, Any], error: float) -> None:
    """Write the test error of the last epoch beside its point."""
    axes.annotate(
        f"{100.0 * (1.0 - row['test_accuracy']):.2f} %",
        (row["epoch"], error),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=BLUE,
        annotation_clip=False,
    )


def _ticks(axes: Any) -> None:
    """Labels at 1, 2 and 5 of each decade, as plain numbers; whole epochs."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=30))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axes.yaxis.set_minor_locator(LogLocator(subs=range(1, 10), numticks=100))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))


def _limits(errors: list[float]) -> tuple[float, float]:
    """The nearest of ..., 1, 2, 5, 10, ... per cent around all errors."""
    steps = [mantissa * 10.0**exponent for exponent in range(-4, 3) for mantissa in (1, 2, 5)]
    lowest, highest = min(errors, default=1.0), max(errors, default=100.0)
    below = [step for step in steps if step < lowest]
    return max(below, default=steps[0]), min(step for step in steps if step >= min(highest, 100.0))


def _title(record: dict[str, Any]) -> str:
    experiment, hardware = record["experiment"], record["hardware"]
    bits = hardware["registers"]["weight"]["bits"]
    return (
        f"{experiment['name']}: {record['network']['name']} on {hardware['name']}, "
        f"{bits}-bit weights, seed {record['seed']}"
    )
