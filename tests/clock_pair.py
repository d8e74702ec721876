"""The same network on both engines, with the same weights and data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import Chip
from neurochip.clock import Clock
from neurochip.clock.events import Events
from neurochip.counts import Counts, Tally
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import Network
from neurochip.program import Program
from neurochip.rules import EP
from neurochip.timing.estimate import estimate
from neurochip.timing.record import Timing

Ints = NDArray[np.integer[Any]]


def program(variant: str = "symmetric", free: int = 6, nudged: int = 3) -> Program:
    rule = {"name": "ep", "variant": variant, "ticks": {"free": free, "nudged": nudged}, "learning_rate": 0.1}
    return EP.model_validate(rule).program(8)


@dataclass
class Pair:
    """Two chips: ``fast`` and ``clock``."""

    network: Network
    hardware: Hardware
    rule: Program
    fold: bool = False
    seed: int = 0
    scale: float = 0.4
    fast: Chip = field(init=False)
    clock: Clock = field(init=False)
    won: Ints | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        placement = place(self.network, self.hardware, self.rule.feedback, fold=self.fold)
        self.fast, self.clock = (kind(self.hardware, placement, self.rule) for kind in (Chip, Clock))
        self.draw = np.random.default_rng(self.seed)
        weight, lsb = self.fast.formats["weight"], 2**self.fast.fraction * self.scale
        masters = [
            np.rint(self.draw.uniform(weight.lo, weight.hi, p.weight_shape) * lsb).astype(np.int64)
            for p in self.network.projections
        ]
        bias = self.fast.formats["bias"]
        lo, hi = max(bias.lo, -40), min(bias.hi, 40)
        biases = [self.draw.integers(lo, hi + 1, p.weight_shape[1]) for p in self.network.projections]
        for chip in (self.fast, self.clock):
            chip.load(masters, biases)

    def data(self, samples: int) -> tuple[Ints, Ints]:
        """Random inputs, every third one silent, and one-hot targets."""
        one = min(1 << self.fast.formats["membrane"].frac, self.fast.formats["membrane"].hi)
        sizes = [population.size for population in self.network.populations]
        inputs = self.draw.integers(0, one + 1, (samples, sizes[0]))
        inputs[:, ::3] = 0
        targets = np.zeros((samples, sizes[-1]), np.int64)
        targets[np.arange(samples), self.draw.integers(0, sizes[-1], samples)] = one
        return inputs, targets

    def run(self, samples: int, family: int = 7) -> Ints:
        """Run samples on both and compare everything, every register in every tick included; returns the
        banks."""
        inputs, targets = self.data(samples)
        units, banks, won = np.arange(self.network.neurons), [], list[Ints]()
        for n in range(samples):
            given = inputs[n : n + 1], targets[n : n + 1], np.array([n]), family
            one, other = self.fast.run(*given, probe=units), self.clock.run(*given, probe=units)
            np.testing.assert_array_equal(one.trace, other.trace)
            np.testing.assert_array_equal(one.banks, other.banks)
            np.testing.assert_array_equal(one.readout, other.readout)
            np.testing.assert_array_equal(one.won, other.won)
            banks.append(one.banks)
            won.append(one.won)
        self.won = np.concatenate(won)
        return np.concatenate(banks)

    def batches(self) -> None:
        """Two batches of five samples, by three threads of the fast engine: equal banks, then updates."""
        self.fast.threads = 3
        inputs, targets = self.data(5)
        for family in range(2):
            given = inputs, targets, np.arange(5), family
            one, other = self.fast.run(*given), self.clock.run(*given)
            np.testing.assert_array_equal(one.banks, other.banks)
            np.testing.assert_array_equal(one.won, other.won)
            self.won = one.won
            self.learn(one.banks)
        self.compare_counts()

    def timed(self) -> tuple[Timing, Timing]:
        """The estimate of three samples and an update, and the cycles that they took: near each other, equal
        in what does not depend on when spikes meet."""
        inputs, targets = self.data(3)
        outcome = self.fast.run(inputs, targets, np.arange(3), 1, loads=True)
        self.clock.run(inputs, targets, np.arange(3), 1)
        self.learn(outcome.banks)
        cycles = self.clock.take_timing()
        found = estimate(self.fast.placement, self.fast.hardware, self.rule, outcome.loads, [3])
        assert abs(found.samples / cycles.samples - 1).max() < 0.10
        assert abs(found.updates / cycles.updates - 1).max() < 0.03
        np.testing.assert_array_equal(found.links, cycles.links)
        assert found.critical_core == cycles.critical_core
        return found, cycles

    def learn(self, banks: Ints, family: int = 3) -> None:
        """Update both and compare all weights."""
        n = len(self.network.projections)
        for chip in (self.fast, self.clock):
            chip.learn(banks, [Rate(37, 6)] * n, [Rate(3, 8)] * n, family, self.won)
        for name in ("masters", "weights", "biases"):
            for one, other in zip(getattr(self.fast, name), getattr(self.clock, name), strict=True):
                np.testing.assert_array_equal(one, other, err_msg=name)

    def compare_counts(self) -> Events:
        """Compare all that was counted since the last call, by phase and core; returns the events.

        Random words are compared with `random_words` as well.
        """
        tally, events = self.fast.take_tally(), self.clock.take_events()
        np.testing.assert_array_equal(tally.spikes, events.spikes)
        np.testing.assert_array_equal(tally.saturations, events.saturations)
        np.testing.assert_array_equal(events.updates.sum(0), tally.updates.sum(0)[:3])
        assert events.differences(self.derived(tally)) == []
        words = events.per_core["random_words"].sum(1).tolist()
        assert words == [*self.random_words(tally.samples), *words[-1:]]
        return events

    def random_words(self, samples: int) -> list[int]:
        """Words in each phase: of every stochastic rounding that drops bits, and of the nudge's sign."""
        random = {name: it.rounding == "stochastic" for name, it in self.fast.formats.items()}
        frac = {name: it.frac for name, it in self.fast.formats.items()}
        sizes = [population.size for population in self.network.populations]
        found, time, saved = [], 0, 0
        for phase in self.rule.phases:
            time = {"reset": 0, "restore": saved}.get(phase.start, time)
            steps = self.rule.neuron.schedule(self.rule.ticks)[time : time + phase.ticks]
            words = 0
            for decode, step in steps:
                for index, size in enumerate(sizes):
                    common = max(frac["decoded"], frac["bias"], frac["membrane"])
                    current = frac["weight"] + self.finer[index]
                    nudge = self.rule.nudge.shift if phase.nudge and index == len(sizes) - 1 else 0
                    drops = {
                        "decoded": decode + max(current - frac["decoded"], 0),
                        "membrane": step + nudge + common - frac["membrane"],
                        "residual": frac["membrane"] - frac["residual"],
                    }
                    drawing = [name for name, by in drops.items() if random[name] and by > 0]
                    words += size * len(set(drawing) - ({"decoded", "membrane"} if index == 0 else set()))
            if phase.bank is not None and random["bank"] and frac["membrane"] > frac["bank"]:
                words += sum(sizes)
            found.append((words + (self.rule.flips and not found)) * samples)
            time += phase.ticks
            saved = time if phase.save else saved
        return found

    @property
    def finer(self) -> list[int]:
        """For each population, how much finer its currents are than a weight: pooling on either side."""
        bits = [p.pool_bits for p in self.network.projections]
        own = [max(bits[max(index - 1, 0) : index + 1]) for index in range(len(bits) + 1)]
        return [0, *own[1:]]

    def derived(self, tally: Tally) -> Counts:
        """Counts as they follow from a tally of the fast engine."""
        return Counts.of(tally, self.fast.placement, self.rule, self.hardware)


def with_keys(hardware: Hardware, **sections: dict[str, int]) -> Hardware:
    """A chip with other values in some sections, as ``noc={"flit_bits": 8}``."""
    update = {name: getattr(hardware, name).model_copy(update=keys) for name, keys in sections.items()}
    return hardware.model_copy(update=update)
