"""Spiking equilibrium propagation on the chip.

One free phase settles the network; nudged phases then pull the outputs by ``+beta`` and ``-beta`` towards
the label, each from the state that the free phase reached. The update of a weight is

    dw_ij = learning_rate / (2 beta) * (s_i s_j |+beta  -  s_i s_j |-beta)

Sources: Scellier and Bengio 2017 (equilibrium propagation); Laborieux et al. 2021 (the symmetric estimate);
O'Connor et al. 2019 (sigma-delta spikes); Lin, Bal, Sengupta, arXiv 2405.02546 (on convolutional spiking
networks). `docs/rules.md` lists which constants are theirs and which are ours.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurochip.config import Model
from neurochip.fixed import Rate
from neurochip.neurons import SigmaDelta
from neurochip.program import Phase, Program, Term
from neurochip.rules.base import Rule

PLUS, MINUS = 0, 1


class Ticks(Model):
    """Lengths of the phases in ticks."""

    free: int = Field(default=40, ge=1, le=10_000, description="ticks of the free phase")
    nudged: int = Field(default=20, ge=1, le=10_000, description="ticks of each nudged phase")


class EP(Rule):
    """Constants of equilibrium propagation (keys of ``rule``)."""

    name: Literal["ep"] = Field(description="the learning rule")
    variant: Literal["symmetric", "one_sided", "random_sign"] = Field(
        default="symmetric",
        description="symmetric: +beta against -beta; one_sided: +beta against the free state (biased); "
        "random_sign: one nudged phase of random sign per sample against the free state",
    )
    beta: float = Field(
        default=0.5, gt=0, lt=1, description="strength of the nudge; below 1 for a stable -beta phase"
    )
    ticks: Ticks = Field(default_factory=Ticks, description="lengths of the phases")
    neuron: SigmaDelta = Field(
        default_factory=SigmaDelta,
        description="constants of the neuron",
    )

    def program(self, rate_bits: int) -> Program:
        """The program for the chip; ``beta`` becomes a multiplier of up to ``rate_bits`` bits and a shift."""
        beta = Rate.nearest(self.beta, rate_bits)
        free = Phase("free", self.ticks.free, start="reset", save=True, readout=True)
        if self.variant == "symmetric":
            plus = Phase("nudged+", self.ticks.nudged, +1, "restore", bank=PLUS)
            minus = Phase("nudged-", self.ticks.nudged, -1, "restore", bank=MINUS)
            phases: tuple[Phase, ...] = (free, plus, minus)
            span = 2 * beta.real
        else:
            free = Phase("free", self.ticks.free, start="reset", save=True, bank=MINUS, readout=True)
            phases, span = (free, Phase("nudged", self.ticks.nudged, +1, bank=PLUS)), beta.real
        return Program(
            neuron=self.neuron,
            phases=phases,
            terms=(Term(+1, PLUS, PLUS), Term(-1, MINUS, MINUS)),
            nudge=beta,
            gain=1.0 / span,
            flips=self.variant == "random_sign",
        )
