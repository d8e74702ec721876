"""A program as the engine walks through it: its phases in tables of integers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]

NEVER = 1 << 62
"""A time that does not come."""

STARTS = {"reset": col.RESET, "continue": col.CONTINUE, "restore": col.RESTORE}


class Course(NamedTuple):
    """What a program is to the engine.

    The phase table, the neurons' schedule, (multiplier, shift, whether the sign flips) of the nudge; the
    longest time from a reset on, and how many times come again.
    """

    phases: Ints
    schedule: Ints
    nudge: Ints
    times: int
    repeats: int


@lru_cache(maxsize=32)
def course_of(program: Program) -> Course:
    """The tables of a program."""
    phases = phase_table(program)
    return Course(
        phases,
        np.array(program.neuron.schedule(program.ticks), np.int64),
        np.array([program.nudge.multiplier, program.nudge.shift, program.flips], np.int64),
        int((phases[:, col.TIME] + phases[:, col.TICKS]).max()),
        len(repeated(phases)),
    )


def phase_table(program: Program) -> Ints:
    """The phase table; see `neurochip.chip.columns`."""
    rows, elapsed = [], 0
    for phase, time in zip(program.phases, program.times, strict=True):
        bank = -1 if phase.bank is None else phase.bank
        how = STARTS[phase.start]
        rows.append([phase.ticks, phase.nudge, how, phase.save, bank, phase.readout, time, elapsed])
        elapsed += phase.ticks
    again = repeated(rows)
    first = again.start if again else NEVER
    return np.array([[*row, first] for row in rows], np.int64)


def repeated(phases: Sequence[Sequence[int]] | Ints) -> range:
    """The times, of those counted along the neurons' own, that come more than once (from first to last)."""
    spans = [(int(row[col.TIME]), int(row[col.TIME] + row[col.TICKS])) for row in phases]
    often = np.bincount(np.concatenate([np.arange(*span) for span in spans]))
    times = np.flatnonzero(often > 1)
    return range(int(times[0]), int(times[-1]) + 1) if len(times) else range(0)
