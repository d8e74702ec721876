"""Cycles of each phase of some samples and of the update, tick by tick, as a run's record keeps them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.program import Program
from neurochip.timing.estimate import estimate
from neurochip.timing.learning import Update

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Spent:
    """``cycles`` of the chip; int64 [cores] ``busy``, cycles in which a core works; int64 [link ids]
    ``links``, flits that cross each link."""

    cycles: int
    busy: Ints
    links: Ints

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; links that nothing crosses are left out."""
        links = {str(link): int(self.links[link]) for link in np.flatnonzero(self.links)}
        return {"cycles": self.cycles, "busy": self.busy.tolist(), "links": links}


def of_phases(
    placement: Placement, hardware: Hardware, program: Program, loads: Ints
) -> dict[str, dict[str, Any]]:
    """What each phase of ``program`` took, all samples of ``loads`` (see `estimate`) together."""
    ends = np.cumsum([0, *(phase.ticks for phase in program.phases)]).tolist()
    found = {}
    for phase, (begin, end) in zip(program.phases, pairwise(ends), strict=True):
        alone = replace(program, phases=(phase,))
        timing = estimate(placement, hardware, alone, loads[:, begin:end])
        found[phase.name] = Spent(timing.total, timing.busy, timing.links).as_json()
    return found


def of_update(placement: Placement, hardware: Hardware, program: Program) -> dict[str, dict[str, Any]]:
    """What an update takes for each ``sample`` of its batch, and for the ``batch`` whatever its size.

    No data change it, and it is linear in the samples: every sample adds its products.
    """
    one, two = (Update.of(placement, hardware, program, samples) for samples in (1, 2))
    sample = Spent(two.cycles - one.cycles, two.work - one.work, two.flits - one.flits)
    batch = Spent(one.cycles - sample.cycles, one.work - sample.busy, one.flits - sample.links)
    return {"sample": sample.as_json(), "batch": batch.as_json()}
