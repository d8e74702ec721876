"""What the engine counts while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.neurons.registers import REGISTERS

Ints = NDArray[np.integer[Any]]


@dataclass
class Tally:
    """What the engine counted; plain sums, so tallies of parts add up.

    ``spikes``: int64 [phases, units], arrivals by sending unit; ``saturations``: int64 [registers], in the
    order of `REGISTERS`; ``updates``: int64 [shares, 4] (see `neurochip.mapping.Shares`): synapses with a
    non-zero update, updates lost to rounding, weights rewritten, random words drawn; ``bias_draws``: int64
    [projections]: batches in which biases were rounded with random words; ``readings``: int64 [phases,
    places], readings by column converters (see `neurochip.mapping.readings`; no places without converters);
    ``samples``: samples run; ``batches``: updates of the whole network.
    """

    spikes: Ints
    saturations: Ints
    updates: Ints
    bias_draws: Ints
    readings: Ints
    samples: int = 0
    batches: int = 0

    @classmethod
    def zero(cls, phases: int, units: int, shares: int, projections: int, places: int = 0) -> Tally:
        """A tally of nothing."""
        return cls(
            np.zeros((phases, units), np.int64),
            np.zeros(len(REGISTERS), np.int64),
            np.zeros((shares, 4), np.int64),
            np.zeros(projections, np.int64),
            np.zeros((phases, places), np.int64),
        )

    def add(self, other: Tally) -> None:
        """Add the events of ``other``, which must be of the same program on the same network."""
        self.spikes += other.spikes
        self.saturations += other.saturations
        self.updates += other.updates
        self.bias_draws += other.bias_draws
        self.readings += other.readings
        self.samples += other.samples
        self.batches += other.batches

    def saturated(self) -> dict[str, int]:
        """Overflows of each register, by its name in the hardware YAML."""
        return {
            name: int(count)
            for name, count in zip(REGISTERS, self.saturations, strict=True)
            if name not in ("previous",)
        }
