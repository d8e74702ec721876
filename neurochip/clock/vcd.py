"""Value change dumps (IEEE 1364-2005, chapter 18): a timeline as waveform viewers such as GTKWave read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from neurochip.clock import columns as col
from neurochip.clock import logs
from neurochip.clock.timeline import SIGNALS, Timeline
from neurochip.files import write_text_atomic

PS_PER_US = 1_000_000
LEVEL_BITS, TICK_BITS, PHASE_BITS, PART_BITS = 16, 16, 8, 2
PARTS = {"spikes": 1, "tree": 2, "sums and neurons": 3}
FIRST_CODE, CODES = 33, 94
"""Identifiers are made of the printable characters."""


def write_vcd(timeline: Timeline, path: str | Path) -> None:
    """Write a timeline as VCD, in picoseconds. Signals of each core: its machines (1: at work), ``fifo``
    (spikes), ``router`` (flits); of the chip: ``phase`` (from 0), ``tick`` (of the phase), ``part`` of the
    tick."""
    write_text_atomic(path, "\n".join([*_header(timeline), *_dump(timeline)]) + "\n")


def _header(timeline: Timeline) -> Iterator[str]:
    yield "$version neurochip cycle engine $end"
    yield "$comment phases: " + ", ".join(f"{i} {name}" for i, name in enumerate(timeline.phases)) + " $end"
    yield "$comment part of a tick: " + ", ".join(f"{i} {name}" for name, i in PARTS.items()) + " $end"
    yield "$timescale 1 ps $end"
    yield "$scope module chip $end"
    for number, (name, bits) in enumerate(_chip_signals()):
        yield f"$var wire {bits} {_code(number)} {name} $end"
    for core in timeline.cores:
        yield f"$scope module core{core} $end"
        for number, (name, bits) in enumerate(_core_signals()):
            yield f"$var wire {bits} {_code(_place(core, number))} {name} $end"
        yield "$upscope $end"
    yield "$upscope $end"
    yield "$enddefinitions $end"


def _chip_signals() -> tuple[tuple[str, int], ...]:
    return ("phase", PHASE_BITS), ("tick", TICK_BITS), ("part", PART_BITS)


def _core_signals() -> list[tuple[str, int]]:
    return [*((name, 1) for name in col.MACHINES[: col.ANY]), ("fifo", LEVEL_BITS), ("router", LEVEL_BITS)]


def _place(core: int, number: int) -> int:
    return len(_chip_signals()) + core * (col.ANY + 2) + number


def _code(number: int) -> str:
    """The identifier of a signal."""
    code = chr(FIRST_CODE + number % CODES)
    return code if number < CODES else _code(number // CODES - 1) + code


def _dump(timeline: Timeline) -> Iterator[str]:
    """All values at the start, then the changes in the order of time."""
    yield f"#{_time(timeline, timeline.begin)}"
    yield "$dumpvars"
    numbers = [*range(len(_chip_signals()))]
    numbers += [_place(core, n) for core in timeline.cores for n in range(len(_core_signals()))]
    yield from (_value(_bits(number), 0, _code(number)) for number in numbers)
    yield "$end"
    now, held = timeline.begin, dict.fromkeys(numbers, 0)
    for cycle, number, value in sorted(_changes(timeline), key=lambda it: it[0]):
        if held[number] == value:
            continue
        if cycle != now:
            yield f"#{_time(timeline, cycle)}"
            now = cycle
        held[number] = value
        yield _value(_bits(number), value, _code(number))
    if timeline.end > now:
        yield f"#{_time(timeline, timeline.end)}"


def _changes(timeline: Timeline) -> Iterator[tuple[int, int, int]]:
    """(cycle, signal, value); a later one of the same cycle counts."""
    for tick in timeline.ticks:
        yield tick.begin, 0, tick.phase
        yield tick.begin, 1, tick.tick
        for span in timeline.parts(tick):
            yield span.begin, 2, PARTS[span.name]
    for cycle, signal, value in timeline.changes.tolist():
        core, which = divmod(signal, SIGNALS)
        if which == logs.MACHINES:
            for machine in range(col.ANY):
                yield cycle, _place(core, machine), value >> machine & 1
        else:
            yield cycle, _place(core, col.ANY + which - 1), value


def _bits(number: int) -> int:
    chip = _chip_signals()
    if number < len(chip):
        return chip[number][1]
    return _core_signals()[(number - len(chip)) % (col.ANY + 2)][1]


def _value(bits: int, value: int, code: str) -> str:
    """A value as the format writes it; one that needs more bits than declared shows as all ones."""
    if bits == 1:
        return f"{value}{code}"
    return f"b{min(value, (1 << bits) - 1):b} {code}"


def _time(timeline: Timeline, cycle: int) -> int:
    return round(cycle * PS_PER_US / timeline.clock_mhz)
