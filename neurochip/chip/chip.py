"""The chip: integer registers in flat arrays, advanced by the engine and the update unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.chip import converted_operations, engine, faults, lower, operations
from neurochip.chip.cells import Cells
from neurochip.chip.course import Course, course_of
from neurochip.chip.memory import Memory
from neurochip.chip.scratch import Scratch, Sizes
from neurochip.chip.store import Store, held_bits
from neurochip.chip.threads import side_by_side
from neurochip.chip.update_unit import UpdateUnit
from neurochip.counts import Tally
from neurochip.fixed import Format, Rate
from neurochip.hardware import Hardware
from neurochip.mapping import Placement, Shares
from neurochip.network import Network
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Outcome:
    """What a batch left behind.

    ``readout``: [samples, outputs], membranes of the output population when the program reads them.
    ``banks``: int32 [samples, banks, units] or [0, ...] when nothing was captured. ``trace``: int64 [ticks,
    1 + registers, probes]. ``won``: int8 [samples, banks, units], which position won each window when the
    bank was captured ([..., 0] without max pooling). ``loads``: int32 [samples, ticks, segments] or [0, ...],
    spikes that arrived in each tick by the segment of the placement that sent them.
    """

    readout: Ints
    banks: Ints
    trace: Ints
    won: Ints
    loads: Ints


@dataclass
class Chip:
    """A placed network on a piece of hardware, ready to execute one program.

    ``weights`` of a projection are integers of its weight shape, in steps of 2**-frac of the weight
    register; the masters carry the fraction bits below them. ``threads``: how many samples, or rows, run
    side by side; it changes no bit. Raises ConfigError when the registers do not fit each other or the
    network.
    """

    hardware: Hardware
    placement: Placement
    program: Program
    threads: int = 1
    network: Network = field(init=False)
    formats: dict[str, Format] = field(init=False)
    fraction: int = field(init=False)
    memory: Memory = field(init=False)
    units: int = field(init=False)
    shares: Shares = field(init=False)
    tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.network = self.placement.network
        self.formats = self.hardware.registers.formats()
        self.fraction = self.hardware.registers.fraction.bits
        self.units = self.network.neurons
        self.shares = Shares.of(self.placement)
        network, program, formats, held = self.network, self.program, self.formats, held_bits(self.hardware)
        self.memory = Memory.of(network, formats["weight"].bits, self.fraction, program.feedback, held)
        self._populations = lower.populations(network, program, formats)
        self._operations = (
            converted_operations.operations(self.placement, self.memory, program, self.hardware)
            if self.hardware.crossbar.converts
            else operations.operations(self.placement, self.memory, program, formats)
        )
        self._segment_of = lower.segment_of(self.placement)
        self._formats = lower.format_table(formats)
        self.word = lower.word(network, program, formats, held)
        self._store = Store.of(self.hardware, network, self.memory, self.word)
        self._update_unit = UpdateUnit(self._store, self.placement, program, self.shares, formats)
        self._scratch: dict[tuple[int, ...], Scratch] = {}
        self._begun: dict[tuple[int, int], tuple[Program, Course, Scratch]] = {}
        self.tally = self._new_tally()

    # -- weights -------------------------------------------------------------------------------------------

    def load(
        self, masters: Sequence[Ints], biases: Sequence[Ints], cells: Mapping[str, Ints] | None = None
    ) -> None:
        """Write masters (of the weight shapes) and biases (one for each column) into the chip's memories.

        ``cells``: a state that `Cells.state` told together with these masters; without it the cells of a
        device that is not exact are new ones, which are set up for these weights. Raises KeyError or
        ValueError if it is not of such cells.
        """
        self._store.load(masters, biases, cells)

    def load_real(self, weights: Sequence[NDArray[np.float64]]) -> None:
        """Write real weights, rounded to the nearest master; biases become 0."""
        self._store.load_real(weights)

    @property
    def weights(self) -> list[Ints]:
        """Copies of the integer weights that the crossbars were told to hold, one matrix of the weight shape
        for each projection; an exact cell holds no other."""
        return self._store.weights_told()

    @property
    def held(self) -> list[NDArray[np.float64]]:
        """The weights as columns see them, in steps of the weight, one matrix for each projection."""
        return self._store.weights_held()

    @property
    def cells(self) -> Cells | None:
        """The cells of the crossbars, to be looked at; None where a cell is as exact as its weight."""
        return self._store.cells

    @property
    def masters(self) -> list[Ints]:
        """Copies of weight and fraction as one integer, of the weight shape for each projection."""
        return self._store.each_master()

    @property
    def biases(self) -> list[Ints]:
        """Copies of the biases, one for each column of a projection's matrix (neuron, or channel)."""
        return self._store.each_bias()

    # -- running -------------------------------------------------------------------------------------------

    def run(
        self, inputs: Ints, targets: Ints, names: Ints, family: int, program: Program | None = None,
        capture: bool = True, probe: Ints | None = None, loads: bool = False,
    ) -> Outcome:  # fmt: skip
        """Run samples through a program (the chip's own by default), up to but not including the update.

        ``inputs``: [samples, inputs] and ``targets``: [samples, outputs], in steps of the membrane;
        ``names``: [samples], numbers that tell the samples' random draws apart; ``family``: key of the run's
        draws; ``probe``: units whose registers and spikes are recorded in every tick (one sample only);
        ``loads``: whether spikes are counted for every tick, too, from which the cycles of a tick follow.
        Raises RegisterOverflow when a register declared ``error`` overflows.
        """
        program = program or self.program
        n, outputs = len(names), self.network.populations[-1].size
        threads = 1 if probe is not None else max(1, min(self.threads, n))
        store, (course, scratch) = self._store, self._prepared(threads, program)
        probe = np.zeros(0, np.int64) if probe is None else np.asarray(probe, np.int64)
        trace = np.zeros((program.ticks if len(probe) else 0, 1 + len(reg.STATE), len(probe)), np.int64)
        banks = np.zeros((n if capture else 0, program.banks, self.units), np.int32)
        won = np.zeros((*banks.shape[:2], self._pooled), np.int8)
        readout = np.zeros((n, outputs), self.word)
        load = np.zeros((n if loads else 0, program.ticks, len(self.placement.segments)), np.int32)
        names = np.asarray(names, np.int64)
        inputs, targets = np.asarray(inputs, self.word), np.asarray(targets, self.word)
        bounds = [n * thread // threads for thread in range(threads + 1)]

        def work(thread: int) -> None:
            engine.run(
                bounds[thread], bounds[thread + 1], names, family, self._operations.table,
                self._operations.stamps, self._populations, *course[:3], self._formats,
                store.held, store.stamps, store.bias, inputs, targets, *scratch.of_thread[thread], banks, won,
                readout, scratch.sent[thread], scratch.read[thread], probe, trace, self._segment_of, load,
                store.converter,
            )  # fmt: skip

        side_by_side(work, threads)
        self._collect(scratch, n, program)
        return Outcome(readout, banks, trace, won, load)

    def learn(
        self,
        banks: Ints,
        rates: Sequence[Rate],
        bias_rates: Sequence[Rate],
        family: int,
        won: Ints | None = None,
    ) -> None:
        """Let the update unit walk all crossbars once, with the banks of a batch and one rate for each
        projection.

        ``won``: of the `Outcome`; behind a max pooling, ValueError without it. Raises ConfigError when the
        sums of such a batch could exceed 62 bits, RegisterOverflow for strict registers.
        """
        self._update_unit.learn(banks, rates, bias_rates, family, won, self.threads, self.tally)

    def take_tally(self) -> Tally:
        """The events since the last call; counting starts again at zero."""
        tally, self.tally = self.tally, self._new_tally()
        return tally

    # -- inside --------------------------------------------------------------------------------------------

    @property
    def _pooled(self) -> int:
        """Units whose winners are kept: all, where there is a max pooling."""
        return self.units if self.network.max_pooled else 0

    def _new_tally(self) -> Tally:
        shares, projections = len(self.shares.projection), len(self.network.projections)
        return Tally.zero(len(self.program.phases), self.units, shares, projections, self._operations.places)

    def _prepared(self, threads: int, program: Program) -> tuple[Course, Scratch]:
        """A program's tables and memories, at hand from its second run on."""
        key = threads, id(program)
        if key not in self._begun:
            course = course_of(program)
            self._begun[key] = program, course, self._scratch_for(threads, course)
        return self._begun[key][1:]

    def _scratch_for(self, threads: int, course: Course) -> Scratch:
        """Memories that hold this program and the chip's own, so that one can go on where another stopped."""
        own = course_of(self.program)
        phases = max(len(course.phases), len(own.phases))
        times, repeats = max(course.times, own.times), max(course.repeats, own.repeats)
        key = (threads, phases, times, repeats)
        if key not in self._scratch:
            sizes = [population.size for population in self.network.populations]
            size = Sizes(
                phases=phases,
                places=self._operations.places,
                times=times,
                repeats=repeats,
                inputs=sizes[0],
                reached=sum(sizes[:2]),
                populations=len(sizes),
                units=self.units,
                pooled=self._pooled,
                widest=max(self.memory.widest, self._operations.largest_map),
            )
            self._scratch[key] = Scratch.of(threads, size, self.memory.sum_type, self.word)
        return self._scratch[key]

    def _collect(self, scratch: Scratch, samples: int, program: Program) -> None:
        """Move the threads' counts into the tally (an inference program counts in the phases it shares)."""
        phases = len(program.phases)
        self.tally.spikes[:phases] += scratch.sent.sum(0)[:phases]
        self.tally.readings[:phases] += scratch.read.sum(0)[:phases]
        self.tally.saturations += scratch.over[:, 0].sum(0)
        self.tally.samples += samples
        found = scratch.fault[scratch.fault[:, col.F_REGISTER] >= 0]
        scratch.clear()
        if len(found):
            raise faults.in_a_tick(found[np.argmin(found[:, col.F_SAMPLE])], self.placement, program)
