"""The result of placing a network: where everything is, how full the cores are, what traffic is expected."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from neurochip.mapping.pieces import FORWARD, Block, Group, Ints, Segment, Tiling
from neurochip.mapping.plan import Plan
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
    """One projection in a table: its blocks, the cores and cells that they take, the cores of its target,
    the copies of its kernel (which are in the other numbers) and the width of a cell.
    """

    projection: str
    blocks: int
    mirror_blocks: int
    cores: int
    cells: int
    home_cores: int
    replicas: int
    cell_bits: int


@dataclass(frozen=True, eq=False)
class Placement:
    """Which block and which group is on which core.

    ``reads``, ``lines``, ``ops``, ``sums``, ``weights`` and ``products`` are those of `Tiling`: which blocks
    the spikes of a segment read, which add up for it, what a block's update takes. ``folded``: blocks hold
    kernels with the average pooling in them. ``cell_bits``: width of each projection's cells. ``used`` has,
    for each resource, an int64 array over cores; ``available`` what one core has of it.
    """

    network: Network
    mesh: Mesh
    blocks: tuple[Block, ...]
    groups: tuple[Group, ...]
    segments: tuple[Segment, ...]
    reads: Ints
    lines: Ints
    ops: Ints
    sums: Ints
    weights: Ints
    products: Ints
    folded: bool
    cell_bits: tuple[int, ...]
    traffic: Traffic
    used: dict[str, Ints]
    available: dict[str, int]

    @classmethod
    def of(
        cls,
        plan: Plan,
        tiling: Tiling,
        block_core: Ints,
        group_core: Ints,
        traffic: Traffic,
    ) -> Placement:
        """The pieces of ``tiling`` on the given cores; a core's crossbars fill in the order of blocks."""
        limits = plan.limits
        slots = _slots(block_core)
        where = zip(tiling.blocks, block_core.tolist(), slots, strict=True)
        blocks = tuple(replace(block, core=core, slot=slot) for block, core, slot in where)
        groups = tuple(
            replace(g, core=core) for g, core in zip(tiling.groups, group_core.tolist(), strict=True)
        )
        return cls(
            network=plan.network,
            mesh=Mesh(limits.mesh_rows, limits.mesh_cols),
            blocks=blocks,
            groups=groups,
            segments=tiling.segments,
            reads=tiling.reads,
            lines=tiling.lines,
            ops=tiling.ops,
            sums=tiling.sums,
            weights=tiling.weights,
            products=tiling.products,
            folded=plan.fold,
            cell_bits=tuple(plan.cell_bits(index) for index in range(len(plan.held))),
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

    def replicas(self, projection: int) -> int:
        """Copies of a projection's kernel, each for some positions; 1 for a dense projection."""
        mine = (it for it in self.blocks if it.projection == projection and it.role == "forward")
        return 1 + max(block.replica for block in mine)

    def fan(self, block: int, way: int = FORWARD) -> Ints:
        """Lines of a block that a spike of each neuron of the driving population reads, int64 [neurons].

        On the ``way`` up that is the source of the block's projection, on the way back its target.
        """
        it = self.blocks[block]
        projection = self.network.projections[it.projection]
        below = it.role == "forward" and way == FORWARD
        found = np.zeros(projection.n_pre if below else projection.n_post, np.int64)
        mine = (self.reads[:, 1] == block) & (self.reads[:, 2] == way)
        for segment, lines in zip(self.reads[mine, 0].tolist(), self.lines[mine].tolist(), strict=True):
            neurons = self.segments[segment].neurons
            found[neurons.start : neurons.stop] = lines
        return found

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
            replicas=self.replicas(index),
            cell_bits=self.cell_bits[index],
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
