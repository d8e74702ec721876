"""Choosing a core for every block and group so that little travels far, within the limits of the cores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurochip.hardware import Hardware
from neurochip.mapping.construct import construct
from neurochip.mapping.improve import improve
from neurochip.mapping.limits import require_fit
from neurochip.mapping.placement import Placement, Traffic
from neurochip.mapping.plan import Limits, Plan
from neurochip.mapping.tile import tile
from neurochip.mapping.traffic import DEFAULT_ACTIVITY, MILLI
from neurochip.network import Network
from neurochip.noc import Mesh


def place(
    network: Network,
    hardware: Hardware,
    feedback: bool,
    fold: bool = False,
    activity: float = DEFAULT_ACTIVITY,
) -> Placement:
    """The placement of ``network`` on a chip.

    ``feedback``: the learning rule also sends spikes back down the network. ``fold``: crossbars hold kernels
    with the average pooling folded in. Minimises the expected packet hops of a tick when neurons emit
    ``activity`` spikes a tick. The same arguments give the same placement.
    Raises DoesNotFit, with everything that is needed and available; ConfigError for folding a max pooling.
    """
    limits = Limits.of(hardware)
    plan = Plan(network, limits, hardware.crossbar.feedback if feedback else None, fold)
    cores = require_fit(plan)
    tilings = (tile(plan, largest) for largest in _group_sizes(plan))
    starts = (construct(plan, tiling, cores, activity) for tiling in tilings)
    start = next(start for start in starts if start is not None)
    constructed = start.layout.cost()
    improved = improve((start.groups, start.blocks), constructed)
    traffic = Traffic(constructed / MILLI, improved / MILLI)
    mesh = Mesh(limits.mesh_rows, limits.mesh_cols)
    on_chip = np.array([mesh.core(*start.window.coordinates(core)) for core in range(start.window.cores)])
    block_core, group_core = on_chip[start.layout.block_core], on_chip[start.layout.group_core]
    return Placement.of(plan, start.tiling, block_core, group_core, traffic)


def _group_sizes(plan: Plan) -> Iterator[int]:
    """Bounds on a group's size: a crossbar's side, or a core, then halved; single neurons always pack."""
    limits = plan.limits
    convolutional = any(it.kernel for it in plan.held)
    size = limits.neurons if convolutional else min(limits.neurons, max(limits.rows, limits.cols))
    while size > 1:
        yield size
        size = (size + 1) // 2
    yield 1
