"""Integer event counters of a run: every action of the chip that costs something, by phase of the rule and by core.

The engine keeps only a `Tally`: how often each unit's spikes arrived, and what the update unit did. All other counts
follow from it and the placement, exactly, because what a spike sets off depends on its unit alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.mapping import BACKWARD, Placement
from neurochip.neurons.registers import REGISTERS
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]

ACTIONS = {
    "spikes": "spikes delivered, by the core that sends them",
    "axon_lookups": "spikes looked up in the axon table of a core that they reach",
    "row_reads": "crossbar rows read by a spike (the forward read, or the read of a mirror)",
    "column_reads": "crossbar columns read by a spike (the transposed read)",
    "synaptic_ops": "weights read and added to a current or a partial sum",
    "partial_sums": "sums that a crossbar delivers: every column of a block, every tick",
    "neuron_updates": "neuron registers advanced by a tick",
    "encodes": "encoder steps: every neuron and every input, every tick",
    "packets": "packets injected into the mesh: a spike to each other core, a core's sum for a neuron to its home",
    "hops": "links that those packets cross",
    "bank_captures": "states written to a bank at the end of a phase",
    "update_multiplies": "products of two banks in the update unit",
    "accumulations": "sums of a synapse held over a batch and added to, read and written once each",
    "updates": "synapses with an update other than zero",
    "lost_updates": "updates that round to no change",
    "weight_writes": "weights rewritten on the crossbar",
    "random_words": "32-bit random words drawn",
    "barriers": "ticks ended by the whole chip",
}
"""Everything that is counted, and what one of it is."""


@dataclass
class Tally:
    """What the engine counted; plain sums, so tallies of parts add up.

    ``spikes``: int64 [phases, units], arrivals by sending unit; ``saturations``: int64 [registers], in the order of
    `REGISTERS`; ``updates``: int64 [projections, 3]: synapses with a non-zero update, updates lost to rounding, weights
    rewritten; ``samples``: samples run; ``batches``: updates of the whole network.
    """

    spikes: Ints
    saturations: Ints
    updates: Ints
    samples: int = 0
    batches: int = 0

    @classmethod
    def zero(cls, phases: int, units: int, projections: int) -> Tally:
        """A tally of nothing."""
        return cls(
            np.zeros((phases, units), np.int64),
            np.zeros(len(REGISTERS), np.int64),
            np.zeros((projections, 3), np.int64),
        )

    def add(self, other: Tally) -> None:
        """Add the events of ``other``, which must be of the same program on the same network."""
        self.spikes += other.spikes
        self.saturations += other.saturations
        self.updates += other.updates
        self.samples += other.samples
        self.batches += other.batches

    def saturated(self) -> dict[str, int]:
        """Overflows of each register, by its name in the hardware YAML."""
        return {
            name: int(count)
            for name, count in zip(REGISTERS, self.saturations, strict=True)
            if name not in ("previous",)
        }


@dataclass(frozen=True)
class Counts:
    """Events by phase and core: ``per_core[action]`` is int64 [phases + 1, cores]; the last row is the update unit's.

    The update unit's data-dependent events (``updates``, ``lost_updates``, ``weight_writes``) are known for each projection,
    not for each core: they are in ``totals`` alone.
    """

    phases: tuple[str, ...]
    per_core: dict[str, Ints]
    update: dict[str, int]

    @classmethod
    def of(cls, tally: Tally, placement: Placement, program: Program, stochastic: frozenset[str]) -> Counts:
        """All counts of a run; ``stochastic``: names of the registers that round with random bits."""
        ledger = _Ledger(placement, len(program.phases), tally)
        for index, phase in enumerate(program.phases):
            ledger.spikes(index, tally.spikes[index])
            ledger.ticks(index, phase.ticks * tally.samples, stochastic & {"decoded", "membrane", "residual"})
            if phase.bank is not None:
                ledger.captures(index, tally.samples, "bank" in stochastic)
        ledger.learning(len(program.terms), stochastic & {"weight", "bias"})
        update = dict(zip(("updates", "lost_updates", "weight_writes"), map(int, tally.updates.sum(0)), strict=True))
        if "weight" in stochastic:
            update["random_words"] = update["updates"]
        return cls((*(phase.name for phase in program.phases), "update"), ledger.table, update)

    def total(self, action: str) -> int:
        """Events of one action in the whole run."""
        counted = int(self.per_core[action].sum()) if action in self.per_core else 0
        return counted + self.update.get(action, 0)

    def as_json(self) -> dict[str, Any]:
        """``{"total": {action: n}, "phases": {phase: {action: n}}, "cores": {action: [n, ...]}}``."""
        phases = {
            phase: {action: int(table[index].sum()) for action, table in self.per_core.items() if table[index].any()}
            for index, phase in enumerate(self.phases)
        }
        for action, count in self.update.items():
            phases["update"][action] = phases["update"].get(action, 0) + count
        return {
            "total": {action: self.total(action) for action in ACTIONS},
            "phases": phases,
            "cores": {action: table.sum(0).tolist() for action, table in self.per_core.items()},
        }


class _Ledger:
    """Distributes what was tallied over the cores of a placement."""

    def __init__(self, placement: Placement, phases: int, tally: Tally) -> None:
        self.placement, self.tally, self.phases = placement, tally, phases
        self.cores = placement.mesh.cores
        self.table: dict[str, Ints] = {}
        sizes = [population.size for population in placement.network.populations]
        self.offsets = np.concatenate([[0], np.cumsum(sizes)])
        self.homes = placement.home
        self.lengths = np.array([len(segment.neurons) for segment in placement.segments])
        self.block_cores = np.array([block.core for block in placement.blocks])
        self.neurons = self._per_core_neurons(include_input=False)
        self.encoders = self._per_core_neurons(include_input=True)

    def add(self, action: str, phase: int, cores: Ints, amounts: Ints) -> None:
        if action not in self.table:
            self.table[action] = np.zeros((self.phases + 1, self.cores), np.int64)
        np.add.at(self.table[action][phase], cores, amounts)

    def everywhere(self, action: str, phase: int, amounts: Ints) -> None:
        self.add(action, phase, np.arange(self.cores), amounts)

    def spikes(self, phase: int, spikes: Ints) -> None:
        """Reads, operations and packets that follow from the spikes of each unit."""
        running = np.concatenate([[0], np.cumsum(spikes)])
        starts = self.offsets[[s.population for s in self.placement.segments]]
        starts = starts + np.array([s.neurons.start for s in self.placement.segments])
        sent = running[starts + self.lengths] - running[starts]
        self.add("spikes", phase, self.homes, sent)
        segment, block, way = self.placement.reads.T
        blocks = self.placement.blocks
        by_column = np.array([w == BACKWARD and blocks[b].role == "forward" for b, w in zip(block, way, strict=True)])
        width = np.array(
            [len(blocks[b].rows if c else blocks[b].cols) for b, c in zip(block, by_column, strict=True)]
        )
        cores, reads = self.block_cores[block], sent[segment]
        self.add("row_reads", phase, cores, np.where(by_column, 0, reads))
        self.add("column_reads", phase, cores, np.where(by_column, reads, 0))
        self.add("synaptic_ops", phase, cores, reads * width)
        reached = np.unique(np.stack([segment, cores], 1), axis=0)
        self.add("axon_lookups", phase, reached[:, 1], sent[reached[:, 0]])
        self._send(phase, self.homes[reached[:, 0]], reached[:, 1], sent[reached[:, 0]])

    def ticks(self, phase: int, ticks: int, stochastic: frozenset[str]) -> None:
        """What happens in every tick, whatever the data."""
        segment, block, _ = self.placement.sums.T
        self.add("partial_sums", phase, self.block_cores[block], self.lengths[segment] * ticks)
        sums = np.unique(np.stack([segment, self.block_cores[block]], 1), axis=0)
        self._send(phase, sums[:, 1], self.homes[sums[:, 0]], self.lengths[sums[:, 0]] * ticks)
        self.everywhere("neuron_updates", phase, self.neurons * ticks)
        self.everywhere("encodes", phase, self.encoders * ticks)
        drawing = self.neurons * len(stochastic & {"decoded", "membrane"})
        drawing = drawing + self.encoders * len(stochastic & {"residual"})
        self.everywhere("random_words", phase, drawing * ticks)
        self.add("barriers", phase, np.zeros(1, np.int64), np.array([ticks]))

    def captures(self, phase: int, samples: int, stochastic: bool) -> None:
        """The end of a phase that fills a bank."""
        self.everywhere("bank_captures", phase, self.encoders * samples)
        self.everywhere("random_words", phase, self.encoders * samples * stochastic)

    def learning(self, terms: int, stochastic: frozenset[str]) -> None:
        """What the update unit does at every sample and batch, whatever the data."""
        if self.tally.batches == 0:
            return
        forward = [block for block in self.placement.blocks if block.role == "forward"]
        cores, cells = np.array([b.core for b in forward]), np.array([b.cells for b in forward])
        self.add("update_multiplies", self.phases, cores, cells * terms * self.tally.samples)
        if self.tally.samples > self.tally.batches:
            self.add("accumulations", self.phases, cores, cells * self.tally.samples)
        if "bias" in stochastic:
            self.everywhere("random_words", self.phases, self.neurons * self.tally.batches)

    def _send(self, phase: int, sources: Ints, targets: Ints, amounts: Ints) -> None:
        mesh = self.placement.mesh
        hops = np.array([mesh.hops(a, b) for a, b in zip(sources.tolist(), targets.tolist(), strict=True)], np.int64)
        self.add("packets", phase, sources, amounts * (hops > 0))
        self.add("hops", phase, sources, amounts * hops)

    def _per_core_neurons(self, include_input: bool) -> Ints:
        groups = [g for g in self.placement.groups if include_input or g.population > 0]
        return np.bincount([g.core for g in groups], [len(g.neurons) for g in groups], self.cores).astype(np.int64)
