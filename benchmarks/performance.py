"""How fast the emulator is, and how far from the machine's limit: one command, one table.

    python benchmarks/performance.py [--data-dir DIR] [--out DIR] [--rounds N] [--parts abcdefg] [--check]

Wants an idle machine with two cores or more; takes some minutes. Other emulators are measured where they are
installed: pip install -e ".[bench]". MNIST is downloaded unless --data-dir has it. --check ends with an error
if a goal is missed. Writes table.csv, table.md and performance.png to --out (default: reports/performance).
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import platform
import sys
from collections.abc import Sequence
from math import isnan
from pathlib import Path

from speed import floats, growth, inference, start, training
from speed.table import Row, Table

from neurochip.experiment.provenance import commit
from neurochip.files import replacing

ROOT = Path(__file__).resolve().parents[1]
PARTS = {
    "a": "The limit: bare additions of rows",
    "b": "Training, end to end",
    "c": "Inference of one dense LIF network",
    "d": "Float equilibrium propagation on the same network",
    "e": "Growth",
    "f": "Memory",
    "g": "Start-up",
}


def tell(row: Row) -> None:
    goal = "" if row.goal is None else f"   goal {_goal(row)}: {'met' if row.met else 'MISSED'}"
    print(f"{row.part}  {row.what:48} {_number(row.value):>9} {row.unit}{goal}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "performance")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--parts", default="abcdefg")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    table, began_at = Table(tell), commit() or "unknown"
    if set("ab") & set(given.parts):
        training.measure(table, given.data_dir, given.rounds)
    if "c" in given.parts:
        inference.measure(table, given.rounds)
    if "d" in given.parts:
        floats.measure(table, given.data_dir, given.rounds)
    if set("ef") & set(given.parts):
        growth.measure(table, given.rounds)
    if "g" in given.parts:
        start.measure(table)
    given.out.mkdir(parents=True, exist_ok=True)
    write(table.rows, given.out, began_at)
    missed = [row.what for row in table.rows if not row.met]
    print(f"missed: {', '.join(missed)}" if missed else "all goals met")
    return 1 if missed and given.check else 0


def write(rows: Sequence[Row], folder: Path, measured_at: str) -> None:
    """The table as CSV and Markdown, and the picture; ``measured_at``: the commit."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0].as_csv()], lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.as_csv() for row in rows)
    _save(folder / "table.csv", text.getvalue())
    _save(folder / "table.md", markdown(rows, measured_at))
    picture(rows, folder / "performance.png")


def markdown(rows: Sequence[Row], measured_at: str) -> str:
    """One table for each part, under what it was measured on."""
    lines = [f"Measured at commit {measured_at} on {machine()}.", ""]
    for part, title in PARTS.items():
        mine = [row for row in rows if row.part == part]
        if mine:
            lines += [f"**{title}**", "", "| what | value | unit | goal | note |", "|---|---|---|---|---|"]
            lines += [
                f"| {row.what} | {_number(row.value)} | {row.unit} | {_goal(row)} | {row.note} |"
                for row in mine
            ]
            lines.append("")
    return "\n".join(lines)


def machine() -> str:
    """Processor, cores, operating system and versions."""
    import numba
    import numpy

    name = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    software = f"Python {platform.python_version()}, NumPy {numpy.__version__}, Numba {numba.__version__}"
    return f"{name}, {os.cpu_count()} cores, {platform.system()}; {software}"


def picture(rows: Sequence[Row], path: Path) -> None:
    """Synaptic operations a second of everything that has such a row, on a logarithmic axis."""
    from matplotlib import pyplot

    from neurochip.report.style import BLUE, GREY, ORANGE

    shown = [row for row in rows if row.unit in ("G/s", "G operations/s") and not isnan(row.value)]
    if not shown:
        return
    inks = {"a": GREY, "b": BLUE, "e": BLUE}
    colours = [inks.get(row.part, BLUE if row.what.startswith("neurochip") else ORANGE) for row in shown]
    fig, axes = pyplot.subplots(figsize=(7.2, 0.27 * len(shown) + 0.9), layout="constrained")
    places = range(len(shown), 0, -1)
    axes.barh(places, [row.value for row in shown], color=colours, height=0.7)
    for place, row in zip(places, shown, strict=True):
        axes.annotate(
            _number(row.value), (row.value, place), (3, 0), textcoords="offset points", va="center", size=7
        )
    axes.set_yticks(places, [_label(row) for row in shown], size=7)
    axes.set_xscale("log")
    axes.set_xlabel("synaptic operations a second (billions)", size=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.margins(x=0.12, y=0.01)
    axes.spines[["top", "right"]].set_visible(False)
    with replacing(path) as temporary:
        fig.savefig(temporary, dpi=200)
    pyplot.close(fig)


def _label(row: Row) -> str:
    return row.what if row.part in "ac" else f"training: {row.what}"


def _number(value: float) -> str:
    return "–" if isnan(value) else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _goal(row: Row) -> str:
    if row.goal is None:
        return ""
    return f"≥ {row.goal:g}" if row.goal >= 0 else f"≤ {-row.goal:g}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _save(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
