"""The chip: integer registers in flat arrays, advanced by the engine and the update unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.chip import engine, lower, train
from neurochip.chip import matrices as mat
from neurochip.chip.barrier import in_step
from neurochip.chip.cells import Cells
from neurochip.chip.memory import Memory
from neurochip.chip.runner import Runner, Watch
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
        self.word = lower.word(network, program, formats, held)
        self._store = Store.of(self.hardware, network, self.memory, self.word)
        self._update_unit = UpdateUnit(self._store, self.placement, program, self.shares, formats)
        self._runner = Runner(self.hardware, self.placement, program, self._store)
        self.tally = self._new_tally()

    # -- weights -------------------------------------------------------------------------------------------

    def load(
        self, masters: Sequence[Ints], biases: Sequence[Ints], cells: Mapping[str, Ints] | None = None
    ) -> None:
        """Write masters (of the weight shapes) and biases (one for each column) into the chip's memories.

        ``cells``: a state that `Cells.state` told together with these masters; without it the cells of a
        device that is not exact are new ones, which are set up for these weights. Raises KeyError or
        ValueError if it is not of such cells, and ValueError for arrays of other shapes, no integers, and
        masters or biases that their registers do not hold.
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
        program, runner, n = program or self.program, self._runner, len(names)
        threads = 1 if probe is not None else max(1, min(self.threads, n))
        course, scratch = runner.prepared(threads, program)
        probe = np.zeros(0, np.int64) if probe is None else np.asarray(probe, np.int64)
        trace = np.zeros((program.ticks if len(probe) else 0, 1 + len(reg.STATE), len(probe)), np.int64)
        load = np.zeros((n if loads else 0, program.ticks, len(self.placement.segments)), np.int32)
        banks, won = self._banks(n if capture else 0, program)
        names, inputs, targets, readout = self._data(names, inputs, targets)
        tables, watch = runner.tables(course), Watch(probe, trace, load)

        def work(thread: int) -> None:
            engine.run(
                *train.part(thread, threads, n), names, family, *tables, inputs, targets,
                *scratch.of_thread[thread], banks, won, readout, *runner.watched(scratch, thread, watch),
            )  # fmt: skip

        side_by_side(work, threads)
        runner.collect(scratch, n, program, self.tally)
        return Outcome(readout, banks, trace, won, load)

    def train(
        self, inputs: Ints, targets: Ints, names: Ints, batch: int,
        rates: Sequence[tuple[Sequence[Rate], Sequence[Rate]]], family: int, updates: Sequence[int],
    ) -> Ints:  # fmt: skip
        """Run samples through the chip's program and learn after every ``batch`` of them, as `run` and
        `learn` in turns would; returns the readout, [samples, outputs].

        ``rates``: for each batch those of the weights and those of the biases; ``updates``: for each batch
        the key of its update's draws. Raises what `run` and `learn` raise; batches before are learned then,
        and what samples of that batch did is counted as far as each thread came. ValueError if there are not
        as many rates and keys as batches.
        """
        if not len(rates) == len(updates) == -(-len(names) // batch):
            raise ValueError(f"{len(names)} samples in batches of {batch} need as many rates and keys")
        if self._store.cells and len(updates) > 1:  # cells follow the weights between two calls of the kernel
            pieces = [slice(at, at + batch) for at in range(0, len(names), batch)]
            return np.concatenate([
                self.train(inputs[of], targets[of], names[of], batch, [rate], family, [update])
                for of, rate, update in zip(pieces, rates, updates, strict=True)
            ])  # fmt: skip
        runner, unit, n = self._runner, self._update_unit, len(names)
        batch = min(batch, n)
        threads = max(1, min(self.threads, max(batch, unit.worth)))
        (course, scratch), bench = runner.prepared(threads, self.program), unit.bench(batch, threads)
        matrices = np.zeros((len(updates), len(self.network.projections), mat.COLUMNS), np.int64)
        for index, each in enumerate(rates):
            matrices[index] = unit.matrices(*each)
        banks, won = self._banks(batch, self.program)
        names, inputs, targets, readout = self._data(names, inputs, targets)
        keys, begun = np.array(updates, np.int64), np.zeros(threads, np.int64)
        tables, order = runner.tables(course), runner.order(inputs, batch, threads)

        def work(thread: int, barrier: Ints) -> None:
            begun[thread] = train.train(
                thread, barrier, names, order, family, keys, matrices, tables, inputs, targets,
                scratch.of_thread[thread], banks, won, readout, runner.watched(scratch, thread),
                *unit.arguments(bench, thread),
            )  # fmt: skip

        in_step(work, threads)
        ran, faulty = min(int(begun[0]) * batch, n), bool((scratch.fault[:, col.F_REGISTER] >= 0).any())
        learned = matrices[: int(begun[0]) - faulty]
        try:
            runner.collect(scratch, ran, self.program, self.tally)
        finally:
            unit.finish(bench, learned, ran, threads, self.tally)
        return readout

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

    def _new_tally(self) -> Tally:
        shares, projections = len(self.shares.projection), len(self.network.projections)
        places = self._runner.operations.places
        return Tally.zero(len(self.program.phases), self.units, shares, projections, places)

    def _banks(self, samples: int, program: Program) -> tuple[Ints, Ints]:
        """Cleared banks, and the winners behind max poolings that are captured with them."""
        banks = np.zeros((samples, program.banks, self.units), np.int32)
        return banks, np.zeros((*banks.shape[:2], self._runner.pooled), np.int8)

    def _data(self, names: Ints, inputs: Ints, targets: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Names, inputs and targets as the engine takes them, and a cleared readout."""
        readout = np.zeros((len(names), self.network.populations[-1].size), self.word)
        inputs, targets = np.asarray(inputs, self.word), np.asarray(targets, self.word)
        return np.asarray(names, np.int64), inputs, targets, readout
