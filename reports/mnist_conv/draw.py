"""seeds.png of the three tables in this folder, one dot for each run: python reports/mnist_conv/draw.py"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurochip.report.style import BLUE, INK, figure

HERE = Path(__file__).parent
COURSES = {"constant": "constant", "cosine_by_batch": "falling"}


def dots(axes: Any, rows: Sequence[dict[str, str]], keys: Sequence[str], column: str) -> None:
    """Accuracies of the settings side by side, in the order of the table; a line at the worst of each."""
    settings = list(dict.fromkeys(tuple(row[key] for key in keys) for row in rows))
    for place, setting in enumerate(settings):
        mine = [row for row in rows if tuple(row[key] for key in keys) == setting]
        found = sorted(100.0 * float(row[column]) for row in mine)
        spread = [place + 0.24 * (n / max(len(found) - 1, 1) - 0.5) for n in range(len(found))]
        axes.plot(spread, found, "o", ms=3.5, color=BLUE, alpha=0.75, mew=0)
        axes.hlines(found[0], place - 0.3, place + 0.3, color=INK, lw=1.0)
    axes.set_xticks(range(len(settings)), ["\n".join(map(label, setting)) for setting in settings])
    axes.set_xlim(-0.5, len(settings) - 0.5)
    axes.grid(visible=False, axis="x")


def label(value: str) -> str:
    """A setting's value in a tick's label: of rates the first layer's, as the others stay."""
    value = COURSES.get(value, value)
    return value.strip("[]").split(",")[0]


def table(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    shape = {"width": 9.0, "height": 3.3, "columns": 3, "width_ratios": (4, 4, 2.6)}
    with figure(HERE / "seeds.png", **shape) as (_, (chosen, early, ends)):
        dots(early, table("stability"), ["learning_rate"], "validation_accuracy")
        early.set(title="3,000 samples, 24 seeds", ylabel="held-out accuracy, %", ylim=(0, 100))
        early.set_xlabel("rate of the first layer")
        keys = ("schedule", "learning_rate", "decode_shift", "batch")
        dots(chosen, table("tuning"), keys, "validation_accuracy")
        chosen.set(title="one epoch, 5 seeds", ylabel="held-out accuracy, %")
        chosen.set_xlabel("course, first layer's rate, decode shift, batch")
        dots(ends, table("seeds"), ["weight_bits"], "test_accuracy")
        ends.set(title="one epoch, 6 other seeds", ylabel="test accuracy, %", xlabel="weight bits")


if __name__ == "__main__":
    main()
