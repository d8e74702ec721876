"""Counts x prices, and power x time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.cost.prices import PriceList
from neurochip.cost.timing import RunTiming
from neurochip.counts import ACTIONS, KINDS, Counts

Reals = NDArray[np.floating[Any]]

STATIC = {
    "leakage": "power that flows whatever happens",
    "clock": "clock cycles of cores that work, and of what they share",
    "idle": "clock cycles of cores that wait",
}
"""Kinds of energy that are no kind of work."""

ENERGY_KINDS = {**KINDS, **STATIC}
"""All kinds of energy."""


@dataclass(frozen=True)
class Energy:
    """Picojoules: ``table[kind, action]`` is float64 [phases, cores]; ``action`` of a static kind is the kind
    itself."""

    phases: tuple[str, ...]
    table: dict[tuple[str, str], Reals]

    @property
    def total(self) -> float:
        """All of it."""
        return float(sum(table.sum() for table in self.table.values()))

    def by_kind(self, phases: Iterable[int] | None = None) -> dict[str, float]:
        """Sums by kind, of all or some phases; all kinds are there."""
        chosen = list(range(len(self.phases)) if phases is None else phases)
        found = dict.fromkeys(ENERGY_KINDS, 0.0)
        for (kind, _), table in self.table.items():
            found[kind] += float(table[chosen].sum())
        return found

    def by_action(self) -> dict[str, float]:
        """Sums by action."""
        found: dict[str, float] = {}
        for (_, action), table in self.table.items():
            found[action] = found.get(action, 0.0) + float(table.sum())
        return found

    def by_core(self) -> dict[str, Reals]:
        """Sums by kind and core, float64 [cores]."""
        found: dict[str, Reals] = {}
        for (kind, _), table in self.table.items():
            found[kind] = found.get(kind, np.zeros(table.shape[1])) + table.sum(0)
        return found


def energy(counts: Counts, prices: PriceList, timing: RunTiming) -> Energy:
    """The energy of a run. Raises ConfigError for an action that was counted and has no price."""
    table = {
        key: counts.table[key] * prices.of_action(key[1])
        for key in product(KINDS, ACTIONS)  # in one order, so that sums are the same to the last digit
        if key in counts.table and counts.table[key].any()
    }
    cycles, powered = timing.cycles[:, None], prices.powered
    each = cycles * (powered / powered.sum())
    table["leakage", "leakage"] = each * (prices.leakage_mw * 1e3 / prices.chip.hardware.clock_mhz)
    table["clock", "clock"] = timing.busy * prices.core_cycle_pj + each * prices.chip_cycle_pj
    table["idle", "idle"] = np.maximum(cycles - timing.busy, 0.0) * powered * prices.core_cycle_pj
    return Energy(counts.phases, table)
