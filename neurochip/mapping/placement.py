"""The result of placing a network: where everything is, how full the cores are, what traffic is expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from neurochip.mapping.limits import Limits
from neurochip.mapping.tile import Block, Group, Ints, Segment, Tiling
from neurochip.network import Network
from neurochip.noc import Mesh


class Used(NamedTuple):
    """How much of something is used, of how much there is."""

    used: int
    available: int


class Traffic(NamedTuple):
    """Expected packet hops a tick, of the constructed placement and of the improved one."""

    constructed: float
    improved: float


class LayerRow(NamedTuple):
    """One projection in a table: its blocks, the cores and cells that they take, the cores of its target."""

    projection: str
    blocks: int
    mirror_blocks: int
    cores: int
    cells: int
    home_cores: int


@dataclass(frozen=True, eq=False)
class Placement:
    """Which block and which group is on which core.

    ``reads`` and ``sums`` are those of `Tiling`: which blocks the spikes of a segment read, and which add up
    for it. ``used`` has, for each resource, an int64 array over cores; ``available`` what one core has of it.
    """

    network: Network
    mesh: Mesh
    blocks: tuple[Block, ...]
    groups: tuple[Group, ...]
    segments: tuple[Segment, ...]
    reads: Ints
    sums: Ints
    traffic: Traffic
    used: dict[str, Ints]
    available: dict[str, int]

    @classmethod
    def of(
        cls,
        network: Network,
        limits: Limits,
        tiling: Tiling,
        block_core: Ints,
        group_core: Ints,
        traffic: Traffic,
    ) -> Placement:
        """The pieces of ``tiling`` on the given cores; a core's crossbars fill in the order of blocks."""
        slots = _slots(block_core)
        where = zip(tiling.blocks, block_core.tolist(), slots, strict=True)
        blocks = tuple(replace(block, core=core, slot=slot) for block, core, slot in where)
        groups = tuple(
            replace(g, core=core) for g, core in zip(tiling.groups, group_core.tolist(), strict=True)
        )
        return cls(
            network=network,
            mesh=Mesh(limits.mesh_rows, limits.mesh_cols),
            blocks=blocks,
            groups=groups,
            segments=tiling.segments,
            reads=tiling.reads,
            sums=tiling.sums,
            traffic=traffic,
            used=_used(limits.cores, blocks, groups, tiling.axons),
            available={
                "crossbars": limits.crossbars,
                "cells": limits.crossbars * limits.rows * limits.cols,
                "neurons": limits.neurons,
                "axons": limits.axons,
            },
        )

    @property
    def home(self) -> Ints:
        """Home core of each segment, int64 [segments]."""
        return np.array([self.groups[segment.group].core for segment in self.segments])

    def core(self, core: int) -> dict[str, Used]:
        """How full one core is: crossbars, cells, neurons, axons."""
        return {name: Used(int(self.used[name][core]), there) for name, there in self.available.items()}

    def summary(self) -> dict[str, Used]:
        """How full the chip is: cores (with any block or neuron), crossbars, cells, neurons, axons."""
        busy = np.any([used > 0 for used in self.used.values()], axis=0)
        totals = {
            name: Used(int(self.used[name].sum()), there * self.mesh.cores)
            for name, there in self.available.items()
        }
        return {"cores": Used(int(busy.sum()), self.mesh.cores), **totals}

    def layers(self) -> list[LayerRow]:
        """One row for each projection."""
        return [self._layer(index) for index in range(len(self.network.projections))]

    def _layer(self, index: int) -> LayerRow:
        blocks = [block for block in self.blocks if block.projection == index]
        target = self.network.projections[index].target
        mirrors = sum(block.role == "mirror" for block in blocks)
        return LayerRow(
            projection=self.network.label(index),
            blocks=len(blocks) - mirrors,
            mirror_blocks=mirrors,
            cores=len({block.core for block in blocks}),
            cells=sum(block.cells for block in blocks),
            home_cores=len({group.core for group in self.groups if group.population == target}),
        )


def _slots(block_core: Ints) -> list[int]:
    taken: dict[int, int] = {}
    slots = []
    for core in block_core.tolist():
        slots.append(taken.get(core, 0))
        taken[core] = slots[-1] + 1
    return slots


def _used(cores: int, blocks: tuple[Block, ...], groups: tuple[Group, ...], axons: Ints) -> dict[str, Ints]:
    def per_core(where: list[int], amount: list[int]) -> Ints:
        return np.bincount(where, amount, cores).astype(np.int64)

    on, at = [block.core for block in blocks], [group.core for group in groups]
    return {
        "crossbars": per_core(on, [1] * len(blocks)),
        "cells": per_core(on, [block.cells for block in blocks]),
        "neurons": per_core(at, [len(group.neurons) for group in groups]),
        "axons": per_core(on, axons.tolist()),
    }
