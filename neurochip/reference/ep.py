"""The float twin of equilibrium propagation, with sigma-delta spikes or with real-valued rates.

With rates a neuron sends its state itself, and the decoder has nothing to undo: r = u. That is what the
spiking network becomes when its quantiser is taken away, tick by tick. Energy (Scellier and Bengio 2017)::

E = 1/2 sum s^2 - sum w s_lower s_upper - sum b s,    loss L = 1/2 |s_out - y|^2,    dw = (s s|+beta - s
s|-beta) / (2 beta)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from neurochip.network import Network
from neurochip.reference import lockstep, sigma_delta
from neurochip.reference.sigma_delta import REGISTERS, Coding, Constants, Record, State
from neurochip.reference.timeline import Tick, Timeline
from neurochip.reference.twin import Twin
from neurochip.reference.wiring import Circuit, Reals, Weights

Watch = Callable[[int, State], None]
"""Called at the end of each tick with its number and the registers, which it may read and change."""


@dataclass(frozen=True)
class Passage:
    """What a batch left: outputs [batch, outputs] of the free phase, states [batch, units] at both ends."""

    outputs: Reals
    plus: Reals
    minus: Reals


@dataclass
class EP(Twin):
    """Equilibrium propagation on a network; see `Twin`."""

    network: Network
    weights: Weights
    constants: Constants
    timeline: Timeline
    beta: float
    variant: str
    coding: Coding

    def __post_init__(self) -> None:
        self.circuit = Circuit.of(self.network)

    @classmethod
    def of(
        cls, network: Network, rule: Mapping[str, Any], weights: Weights, coding: Coding = "spikes"
    ) -> Self:
        """From the keys ``variant``, ``beta``, ``ticks.free``, ``ticks.nudged`` and ``neuron``."""
        free, nudged = rule["ticks"]["free"], rule["ticks"]["nudged"]
        constants = Constants.of(rule["neuron"], free + nudged)
        timeline = Timeline.of(rule["variant"], rule["beta"], free, nudged)
        return cls(network, weights.copy(), constants, timeline, rule["beta"], rule["variant"], coding)

    def run(
        self,
        inputs: Reals,
        targets: Reals,
        signs: Reals | None = None,
        *,
        timeline: Timeline | None = None,
        lead: Reals | None = None,
        watch: Watch | None = None,
    ) -> Passage:
        """Take a batch through all phases.

        ``targets``: [batch, outputs]. ``signs``: [batch] of -1 and 1, factors on the nudge of each sample,
        which then also exchanges the two ends. ``lead``: spikes [ticks, units] that are sent instead of the
        twin's own.
        """
        timeline = timeline or self.timeline
        factors = np.ones((len(inputs), 1)) if signs is None else signs[:, None]
        state = saved = State.zero(len(inputs), self.network.neurons)
        bias = self.weights.unit_biases(self.network)
        ends: dict[int, Reals] = {}
        for index, tick in enumerate(timeline.ticks):
            if tick.before != index - 1:
                state = saved.copy()
            self._tick(state, tick, inputs, targets, factors, bias, None if lead is None else lead[index])
            if watch:
                watch(index, state)
            if index in (timeline.free, timeline.plus, timeline.minus):
                ends[index] = state.membrane.copy()
            if index == timeline.free:
                saved = state.copy()
        plus, minus = ends[timeline.plus], ends[timeline.minus]
        if signs is not None:
            plus, minus = np.where(factors > 0, plus, minus), np.where(factors > 0, minus, plus)
        return Passage(ends[timeline.free][:, self.circuit.last], plus, minus)

    def estimate(self, inputs: Reals, targets: Reals, signs: Reals | None = None) -> tuple[Weights, Reals]:
        """EP's estimate of minus the gradient of the mean loss; see `Twin`."""
        passage = self.run(inputs, targets, signs)
        return self.contrast(passage.plus, passage.minus), passage.outputs

    def contrast(self, plus: Reals, minus: Reals) -> Weights:
        """The estimate from states [batch, units] at the two ends, wherever they come from."""
        span = len(plus) * self.beta * (2.0 if self.variant == "symmetric" else 1.0)
        high, low = self.circuit.products(plus), self.circuit.products(minus)
        return Weights(
            [(a - b) / span for a, b in zip(high.matrices, low.matrices, strict=True)],
            [(a - b) / span for a, b in zip(high.biases, low.biases, strict=True)],
        )

    def outputs(self, inputs: Reals) -> Reals:
        """Output states after the free phase."""
        targets = np.zeros((len(inputs), self.network.populations[-1].size))
        return self.run(inputs, targets, timeline=self.timeline.until_free()).outputs

    def exact(self, inputs: Reals, targets: Reals) -> Weights:
        """Minus the gradient of the mean loss at the end of the free phase, with rates; see `Twin`."""
        from neurochip.reference import bptt

        steps = self.constants.step[: self.timeline.free + 1]
        found, _ = bptt.gradients(self.network, self.weights, inputs, targets, steps)
        return Weights([-matrix for matrix in found.matrices], [-bias for bias in found.biases])

    def record(
        self,
        inputs: Reals,
        target: Reals,
        sign: float = 1.0,
        lead: Reals | None = None,
        watch: Watch | None = None,
    ) -> Record:
        """See `Twin`; ``watch`` acts before a tick is recorded."""
        found = {name: np.zeros((len(self.timeline.ticks), self.network.neurons)) for name in REGISTERS}

        def note(tick: int, state: State) -> None:
            if watch:
                watch(tick, state)
            for name in REGISTERS:
                found[name][tick] = getattr(state, name)[0]

        self.run(inputs[None], target[None], np.array([sign]), lead=lead, watch=note)
        return found

    def brian2(
        self,
        inputs: Reals,
        target: Reals,
        sign: float = 1.0,
        watch: Callable[[int, list[Any]], None] | None = None,
    ) -> Record:
        """See `Twin`; ``watch`` acts on the neuron groups before a tick is recorded."""
        from neurochip.reference import brian

        return brian.simulate(
            self.network, self.weights, self.constants, self.timeline, inputs, target, sign, watch
        )

    def expected(self, found: Record, inputs: Reals, target: Reals, sign: float = 1.0) -> Record:
        """See `Twin`."""
        return lockstep.expected(
            self.circuit, self.weights, self.constants, self.timeline, found, inputs, target, sign
        )

    def drift(self, rounding: Mapping[str, float]) -> Record:
        """See `Twin`; derived in docs/references.md."""
        return lockstep.drift(self.circuit, self.constants, self.timeline, rounding)

    def _tick(
        self,
        state: State,
        tick: Tick,
        inputs: Reals,
        targets: Reals,
        factors: Reals,
        bias: Reals,
        lead: Reals | None,
    ) -> None:
        decode, step = self.constants.decode[tick.time], self.constants.step[tick.time]
        spiking, out = self.coding == "spikes", self.circuit.last
        state.current = self.circuit.currents(self.weights, state.spikes)
        state.decoded = sigma_delta.decoded(state.decoded, state.current, decode if spiking else 1.0)
        drive = state.decoded + bias
        if tick.nudge:
            drive[:, out] += tick.nudge * factors * (targets - state.membrane[:, out])
        previous = state.membrane
        state.membrane = sigma_delta.relaxed(previous, drive, step)
        state.membrane[:, self.circuit.first] = inputs
        if not spiking:
            state.spikes = state.membrane.copy()
            return
        state.residual = state.residual + sigma_delta.signal(state.membrane, previous, decode)
        fired = sigma_delta.fired(state.residual, self.constants.signed)
        state.spikes = fired if lead is None else np.broadcast_to(lead, fired.shape).copy()
        state.residual = state.residual - state.spikes
