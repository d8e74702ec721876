"""How long the chip takes, tick by tick, for the first samples of a run as it stands."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurochip.errors import RegisterOverflow
from neurochip.experiment.run import EVALUATION, Run
from neurochip.fixed import draws, key
from neurochip.program import Program
from neurochip.timing.phases import of_phases, of_update

SAMPLES = 16
"""Samples of each part that are timed, the first ones of its order; fewer if there are fewer."""


def timed(run: Run) -> dict[str, Any] | None:
    """Cycles of the first training and test samples with the weights of now, and of an update.

    Nothing is learned or counted, so no bit of the run changes. None if a register declared ``error``
    overflows in these samples (those of the training part may never have met these weights).
    """
    before = run.chip.take_tally()
    try:
        found = {
            "training": _part(run, "train", run.program),
            "inference": _part(run, "test", run.program.inference()),
        }
    except RegisterOverflow:
        return None
    finally:
        run.chip.take_tally()
        run.chip.tally = before
    return {**found, "update": of_update(run.placement, run.hardware, run.program)}


def _part(run: Run, split: str, program: Program) -> dict[str, Any]:
    indices = np.arange(min(SAMPLES, len(run.data[split])))
    inputs, targets, _ = run.feeds[split].take(indices)
    family = key(run.experiment.seed, draws.NEURON, EVALUATION)
    outcome = run.chip.run(inputs, targets, indices, family, program, capture=False, loads=True)
    phases = of_phases(run.placement, run.hardware, program, outcome.loads)
    return {"samples": len(indices), "phases": phases}
