"""How the cycles were spent: the record of time, made from the controller's log."""

from __future__ import annotations

import numpy as np

from neurochip.clock import columns as col
from neurochip.clock.works import Works
from neurochip.timing.record import Timing


def timing_of(works: Works) -> Timing:
    """The record of all cycles since the log began."""
    marks = works.marks
    phases = marks.program.phases if marks.program else ()
    shape = marks.samples, sum(phase.ticks for phase in phases)
    cycles = np.array([(it.spikes, it.neurons) for it in marks.ticks], np.int64).reshape(*shape, 2)
    edges = np.zeros((marks.samples, len(phases)), np.int64)
    for sample, phase, _, length in marks.edges:
        edges[sample, phase] += length
    return Timing(
        engine="cycle",
        clock_mhz=works.hardware.clock_mhz,
        mesh=works.placement.mesh,
        phases=tuple(phase.name for phase in phases),
        lengths=tuple(phase.ticks for phase in phases),
        spikes=cycles[..., 0],
        neurons=cycles[..., 1],
        barrier=int(works.wiring.parameters[col.P_BARRIER]),
        edges=edges,
        updates=np.array([length for _, length in marks.updates], np.int64),
        busy=works.machines.busy[:, col.ANY].copy(),
        links=works.machines.links.copy(),
        machines={
            name: works.machines.busy[:, index].copy() for index, name in enumerate(col.MACHINES[: col.ANY])
        },
    )
