"""Metrics by the names that NeuroBench gives them, for inference, and the same for training.

Source: J. Yik et al., "The NeuroBench framework for benchmarking neuromorphic computing algorithms and
systems", Nature Communications 16, 2025. Footprint is in bytes; the others are of a sample, or fractions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from neurochip.cost.memory import Held
from neurochip.cost.priced import Priced
from neurochip.counts import Counts
from neurochip.program import Program

INFERENCE_ROLES = ("weights", "mirror", "biases", "registers")


def neurobench(
    counts: Counts, chip: Priced, program: Program, held: dict[str, Held], roles: tuple[str, ...]
) -> dict[str, Any]:
    """Footprint, ActivationSparsity, SynapticOperations, MembraneUpdates; zero samples give zeros.

    ``program``: what the samples of ``counts`` ran; ``roles``: which memory belongs to it. Every neuron is
    updated in every tick, so MembraneUpdates counts those that change nothing, too.
    """
    samples = max(counts.samples, 1)
    updates = counts.total("neuron_updates")
    return {
        "Footprint": sum(int(held[role].used.sum()) for role in roles) / 8,
        "ActivationSparsity": 1.0 - counts.total("spikes", "neuron") / max(updates, 1),
        "SynapticOperations": {
            "Effective_MACs": 0.0,
            "Effective_ACs": counts.total("synaptic_ops") / samples,
            "Dense": float(_dense(chip) * sum(phase.ticks for phase in program.phases)),
        },
        "MembraneUpdates": updates / samples,
    }


def _dense(chip: Priced) -> int:
    """Synaptic operations of a tick in which every unit sends a spike."""
    placement = chip.placement
    lengths = np.array([len(segment.neurons) for segment in placement.segments])
    return int((placement.ops * lengths[placement.reads[:, 0]]).sum())
