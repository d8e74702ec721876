"""``neurochip trace``: a few samples clock by clock."""

from __future__ import annotations

import re
from pathlib import Path

from neurochip.cli.folders import TRACE, trace_folder
from neurochip.cli.tables import console, facts, say, table
from neurochip.clock.perfetto import write_perfetto
from neurochip.clock.vcd import write_vcd
from neurochip.datasets.base import Folder
from neurochip.errors import NeurochipError
from neurochip.experiment import Run, Setup
from neurochip.experiment.clocked import Clocked, clocked, require
from neurochip.experiment.compiling import announcing
from neurochip.files import write_json

VCD, EVENTS = "trace.vcd", "trace.json"
SHOWN = 10
"""Ticks in the timeline if none are named."""


def trace_experiment(
    setup: Setup, samples: int, ticks: str | None, out: Path | None, data_dir: Folder | None
) -> None:
    """Run samples on both engines, show cycles, and leave ``cycles.json``, ``trace.vcd`` and ``trace.json``.

    Raises NeurochipError if the engines differ: after the files are written, so that it can be found out why.
    """
    chosen = _ticks(ticks)
    run = Run(setup, 1, data_dir)
    if chosen is None:
        chosen = range(min(SHOWN, run.program.ticks))
    require(run, samples, chosen)
    with trace_folder(setup, out) as folder:
        with announcing(lambda: say("compiling both engines; later runs start at once")):
            found = clocked(run, samples, chosen)
        header = {"experiment": setup.experiment.name, "hardware": setup.hardware.name}
        span = [chosen.start, chosen.stop]
        write_json(folder / TRACE, {**header, "timeline_ticks": span, **found.as_json()})
        write_vcd(found.timeline, folder / VCD)
        write_perfetto(found.timeline, folder / EVENTS)
    _show(run, found, folder)
    if found.differences:
        raise NeurochipError(f"the engines differ in {', '.join(found.differences)}; see {folder / TRACE}")


def _ticks(text: str | None) -> range | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d+):(\d+)", text)
    if not found or int(found[1]) >= int(found[2]):
        raise NeurochipError(f"--ticks must be A:B, ticks A to B - 1 of the first sample, not {text!r}")
    return range(int(found[1]), int(found[2]))


def _show(run: Run, found: Clocked, folder: Path) -> None:
    cycles, estimated = found.cycles, found.estimated
    console.print()
    rows = [
        (name, n, estimated.by_phase[name], f"{_error(estimated.by_phase[name], n)}")
        for name, n in cycles.by_phase.items()
    ]
    rows.append(("total", cycles.total, estimated.total, _error(estimated.total, cycles.total)))
    table("cycles by phase", ("phase", "cycles", "estimate", "error"), rows)
    link, worst = cycles.critical_link, float(abs(found.errors).max())
    ends = run.placement.mesh.link_ends(link) if link is not None else None
    time = cycles.samples.mean() / cycles.clock_mhz
    facts(
        f"{run.experiment.name} on {run.hardware.name}, {found.samples} samples clock by clock",
        [
            (
                "engines",
                "equal in every register, spike, weight and count" if not found.differences else "differ",
            ),
            ("a sample", f"{cycles.samples.mean():,.0f} cycles, {time:,.2f} us at {cycles.clock_mhz:g} MHz"),
            (
                "estimate",
                f"off by {100 * found.errors.mean():+.2f} % on average, {100 * worst:.2f} % at most",
            ),
            ("critical core", f"{cycles.critical_core}, at work in {_share(found)} of all cycles"),
            (
                "critical link",
                f"{ends[0]} to {ends[1]}, {cycles.links.max():,} flits" if ends else "none is used",
            ),
            ("folder", str(folder)),
        ],
    )


def _error(estimate: int, cycles: int) -> str:
    return f"{100 * (estimate / cycles - 1):+.2f} %" if cycles else "-"


def _share(found: Clocked) -> str:
    return f"{100 * found.cycles.busy.max() / found.cycles.total:.1f} %"
