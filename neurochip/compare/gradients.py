"""How well equilibrium propagation estimates the exact gradient: in float, with spikes, and on the chip.

The exact gradient is that of the loss after the free phase of the rate network (back-propagation through
time) with the same weights. The cosine says whether the step points the right way, the relative error |step -
exact| / |exact| also how long it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurochip.compare.subject import held_by, masters_of, put, real_inputs, targets, twin_of
from neurochip.compare.variants import STATES, with_bits, with_fractions, with_rule
from neurochip.experiment import Run, Setup
from neurochip.experiment.feed import Feed
from neurochip.fixed import draws, key
from neurochip.reference import Coding, Reals, Twin, Weights

SMALL = (0.1, 0.01, 0.001)
BETAS = (0.9, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02)
FREE = (5, 10, 20, 40, 80)
NUDGED = (2, 5, 10, 20, 40)
WEIGHT_BITS = (3, 4, 6, 8, 12, 16)
STATE_FRACS = (4, 6, 8, 10, 12, 16)
BATCH = 256
FIRST, LAST = "after one epoch", "after the last epoch"

CODINGS: tuple[Coding, ...] = ("rates", "spikes")


@dataclass(frozen=True)
class Estimate:
    """One estimate against the exact gradient, with one number for each projection.

    ``sweep``: which table it belongs to; ``by``: rates, spikes or chip; ``value``: of what is swept.
    ``errors``: nan where the exact gradient is 0.
    """

    sweep: str
    by: str
    variant: str
    value: float
    cosines: tuple[float, ...]
    errors: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """The fields as a JSON object."""
        names = ("sweep", "by", "variant", "value")
        fields = {name: getattr(self, name) for name in names}
        errors = [None if np.isnan(error) else error for error in self.errors]
        return {**fields, "cosine": list(self.cosines), "relative_error": errors}


@dataclass(frozen=True)
class Batch:
    """The samples whose mean gradient is estimated."""

    indices: Any
    inputs: Reals
    targets: Reals

    @classmethod
    def of(cls, run: Run, size: int = BATCH) -> Batch:
        """The first ``size`` training samples."""
        indices = np.arange(min(size, len(run.part("train"))))
        return cls(indices, real_inputs(run, "train", indices), targets(run, "train", indices))


def table(setup: Setup, run: Run, size: int = BATCH, **how: Any) -> list[Estimate]:
    """Estimates with the weights that ``run`` holds: the default setting, then sweeps around it.

    ``how``: threads and data_dir for the chips of other widths.
    """
    batch, weights = Batch.of(run, size), held_by(run.chip)
    exact = twin_of(run, weights).exact(batch.inputs, batch.targets)
    found = at_the_setting(run, FIRST, size)
    found += _theorem(run, weights, batch)
    found += _over_beta(setup, run, weights, batch, exact, how)
    found += _over_ticks(run, weights, batch, exact)
    found += _over_widths(setup, run, batch, how)
    return found


def at_the_setting(run: Run, sweep: str, size: int = BATCH) -> list[Estimate]:
    """Estimates at the experiment's own setting, with the weights that ``run`` holds."""
    batch, weights, rule = Batch.of(run, size), held_by(run.chip), run.experiment.rule
    exact = twin_of(run, weights).exact(batch.inputs, batch.targets)
    steps = {by: _float_step(twin_of(run, weights, by), batch) for by in CODINGS}
    named = [*steps.items(), ("chip", chip_step(run, batch))]
    return [_judged(sweep, by, rule.variant, rule.beta, step, exact) for by, step in named]


def _theorem(run: Run, weights: Weights, batch: Batch) -> Iterator[Estimate]:
    """Both phases four times as long, so that they settle, and beta towards 0: here EP is the gradient."""
    ticks = run.experiment.rule.ticks
    lengths = {"free": 4 * ticks.free, "nudged": 4 * ticks.nudged}
    exact = twin_of(run, weights, ticks=lengths).exact(batch.inputs, batch.targets)
    for variant in ("symmetric", "one_sided"):
        for beta in SMALL:
            twin = twin_of(run, weights, "rates", variant=variant, beta=beta, ticks=lengths)
            yield _judged("theorem", "rates", variant, beta, _float_step(twin, batch), exact)


def _over_beta(
    setup: Setup, run: Run, weights: Weights, batch: Batch, exact: Weights, how: dict[str, Any]
) -> Iterator[Estimate]:
    for variant in ("symmetric", "one_sided"):
        for beta in BETAS:
            yield from _twins(run, weights, batch, exact, "beta", beta, variant=variant, beta=beta)
            other = Run(with_rule(setup, variant=variant, beta=beta), **how)
            put(other.chip, masters_of(run))
            yield _judged("beta", "chip", variant, beta, chip_step(other, batch), exact)


def _over_ticks(run: Run, weights: Weights, batch: Batch, exact: Weights) -> Iterator[Estimate]:
    """Free ticks against the gradient of the settled network (four times the setting), then nudged ticks."""
    ticks = run.experiment.rule.ticks
    settled = {"free": max(4 * ticks.free, max(FREE)), "nudged": ticks.nudged}
    limit = twin_of(run, weights, ticks=settled).exact(batch.inputs, batch.targets)
    for free in FREE:
        lengths = {"free": free, "nudged": ticks.nudged}
        yield from _twins(run, weights, batch, limit, "free ticks", free, ticks=lengths)
    for nudged in NUDGED:
        lengths = {"free": ticks.free, "nudged": nudged}
        yield from _twins(run, weights, batch, exact, "nudged ticks", nudged, ticks=lengths)


def _over_widths(setup: Setup, trained: Run, batch: Batch, how: dict[str, Any]) -> Iterator[Estimate]:
    """The chip at other widths of weights and states, each against the gradient of its own weights."""
    weights = masters_of(trained)
    for sweep, values in (("weight bits", WEIGHT_BITS), ("state fraction bits", STATE_FRACS)):
        for value in values:
            run = Run(with_width(setup, sweep, value), **how)
            put(run.chip, weights)
            exact = twin_of(run, held_by(run.chip)).exact(batch.inputs, batch.targets)
            yield _judged(sweep, "chip", run.experiment.rule.variant, value, chip_step(run, batch), exact)


def with_width(setup: Setup, sweep: str, value: int) -> Setup:
    """The setup with another width of the weight, sums wide, or ``value`` fraction bits in all states."""
    formats = setup.hardware.registers.formats()
    if sweep == "weight bits":
        it = formats["weight"]
        return with_fractions(with_bits(setup, partial=32, current=32), weight=value - it.bits + it.frac)
    least = {name: 8 - formats[name].bits + formats[name].frac for name in STATES}
    return with_fractions(setup, **{name: max(value, least[name]) for name in STATES})


def _twins(
    run: Run, weights: Weights, batch: Batch, exact: Weights, sweep: str, value: float, **changes: Any
) -> Iterator[Estimate]:
    variant = changes.get("variant", run.experiment.rule.variant)
    for by in CODINGS:
        step = _float_step(twin_of(run, weights, by, **changes), batch)
        yield _judged(sweep, by, variant, value, step, exact)


def _float_step(twin: Twin, batch: Batch) -> Weights:
    return twin.estimate(batch.inputs, batch.targets)[0]


def chip_step(run: Run, batch: Batch) -> Weights:
    """What the banks of the chip say of a batch, as a mean step in real numbers."""
    inputs, aims, _ = Feed.of(run.part("train"), run.chip.formats["membrane"]).take(batch.indices)
    family = key(run.experiment.seed, draws.NEURON, 1 << 32)
    banks = run.chip.formats["bank"].real(run.chip.run(inputs, aims, batch.indices, family).banks)
    run.chip.take_tally()
    return twin_of(run, held_by(run.chip)).contrast(banks[:, 0], banks[:, 1])


def _judged(sweep: str, by: str, variant: str, value: float, step: Weights, exact: Weights) -> Estimate:
    pairs = list(zip(_layers(step), _layers(exact), strict=True))
    cosines = tuple(cosine(a, b) for a, b in pairs)
    errors = tuple(relative_error(a, b) for a, b in pairs)
    return Estimate(sweep, by, variant, float(value), cosines, errors)


def _layers(weights: Weights) -> Sequence[Reals]:
    """One vector for each projection: its weights and biases."""
    return [np.concatenate([m.reshape(-1), b]) for m, b in zip(weights.matrices, weights.biases, strict=True)]


def cosine(a: Reals, b: Reals) -> float:
    """Cosine of the angle between two vectors; 0 where one of them is 0."""
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length else 0.0


def relative_error(a: Reals, b: Reals) -> float:
    """Distance of two vectors as a share of the second's length; nan if that is 0."""
    length = float(np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / length if length else float("nan")
