"""A first legal placement: what adds up for the same neurons together, layer by layer along a snake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, isqrt

import numpy as np

from neurochip.mapping.improve import Pieces
from neurochip.mapping.limits import Limits, refuse_packing
from neurochip.mapping.tile import Ints, Tiling
from neurochip.mapping.traffic import Layout, Nets, Reals
from neurochip.network import Network
from neurochip.noc import Mesh

BANDS = (1, 2, 3, 4, 6, 8, 12)
"""Heights of the snake's bands that are tried."""


@dataclass(frozen=True, eq=False)
class Start:
    """A legal placement of ``tiling`` in ``window``, a corner of the mesh, ready to be improved."""

    tiling: Tiling
    window: Mesh
    layout: Layout
    blocks: Pieces
    groups: Pieces


def construct(network: Network, tiling: Tiling, limits: Limits, cores: int, activity: float) -> Start | None:
    """The cheapest of the constructed placements in the smallest window of >= ``cores`` that allows one.

    None when groups of this size cannot be packed into the chip; DoesNotFit when the blocks cannot.
    """
    axons = tiling.axons.tolist()
    bins = _pack(_sequence(network, tiling), axons, limits)
    n_bins = int(bins.max()) + 1
    if n_bins > limits.cores:
        raise refuse_packing(network, axons, limits, n_bins)
    nets = Nets.of(tiling, activity)
    for window in _windows(limits, max(cores, n_bins)):
        curves = [np.array(window.snake(band)) for band in BANDS if band <= window.rows]
        hops = window.hop_table().astype(np.float64)
        starts = [_start(tiling, nets, limits, window, hops, curve[bins]) for curve in curves]
        legal = [start for start in starts if start is not None]
        if legal:
            return min(legal, key=lambda start: start.layout.cost())
    return None


def _sequence(network: Network, tiling: Tiling) -> list[int]:
    """Blocks ordered by the neurons that they add up for, be it on the way up or back."""

    def adds_up_for(index: int) -> tuple[int, int]:
        block = tiling.blocks[index]
        projection = network.projections[block.projection]
        return projection.target if block.role == "forward" else projection.source, block.cols.start

    return sorted(range(len(tiling.blocks)), key=adds_up_for)


def _pack(sequence: list[int], axons: list[int], limits: Limits) -> Ints:
    """The core, counted from 0, of each block when each in ``sequence`` goes to the first core with room."""
    crossbars, lines = [limits.crossbars], [limits.axons]
    bins = np.zeros(len(sequence), np.int64)
    first_open = 0
    for block in sequence:
        core = first_open
        while not (crossbars[core] and lines[core] >= axons[block]):
            core += 1
            if core == len(crossbars):
                crossbars.append(limits.crossbars)
                lines.append(limits.axons)
        bins[block] = core
        crossbars[core] -= 1
        lines[core] -= axons[block]
        while first_open < core and not (crossbars[first_open] and lines[first_open] >= min(axons)):
            first_open += 1
    return bins


def _start(
    tiling: Tiling, nets: Nets, limits: Limits, window: Mesh, hops: Reals, block_core: Ints
) -> Start | None:
    """Blocks as told, groups where they are then cheapest; None if not every group finds a place."""
    layout = Layout(nets, hops, block_core, np.zeros(len(tiling.groups), np.int64))
    lines = np.stack([np.ones_like(tiling.axons), tiling.axons], axis=1)
    unused = np.tile((limits.crossbars, limits.axons), (window.cores, 1))
    np.subtract.at(unused, block_core, lines)
    neurons = np.array([[len(group.neurons)] for group in tiling.groups])
    slots = np.full((window.cores, 1), limits.neurons)
    if not _settle(layout, neurons, slots):
        return None
    blocks = Pieces(layout.block_core, lines, unused, layout.block_costs, layout.move_block)
    groups = Pieces(layout.group_core, neurons, slots, layout.group_costs, layout.move_group)
    return Start(tiling, window, layout, blocks, groups)


def _settle(layout: Layout, neurons: Ints, slots: Ints) -> bool:
    """Put each group, the largest first, on the cheapest core with room; reduces ``slots``.

    False if one has no room anywhere.
    """
    costs = layout.group_costs()
    for group in np.argsort(-neurons[:, 0], kind="stable").tolist():
        cost = np.where(slots[:, 0] >= neurons[group], costs[group], np.inf)
        core = int(cost.argmin())
        if not np.isfinite(cost[core]):
            return False
        slots[core] -= neurons[group]
        layout.group_core[group] = core
    return True


def _windows(limits: Limits, cores: int) -> Iterator[Mesh]:
    """Near-square corners of the mesh with at least ``cores`` cores, growing up to the whole mesh."""
    while True:
        rows = min(limits.mesh_rows, isqrt(cores - 1) + 1)
        cols = min(limits.mesh_cols, ceil(cores / rows))
        rows = ceil(cores / cols)
        yield Mesh(rows, cols)
        if rows * cols == limits.cores:
            return
        cores = min(rows * cols + 1 + cores // 10, limits.cores)
