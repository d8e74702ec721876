"""What a learning rule asks of the chip: phases of ticks, and outer products of captured banks.

A rule writes a `Program`; the chip executes it and knows no rule. `docs/rules.md` shows the five rules of
the project in these terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from neurochip.fixed import Rate
from neurochip.neurons import Neuron

Start = Literal["reset", "continue", "restore"]


@dataclass(frozen=True)
class Phase:
    """A number of ticks under one nudge.

    ``nudge`` is the sign of the nudge on nudged populations (0: none). ``start``: clear all neuron
    registers, go on from where the last phase ended, or restore the snapshot. ``save``: take the snapshot at
    the end (all neuron registers and the spikes in flight). ``bank``: which bank captures the membrane at
    the end. ``readout``: the outputs' membranes at the end are the prediction.
    """

    name: str
    ticks: int
    nudge: int = 0
    start: Start = "continue"
    save: bool = False
    bank: int | None = None
    readout: bool = False


@dataclass(frozen=True)
class Term:
    """One outer product of the local update: ``sign * pre[bank_pre] * post[bank_post]``."""

    sign: int
    bank_pre: int
    bank_post: int


@dataclass(frozen=True)
class Program:
    """The phases of one sample and the update at their end.

    The update of a synapse is ``w += rate * sum(terms)``; ``gain`` is the rule's own factor in the rate (EP:
    1/(2 beta)). ``feedback``: spikes of a population also drive, through the same weights, the population
    below. ``flips``: per sample, a random bit exchanges the nudge's sign and the two banks.
    """

    neuron: Neuron
    phases: tuple[Phase, ...]
    terms: tuple[Term, ...]
    nudge: Rate
    gain: float
    feedback: bool = True
    flips: bool = False

    @property
    def banks(self) -> int:
        """Number of banks that a neuron needs."""
        return 1 + max(max(term.bank_pre, term.bank_post) for term in self.terms)

    @property
    def ticks(self) -> int:
        """Ticks of one training sample."""
        return sum(phase.ticks for phase in self.phases)

    @property
    def times(self) -> tuple[int, ...]:
        """The tick at which each phase starts by the neurons' own time, which a restore turns back."""
        found, time, saved = [], 0, 0
        for phase in self.phases:
            time = {"reset": 0, "restore": saved}.get(phase.start, time)
            found.append(time)
            time += phase.ticks
            saved = time if phase.save else saved
        return tuple(found)

    @property
    def restores(self) -> bool:
        """Whether a phase ever goes back to the snapshot."""
        return any(phase.start == "restore" for phase in self.phases)

    def inference(self) -> Program:
        """The program up to the readout, with nothing captured: what a prediction costs."""
        last = next(i for i, phase in enumerate(self.phases) if phase.readout)
        kept = tuple(
            Phase(p.name, p.ticks, p.nudge, p.start, readout=p.readout) for p in self.phases[: last + 1]
        )
        return Program(self.neuron, kept, self.terms, self.nudge, self.gain, self.feedback)
