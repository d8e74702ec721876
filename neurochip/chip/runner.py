"""What the engine is called with: tables of a placed network, and working memories for every thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.chip import converted_operations, faults, lower, operations
from neurochip.chip.course import Course, course_of
from neurochip.chip.scratch import Scratch, Sizes
from neurochip.chip.store import Store
from neurochip.counts import Tally
from neurochip.fixed.scalar import ERROR
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


class Watch(NamedTuple):
    """What is recorded while samples run; see `engine.run`."""

    probe: Ints
    trace: Ints
    loads: Ints


UNWATCHED = Watch(
    np.zeros(0, np.int64), np.zeros((0, 1 + len(reg.STATE), 0), np.int64), np.zeros((0, 0, 0), np.int32)
)


@dataclass
class Runner:
    """The engine's view of ``store`` and of the programs that run on it; ``program``: the chip's own.

    A table of what the chip does not have, converters or convolutions, is None, and code for it is not
    compiled.
    """

    hardware: Hardware
    placement: Placement
    program: Program
    store: Store
    operations: operations.Operations = field(init=False)
    pooled: int = field(init=False)
    _scratch: dict[tuple[int, ...], Scratch] = field(default_factory=dict)
    _begun: dict[tuple[int, int], tuple[Program, Course, Scratch]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        placement, memory, program = self.placement, self.store.memory, self.program
        formats, network = self.hardware.registers.formats(), self.placement.network
        self.operations = (
            converted_operations.operations(placement, memory, program, self.hardware)
            if self.hardware.crossbar.converts
            else operations.operations(placement, memory, program, formats)
        )
        self.pooled = network.neurons if network.max_pooled else 0
        self._populations = lower.populations(network, program, formats)
        self._formats = lower.format_table(formats)
        self._segment_of = lower.segment_of(placement)

    def prepared(self, threads: int, program: Program) -> tuple[Course, Scratch]:
        """A program's tables and memories, at hand from its second run on; nothing is counted in them yet."""
        key = threads, id(program)
        if key not in self._begun:
            course = course_of(program)
            self._begun[key] = program, course, self.scratch_for(threads, course)
        _, course, scratch = self._begun[key]
        scratch.clear()
        return course, scratch

    def scratch_for(self, threads: int, course: Course) -> Scratch:
        """Memories that hold this program and the chip's own, so that one can go on where another stopped."""
        own, memory, network = course_of(self.program), self.store.memory, self.placement.network
        phases = max(len(course.phases), len(own.phases))
        times, repeats = max(course.times, own.times), max(course.repeats, own.repeats)
        key = (threads, phases, times, repeats)
        if key not in self._scratch:
            sizes = [population.size for population in network.populations]
            size = Sizes(
                phases=phases,
                places=self.operations.places,
                times=times,
                repeats=repeats,
                inputs=sizes[0],
                reached=sum(sizes[:2]),
                populations=len(sizes),
                units=network.neurons,
                pooled=self.pooled,
                widest=max(memory.widest, self.operations.largest_map),
            )
            self._scratch[key] = Scratch.of(threads, size, memory.sum_type, self.store.word)
        return self._scratch[key]

    def order(self, inputs: Ints, batch: int, threads: int) -> Ints:
        """Which sample is begun when: in each batch the brightest first, which take longest, so that no
        thread waits long for the last one. With strict registers, one after the other: then the same sample
        overflows first for any number of threads."""
        strict = (self._formats[:, reg.OVERFLOW] == ERROR).any()
        every = np.arange(len(inputs))
        if strict or batch < 2 or threads < 2:
            return every
        brightness = inputs.sum(1, np.int64)
        return np.asarray(np.lexsort((-brightness, every // batch)))

    def tables(self, course: Course) -> tuple[Any, ...]:
        """Arguments of `engine.run` from ``ops`` to ``bias``, in its order."""
        store = self.store
        kernels = store.stamps if len(store.stamps) else None
        return (
            self.operations.table, self.operations.stamps, self._populations, *course[:3], self._formats,
            store.held, kernels, store.bias,
        )  # fmt: skip

    def watched(self, scratch: Scratch, thread: int, watch: Watch = UNWATCHED) -> tuple[Any, ...]:
        """Arguments of `engine.run` from ``sent`` on, in its order."""
        converter = self.store.converter if self.hardware.crossbar.converts else None
        counted = scratch.sent[thread], scratch.read[thread]
        return (*counted, watch.probe, watch.trace, self._segment_of, watch.loads, converter)

    def collect(self, scratch: Scratch, samples: int, program: Program, tally: Tally) -> None:
        """Move the threads' counts into the tally (an inference program counts in the phases it shares).
        Raises RegisterOverflow for the first sample with a fault."""
        phases = len(program.phases)
        tally.spikes[:phases] += scratch.sent.sum(0)[:phases]
        tally.readings[:phases] += scratch.read.sum(0)[:phases]
        tally.saturations += scratch.over[:, 0].sum(0)
        tally.samples += samples
        found = scratch.fault[scratch.fault[:, col.F_REGISTER] >= 0]
        if len(found):
            raise faults.in_a_tick(found[np.argmin(found[:, col.F_SAMPLE])], self.placement, program)
