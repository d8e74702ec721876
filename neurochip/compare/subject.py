"""What is compared: an experiment on a chip and its float twin, with the same weights and samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import Chip
from neurochip.errors import ConfigError, Problem
from neurochip.experiment import Run
from neurochip.fixed import draws, key
from neurochip.fixed.scalar import draw, subkey
from neurochip.reference import TWINS, Coding, Reals, Twin, Weights

Ints = NDArray[np.integer[Any]]

INFERENCE = 1 << 32
"""What stands for the epoch in the draws of a prediction or a probe."""


@dataclass(frozen=True)
class Sample:
    """One sample of a part: real inputs [inputs], one-hot target [outputs], and the sign of its nudge."""

    split: str
    index: int
    inputs: Reals
    target: Reals
    sign: float


def twin_of(run: Run, weights: Weights, coding: Coding = "spikes", **changes: Any) -> Twin:
    """The float twin of a run's rule with these weights; ``changes`` replace keys of the rule.

    Nudge strengths are those that the chip can multiply with. Raises ConfigError if the shelf has no such
    twin.
    """
    rule = run.experiment.rule.model_dump()
    if rule["name"] not in TWINS:
        message = f"rule.name must be one of {', '.join(TWINS)} to be compared, not {rule['name']}"
        raise ConfigError([Problem(message, "experiment.rule.name")])
    return TWINS[rule["name"]].of(
        run.network, {**rule, "beta": run.program.nudge.real, **changes}, weights, coding
    )


def initial_weights(run: Run) -> Weights:
    """The real weights that the run starts from, with biases 0."""
    given = run.network.initial_weights(run.experiment.seed, run.experiment.network.gain)
    return Weights.of(run.network, given)


def on_the_grid(run: Run, weights: Weights) -> Weights:
    """What crossbars should hold of real weights: rounded with their fraction, then to the weight's bits."""
    weight, bias = run.chip.formats["weight"], run.chip.formats["bias"]
    fine = 2.0**run.hardware.registers.fraction.bits

    def held(matrix: Reals) -> Reals:
        steps = np.rint(matrix / weight.lsb * fine) / fine
        return np.clip(np.floor(steps + (0.5 if fine > 1 else 0.0)), weight.lo, weight.hi) * weight.lsb

    return Weights(
        [held(matrix) for matrix in weights.matrices],
        [np.clip(np.rint(b / bias.lsb), bias.lo, bias.hi) * bias.lsb for b in weights.biases],
    )


def held_by(chip: Chip) -> Weights:
    """The weights and biases that a chip holds, as real numbers."""
    weight, bias = chip.formats["weight"], chip.formats["bias"]
    return Weights.of(
        chip.network, [weight.real(w) for w in chip.weights], [bias.real(b) for b in chip.biases]
    )


def masters_of(run: Run) -> Weights:
    """Weights with their fractions, and biases, as real numbers."""
    scale = run.chip.formats["weight"].lsb * 2.0**-run.hardware.registers.fraction.bits
    masters = [np.asarray(master * scale, np.float64) for master in run.chip.masters]
    return Weights(masters, held_by(run.chip).biases)


def put(chip: Chip, weights: Weights) -> None:
    """Write real weights and biases into a chip, rounded to the nearest that it can hold."""
    weight, bias, fraction = (
        chip.formats["weight"],
        chip.formats["bias"],
        chip.hardware.registers.fraction.bits,
    )
    lo, hi = weight.lo << fraction, weight.hi << fraction
    masters = [
        np.clip(np.rint(w / weight.lsb * 2.0**fraction), lo, hi).astype(np.int32) for w in weights.matrices
    ]
    chip.load(masters, [bias.quantise(values) for values in weights.biases])


def real_inputs(run: Run, split: str, indices: Ints) -> Reals:
    """Inputs [samples, inputs] as the network should see them: full scale is 1.0, channels innermost."""
    part = run.part(split)
    pixels = part.inputs[indices].transpose(0, 2, 3, 1).reshape(len(indices), -1)
    values: Reals = pixels / part.full_scale
    return values


def targets(run: Run, split: str, indices: Ints) -> Reals:
    """One-hot targets [samples, outputs]."""
    part = run.part(split)
    return np.eye(len(part.classes))[part.labels[indices]]


def sample_of(run: Run, index: int, split: str = "test") -> Sample:
    """A sample as the witnesses get it."""
    one = np.array([index])
    sign = float(signs(run, one, INFERENCE)[0])
    return Sample(split, index, real_inputs(run, split, one)[0], targets(run, split, one)[0], sign)


def signs(run: Run, names: Ints, epoch: int) -> Reals:
    """The signs of the nudge that the chip draws for samples of these names; 1 where the rule draws none."""
    if not run.program.flips:
        return np.ones(len(names))
    family = key(run.experiment.seed, draws.NEURON, epoch)
    flipped = [draw(subkey(family, int(name)), 0) & 1 for name in names]
    return 1.0 - 2.0 * np.array(flipped, np.float64)
