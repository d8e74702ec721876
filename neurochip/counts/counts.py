"""All counts of a run, from what the engine tallied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neurochip.counts import converting, learning, random, running
from neurochip.counts.actions import ACTIONS
from neurochip.counts.ledger import Ledger
from neurochip.counts.tally import Tally
from neurochip.hardware import Hardware
from neurochip.mapping import Placement, readings
from neurochip.noc import DIRECTIONS, Ints
from neurochip.program import Program

UPDATE = "update"
"""The last phase: the update unit's."""


@dataclass(frozen=True)
class Counts:
    """Events by kind of work, action, phase and core: ``table[kind, action]`` is int64 [phases, cores].

    ``phases``: their names, the last one ``update``. ``links``: flits that cross each link of the mesh, int64
    [phases, link ids]. ``samples``: how many ran; ``batches``: how many updates of the whole network.
    """

    phases: tuple[str, ...]
    table: dict[tuple[str, str], Ints]
    links: Ints
    samples: int
    batches: int

    @classmethod
    def of(cls, tally: Tally, placement: Placement, program: Program, hardware: Hardware) -> Counts:
        """All counts of a run."""
        ledger = Ledger(placement, hardware, len(program.phases))
        formats = hardware.registers.formats()
        converted = readings(placement, program.feedback) if hardware.crossbar.adc else ()
        for index, phase in enumerate(program.phases):
            running.spikes(ledger, index, tally.spikes[index])
            running.ticks(ledger, index, phase.ticks * tally.samples)
            converting.conversions(ledger, index, converted, tally.readings[index])
            random.neurons(ledger, index, program, formats, tally.samples)
            for action, happens in (
                ("state_resets", phase.start == "reset"),
                ("state_restores", phase.start == "restore"),
                ("state_saves", phase.save),
                ("bank_captures", phase.bank is not None),
            ):
                running.states(ledger, index, action, tally.samples * happens)
            if phase.bank is not None:
                random.captures(ledger, index, formats, tally.samples)
        if program.flips:
            random.signs(ledger, tally.samples)
        if tally.batches:
            learning.updates(ledger, tally, len(program.terms))
            learning.writes(ledger, tally)
            learning.biases(ledger, tally, len(program.terms))
            learning.replica_words(ledger, tally.batches)
        names = (*(phase.name for phase in program.phases), UPDATE)
        return cls(names, ledger.table, ledger.links, tally.samples, tally.batches)

    @cached_property
    def per_core(self) -> dict[str, Ints]:
        """Events by action, whatever the kind: int64 [phases, cores] each."""
        found: dict[str, Ints] = {}
        for (_, action), table in self.table.items():
            found[action] = found[action] + table if action in found else table
        return found

    def total(self, action: str, kind: str | None = None) -> int:
        """Events of one action in the whole run, of one kind of work or of all."""
        return sum(
            int(table.sum())
            for (its_kind, name), table in self.table.items()
            if name == action and kind in (None, its_kind)
        )

    def as_json(self) -> dict[str, Any]:
        """Sums ``total``, ``phases`` and ``cores``; then, of events that happened, all there is to know:
        ``table[phase][kind][action][core]`` and ``links[phase][link]``."""
        return {
            "total": {action: self.total(action) for action in ACTIONS},
            "phases": {
                phase: {
                    action: int(table[index].sum())
                    for action, table in self.per_core.items()
                    if table[index].any()
                }
                for index, phase in enumerate(self.phases)
            },
            "cores": {action: table.sum(0).tolist() for action, table in self.per_core.items()},
            "table": {phase: self._kinds(index) for index, phase in enumerate(self.phases)},
            "links": {phase: _sparse(self.links[index]) for index, phase in enumerate(self.phases)},
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any], cores: int, samples: int, batches: int) -> Counts:
        """The counts that `as_json` wrote, of a chip of ``cores`` cores."""
        phases = tuple(found["table"])
        table: dict[tuple[str, str], Ints] = {}
        links = np.zeros((len(phases), DIRECTIONS * cores), np.int64)
        for index, phase in enumerate(phases):
            for kind, actions in found["table"][phase].items():
                for action, row in actions.items():
                    here = table.setdefault((kind, action), np.zeros((len(phases), cores), np.int64))
                    _fill(here[index], row)
            _fill(links[index], found["links"][phase])
        return cls(phases, table, links, samples, batches)

    def _kinds(self, phase: int) -> dict[str, dict[str, dict[str, int]]]:
        kinds: dict[str, dict[str, dict[str, int]]] = {}
        for (kind, action), table in self.table.items():
            if table[phase].any():
                kinds.setdefault(kind, {})[action] = _sparse(table[phase])
        return kinds


def _sparse(row: Ints) -> dict[str, int]:
    """What is not zero, by place."""
    return {str(place): int(row[place]) for place in np.flatnonzero(row)}


def _fill(row: Ints, sparse: Mapping[str, int]) -> None:
    for place, number in sparse.items():
        row[int(place)] = number
