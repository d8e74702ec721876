"""The rounding error of each integer kernel, against the float twin that got the same spikes or banks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from neurochip.compare.subject import (
    held_by,
    initial_weights,
    masters_of,
    on_the_grid,
    put,
    sample_of,
    twin_of,
)
from neurochip.compare.witnesses import chip_record
from neurochip.experiment import Run
from neurochip.experiment.feed import Feed
from neurochip.fixed import draws, key
from neurochip.reference import Reals, Weights

BATCH = 64
"""Samples of the one batch that the update unit learns."""

MORE = 4
"""How many times more samples a comparison of free witnesses takes: different spikes are rare events."""


def states(run: Run, register: str, samples: int) -> Iterator[tuple[str, float]]:
    """By population: distance from a twin that follows the chip's spikes, in the free phase's second half."""
    yield from _distance(run, on_the_grid(run, initial_weights(run)), register, samples, led=True)


def currents(run: Run, _: str, samples: int) -> Iterator[tuple[str, float]]:
    """By population: the same of the currents, when the twin has the weights before they were rounded."""
    yield from _distance(run, initial_weights(run), "current", samples, led=True)


def free_states(run: Run, _: str, samples: int) -> Iterator[tuple[str, float]]:
    """By population: the same of the membrane, when the twin goes its own way."""
    weights = on_the_grid(run, initial_weights(run))
    yield from _distance(run, weights, "membrane", samples * MORE, led=False)


def banks(run: Run, _: str, samples: int) -> Iterator[tuple[str, float]]:
    """By population: what was captured at the end of the first nudged phase, against the membrane then."""
    feed = Feed.of(run.part("test"), run.chip.formats["membrane"])
    family = key(run.experiment.seed, draws.NEURON, 1 << 32)
    plus = twin_of(run, initial_weights(run)).timeline.plus
    total = np.zeros(run.network.neurons)
    for index in range(samples):
        inputs, aims, _labels = feed.take(np.array([index]))
        captured = run.chip.run(inputs, aims, np.array([index]), family).banks[0]
        sample = sample_of(run, index)
        slot = 0 if sample.sign > 0 else 1
        membrane = chip_record(run, sample)["membrane"][plus]
        total += np.abs(run.chip.formats["bank"].real(captured[slot]) - membrane)
    yield from _by_population(run, total / samples)


def updates(run: Run, register: str, _: int) -> Iterator[tuple[str, float]]:
    """By projection: one batch's step of weights or biases, against that of the same banks in float."""
    put(run.chip, initial_weights(run))
    before = masters_of(run)
    indices = np.arange(min(BATCH, len(run.part("train"))))
    inputs, aims, _labels = Feed.of(run.part("train"), run.chip.formats["membrane"]).take(indices)
    found = run.chip.run(inputs, aims, indices, key(run.experiment.seed, draws.NEURON, 0)).banks
    rates, bias_rates = run.rates()
    run.chip.learn(found, rates, bias_rates, key(run.experiment.seed, draws.UPDATE, 0, 0))
    after, wanted = masters_of(run), _step_of(run, found)
    kind = "matrices" if register == "fraction" else "biases"
    triples = zip(getattr(after, kind), getattr(before, kind), getattr(wanted, kind), strict=True)
    for index, (new, old, step) in enumerate(triples):
        moved = step != 0.0
        error = float(np.abs(new - old - step)[moved].mean()) if moved.any() else 0.0
        yield run.network.label(index).split(" ")[0], error


KERNEL_ERRORS: dict[str, Callable[[Run, str, int], Iterator[tuple[str, float]]]] = {
    "weight": currents,
    "decoded": states,
    "membrane": states,
    "residual": states,
    "bank": banks,
    "fraction": updates,
    "bias": updates,
    "states": free_states,
}
"""What is measured for each swept register: (place, mean absolute error) pairs of a run over some samples."""


def _distance(
    run: Run, weights: Weights, register: str, samples: int, led: bool
) -> Iterator[tuple[str, float]]:
    twin = twin_of(run, weights)
    ticks = slice(twin.timeline.free // 2, twin.timeline.free + 1)
    total = np.zeros(run.network.neurons)
    for index in range(samples):
        sample = sample_of(run, index % len(run.part("test")))
        chip = chip_record(run, sample)
        lead = chip["spikes"] if led else None
        alike = twin.record(sample.inputs, sample.target, sample.sign, lead=lead)
        total += np.abs(chip[register] - alike[register])[ticks].mean(0)
    yield from _by_population(run, total / samples)


def _by_population(run: Run, values: Reals) -> Iterator[tuple[str, float]]:
    start = run.network.populations[0].size
    for population in run.network.populations[1:]:
        yield population.name, float(values[start : start + population.size].mean())
        start += population.size


def _step_of(run: Run, found: Any) -> Weights:
    """The step that a batch's banks ask for, in float, at the rates that the update unit multiplies with."""
    formats = run.chip.formats
    real = formats["bank"].real(found)
    mean = twin_of(run, held_by(run.chip)).contrast(real[:, 0], real[:, 1])
    unit = formats["bank"].lsb ** 2 * run.program.gain / len(found)
    weight_step = formats["weight"].lsb * 2.0**-run.hardware.registers.fraction.bits / unit
    bias_step = formats["bias"].lsb / unit
    rates, bias_rates = run.rates()
    return Weights(
        [rate.real * weight_step * m for rate, m in zip(rates, mean.matrices, strict=True)],
        [rate.real * bias_step * b for rate, b in zip(bias_rates, mean.biases, strict=True)],
    )
