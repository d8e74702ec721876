"""What every float twin of a rule can do: learn the same data in the same order as the chip, and predict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neurochip.network import Network
from neurochip.reference.sigma_delta import Coding, Record
from neurochip.reference.timeline import Timeline
from neurochip.reference.wiring import Reals, Weights

Ints = NDArray[np.integer[Any]]

PREDICTION_BATCH = 256


class Twin(ABC):
    """A learning rule in float64 on a network; abstract, one file for each rule.

    ``weights`` are real and change with `learn`. Inputs are real, [batch, inputs], channels innermost; 1.0 is
    full scale.
    """

    network: Network
    weights: Weights
    timeline: Timeline

    @classmethod
    @abstractmethod
    def of(
        cls, network: Network, rule: Mapping[str, Any], weights: Weights, coding: Coding = "spikes"
    ) -> Self:
        """The twin of a rule, whose constants are the keys and numbers of ``rule``; copies ``weights``."""

    @abstractmethod
    def estimate(self, inputs: Reals, targets: Reals, signs: Reals | None = None) -> tuple[Weights, Reals]:
        """The mean step over the samples of a batch, and the outputs [batch, outputs] that it predicted.

        The step is the rule's estimate of minus the gradient of the loss. ``signs``: [batch], where the rule
        draws any.
        """

    @abstractmethod
    def outputs(self, inputs: Reals) -> Reals:
        """What the network answers, [batch, outputs]."""

    @abstractmethod
    def contrast(self, first: Reals, second: Reals) -> Weights:
        """The mean step from states [batch, units] captured in the two banks, wherever they come from."""

    @abstractmethod
    def exact(self, inputs: Reals, targets: Reals) -> Weights:
        """Minus the exact gradient of the mean loss: back-propagation through time, without spikes."""

    @abstractmethod
    def record(self, inputs: Reals, target: Reals, sign: float = 1.0, lead: Reals | None = None) -> Record:
        """All registers of one sample, ``inputs`` [inputs] and ``target`` [outputs], through all phases.

        ``lead``: spikes [ticks, units] that are sent instead of the twin's own.
        """

    @abstractmethod
    def brian2(self, inputs: Reals, target: Reals, sign: float = 1.0) -> Record:
        """The same as `record`, computed by Brian2. Raises NeurochipError if it cannot be imported."""

    @abstractmethod
    def expected(self, found: Record, inputs: Reals, target: Reals, sign: float = 1.0) -> Record:
        """What each register of a witness should be, from what the witness itself had just before.

        Within a tick a register is computed from those that the witness wrote before it, in the order of the
        record.
        """

    @abstractmethod
    def drift(self, rounding: Mapping[str, float]) -> Record:
        """How far a machine that rounds may be from this twin as long as their spikes are the same.

        ``rounding``: the largest error of one writing of a register (and of ``input`` and ``bias``); 0 where
        absent.
        """

    def learn(self, step: Weights, rates: Sequence[float]) -> None:
        """Move the weights and biases of each projection along ``step``, each projection at its own rate."""
        for index, rate in enumerate(rates):
            self.weights.matrices[index] += rate * step.matrices[index]
            self.weights.biases[index] += rate * step.biases[index]

    def train_epoch(
        self,
        inputs: Reals,
        labels: Ints,
        order: Ints,
        batch: int,
        rates: Callable[[float], Sequence[float]],
        signs: Reals | None = None,
    ) -> float:
        """One pass over the samples; returns the accuracy of the predictions made on the way.

        ``inputs``: [samples, inputs]; ``labels``: [samples]; ``order``: indices of all samples; ``rates``:
        each projection's when a part (0 ... 1) of the samples is learned; ``signs``: [samples], in that
        order.
        """
        classes = np.eye(self.network.populations[-1].size)
        right = 0
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            drawn = None if signs is None else signs[start : start + batch]
            step, answers = self.estimate(inputs[chosen], classes[labels[chosen]], drawn)
            self.learn(step, rates(start / len(order)))
            right += int((answers.argmax(1) == labels[chosen]).sum())
        return right / len(order)

    def predict(self, inputs: Reals) -> Ints:
        """The class that each sample is given: the largest output, the lowest class of equal ones."""
        starts = range(0, len(inputs), PREDICTION_BATCH)
        answers = [self.outputs(inputs[start : start + PREDICTION_BATCH]).argmax(1) for start in starts]
        return np.concatenate(answers)
