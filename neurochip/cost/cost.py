"""The cost of a run: counts, prices and times put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurochip.cost.energy import Energy, energy
from neurochip.cost.priced import Priced
from neurochip.cost.prices import PriceList
from neurochip.cost.table import PriceTable
from neurochip.cost.timing import RunTiming, from_averages
from neurochip.counts import Counts
from neurochip.noc import DIRECTIONS

DIRECTION_NAMES = ("east", "west", "south", "north")


@dataclass(frozen=True, eq=False)
class Cost:
    """What the samples of ``counts`` cost on a chip, by a table's prices.

    Raises ConfigError (when the energy is first asked for) if a counted action has no price.
    """

    counts: Counts
    chip: Priced
    prices: PriceList
    timing: RunTiming

    @classmethod
    def of(cls, counts: Counts, chip: Priced, table: PriceTable, timing: RunTiming | None = None) -> Cost:
        """The cost by ``table``; ``timing``: cycles of a better source than the estimate from counts.

        Raises ConfigError if the table does not fit the chip.
        """
        return cls(counts, chip, PriceList(table, chip), timing or from_averages(counts, chip.hardware))

    @cached_property
    def energy(self) -> Energy:
        """Picojoules by kind, action, phase and core."""
        return energy(self.counts, self.prices, self.timing)

    @property
    def samples(self) -> int:
        """Samples that were run, at least 1."""
        return max(self.counts.samples, 1)

    @property
    def latency_ns(self) -> float:
        """Mean time of a sample on the chip, its share of the batch's update included."""
        return float(self.timing.cycles.sum()) * self.cycle_ns / self.samples

    @property
    def cycle_ns(self) -> float:
        """Length of a clock cycle."""
        return 1e3 / self.chip.hardware.clock_mhz

    @property
    def energy_pj(self) -> float:
        """Mean energy of a sample."""
        return self.energy.total / self.samples

    def as_json(self) -> dict[str, Any]:
        """The section of ``cost.json``; see docs/cost.md."""
        phases = self.energy.phases
        return {
            "samples": self.counts.samples,
            "energy_pj": {
                "total": self.energy.total,
                "per_sample": self.energy_pj,
                "kinds": self.energy.by_kind(),
                "phases": {name: self.energy.by_kind([index]) for index, name in enumerate(phases)},
                "actions": self.energy.by_action(),
                "cores": {kind: values.tolist() for kind, values in self.energy.by_core().items()},
            },
            "time": self._time(),
        }

    def _time(self) -> dict[str, Any]:
        cycles, latency = self.timing.cycles, self.latency_ns
        return {
            "cycles_per_sample": float(cycles.sum()) / self.samples,
            "phases_cycles_per_sample": dict(
                zip(self.energy.phases, (cycles / self.samples).tolist(), strict=True)
            ),
            "latency_ns": latency,
            "throughput_samples_per_s": 1e9 / latency if latency else 0.0,
            "power_mw": self.energy_pj / latency if latency else 0.0,
            "estimate": self.timing.estimate,
            "timed_samples": self.timing.samples,
            "utilisation": self._shares(self.timing.busy.sum(0)),
            "link_utilisation": self._shares(self.timing.links.sum(0)),
            "critical_core": int(self.timing.busy.sum(0).argmax()),
            "critical_link": self._critical_link(),
        }

    def _shares(self, taken: Any) -> list[float]:
        """Cycles taken, as parts of all."""
        shares: list[float] = (taken / max(float(self.timing.cycles.sum()), 1.0)).tolist()
        return shares

    def _critical_link(self) -> dict[str, Any] | None:
        """The link that carries most flits; None if nothing travels."""
        flits = self.counts.links.sum(0)
        if not flits.any():
            return None
        link = int(np.argmax(flits))
        core, direction = divmod(link, DIRECTIONS)
        return {
            "core": core,
            "to": self.chip.placement.mesh.link_ends(link)[1],
            "direction": DIRECTION_NAMES[direction],
            "flits": int(flits.max()),
            "utilisation": self._shares(self.timing.links.sum(0))[link],
        }
