"""The ledger: events by kind of work, action, phase and core, and the packets that words cause."""

from __future__ import annotations

import numpy as np

from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.mapping.packets import Packets
from neurochip.noc import Ints


class Ledger:
    """Events by (kind, action), int64 [phases + 1, cores]; the last row is the update unit's.

    ``links``: flits that cross each link of the mesh, int64 [phases + 1, link ids].
    """

    def __init__(self, placement: Placement, hardware: Hardware, phases: int) -> None:
        self.placement, self.phases = placement, phases
        self.cores = placement.mesh.cores
        self.packets, self.adders = Packets.of(hardware, placement.network), hardware.crossbar.column_adders
        self.table: dict[tuple[str, str], Ints] = {}
        self.links = np.zeros((phases + 1, placement.mesh.link_ids), np.int64)
        self.block_cores = np.array([block.core for block in placement.blocks], np.int64)
        self.lengths = np.array([len(segment.neurons) for segment in placement.segments], np.int64)
        self.by_population = self._neurons(placement)
        self.encoders, self.neurons = self.by_population.sum(0), self.by_population[1:].sum(0)

    def add(self, kind: str, action: str, phase: int, cores: Ints, amounts: Ints) -> None:
        """Add ``amounts`` of ``action`` on ``cores``, int64 [n] each."""
        if (kind, action) not in self.table:
            self.table[kind, action] = np.zeros((self.phases + 1, self.cores), np.int64)
        np.add.at(self.table[kind, action][phase], cores, amounts)

    def everywhere(self, kind: str, action: str, phase: int, amounts: Ints) -> None:
        """Add ``amounts`` of ``action``, one for each core."""
        self.add(kind, action, phase, np.arange(self.cores), amounts)

    def send(self, phase: int, sources: Ints, targets: Ints, amounts: Ints, flits: int) -> None:
        """``amounts`` packets of some ``flits`` from cores to cores, int64 [n] each; what stays on a core is
        none."""
        hops = np.add(*self.placement.mesh.legs(sources, targets))
        leaving = amounts * (hops > 0)
        for action, number in (
            ("packets", leaving),
            ("hops", amounts * hops),
            ("flits", leaving * flits),
            ("flit_hops", amounts * hops * flits),
        ):
            self.add("noc", action, phase, sources, number)
        route, link = self.placement.mesh.paths(sources, targets)
        np.add.at(self.links[phase], link, amounts[route] * flits)

    def pairs(self, segments: Ints, cores: Ints) -> tuple[Ints, Ints]:
        """Each segment with each core once, sorted: (segment, core)."""
        keys = np.unique(segments * self.cores + cores)
        return keys // self.cores, keys % self.cores

    def _neurons(self, placement: Placement) -> Ints:
        """Neurons of each population on each core, int64 [populations, cores]."""
        found = np.zeros((len(placement.network.populations), self.cores), np.int64)
        for group in placement.groups:
            found[group.population, group.core] += len(group.neurons)
        return found
