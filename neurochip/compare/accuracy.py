"""Accuracy of the chip and of its float twin, from the same weights over the same samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurochip.compare.subject import initial_weights, real_inputs, signs, twin_of
from neurochip.compare.variants import with_seed
from neurochip.experiment import Run, Setup
from neurochip.fixed import permutation
from neurochip.reference import Twin

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Course:
    """Test accuracy of the untrained network and after each epoch, for one seed."""

    seed: int
    chip: tuple[float, ...]
    twin: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        """The fields as a JSON object."""
        return {"seed": self.seed, "chip": list(self.chip), "float": list(self.twin)}


@dataclass
class Race:
    """A run of the chip and its twin, epoch by epoch."""

    run: Run
    twin: Twin

    @classmethod
    def of(cls, setup: Setup, seed: int, **how: Any) -> Race:
        """Both at the start, with the experiment's seed replaced; ``how``: threads and data_dir of `Run`."""
        run = Run(with_seed(setup, seed), **how)
        return cls(run, twin_of(run, initial_weights(run)))

    def train_epoch(self) -> None:
        """Both learn the training samples once; the twin at the rule's own rates, unrounded."""
        run, epoch = self.run, self.run.epoch
        samples = len(self.run.part("train"))
        order = permutation(run.experiment.seed, epoch, samples)
        drawn = signs(run, np.arange(samples), epoch) if run.program.flips else None
        inputs, labels = self._inputs("train"), run.part("train").labels
        self.twin.train_epoch(inputs, labels, order, run.experiment.batch, run.real_rates, drawn)
        run.train_epoch()

    def accuracies(self, split: str = "test") -> tuple[float, float]:
        """Of the chip and of the twin."""
        predicted = self.twin.predict(self._inputs(split))
        return self.run.evaluate(split), float((predicted == self.run.part(split).labels).mean())

    def _inputs(self, split: str) -> Any:
        return real_inputs(self.run, split, np.arange(len(self.run.part(split))))


def course(race: Race, epochs: int, tell: Tell = lambda line: None) -> Course:
    """Train both for as many epochs as are left."""
    found = [race.accuracies()]
    while race.run.epoch < epochs:
        race.train_epoch()
        found.append(race.accuracies())
        chip, twin = found[-1]
        tell(f"seed {race.run.experiment.seed}, epoch {race.run.epoch}: chip {chip:.2%}, float {twin:.2%}")
    chips, twins = zip(*found, strict=True)
    return Course(race.run.experiment.seed, chips, twins)


def summary(courses: Sequence[Course]) -> dict[str, Any]:
    """All courses, and the means of their ends."""
    chip = float(np.mean([course.chip[-1] for course in courses]))
    twin = float(np.mean([course.twin[-1] for course in courses]))
    return {
        "seeds": [course.seed for course in courses],
        "chip_mean": chip,
        "float_mean": twin,
        "points_between": 100.0 * (chip - twin),
        "courses": [course.as_json() for course in courses],
    }
