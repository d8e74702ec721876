"""All counts of a run, from what the engine tallied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurochip.counts import learning, running
from neurochip.counts.actions import ACTIONS
from neurochip.counts.ledger import Ledger
from neurochip.counts.tally import Tally
from neurochip.mapping import Placement
from neurochip.noc import Ints
from neurochip.program import Program


@dataclass(frozen=True)
class Counts:
    """Events by phase and core: ``per_core[action]`` is int64 [phases + 1, cores].

    The last row is the update unit's. Its data-dependent events (``updates``, ``lost_updates``,
    ``weight_writes``) are known for each projection, not for each core: they are in ``update`` alone.
    """

    phases: tuple[str, ...]
    per_core: dict[str, Ints]
    update: dict[str, int]

    @classmethod
    def of(cls, tally: Tally, placement: Placement, program: Program, stochastic: frozenset[str]) -> Counts:
        """All counts of a run; ``stochastic``: names of the registers that round with random bits."""
        ledger = Ledger(placement, len(program.phases))
        for index, phase in enumerate(program.phases):
            running.spikes(ledger, index, tally.spikes[index])
            running.ticks(ledger, index, phase.ticks * tally.samples, stochastic)
            if phase.bank is not None:
                running.captures(ledger, index, tally.samples, "bank" in stochastic)
        if tally.batches:
            learning.updates(ledger, tally, len(program.terms))
            learning.biases(ledger, tally.batches, "bias" in stochastic)
            learning.replica_words(ledger, tally.batches)
        update = learning.written(placement, tally, "weight" in stochastic)
        return cls((*(phase.name for phase in program.phases), "update"), ledger.table, update)

    def total(self, action: str) -> int:
        """Events of one action in the whole run."""
        counted = int(self.per_core[action].sum()) if action in self.per_core else 0
        return counted + self.update.get(action, 0)

    def as_json(self) -> dict[str, Any]:
        """``{"total": {action: n}, "phases": {phase: {action: n}}, "cores": {action: [n, ...]}}``."""
        phases = {
            phase: {
                action: int(table[index].sum())
                for action, table in self.per_core.items()
                if table[index].any()
            }
            for index, phase in enumerate(self.phases)
        }
        for action, count in self.update.items():
            phases["update"][action] = phases["update"].get(action, 0) + count
        return {
            "total": {action: self.total(action) for action in ACTIONS},
            "phases": phases,
            "cores": {action: table.sum(0).tolist() for action, table in self.per_core.items()},
        }
