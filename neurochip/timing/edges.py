"""Cycles at the edges of phases: the lanes clear, save, restore or capture their neurons, group by group."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


def edges(placement: Placement, hardware: Hardware, program: Program) -> Ints:
    """Cycles at the edges of each phase, int64 [phases]; the slowest core's, all work side by side."""
    number = [(phase.start != "continue") + phase.save + (phase.bank is not None) for phase in program.phases]
    found: Ints = np.array(number, np.int64) * passes(placement, hardware).max()
    return found


def passes(placement: Placement, hardware: Hardware) -> Ints:
    """Cycles in which the lanes of each core go through its neurons once, int64 [cores]."""
    units = np.zeros(placement.mesh.cores, np.int64)
    for group in placement.groups:
        units[group.core] += len(group.neurons)
    found: Ints = -(-units // hardware.core.lanes)
    return found
