"""The record of a run's time: cycles by phase and tick, and what was critical."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.noc import Mesh

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Timing:
    """Cycles of some samples and of the updates after them.

    ``engine``: who says so. ``phases``: names; ``lengths``: ticks of each. ``spikes``, ``neurons``: int64
    [samples, ticks], cycles from the start of a tick until all spikes are integrated, and from then until all
    neurons have fired; after each of the two comes a pass over the tree, of ``barrier`` cycles. ``edges``:
    int64 [samples, phases], cycles in which registers are cleared, saved, restored and captured. ``updates``:
    int64 [batches]. ``busy``: int64 [cores], cycles in which a core works; ``links``: int64 [links], flits.
    ``machines``: the same as ``busy`` for each state machine of a core, if the engine knows it.
    """

    engine: str
    clock_mhz: float
    mesh: Mesh
    phases: tuple[str, ...]
    lengths: tuple[int, ...]
    spikes: Ints
    neurons: Ints
    barrier: int
    edges: Ints
    updates: Ints
    busy: Ints
    links: Ints
    machines: dict[str, Ints] = field(default_factory=dict)

    @property
    def ticks(self) -> Ints:
        """Cycles of every tick, int64 [samples, ticks]."""
        return self.spikes + self.neurons + 2 * self.barrier

    @property
    def samples(self) -> Ints:
        """Cycles of every sample, int64 [samples]; the update is not in them."""
        found: Ints = self.ticks.sum(1) + self.edges.sum(1)
        return found

    @property
    def total(self) -> int:
        """Cycles of all samples and updates."""
        return int(self.samples.sum() + self.updates.sum())

    @property
    def by_phase(self) -> dict[str, int]:
        """Cycles of each phase, and of ``update``."""
        ends = np.cumsum([0, *self.lengths])
        ticks = [int(self.ticks[:, a:b].sum()) for a, b in pairwise(ends.tolist())]
        edges = self.edges.sum(0).tolist()
        both = [tick + edge for tick, edge in zip(ticks, edges, strict=True)]
        return {**dict(zip(self.phases, both, strict=True)), "update": int(self.updates.sum())}

    @property
    def idle(self) -> Ints:
        """Cycles in which a core does nothing, int64 [cores]."""
        found: Ints = self.total - self.busy
        return found

    @property
    def critical_core(self) -> int:
        """The core that works in the most cycles."""
        return int(self.busy.argmax())

    @property
    def critical_link(self) -> int | None:
        """The link that the most flits cross; None if none crosses any."""
        return int(self.links.argmax()) if self.links.any() else None

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers; a link is [core that it leaves, core that it enters]."""
        link = self.critical_link
        used = np.flatnonzero(self.links).tolist()
        return {
            "engine": self.engine,
            "clock_mhz": self.clock_mhz,
            "total_cycles": self.total,
            "total_us": self.total / self.clock_mhz,
            "samples": self.samples.tolist(),
            "phases": self.by_phase,
            "barrier_cycles": self.barrier,
            "ticks": {"spikes": self.spikes.tolist(), "neurons": self.neurons.tolist()},
            "edges": self.edges.tolist(),
            "updates": self.updates.tolist(),
            "busy_cycles": self.busy.tolist(),
            "idle_cycles": self.idle.tolist(),
            "machines": {name: cycles.tolist() for name, cycles in self.machines.items()},
            "critical_core": self.critical_core,
            "critical_link": None if link is None else list(self.mesh.link_ends(link)),
            "links": [[*self.mesh.link_ends(it), int(self.links[it])] for it in used],
        }
