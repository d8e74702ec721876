"""Random words: one for every rounding that is stochastic and drops bits, and one for a sample's sign."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurochip.counts.ledger import Ledger
from neurochip.counts.tally import Tally
from neurochip.fixed import Format
from neurochip.noc import Ints
from neurochip.program import Program

Formats = dict[str, Format]


def neurons(ledger: Ledger, index: int, program: Program, formats: Formats, samples: int) -> None:
    """Words that neurons and encoders draw in the ticks of phase ``index``."""
    phase, network = program.phases[index], ledger.placement.network
    steps = program.neuron.schedule(program.ticks)[program.times[index] :][: phase.ticks]
    for number, here in enumerate(ledger.by_population):
        fine = formats["current"].frac + network.extra_bits(number, program.feedback)
        finer = {**formats, "current": replace(formats["current"], frac=fine)}
        nudged = phase.nudge * program.nudge.multiplier and number == len(network.populations) - 1
        shift = program.nudge.shift if nudged else 0
        drawn = np.array([program.neuron.draws(finer, step, shift) for step in steps]).sum(0)
        words = int(drawn[1]) if number == 0 else int(drawn.sum())
        ledger.everywhere("random", "random_words", index, here * words * samples)


def captures(ledger: Ledger, index: int, formats: Formats, samples: int) -> None:
    """Words that round states into a bank."""
    drops = formats["membrane"].frac > formats["bank"].frac
    drawn = formats["bank"].rounding == "stochastic" and drops
    ledger.everywhere("random", "random_words", index, ledger.encoders * samples * drawn)


def signs(ledger: Ledger, samples: int) -> None:
    """The word that decides the sign of a sample's nudge, drawn once for the whole chip before it runs."""
    ledger.add("random", "random_words", 0, np.zeros(1, np.int64), np.array([samples]))


def updates(ledger: Ledger, tally: Tally, cores: Ints) -> None:
    """Words that round updates into masters; ``cores``: of each share, int64 [shares]."""
    ledger.add("random", "random_words", ledger.phases, cores, tally.updates[:, 3].astype(np.int64))
