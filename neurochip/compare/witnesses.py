"""The witnesses of one sample, chip, float twin and Brian2, recorded alike, and what they agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurochip.compare.differences import Difference, first_difference, first_place, named
from neurochip.compare.precision import is_full, outside, roundings, steps
from neurochip.compare.subject import Sample
from neurochip.experiment import Run
from neurochip.reference import REGISTERS, Reals, Record, Twin

SAME = 1e-9
"""How far two float witnesses may be apart: they add the same numbers in different orders."""

CONSISTENT = 1e-11
"""How far a float witness may be from its own equations in one tick."""


def chip_record(run: Run, sample: Sample) -> Record:
    """All registers of the chip in every tick of a sample, as real numbers."""
    whole = max(population.size for population in run.network.populations)
    probes = [
        run.probe(sample.index, sample.split, index, whole) for index in range(len(run.network.populations))
    ]
    return as_real(run, {name: np.concatenate([probe[name] for probe in probes], 1) for name in REGISTERS})


def as_real(run: Run, trace: dict[str, Any]) -> Record:
    """Integer registers [ticks, units] as real numbers."""
    size = steps(run)
    return {name: trace[name] * size[name] for name in REGISTERS}


def breach(run: Run, twin: Twin, name: str, found: Record, sample: Sample) -> Difference | None:
    """The first register of a witness that does not follow from its own registers just before it.

    ``name``: chip, float or brian2. A register that is full and saturates is such a place too.
    """
    expected = twin.expected(found, sample.inputs, sample.target, sample.sign)
    size = steps(run)
    if name == "chip":
        inputs = run.network.populations[0].size
        errors = {register: (found[register] - expected[register]) / size[register] for register in REGISTERS}
        # Inputs come from a table; real ones such as 51/255 are not exact in binary.
        errors["membrane"][:, :inputs] = np.trunc(errors["membrane"][:, :inputs] / (0.5 + 1e-6))
        wrong = {register: outside(run, register, error) for register, error in errors.items()}
    else:
        wrong = {
            register: np.abs(found[register] - expected[register]) > CONSISTENT for register in REGISTERS
        }
    place = first_place(wrong)
    if place is None:
        return None
    tick, unit, register = place
    allowed = CONSISTENT if name != "chip" else float(size[register][unit])
    full = name == "chip" and is_full(run, register, float(found[register][tick, unit]))
    note = "the register is full" if full else ""
    return named(tick, unit, register, found, expected, allowed, run.network, twin.timeline, note)


@dataclass(frozen=True)
class Agreement:
    """Chip and float twin on one sample.

    ``first``: the first register further apart than rounding explains, if spikes had been equal until then;
    None: none. ``first_spike``: the first spike that differs; ``margin``: how far the twin then was from its
    threshold, ``bound``: how far it may be. ``ties``: spikes of the chip that the twin, following the chip's
    spikes, would not have sent; ``unexplained``: those of them beyond the bound. ``largest``: for each
    register, the largest distance of the following twin, as a share of its bound.
    """

    first: Difference | None
    first_spike: Difference | None
    margin: float
    bound: float
    ties: int
    unexplained: int
    spikes: int
    largest: dict[str, float]

    @property
    def explained(self) -> bool:
        """Whether rounding explains everything."""
        return self.first is None and self.unexplained == 0 and max(self.largest.values()) <= 1.0


def agreement(run: Run, twin: Twin, chip: Record, free: Record, sample: Sample) -> Agreement:
    """The chip against ``free``, the twin on its own, and against the twin that follows the chip's spikes."""
    bounds = twin.drift(roundings(run))
    unequal = first_place({"spikes": chip["spikes"] != free["spikes"]})
    first_spike, margin, bound = None, 0.0, 0.0
    until = len(twin.timeline.ticks)
    if unequal:
        tick, unit, _ = unequal
        until = tick
        first_spike = named(tick, unit, "spikes", chip, free, 0.0, run.network, twin.timeline)
        margin, bound = float(_margin(free)[tick, unit]), float(bounds["residual"][tick, unit])
    same = {name: np.where(_before(until, chip[name]), chip[name], free[name]) for name in REGISTERS}
    first = first_difference(
        same,
        free,
        {name: bounds[name] * (1 + 1e-9) + 1e-12 for name in REGISTERS},
        run.network,
        twin.timeline,
    )
    led = twin.record(sample.inputs, sample.target, sample.sign, lead=chip["spikes"])
    decided = twin.expected(led, sample.inputs, sample.target, sample.sign)["spikes"]
    ties = decided != chip["spikes"]
    beyond = ties & (_margin(led) > bounds["residual"])
    largest = {name: _share(np.abs(chip[name] - led[name]), bounds[name]) for name in REGISTERS[:-1]}
    sent = int(np.count_nonzero(chip["spikes"]))
    return Agreement(first, first_spike, margin, bound, int(ties.sum()), int(beyond.sum()), sent, largest)


def _before(tick: int, values: Reals) -> Any:
    return (np.arange(len(values)) < tick)[:, None]


def _margin(record: Record) -> Reals:
    """Distance of each residual, before its spike was taken off, from the nearer threshold."""
    before = record["residual"] + record["spikes"]
    margin: Reals = np.minimum(np.abs(before - 0.5), np.abs(before + 0.5))
    return margin


def _share(error: Reals, bound: Reals) -> float:
    """Largest error as a share of its bound; errors of float arithmetic alone do not count."""
    real = np.where(error > 1e-12, error, 0.0)
    shares = np.divide(real, bound, out=np.where(real > 0, np.inf, 0.0), where=bound > 0)
    return float(shares.max())
