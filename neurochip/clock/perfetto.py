"""Trace events as Perfetto and Chrome's about:tracing read them.

Format: "Trace Event Format", Google, 2016: complete events ("X"), counters ("C") and names ("M"); times in
µs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neurochip.clock import columns as col
from neurochip.clock import logs
from neurochip.clock.timeline import SIGNALS, Span, Timeline
from neurochip.files import write_json

CHIP = 0
"""Process of the chip; that of a core is its number plus 1."""

COUNTERS = {logs.FIFO: ("input FIFO", "spikes"), logs.ROUTER: ("router", "flits")}


def write_perfetto(timeline: Timeline, path: str | Path) -> None:
    """Write a timeline as trace events: the chip's phases, ticks and their parts, each core's machines, the
    spikes in its FIFO and the flits in its router."""
    events = [*_chip(timeline), *(event for core in timeline.cores for event in _core(timeline, core))]
    write_json(path, {"traceEvents": events, "displayTimeUnit": "ns"})


def _chip(timeline: Timeline) -> Iterator[dict[str, Any]]:
    yield _name("process_name", CHIP, 0, "chip")
    for thread, name in enumerate(("phase", "tick", "part")):
        yield _name("thread_name", CHIP, thread, name)
    for span in timeline.spans_of_phases():
        yield _span(timeline, span, CHIP, 0)
    for tick in timeline.ticks:
        yield _span(timeline, Span(f"tick {tick.tick}", tick.begin, timeline.end_of(tick)), CHIP, 1)
        for span in timeline.parts(tick):
            yield _span(timeline, span, CHIP, 2)


def _core(timeline: Timeline, core: int) -> Iterator[dict[str, Any]]:
    process = core + 1
    yield _name("process_name", process, 0, f"core {core}")
    for thread, name in enumerate(col.MACHINES[: col.ANY]):
        yield _name("thread_name", process, thread, name)
    for span in timeline.work(core):
        yield _span(timeline, span, process, col.MACHINES.index(span.name))
    for cycle, signal, value in timeline.changes[timeline.changes[:, 1] // SIGNALS == core].tolist():
        which = signal % SIGNALS
        if which in COUNTERS:
            name, unit = COUNTERS[which]
            time = cycle / timeline.clock_mhz
            yield {"name": name, "ph": "C", "ts": time, "pid": process, "tid": 0, "args": {unit: value}}


def _name(kind: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"name": kind, "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}


def _span(timeline: Timeline, span: Span, process: int, thread: int) -> dict[str, Any]:
    mhz = timeline.clock_mhz
    cycles = {"first cycle": span.begin, "cycles": span.end - span.begin}
    times = {"ts": span.begin / mhz, "dur": (span.end - span.begin) / mhz}
    return {"name": span.name, "ph": "X", **times, "pid": process, "tid": thread, "args": cycles}
