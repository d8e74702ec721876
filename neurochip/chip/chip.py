"""The chip: integer registers in flat arrays, advanced by the engine and the update unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.chip import engine, faults, kernels, learn, lower, lower_converted, pooling, products
from neurochip.chip import matrices as mat
from neurochip.chip.cells import HELD_BITS, Cells, converter_table
from neurochip.chip.convert import FINE
from neurochip.chip.memory import Matrix, Memory
from neurochip.chip.scratch import Scratch, Sizes
from neurochip.chip.threads import side_by_side
from neurochip.chip.workbench import Workbench
from neurochip.counts import Tally
from neurochip.devices import Resistive
from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format, Rate
from neurochip.hardware import Hardware
from neurochip.mapping import Placement, Shares
from neurochip.network import Network
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]

PIECE = 1 << 16
"""Weights that are converted at a time when a chip is loaded."""


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
        crossbar, weight = self.hardware.crossbar, self.formats["weight"]
        held = weight.bits if crossbar.cells.exact else HELD_BITS
        self.memory = Memory.of(self.network, weight.bits, self.fraction, self.program.feedback, held)
        self.units = self.network.neurons
        self._populations = lower.populations(self.network, self.program, self.formats)
        self._operations = (
            lower_converted.operations(self.placement, self.memory, self.program, self.hardware)
            if crossbar.converts
            else lower.operations(self.placement, self.memory, self.program, self.formats)
        )
        self._segment_of = lower.segment_of(self.placement)
        self._converter = converter_table(crossbar, weight)
        self._formats = lower.format_table(self.formats)
        self._tiles = lower.tile_table(self.network)
        self._convs = lower.conv_table(self.network, self.memory)
        self._weights = np.zeros(self.memory.words, self.memory.weight_type)
        self._cells = self._new_cells()
        self._told = np.zeros_like(self._weights) if self._cells else self._weights
        self._kernels = np.zeros(self.memory.kernel_words, self.memory.sum_type)
        self._kernel_sums = np.zeros(self.memory.sums, np.int64)
        self._masters = np.zeros(self.memory.masters, self.memory.master_type)
        self.word = lower.word(self.network, self.program, self.formats, held)
        self._bias = np.zeros(self.units, self.word)
        self._scratch: dict[tuple[int, int, int, int], Scratch] = {}
        self._benches: dict[tuple[int, int], Workbench] = {}
        self._last_rates: tuple[tuple[Rate, ...], tuple[Rate, ...]] | None = None
        self.shares = Shares.of(self.placement)
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
        for index, values in enumerate(masters):
            for rows in self._pieces(index):
                self._write(index, rows, values[rows])
        self._finish(biases, cells)

    def load_real(self, weights: Sequence[NDArray[np.float64]]) -> None:
        """Write real weights, rounded to the nearest master; biases become 0."""
        weight = self.formats["weight"]
        lo = (weight.lo << self.fraction) - self._half
        hi = (weight.hi << self.fraction) + max(self._half - 1, 0)
        scale = 2.0 ** (weight.frac + self.fraction)
        for index, real in enumerate(weights):
            for rows in self._pieces(index):
                self._write(index, rows, np.clip(np.rint(real[rows] * scale), lo, hi).astype(np.int64))
        self._finish([np.zeros(p.weight_shape[1], np.int64) for p in self.network.projections])

    @property
    def weights(self) -> list[Ints]:
        """Copies of the integer weights that the crossbars were told to hold, one matrix of the weight shape
        for each projection; an exact cell holds no other."""
        each = zip(self.memory.matrices, self.network.projections, strict=True)
        return [self._forward(matrix, projection.weight_shape).copy() for matrix, projection in each]

    @property
    def held(self) -> list[NDArray[np.float64]]:
        """The weights as columns see them, in steps of the weight, one matrix for each projection."""
        step, found = 2.0 ** -int(self._converter[FINE]), []
        for matrix, projection in zip(self.memory.matrices, self.network.projections, strict=True):
            rows, cols = projection.weight_shape
            block = self._weights[matrix.forward : matrix.forward + rows * matrix.stride]
            found.append(block.reshape(rows, -1)[:, :cols] * step)
        return found

    @property
    def cells(self) -> Cells | None:
        """The cells of the crossbars, to be looked at; None where a cell is as exact as its weight."""
        return self._cells

    @property
    def masters(self) -> list[Ints]:
        """Copies of weight and fraction as one integer, of the weight shape for each projection."""
        each = zip(self.memory.matrices, self.network.projections, strict=True)
        return [
            self._masters[m.master : m.master + p.weight_shape[0] * p.weight_shape[1]]
            .reshape(p.weight_shape)
            .copy()
            for m, p in each
        ]

    @property
    def biases(self) -> list[Ints]:
        """Copies of the biases, one for each column of a projection's matrix (neuron, or channel)."""
        return [
            self._bias[self._units_of(p.target)][: p.weight_shape[1]].copy() for p in self.network.projections
        ]

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
        course = lower.course(program)
        scratch = self._scratch_for(threads, course)
        probe = np.zeros(0, np.int64) if probe is None else np.asarray(probe, np.int64)
        trace = np.zeros((program.ticks if len(probe) else 0, 1 + len(reg.STATE), len(probe)), np.int64)
        banks = np.zeros((n if capture else 0, program.banks, self.units), np.int32)
        won = np.zeros((n if capture else 0, program.banks, self._pooled), np.int8)
        readout = np.zeros((n, outputs), self.word)
        load = np.zeros((n if loads else 0, program.ticks, len(self.placement.segments)), np.int32)
        names = np.asarray(names, np.int64)
        inputs, targets = np.asarray(inputs, self.word), np.asarray(targets, self.word)
        bounds = [n * thread // threads for thread in range(threads + 1)]

        def work(thread: int) -> None:
            engine.run(
                bounds[thread], bounds[thread + 1], names, family, self._operations.table,
                self._operations.stamps, self._populations, *course[:3], self._formats,
                self._weights,
                self._kernels, self._bias, inputs, targets, *scratch.of_thread(thread), banks, won, readout,
                scratch.sent[thread], probe, trace, self._segment_of, load, self._converter,
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

        ``won``: of the `Outcome`, needed behind a max pooling (None: the first of each window). Raises
        ConfigError when the sums of such a batch could exceed 62 bits, RegisterOverflow for strict registers.
        """
        self._require_sums(len(banks))
        matrices = self._matrices(rates, bias_rates)
        shared = np.flatnonzero(matrices[:, mat.SHARED])
        terms = np.array([[t.sign, t.bank_pre, t.bank_post] for t in self.program.terms], np.int64)
        threads = max(1, min(self.threads, len(self._tiles)))
        bench = self._bench_for(len(banks), threads)
        won = np.zeros((*banks.shape[:2], self._pooled), np.int8) if won is None else won
        one = min(1 << self.formats["bank"].frac, self.formats["bank"].hi)

        def spread(thread: int) -> None:
            products.spread(
                thread,
                threads,
                matrices,
                self._convs,
                terms,
                banks,
                bench.before,
                bench.after,
                bench.products,
            )

        def correlate(thread: int) -> None:
            for m in shared:
                if self._convs[m, kernels.MAX_WINDOW]:
                    pooling.correlate(
                        thread, threads, self._convs[m], m, terms, bench.before, bench.after,
                        bench.products, won, self._kernel_sums,
                    )  # fmt: skip
                    continue
                products.correlate(
                    thread, threads, self._convs[m], m, bench.before, bench.after, bench.products,
                    *bench.of_thread(thread), self._kernel_sums,
                )  # fmt: skip

        def write(thread: int) -> None:
            learn.learn(
                thread, threads, self._tiles, matrices, self._convs, self._kernel_sums, bench.before,
                bench.after, bench.products, *bench.of_thread(thread), one, self._formats, self.fraction,
                family, self._masters, self._told, self._bias, self.shares.first_row,
                self.shares.row_cuts, self.shares.cuts, bench.sums[thread], bench.over[thread],
                bench.done[thread],
            )  # fmt: skip

        for step in (spread, correlate, write) if len(shared) else (spread, write):
            side_by_side(step, threads)
        if self._cells:
            self._cells.settle(self._told, self._masters, self._weights, len(banks), threads)
        if len(shared):
            self._stamp_kernels()
        self.tally.saturations += bench.over[:, 0].sum(0)
        self.tally.updates += bench.done.sum(0)
        draws = self.formats["bias"].rounding == "stochastic"
        self.tally.bias_draws += draws & (matrices[:, mat.BIAS_K] > 0)
        self.tally.batches += 1
        self._refuse_overflow(bench.over)

    def take_tally(self) -> Tally:
        """The events since the last call; counting starts again at zero."""
        tally, self.tally = self.tally, self._new_tally()
        return tally

    # -- inside --------------------------------------------------------------------------------------------

    @property
    def _pooled(self) -> int:
        """Units whose winners are kept: all, where there is a max pooling."""
        maxima = any(p.kernel and p.kernel.pooling == "max" for p in self.network.projections)
        return self.units if maxima else 0

    @property
    def _half(self) -> int:
        return 1 << (self.fraction - 1) if self.fraction else 0

    def _pieces(self, index: int) -> list[slice]:
        """A projection's rows in pieces that take little memory while they are converted."""
        rows, cols = self.network.projections[index].weight_shape
        step = max(1, PIECE // cols)
        return [slice(first, min(first + step, rows)) for first in range(0, rows, step)]

    def _write(self, index: int, rows: slice, masters: Ints) -> None:
        """Write some rows of a projection's masters, and the weights that follow from them."""
        matrix, projection = self.memory.matrices[index], self.network.projections[index]
        cols, height = projection.weight_shape[1], projection.weight_shape[0]
        at = matrix.master + rows.start * cols
        self._masters[at : at + masters.size] = masters.reshape(-1)
        held = (masters.reshape(-1, cols).astype(np.int64) + self._half) >> self.fraction
        self._forward(matrix, projection.weight_shape)[rows] = held
        if matrix.back >= 0:
            back = self._told[matrix.back : matrix.back + cols * matrix.back_stride]
            back.reshape(cols, -1)[:, :height][:, rows] = held.T

    def _finish(self, biases: Sequence[Ints], cells: Mapping[str, Ints] | None = None) -> None:
        """Write biases, what cells hold of the weights that have been written, and their stamps."""
        for projection, bias in zip(self.network.projections, biases, strict=True):
            of_each = np.tile(bias, projection.n_post // projection.weight_shape[1])
            self._bias[self._units_of(projection.target)] = of_each
        if self._cells and cells is None:
            self._cells.place(self._told, self._masters, self._weights)
        elif self._cells and cells is not None:
            self._cells.restore(cells, self._told, self._masters, self._weights)
        self._stamp_kernels()

    def _forward(self, matrix: Matrix, shape: tuple[int, int]) -> Ints:
        """View of a matrix of weights as they were told to the cells."""
        block = self._told[matrix.forward : matrix.forward + shape[0] * matrix.stride]
        return block.reshape(shape[0], -1)[:, : shape[1]]

    def _new_cells(self) -> Cells | None:
        crossbar, weight = self.hardware.crossbar, self.formats["weight"]
        if not isinstance(crossbar.cells, Resistive):
            return None
        mirrored = crossbar.feedback == "mirrored"
        return Cells.of(crossbar.cells, self.network, self.memory, weight, self.fraction, mirrored)

    def _stamp_kernels(self) -> None:
        if self.hardware.crossbar.converts:
            return
        convs = self._convs[self._convs[:, kernels.SIZE] > 0]

        def work(thread: int) -> None:
            for conv in convs:
                row = np.zeros(conv[kernels.C_OUT], np.int32)
                kernels.stamp(thread, threads, conv, self._weights, self._kernels, row)

        threads = max(1, min(self.threads, int(convs[:, kernels.C_IN].max(initial=0))))
        side_by_side(work, threads)

    def _units_of(self, population: int) -> slice:
        offset, size = self._populations[population, [reg.OFFSET, reg.SIZE]]
        return slice(int(offset), int(offset + size))

    def _new_tally(self) -> Tally:
        shares, projections = len(self.shares.projection), len(self.network.projections)
        return Tally.zero(len(self.program.phases), self.units, shares, projections)

    def _scratch_for(self, threads: int, course: lower.Course) -> Scratch:
        """Memories that hold this program and the chip's own, so that one can go on where another stopped."""
        own = lower.course(self.program)
        phases = max(len(course.phases), len(own.phases))
        times, repeats = max(course.times, own.times), max(course.repeats, own.repeats)
        key = (threads, phases, times, repeats)
        if key not in self._scratch:
            sizes = [population.size for population in self.network.populations]
            size = Sizes(
                phases=phases,
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

    def _matrices(self, rates: Sequence[Rate], bias_rates: Sequence[Rate]) -> Ints:
        """The update unit's matrix table; that of the last rates is kept."""
        key = (tuple(rates), tuple(bias_rates))
        if self._last_rates != key:
            self._last_rates = key
            self._matrix_table = lower.matrix_table(self.network, self.memory, rates, bias_rates)
        return self._matrix_table

    def _bench_for(self, samples: int, threads: int) -> Workbench:
        key = (samples, threads)
        if key not in self._benches:
            widest = max(p.weight_shape[1] for p in self.network.projections)
            sizes = samples, len(self.program.terms), self.units, len(self.network.projections)
            shares = len(self.shares.projection)
            self._benches[key] = Workbench.of(*sizes, shares, widest, threads, self.formats["bank"])
        bench = self._benches[key]
        bench.over[:], bench.done[:] = 0, 0
        return bench

    def _require_sums(self, samples: int) -> None:
        """Raise ConfigError when a sum of products over a batch might need more than 62 bits."""
        positions = max(p.n_post // p.weight_shape[1] for p in self.network.projections)
        windows = max(p.kernel.window**2 if p.kernel else 1 for p in self.network.projections)
        bank, number = self.formats["bank"], samples * positions * windows * len(self.program.terms)
        bits = (number * max(bank.hi, -bank.lo) ** 2).bit_length()
        if bits + self.hardware.update_unit.rate_bits > 62:
            message = f"registers.bank.bits must be smaller: sums of {number} products need {bits} bits"
            raise ConfigError([Problem(message, "hardware.registers.bank")])

    def _collect(self, scratch: Scratch, samples: int, program: Program) -> None:
        """Move the threads' counts into the tally (an inference program counts in the phases it shares)."""
        phases = len(program.phases)
        self.tally.spikes[:phases] += scratch.sent.sum(0)[:phases]
        self.tally.saturations += scratch.over[:, 0].sum(0)
        self.tally.samples += samples
        found = scratch.fault[scratch.fault[:, col.F_REGISTER] >= 0]
        scratch.clear()
        if len(found):
            raise faults.in_a_tick(found[np.argmin(found[:, col.F_SAMPLE])], self.placement, program)

    def _refuse_overflow(self, over: Ints) -> None:
        """Raise for strict registers that overflowed in the update unit."""
        for register in range(len(reg.REGISTERS)):
            strict = self._formats[register, reg.OVERFLOW] == 2
            if strict and over[:, 0, register].any():
                number = int(over[:, 1, register].max()) - 1
                batches, ticks = self.tally.batches, self.program.ticks
                raise faults.in_an_update(register, number, batches, ticks, self.placement, self.memory)
