"""The chip: integer registers in flat arrays, advanced by the engine and the update unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numba
import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.chip import engine, learn, lower
from neurochip.chip.scratch import Scratch
from neurochip.counts import Tally
from neurochip.errors import ConfigError, Problem, RegisterOverflow
from neurochip.fixed import Format, Rate
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Outcome:
    """What a batch left behind.

    ``readout``: int32 [samples, outputs], membranes of the output population when the program reads them. ``banks``: int32
    [samples, banks, units] or [0, ...] when nothing was captured. ``trace``: int64 [ticks, 1 + registers, probes].
    """

    readout: Ints
    banks: Ints
    trace: Ints


@dataclass
class Chip:
    """A placed network on a piece of hardware, ready to execute one program.

    ``weights`` of a projection are integers [n_pre, n_post] in steps of 2**-frac of the weight register; the masters
    carry the fraction bits below them. ``threads``: how many samples, or rows, run side by side; it changes no bit.
    """

    hardware: Hardware
    placement: Placement
    program: Program
    threads: int = 1
    formats: dict[str, Format] = field(init=False)

    def __post_init__(self) -> None:
        self.network = self.placement.network
        self.formats = self.hardware.registers.formats()
        self.fraction = self.hardware.registers.fraction.bits
        weight = self.formats["weight"]
        self.memory = lower.Memory.of(self.network, weight.bits, self.program.feedback)
        self.units = self.network.neurons
        self._populations = lower.populations(self.network, self.program, self.formats)
        self._operations = lower.operations(
            self.placement, self.memory, self.program, weight, self.formats["partial"]
        )
        self._formats = lower.format_table(self.formats)
        self._tiles = lower.tile_table(self.network)
        self._weights = np.zeros(self.memory.words, self.memory.weight_type)
        self._masters = np.zeros(self.memory.masters, np.int32)
        self._bias = np.zeros(self.units, np.int64)
        self._scratch: dict[tuple[int, int], Scratch] = {}
        self.tally = self._new_tally(self.program)

    # -- weights --------------------------------------------------------------------------------------------------

    def load(self, masters: Sequence[Ints], biases: Sequence[Ints]) -> None:
        """Write masters (int, [n_pre, n_post] each) and biases (int, [n_post] each) into the chip's memories."""
        for matrix, projection, values in zip(self.memory.matrices, self.network.projections, masters, strict=True):
            shape = (projection.n_pre, projection.n_post)
            self._masters[matrix.master : matrix.master + values.size] = values.reshape(-1)
            held = (values.reshape(shape).astype(np.int64) + self._half) >> self.fraction
            self._forward(matrix, shape)[:] = held
            if matrix.back >= 0:
                back = self._weights[matrix.back :][: shape[1] * matrix.back_stride]
                back.reshape(shape[1], -1)[:, : shape[0]] = held.T
        for index, values in enumerate(biases):
            self._bias[self._units_of(self.network.projections[index].target)] = values

    def load_real(self, weights: Sequence[NDArray[np.float64]]) -> None:
        """Write real weights, rounded to the nearest master; biases become 0."""
        weight = self.formats["weight"]
        lo, hi = weight.lo << self.fraction, (weight.hi << self.fraction) + max(self._half - 1, 0)
        scale = 2.0 ** (weight.frac + self.fraction)
        masters = [np.clip(np.rint(w * scale), lo - self._half, hi).astype(np.int32) for w in weights]
        self.load(masters, [np.zeros(p.n_post, np.int64) for p in self.network.projections])

    @property
    def weights(self) -> list[Ints]:
        """Copies of the integer weights that the crossbars hold, [n_pre, n_post] for each projection."""
        return [
            self._forward(matrix, (p.n_pre, p.n_post)).copy()
            for matrix, p in zip(self.memory.matrices, self.network.projections, strict=True)
        ]

    @property
    def masters(self) -> list[Ints]:
        """Copies of weight and fraction as one integer, int32 [n_pre, n_post] for each projection."""
        return [
            self._masters[matrix.master :][: p.n_pre * p.n_post].reshape(p.n_pre, p.n_post).copy()
            for matrix, p in zip(self.memory.matrices, self.network.projections, strict=True)
        ]

    @property
    def biases(self) -> list[Ints]:
        """Copies of the biases, int64 [n_post] for each projection."""
        return [self._bias[self._units_of(p.target)].copy() for p in self.network.projections]

    # -- running --------------------------------------------------------------------------------------------------

    def run(
        self, inputs: Ints, targets: Ints, names: Ints, family: int, program: Program | None = None,
        capture: bool = True, probe: Ints | None = None,
    ) -> Outcome:  # fmt: skip
        """Run samples through a program (the chip's own by default), up to but not including the update.

        ``inputs``: [samples, inputs] and ``targets``: [samples, outputs], in steps of the membrane; ``names``: [samples],
        numbers that tell the samples' random draws apart; ``family``: key of the run's draws; ``probe``: units whose
        registers and spikes are recorded in every tick (one sample only).
        Raises RegisterOverflow when a register declared ``error`` overflows.
        """
        program = program or self.program
        n, outputs = len(names), self.network.populations[-1].size
        threads = 1 if probe is not None else max(1, min(self.threads, n))
        scratch = self._scratch_for(threads, len(program.phases))
        probe = np.zeros(0, np.int64) if probe is None else np.asarray(probe, np.int64)
        trace = np.zeros((program.ticks if len(probe) else 0, 1 + len(reg.STATE), len(probe)), np.int64)
        banks = np.zeros((n if capture else 0, program.banks, self.units), np.int32)
        readout = np.zeros((n, outputs), np.int32)
        phases = lower.phase_table(program)
        schedule = np.array(program.neuron.schedule(program.ticks), np.int64)
        nudge = np.array([program.nudge.multiplier, program.nudge.shift, program.flips], np.int64)
        bounds = np.linspace(0, n, threads + 1).astype(np.int64)
        self._use(threads)
        engine.run(
            bounds, np.asarray(names, np.int64), family, self._operations, self._populations, phases, schedule,
            nudge, self._formats, self._weights, self.memory.group, self._bias,
            np.asarray(inputs, np.int64), np.asarray(targets, np.int64), *scratch.arrays(), banks, readout,
            scratch.sent, probe, trace,
        )  # fmt: skip
        self._collect(scratch, n, program)
        return Outcome(readout, banks, trace)

    def learn(self, banks: Ints, rates: Sequence[Rate], bias_rates: Sequence[Rate], family: int) -> None:
        """Let the update unit walk all crossbars once, with the banks of a batch and one rate for each projection."""
        matrices = np.array(
            [
                [
                    self._units_of(p.source).start, self._units_of(p.target).start, p.n_pre, p.n_post,
                    m.forward, m.stride, m.back, m.back_stride, m.master,
                    rate.multiplier, rate.shift, bias_rate.multiplier, bias_rate.shift,
                ]
                for p, m, rate, bias_rate in zip(
                    self.network.projections, self.memory.matrices, rates, bias_rates, strict=True
                )
            ],
            np.int64,
        )  # fmt: skip
        terms = np.array([[t.sign, t.bank_pre, t.bank_post] for t in self.program.terms], np.int64)
        threads = max(1, min(self.threads, len(self._tiles)))
        sums = np.zeros((threads, self.memory.widest), self._sum_type(len(banks)))
        over = np.zeros((threads, 2, len(reg.REGISTERS)), np.int64)
        done = np.zeros((threads, len(matrices), 3), np.int64)
        one = min(1 << self.formats["bank"].frac, self.formats["bank"].hi)
        self._use(threads)
        learn.learn(
            self._tiles, matrices, terms, banks, one, self._formats, self.fraction, family, self._masters,
            self._weights, self._bias, sums, over, done,
        )  # fmt: skip
        self.tally.saturations += over[:, 0].sum(0)
        self.tally.updates += done.sum(0)
        self.tally.batches += 1
        self._refuse_overflow(over)

    def take_tally(self) -> Tally:
        """The events since the last call; counting starts again at zero."""
        tally, self.tally = self.tally, self._new_tally(self.program)
        return tally

    # -- inside ---------------------------------------------------------------------------------------------------

    @property
    def _half(self) -> int:
        return 1 << (self.fraction - 1) if self.fraction else 0

    def _forward(self, matrix: lower.Matrix, shape: tuple[int, int]) -> Ints:
        """View [n_pre, n_post] of a matrix in the weight memory."""
        block = self._weights[matrix.forward : matrix.forward + shape[0] * matrix.stride]
        return block.reshape(shape[0], -1)[:, : shape[1]]

    def _units_of(self, population: int) -> slice:
        offset, size = self._populations[population, [reg.OFFSET, reg.SIZE]]
        return slice(int(offset), int(offset + size))

    def _new_tally(self, program: Program) -> Tally:
        return Tally.zero(len(program.phases), self.units, len(self.network.projections))

    def _scratch_for(self, threads: int, phases: int) -> Scratch:
        key = (threads, phases)
        if key not in self._scratch:
            populations = len(self.network.populations)
            self._scratch[key] = Scratch.of(
                threads, phases, populations, self.units, self.memory.widest, self.memory.sum_type
            )
        return self._scratch[key]

    def _sum_type(self, samples: int) -> type[np.signedinteger[Any]]:
        """The narrowest scratch type in which a batch's sums are exact; ConfigError if none is."""
        bank = self.formats["bank"]
        bits = (samples * len(self.program.terms) * max(bank.hi, -bank.lo) ** 2).bit_length()
        if bits + self.hardware.update_unit.rate_bits > 62:
            message = f"experiment.batch times registers.bank.bits is too large: sums of {bits} bits"
            raise ConfigError([Problem(message, "experiment.batch")])
        return np.int32 if bits <= 31 else np.int64

    def _use(self, threads: int) -> None:
        if threads > 1 and not numba.config.DISABLE_JIT:
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))

    def _collect(self, scratch: Scratch, samples: int, program: Program) -> None:
        """Move the threads' counts into the tally (an inference program counts in the phases it shares)."""
        self.tally.spikes[: len(program.phases)] += scratch.sent.sum(0)
        self.tally.saturations += scratch.over[:, 0].sum(0)
        self.tally.samples += samples
        faults = scratch.fault[scratch.fault[:, col.F_REGISTER] >= 0]
        scratch.clear()
        if len(faults):
            self._refuse(faults[np.argmin(faults[:, col.F_SAMPLE])], program)

    def _refuse(self, fault: Ints, program: Program) -> NoReturn:
        register, unit, tick, phase, sample = (int(value) for value in fault)
        population, neuron = self._name(unit)
        core = self._home(population, neuron)
        raise RegisterOverflow(
            f"register {reg.REGISTERS[register]} overflowed on core {core} at tick {tick} of phase "
            f"{program.phases[phase].name!r}: neuron {neuron} of {self.network.populations[population].name}, sample "
            f"{sample} of the batch; widen registers.{reg.REGISTERS[register]} or let it saturate"
        )

    def _refuse_overflow(self, over: Ints) -> None:
        """Raise for strict registers that overflowed in the update unit."""
        for register, name in enumerate(reg.REGISTERS):
            strict = self._formats[register, reg.OVERFLOW] == 2
            if strict and over[:, 0, register].any():
                place = self._synapse(int(over[:, 1, register].max()) - 1, name)
                raise RegisterOverflow(
                    f"register {name} overflowed in the update after {self.tally.batches} batches: {place}; widen "
                    f"registers.{name} or let it saturate"
                )

    def _synapse(self, number: int, register: str) -> str:
        if register == "bias" or number >= self.memory.masters:
            population, neuron = self._name(number if register == "bias" else number - self.memory.masters)
            core = self._home(population, neuron)
            return f"bias of neuron {neuron} of {self.network.populations[population].name}, core {core}"
        index = max(i for i, m in enumerate(self.memory.matrices) if m.master <= number)
        projection = self.network.projections[index]
        pre, post = divmod(number - self.memory.matrices[index].master, projection.n_post)
        core = self._holder(index, pre, post)
        return f"synapse {pre} -> {post} of {self.network.label(index)}, core {core}"

    def _name(self, unit: int) -> tuple[int, int]:
        """(population, neuron) of a unit."""
        population = int(np.searchsorted(self._populations[:, reg.OFFSET], unit, side="right")) - 1
        return population, unit - int(self._populations[population, reg.OFFSET])

    def _home(self, population: int, neuron: int) -> int:
        """Core of a neuron's registers."""
        return next(g.core for g in self.placement.groups if g.population == population and neuron in g.neurons)

    def _holder(self, projection: int, pre: int, post: int) -> int:
        """Core of a synapse's crossbar."""
        forward = (b for b in self.placement.blocks if b.projection == projection and b.role == "forward")
        return next(block.core for block in forward if pre in block.rows and post in block.cols)
