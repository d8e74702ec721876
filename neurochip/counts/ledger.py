"""The ledger: events by action, phase and core, and the packets that words cause."""

from __future__ import annotations

import numpy as np

from neurochip.mapping import Placement
from neurochip.noc import Ints


class Ledger:
    """Events of each action, int64 [phases + 1, cores]; the last row is the update unit's."""

    def __init__(self, placement: Placement, phases: int) -> None:
        self.placement, self.phases = placement, phases
        self.cores = placement.mesh.cores
        self.table: dict[str, Ints] = {}
        self.block_cores = np.array([block.core for block in placement.blocks], np.int64)
        self.lengths = np.array([len(segment.neurons) for segment in placement.segments], np.int64)
        self.encoders = self._neurons(placement, first=0)
        self.neurons = self._neurons(placement, first=1)

    def add(self, action: str, phase: int, cores: Ints, amounts: Ints) -> None:
        """Add ``amounts`` of ``action`` on ``cores``, int64 [n] each."""
        if action not in self.table:
            self.table[action] = np.zeros((self.phases + 1, self.cores), np.int64)
        np.add.at(self.table[action][phase], cores, amounts)

    def everywhere(self, action: str, phase: int, amounts: Ints) -> None:
        """Add ``amounts`` of ``action``, one for each core."""
        self.add(action, phase, np.arange(self.cores), amounts)

    def send(self, phase: int, sources: Ints, targets: Ints, amounts: Ints) -> None:
        """``amounts`` packets from cores to cores, int64 [n] each; what stays on a core is none."""
        hops = np.add(*self.placement.mesh.legs(sources, targets))
        self.add("packets", phase, sources, amounts * (hops > 0))
        self.add("hops", phase, sources, amounts * hops)

    def pairs(self, segments: Ints, cores: Ints) -> tuple[Ints, Ints]:
        """Each segment with each core once, sorted: (segment, core)."""
        keys = np.unique(segments * self.cores + cores)
        return keys // self.cores, keys % self.cores

    def _neurons(self, placement: Placement, first: int) -> Ints:
        """Neurons of populations ``first`` and up on each core."""
        groups = [group for group in placement.groups if group.population >= first]
        sizes = [len(group.neurons) for group in groups]
        return np.bincount([group.core for group in groups], sizes, self.cores).astype(np.int64)
