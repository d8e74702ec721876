"""A first legal placement: what adds up for the same neurons together, layer by layer along a snake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, isqrt

import numpy as np

from neurochip.mapping.improve import Pieces
from neurochip.mapping.limits import refuse_packing
from neurochip.mapping.pieces import Ints, Tiling
from neurochip.mapping.plan import Limits, Plan
from neurochip.mapping.traffic import Layout, Nets, Reals
from neurochip.noc import Mesh

Size = tuple[int, int, int]
"""Crossbars, axons and neuron slots."""

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


def construct(plan: Plan, tiling: Tiling, cores: int, activity: float) -> Start | None:
    """The cheapest of the constructed placements in the smallest window of >= ``cores`` that allows one.

    None when groups of this size cannot be packed into the chip; DoesNotFit when the blocks cannot.
    """
    limits, sequence = plan.limits, _sequence(plan, tiling)
    bins = _pack(sequence, _sizes(plan, tiling, sequence), limits)
    if bins.max() >= limits.cores:
        bins = _pack(sequence, [(1, axons, 0) for axons in tiling.axons.tolist()], limits)
    n_bins = int(bins.max()) + 1
    if n_bins > limits.cores:
        raise refuse_packing(plan, tiling.axons.tolist(), n_bins)
    nets = Nets.of(tiling, activity)
    for window in _windows(limits, max(cores, n_bins)):
        curves = [np.array(window.snake(band)) for band in BANDS if band <= window.rows]
        hops = window.hop_table().astype(np.float64)
        starts = [_start(tiling, nets, limits, window, hops, curve[bins]) for curve in curves]
        legal = [start for start in starts if start is not None]
        if legal:
            return min(legal, key=lambda start: start.layout.cost())
    return None


def _sequence(plan: Plan, tiling: Tiling) -> list[int]:
    """Blocks ordered by the neurons that they add up for, be it on the way up or back."""

    def adds_up_for(index: int) -> tuple[int, int, int]:
        block = tiling.blocks[index]
        projection = plan.held[block.projection]
        population = projection.target if block.role == "forward" else projection.source
        return population, block.positions.start if block.positions else 0, block.cols.start

    return sorted(range(len(tiling.blocks)), key=adds_up_for)


def _sizes(plan: Plan, tiling: Tiling, sequence: list[int]) -> list[Size]:
    """What each block takes; the first of a replica also takes its neurons, which are to live with it."""
    sizes, begun = [(1, axons, 0) for axons in tiling.axons.tolist()], set()
    for index in sequence:
        block = tiling.blocks[index]
        replica = block.projection, block.replica
        if block.role == "forward" and block.positions and replica not in begun:
            begun.add(replica)
            neurons = len(block.positions) * plan.held[block.projection].target_shape[0]
            sizes[index] = (*sizes[index][:2], neurons)
    return sizes


def _pack(sequence: list[int], sizes: list[Size], limits: Limits) -> Ints:
    """The core, counted from 0, of each block when each in ``sequence`` goes to the first core with room."""
    empty = limits.crossbars, limits.axons, limits.neurons
    smallest = [min(size[i] for size in sizes) for i in range(3)]
    room = [list(empty)]
    bins = np.zeros(len(sequence), np.int64)
    first_open = 0
    for block in sequence:
        core = first_open
        while not _has_room(room[core], sizes[block]):
            core += 1
            if core == len(room):
                room.append(list(empty))
        bins[block] = core
        room[core] = [there - taken for there, taken in zip(room[core], sizes[block], strict=True)]
        while first_open < core and not _has_room(room[first_open], smallest):
            first_open += 1
    return bins


def _has_room(room: Sequence[int], size: Sequence[int]) -> bool:
    return room[0] >= size[0] and room[1] >= size[1] and room[2] >= size[2]


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
