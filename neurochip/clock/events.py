"""What the cycle engine counted: every event when it happened, on the core where it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.counts import ACTIONS, Counts

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Events:
    """Events by action, phase and core.

    ``phases``: names, the last one ``update``. ``per_core``: int64 [phases, cores] for each action;
    ``spikes``: int64 [phases but the last, units], arrivals by sender; ``saturations``: int64 [registers];
    ``updates``: int64 [projections, 3]: synapses with an update other than zero, updates that round to
    nothing, weights rewritten (in the first copy).
    """

    phases: tuple[str, ...]
    per_core: dict[str, Ints]
    spikes: Ints
    saturations: Ints
    updates: Ints

    def total(self, action: str) -> int:
        """Events of one action, of all phases and cores."""
        return int(self.per_core[action].sum())

    def differences(self, counts: Counts) -> list[str]:
        """Actions of which ``counts`` has other numbers: in total, or in any phase or core that it tells."""
        found = []
        for action in self.per_core.keys() & ACTIONS.keys():
            expected, mine = counts.total(action), self.per_core[action]
            derived = counts.per_core.get(action, mine)
            whole = int(derived.sum()) == expected
            if expected != mine.sum() or (whole and not np.array_equal(derived, mine)):
                found.append(action)
        return sorted(found)

    def as_json(self) -> dict[str, Any]:
        """``{"total": {action: n}, "phases": {phase: {action: n}}, "cores": {action: [n, ...]}}``."""
        return {
            "total": {action: self.total(action) for action in self.per_core},
            "phases": {
                phase: {
                    action: int(table[index].sum())
                    for action, table in self.per_core.items()
                    if table[index].any()
                }
                for index, phase in enumerate(self.phases)
            },
            "cores": {action: table.sum(0).tolist() for action, table in self.per_core.items()},
        }
