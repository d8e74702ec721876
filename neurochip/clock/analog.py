"""Cells that do not hold a weight exactly, as the arrays of the cycle engine have them.

What a cell does when it is written or read is the device's (`neurochip.devices.resistive_kernels`); which
cells there are, when they are written and who reads them is told here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import analog_rows
from neurochip.devices import Resistive
from neurochip.devices import resistive_kernels as device
from neurochip.devices.resistive_tables import fade, table
from neurochip.fixed import Format
from neurochip.mapping import Placement

Ints = NDArray[np.integer[Any]]


@dataclass
class Analog:
    """All cells of a chip; a projection's synapses in rising order, each with its copies of two cells.

    ``first``: [projections, (first synapse, first cell, copies)]; a mirror is the second copy. ``aim``: the
    weight that each synapse was last told; ``seen``: [2, synapses], what columns see of both copies;
    ``conductance``, ``writes``, ``written``: [cells], see `resistive_kernels`; ``now``: samples learned from.
    """

    cell: Ints
    fade: Ints
    first: Ints
    aim: Ints
    seen: Ints
    conductance: Ints
    writes: Ints
    written: Ints
    now: int = 0

    @classmethod
    def of(cls, record: Resistive, placement: Placement, weight: Format) -> Analog:
        """Cells for a placed network; they hold nothing yet."""
        mirrored = {it.projection for it in placement.blocks if it.role == "mirror"}
        first, synapses, cells = [], 0, 0
        for index, it in enumerate(placement.network.projections):
            size, copies = it.weight_shape[0] * it.weight_shape[1], 1 + (index in mirrored)
            first.append([synapses, cells, copies])
            synapses, cells = synapses + size, cells + 2 * copies * size
        aim, seen = np.zeros(synapses, np.int64), np.zeros((2, synapses), np.int64)
        conductance, writes, written = np.zeros((3, cells), np.int64)
        known = table(record, weight), fade(record.drift), np.array(first, np.int64)
        return cls(*known, aim, seen, conductance, writes, written)

    def place(self, projection: int, told: Ints) -> None:
        """Set up a projection's cells for the weights ``told``."""
        at = self._at(projection, told)
        self.aim[at] = told.reshape(-1)
        analog_rows.place(
            self.cell, *self.first[projection], self.aim[at], self.conductance, self.writes, self.written
        )

    def write(self, projection: int, told: Ints) -> Ints:
        """Write the weights that changed and read all; returns what the synapses now count as told.

        Pulses leave what they leave, so that is read; a level is taken to be there.
        """
        at = self._at(projection, told)
        analog_rows.settle(
            self.cell, self.fade, self.now, *self.first[projection], told.reshape(-1), self.aim[at],
            self.conductance, self.writes, self.written, self.seen[:, at],
        )  # fmt: skip
        if self.cell[device.PULSES]:
            self.aim[at] = self._nearest(self.seen[0, at])
        return self.aim[at].reshape(told.shape)

    def matrix(self, projection: int, copy: int, shape: tuple[int, int]) -> Ints:
        """What columns see of a projection, as one matrix of its weight shape."""
        start = int(self.first[projection, 0])
        return self.seen[copy, start : start + shape[0] * shape[1]].reshape(shape)

    def restore(self, state: Mapping[str, Ints]) -> None:
        """Bring the cells to a state that the fast engine's cells told. Raises ValueError if it is not of
        such cells."""
        for name in ("aim", "conductance", "writes", "written"):
            mine, value = getattr(self, name), state[name]
            if value.shape != mine.shape:
                raise ValueError(f"cells have {name} of shape {mine.shape}, not {value.shape}")
            mine[:] = value
        self.now = int(state["now"])

    def _at(self, projection: int, told: Ints) -> slice:
        start = int(self.first[projection, 0])
        return slice(start, start + told.size)

    def _nearest(self, seen: Ints) -> Ints:
        step, lowest = 1 << int(self.cell[device.FINE]), int(self.cell[device.LOWEST])
        found: Ints = np.clip((2 * seen + step) // (2 * step), lowest, -lowest - 1)
        return found
