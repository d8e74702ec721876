"""Accuracy on the digits against weight bits, with and without a kept fraction: table.csv, table.md,
widths.png.

    python reports/digits_widths/run.py [SEEDS]

Runs the preset `digits_ep` on `digital_28nm` for seeds 0 .. SEEDS-1 (3) with only the two widths changed.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from statistics import mean, stdev

from neurochip import execute, load
from neurochip.experiment.provenance import commit
from neurochip.report.style import BLUE, ORANGE, figure

HERE = Path(__file__).parent
BITS = (3, 4, 5, 6, 8, 10, 12)
FRACTIONS = (16, 0)
NAMES = {16: "fraction of 16 bits kept", 0: "rounded stochastically into the weight"}


def accuracy(bits: int, fraction: int, seed: int) -> tuple[float, int, int]:
    """Test accuracy after the last epoch, and synapses updated and lost to rounding."""
    sets = [f"hardware.registers.weight.bits={bits}", f"hardware.registers.fraction.bits={fraction}"]
    record = execute(load("digits_ep", sets=sets, seed=seed))
    total = record["counts"]["training"]["total"]
    return record["epochs"][-1]["test_accuracy"], total["updates"], total["lost_updates"]


def main(seeds: int) -> None:
    rows = []
    for fraction in FRACTIONS:
        for bits in BITS:
            runs = [accuracy(bits, fraction, seed) for seed in range(seeds)]
            scores = [run[0] for run in runs]
            spread = stdev(scores) if seeds > 1 else 0.0
            lost = sum(run[2] for run in runs) / max(sum(run[1] for run in runs), 1)
            rows.append((bits, fraction, mean(scores), spread, min(scores), max(scores), lost))
            print(
                f"{bits:2d} bits, fraction {fraction:2d}: {100 * mean(scores):.2f} % ± {100 * spread:.2f}",
                flush=True,
            )
    write(rows, seeds)


def write(rows: list[tuple[float, ...]], seeds: int) -> None:
    header = ("weight_bits", "fraction_bits", "test_accuracy", "stdev", "lowest", "highest", "lost_updates")
    with (HERE / "table.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows([(*row[:2], *(f"{value:.5f}" for value in row[2:])) for row in rows])
    lines = [f"Digits, 360 test samples, seeds 0..{seeds - 1}, commit {commit()}.", ""]
    lines += [
        "| weight bits | fraction bits | test accuracy, mean ± st. dev. | lost updates |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {r[0]} | {r[1]} | {100 * r[2]:.2f} ± {100 * r[3]:.2f} % | {100 * r[6]:.2f} % |" for r in rows
    ]
    (HERE / "table.md").write_text("\n".join(lines) + "\n")
    with figure(HERE / "widths.png") as (_, axes):
        for fraction, colour in zip(FRACTIONS, (BLUE, ORANGE), strict=True):
            part = [row for row in rows if row[1] == fraction]
            axes.errorbar(
                [row[0] for row in part], [100 * row[2] for row in part], [100 * row[3] for row in part],
                fmt="o-", ms=4, lw=1.4, capsize=3, color=colour, label=NAMES[fraction],
            )  # fmt: skip
        axes.set(
            xlabel="weight bits",
            ylabel="test accuracy, %",
            ylim=(0, 101),
            title=f"digits_ep on digital_28nm, {seeds} seeds",
        )
        axes.set_xticks(BITS)
        axes.legend(loc="lower right")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
