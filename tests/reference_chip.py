"""The machine, written a second time: slow, in plain Python, one crossbar and one neuron after the other.

It follows the equations of the docstrings and shares with the package only the records that describe a chip,
a placement and a program, and the definition of a random draw. A register holds an integer in its own steps.
To compute, it is turned into a real number, exact as an integer of 2**-128 steps; the result is rounded to a
register once, then held to its range. Dense projections only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from neurochip.fixed import Format, Rate, draws
from neurochip.hardware import Hardware
from neurochip.mapping import Block, Placement
from neurochip.neurons import SigmaDelta
from neurochip.program import Program

Matrix = list[list[int]]

UPDATED = ("current", "decoded", "membrane", "previous", "residual")
"""Neuron registers of the sigma-delta model, in the order of the chip's register numbers."""

POINT = 128
"""Fraction bits of a real number."""

ONE, HALF = 1 << POINT, 1 << POINT - 1

CAPTURES = 1 << 32
"""Draws at a phase's end are named by this plus the phase."""


class Overflow(Exception):
    """A strict register received what it cannot hold: (register, sample, tick)."""


def child(family: int, word: int) -> int:
    """The key of a sub-family of draws."""
    state = draws.mix(family + word & draws.MASK)
    return draws.mix((state ^ word >> 32) + draws.GOLDEN & draws.MASK)


def word(family: int, index: int) -> int:
    """Draw ``index`` of a family: a number in 0 .. 2**32-1."""
    value = index * draws.GOLDEN + family & draws.MASK
    for _ in range(2):
        value = draws.mix(value) ^ family
    return value


def times(real: int, multiplier: int, shift: int) -> int:
    """``real * multiplier * 2**-shift``; no bit may be lost on the way."""
    product = real * multiplier
    if shift <= 0:
        return product << -shift
    assert product % (1 << shift) == 0
    return product >> shift


def rounded(real: int, mode: str, family: int, index: int) -> int:
    """A real number as an integer; a random number in [0, 1) added to it rounds up as often as it should."""
    if mode == "floor":
        return real // ONE
    if mode == "nearest":
        return (real + HALF) // ONE
    return (real + word(family, index) * ONE // 2**32) // ONE


@dataclass
class Registers:
    """The formats of a chip's registers, and how often each overflowed."""

    formats: dict[str, Format]
    overflows: Counter[str] = field(default_factory=Counter)

    def hold(self, name: str, value: int) -> int:
        """What register ``name`` holds after ``value`` is written to it."""
        it = self.formats[name]
        lowest = -(2 ** (it.bits - 1)) if it.signed else 0
        return self._kept(name, value, lowest, 2**it.bits)

    def hold_master(self, value: int, fraction: int) -> int:
        """A weight with its fraction: the values that round (ties up) to a weight that the register holds."""
        it = self.formats["weight"]
        lowest = (-(2 ** (it.bits - 1)) if it.signed else 0) * 2**fraction - 2**fraction // 2
        return self._kept("weight", value, lowest, 2 ** (it.bits + fraction))

    def _kept(self, name: str, value: int, lowest: int, n_values: int) -> int:
        highest = lowest + n_values - 1
        if lowest <= value <= highest:
            return value
        self.overflows[name] += 1
        if self.formats[name].overflow == "wrap":
            return (value - lowest) % n_values + lowest
        return lowest if value < lowest else highest

    def require(self, sample: int, tick: int) -> None:
        """Raise `Overflow` if a strict register has overflowed."""
        for name in (*UPDATED, "partial", "bank", "accumulator", "weight", "bias"):
            it = self.formats.get(name)
            if it is not None and it.overflow == "error" and self.overflows[name]:
                raise Overflow(name, sample, tick)

    def real(self, name: str, value: int) -> int:
        """The real number that an integer in register ``name`` stands for."""
        return value << POINT - self.formats[name].frac


@dataclass
class Neurons:
    """All registers of all neurons, and the spikes fired in the last tick. Neurons are numbered chip-wide."""

    registers: dict[str, list[int]]
    spikes: list[int]

    @classmethod
    def cleared(cls, units: int) -> Neurons:
        return cls({name: [0] * units for name in UPDATED}, [0] * units)

    def copy(self) -> Neurons:
        return Neurons({name: list(values) for name, values in self.registers.items()}, list(self.spikes))


@dataclass
class Result:
    """What one sample left behind. ``ticks``: all neurons after each; ``arrived``: spikes by phase."""

    readout: list[int]
    banks: list[list[int]]
    ticks: list[Neurons]
    arrived: list[list[int]]


class ReferenceChip:
    """The machine. ``masters`` [n_pre][n_post] and ``biases`` [n_post] of each projection are integers."""

    def __init__(
        self,
        hardware: Hardware,
        placement: Placement,
        program: Program,
        masters: Sequence[Any],
        biases: Sequence[Any],
    ) -> None:
        self.placement, self.program, self.network = placement, program, placement.network
        self.fraction = hardware.registers.fraction.bits
        self.registers = Registers(hardware.registers.formats())
        self.masters: list[Matrix] = [[[int(w) for w in row] for row in matrix] for matrix in masters]
        self.biases: list[list[int]] = [[int(b) for b in each] for each in biases]
        self.updates = [[0, 0, 0] for _ in masters]
        sizes = [population.size for population in self.network.populations]
        self.first = [sum(sizes[:index]) for index in range(len(sizes) + 1)]
        formats = self.registers.formats
        state = formats["membrane"]
        self.one = min(2**state.frac, 2 ** (state.bits - state.signed) - 1)
        assert isinstance(program.neuron, SigmaDelta)
        self.neuron = program.neuron

    def weights(self) -> list[Matrix]:
        """The weights that the crossbars hold: masters rounded to the nearest weight, ties up."""
        return [[[self._weight(master) for master in row] for row in matrix] for matrix in self.masters]

    # -- a sample ----------------------------------------------------------------------------------------

    def run(self, name: int, inputs: Any, target: Any, family: int, program: Program | None = None) -> Result:
        """Run sample number ``name`` through all phases."""
        program, family = program or self.program, child(family, name)
        units = self.first[-1]
        flip = program.flips and word(family, 0) % 2 == 1
        result = Result([], [[0] * units for _ in range(program.banks)], [], [])
        now, time = Neurons.cleared(units), 0
        saved, saved_time = now, 0
        weights = self.weights()
        for index, phase in enumerate(program.phases):
            if phase.start == "reset":
                now, time = Neurons.cleared(units), 0
            elif phase.start == "restore":
                now, time = saved.copy(), saved_time
            result.arrived.append([0] * units)
            sign = -phase.nudge if flip else phase.nudge
            nudge = sign * times(ONE, program.nudge.multiplier, program.nudge.shift)
            for _ in range(phase.ticks):
                result.arrived[-1] = [n + abs(q) for n, q in zip(result.arrived[-1], now.spikes, strict=True)]
                now = self._tick(now, time, nudge, inputs, target, weights, child(family, time + 1))
                result.ticks.append(now)
                self.registers.require(name, time)
                time += 1
            if phase.save:
                saved, saved_time = now.copy(), time
            if phase.readout:
                outputs = self.network.populations[-1].size
                result.readout = now.registers["membrane"][units - outputs :]
            if phase.bank is not None:
                bank = 1 - phase.bank if flip else phase.bank
                result.banks[bank] = self._capture(now, child(family, CAPTURES + index))
                self.registers.require(name, time - 1)
        return result

    def _tick(
        self,
        now: Neurons,
        time: int,
        nudge: int,
        inputs: Any,
        target: Any,
        weights: list[Matrix],
        family: int,
    ) -> Neurons:
        """One tick: deliver and integrate, update, fire; ``now`` is only read."""
        after = now.copy()
        after.registers["previous"] = list(now.registers["membrane"])
        after.registers["current"] = [0] * len(now.spikes)
        currents = self._integrate(now, weights)
        shifts = [_at(steps, time) for steps in (self.neuron.decode_shift, self.neuron.step_shift)]
        last = len(self.network.populations) - 1
        for population in range(last + 1):
            for number in range(self.network.populations[population].size):
                unit = self.first[population] + number
                if population == 0:
                    after.registers["membrane"][unit] = int(inputs[number])
                else:
                    pull = nudge if population == last else 0
                    aim = int(target[number]) if population == last else 0
                    bias = self.biases[population - 1][number]
                    self._update(after, unit, currents[unit], bias, pull, aim, shifts, family)
                self._fire(after, unit, shifts[0], family)
        return after

    def _integrate(self, now: Neurons, weights: list[Matrix]) -> list[int]:
        """What reaches the neurons: each crossbar's partial sums, held to their register, then added up."""
        totals = [0] * len(now.spikes)
        for block in self.placement.blocks:
            projection = self.network.projections[block.projection]
            matrix = weights[block.projection]
            below, above = self.first[projection.source], self.first[projection.target]
            up = block.role == "forward"
            feedback = self.program.feedback and projection.source != 0
            if up:
                for post in block.cols:
                    sums = [now.spikes[below + pre] * matrix[pre][post] for pre in block.rows]
                    totals[above + post] += self.registers.hold("partial", sum(sums))
            if feedback and not (up and self._has_mirror(block)):
                pres, posts = (block.rows, block.cols) if up else (block.cols, block.rows)
                for pre in pres:
                    sums = [now.spikes[above + post] * matrix[pre][post] for post in posts]
                    totals[below + pre] += self.registers.hold("partial", sum(sums))
        return totals

    def _has_mirror(self, block: Block) -> bool:
        return any(it.role == "mirror" and it.projection == block.projection for it in self.placement.blocks)

    def _update(
        self,
        to: Neurons,
        unit: int,
        total: int,
        bias: int,
        nudge: int,
        target: int,
        shifts: list[int],
        family: int,
    ) -> None:
        """r <- r + lambda (u - r); V <- clip(V + epsilon (r + b - V + nudge (y - V)), 0, 1)."""
        real, it = self.registers.real, to.registers
        it["current"][unit] = self.registers.hold("current", total)
        u, r = real("current", it["current"][unit]), real("decoded", it["decoded"][unit])
        it["decoded"][unit] = self._write("decoded", r + times(u - r, 1, shifts[0]), family, unit)
        r, v = real("decoded", it["decoded"][unit]), real("membrane", it["membrane"][unit])
        y = real("membrane", target)
        v += times(r + real("bias", bias) - v + times(y - v, nudge, POINT), 1, shifts[1])
        steps = self._rounded("membrane", v, family, unit)
        it["membrane"][unit] = min(max(steps, 0), self.one)

    def _fire(self, to: Neurons, unit: int, decode: int, family: int) -> None:
        """phi <- phi + (V - V_previous) / lambda + V_previous; a spike takes 1 from what exceeds one half."""
        real, it = self.registers.real, to.registers
        v, before = real("membrane", it["membrane"][unit]), real("membrane", it["previous"][unit])
        signal = times(v - before, 1, -decode) + before
        phi = it["residual"][unit] + self._rounded("residual", signal, family, unit)
        spike = 0
        if real("residual", phi) > HALF:
            spike = 1
        elif real("residual", phi) < -HALF and self.neuron.spikes == "signed":
            spike = -1
        phi -= spike * 2 ** self.registers.formats["residual"].frac
        it["residual"][unit] = self.registers.hold("residual", phi)
        to.spikes[unit] = spike

    def _capture(self, now: Neurons, family: int) -> list[int]:
        bank = self.registers.formats["bank"]
        steps = [times(self.registers.real("membrane", v), 1, -bank.frac) for v in now.registers["membrane"]]
        captured = [rounded(step, bank.rounding, family, unit) for unit, step in enumerate(steps)]
        return [self.registers.hold("bank", value) for value in captured]

    def _rounded(self, register: str, value: int, family: int, unit: int) -> int:
        it = self.registers.formats[register]
        number = {"decoded": 1, "membrane": 2, "residual": 4}[register]
        return rounded(times(value, 1, -it.frac), it.rounding, family, unit * 16 + number)

    def _write(self, register: str, value: int, family: int, unit: int) -> int:
        return self.registers.hold(register, self._rounded(register, value, family, unit))

    # -- the update unit ---------------------------------------------------------------------------------

    def learn(
        self, banks: Sequence[Any], rates: Sequence[Rate], bias_rates: Sequence[Rate], family: int
    ) -> None:
        """Update weights and biases; ``banks``: [samples][banks][units]."""
        every, names = self.registers.formats, 0
        synapses = sum(projection.n_pre * projection.n_post for projection in self.network.projections)
        one = min(2 ** every["bank"].frac, 2 ** (every["bank"].bits - every["bank"].signed) - 1)
        for index, projection in enumerate(self.network.projections):
            below, above = self.first[projection.source], self.first[projection.target]
            for pre in range(projection.n_pre):
                for post in range(projection.n_post):
                    name = names + pre * projection.n_post + post
                    total = self._sum(banks, below + pre, above + post)
                    if total:
                        self._write_weight(index, pre, post, total, rates[index], family, name)
            for post in range(projection.n_post):
                total = self.registers.hold("accumulator", self._sum(banks, None, above + post, one))
                delta = times(total * ONE, bias_rates[index].multiplier, bias_rates[index].shift)
                delta = rounded(delta, every["bias"].rounding, family, synapses + above + post)
                self.biases[index][post] = self.registers.hold("bias", self.biases[index][post] + delta)
            names += projection.n_pre * projection.n_post

    def _sum(self, banks: Sequence[Any], pre: int | None, post: int, one: int = 0) -> int:
        total = 0
        for sample in banks:
            for term in self.program.terms:
                before = one if pre is None else int(sample[term.bank_pre][pre])
                total += term.sign * before * int(sample[term.bank_post][post])
        return total

    def _write_weight(
        self, index: int, pre: int, post: int, total: int, rate: Rate, family: int, name: int
    ) -> None:
        row, before = self.masters[index][pre], self._weight(self.masters[index][pre][post])
        total = self.registers.hold("accumulator", total)
        delta = times(total * ONE, rate.multiplier, rate.shift)
        delta = rounded(delta, self.registers.formats["weight"].rounding, family, name)
        self.updates[index][0] += 1
        self.updates[index][1] += delta == 0
        row[post] = self.registers.hold_master(row[post] + delta, self.fraction)
        self.updates[index][2] += self._weight(row[post]) != before

    def _weight(self, master: int) -> int:
        return (master + 2**self.fraction // 2) // 2**self.fraction


def _at(steps: Any, time: int) -> int:
    """A shift at a time of a sample: a number, or the last [from tick, shift] that has begun."""
    if isinstance(steps, int):
        return steps
    current = 0
    for start, shift in steps:
        if start <= time:
            current = shift
    return current
