"""Running a sample: the controller takes the chip through the phases, tick by tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import capture, convert, tick
from neurochip.clock import columns as col
from neurochip.clock.faults import require_no_overflow
from neurochip.clock.state import Log
from neurochip.clock.works import Works
from neurochip.fixed.scalar import draw, subkey
from neurochip.neurons import registers as reg
from neurochip.program import Phase, Program

Ints = NDArray[np.integer[Any]]

CAPTURES = 1 << 32
"""Draws at a phase's end are named by this plus the phase; draws in a tick by 1 plus the tick."""


SILENT = Log.of(0, 0)
"""A log that keeps nothing."""


@dataclass(frozen=True)
class Outcome:
    """What a batch left behind; as `neurochip.chip.Outcome`."""

    readout: Ints
    banks: Ints
    trace: Ints
    won: Ints

    @classmethod
    def of(
        cls, samples: int, outputs: int, banks: Ints, pooled: bool, program: Program, probe: Ints
    ) -> Outcome:
        ticks = program.ticks if len(probe) else 0
        trace = np.zeros((ticks, 1 + len(reg.STATE), len(probe)), np.int64)
        won = np.zeros((*banks.shape[:2], banks.shape[2] if pooled else 0), np.int8)
        return cls(np.zeros((samples, outputs), np.int64), banks, trace, won)


@dataclass
class Course:
    """Where a sample is: the neurons' own time, that of the snapshot, ticks so far; registers that were
    saved."""

    time: int = 0
    saved_at: int = 0
    elapsed: int = 0
    saved: tuple[Ints, Ints, Ints] | None = None


def run_sample(
    works: Works,
    sample: int,
    family: int,
    data: tuple[Ints, Ints],
    program: Program,
    outcome: Outcome,
    probe: Ints,
) -> None:
    """Run sample number ``sample`` of a batch; ``family``: key of its draws; ``data``: inputs and targets."""
    course, flip = Course(), program.flips and bool(draw(family, 0) & 1)
    works.counts[0, 0, col.RANDOM_WORDS] += program.flips
    schedule = program.neuron.schedule(program.ticks)
    works.marks.sample(program)
    for number, phase in enumerate(program.phases):
        _start(works, number, phase, course)
        sign = -phase.nudge if flip else phase.nudge
        nudge = np.array([sign, program.nudge.multiplier, program.nudge.shift], np.int64)
        for k in range(phase.ticks):
            now = course.time + k
            words = works.draws(schedule[now], bool(nudge[0] * nudge[1]))
            shifts = np.array(schedule[now], np.int64)
            reading = subkey(subkey(family, convert.READS + number), now + 1)
            this = shifts, words, subkey(family, now + 1), nudge, *data, works.converter, reading
            _tick(works, number, k, this)
            if len(probe):
                outcome.trace[course.elapsed, 0] = works.memories.spike[probe]
                outcome.trace[course.elapsed, 1:] = works.memories.state[:, probe]
            course.elapsed += 1
            require_no_overflow(works, f"tick {k} of phase {phase.name!r}, sample {sample} of the batch")
        course.time += phase.ticks
        _save(works, number, phase, course)
        if phase.bank is not None and len(outcome.banks):
            which = 1 - phase.bank if flip else phase.bank
            _capture(works, number, subkey(family, CAPTURES + number), outcome.banks[sample, which])
            if outcome.won.shape[-1]:
                outcome.won[sample, which] = works.memories.winner
            require_no_overflow(works, f"the end of phase {phase.name!r}, sample {sample} of the batch")
        if phase.readout:
            outcome.readout[sample] = works.memories.state[reg.MEMBRANE][-outcome.readout.shape[1] :]


def _tick(works: Works, number: int, k: int, this: tuple[Any, ...]) -> None:
    """One tick, and the cycles that it takes; ``this``: schedule, random words, key, nudge, inputs, targets,
    converters and the key of their noise."""
    wiring, it, memories, counts = works.wiring, works.machines, works.memories, works.counts[number]
    works.spikes[number] += memories.spike != 0
    tree = int(wiring.parameters[col.P_BARRIER])
    log = works.log if works.marks.watching(works.watched) else SILENT
    one = np.zeros(works.populations.shape[1], np.int64)
    spikes = tick.deliver(
        *wiring[:6], wiring.slots, it.registers, it.ports, it.flits, it.links, it.fifo, it.lines, it.events,
        it.busy, *memories[:3], memories.spike, memories.winner, works.now, counts, *log,
    )  # fmt: skip
    neurons = tick.update(
        wiring.parameters, wiring.hubs, wiring.sums, wiring.parts, wiring.lanes, wiring.pools,
        it.registers, it.ports, it.flits, it.links, it.busy, *memories[1:], works.populations, one,
        *this, works.format_table, works.now + spikes + tree, counts, *log,
    )  # fmt: skip
    works.marks.tick(number, k, works.now, spikes, neurons)
    works.now += spikes + neurons + 2 * tree


def _start(works: Works, number: int, phase: Phase, course: Course) -> None:
    """Clear or restore the registers and the spikes in flight."""
    memories = works.memories
    if phase.start == "continue":
        return
    if phase.start == "reset" or course.saved is None:
        memories.state[:], memories.spike[:], memories.winner[:], course.time = 0, 0, 0, 0
        _edge(works, number, col.STATE_RESETS)
    else:
        memories.state[:], memories.spike[:], memories.winner[:] = course.saved
        course.time = course.saved_at
        _edge(works, number, col.STATE_RESTORES)


def _save(works: Works, number: int, phase: Phase, course: Course) -> None:
    if phase.save:
        memories = works.memories
        course.saved = memories.state.copy(), memories.spike.copy(), memories.winner.copy()
        course.saved_at = course.time
        _edge(works, number, col.STATE_SAVES)


def _capture(works: Works, number: int, family: int, bank: Ints) -> None:
    wiring, memories = works.wiring, works.memories
    for core in range(works.placement.mesh.cores):
        units = wiring.slots[wiring.hubs[core, col.SLOT_0] : wiring.hubs[core + 1, col.SLOT_0]]
        state, counts = memories.state[reg.MEMBRANE], works.counts[number, core]
        capture.capture(units, state, works.format_table[reg.BANK], family, bank, memories.over, counts)
    _edge(works, number, col.BANK_CAPTURES)


def _edge(works: Works, number: int, event: int) -> None:
    """The lanes go through all neurons once, one group a cycle, all cores side by side."""
    works.counts[number, :, event] += works.wiring.hubs[:-1, col.ENCODERS]
    groups, busy = works.wiring.hubs[:-1, col.GROUPS], works.machines.busy
    busy[:, col.LANES] += groups
    busy[:, col.ANY] += groups
    works.marks.edge(number, works.now, int(groups.max()))
    works.now += int(groups.max())
