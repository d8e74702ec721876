"""The cells of all crossbars, where they do not hold a weight exactly: what each was told, and holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import cell_rows, convert
from neurochip.chip.memory import NONE, Memory
from neurochip.chip.threads import side_by_side
from neurochip.devices import Resistive
from neurochip.devices import resistive_kernels as device
from neurochip.devices.resistive_tables import HELD_BITS, fade, table
from neurochip.fixed import Format, draws
from neurochip.hardware import Crossbar
from neurochip.network import Network

Ints = NDArray[np.integer[Any]]

STATE = ("aim", "conductance", "writes", "written")
"""Arrays that are a chip's own: with the masters, all that a checkpoint needs."""


@dataclass
class Cells:
    """Resistive cells, two entries for each synapse and copy (a mirror is a second copy).

    ``aim``: int16 [synapses], the weight that each synapse was last told. ``conductance`` int32, ``writes``
    int32 and ``written`` int64 (samples learned from when it was last written): [cells]. ``now``: samples
    that the chip has learned from. ``fraction``: bits below a weight in the masters.
    """

    table: Ints
    fade: Ints
    places: Ints
    fraction: int
    aim: Ints
    conductance: Ints
    writes: Ints
    written: Ints
    now: int = 0

    @classmethod
    def of(
        cls,
        record: Resistive,
        network: Network,
        memory: Memory,
        weight: Format,
        fraction: int,
        mirrored: bool,
    ) -> Cells:
        """Cells for all matrices of ``memory``; they hold nothing yet."""
        places, cells = [], 0
        for projection, matrix in zip(network.projections, memory.matrices, strict=True):
            copies = 1 + (mirrored and matrix.back != NONE)
            where = matrix.forward, matrix.stride, matrix.back, matrix.back_stride, matrix.master
            places.append([*projection.weight_shape, *where, copies, cells])
            cells += 2 * copies * projection.weight_shape[0] * projection.weight_shape[1]
        return cls(
            table=table(record, weight),
            fade=fade(record.drift),
            places=np.array(places, np.int64),
            fraction=fraction,
            aim=np.zeros(memory.masters, np.int16),
            conductance=np.zeros(cells, np.int32),
            writes=np.zeros(cells, np.int32),
            written=np.zeros(cells, np.int64),
        )

    def place(self, told: Ints, masters: Ints, weights: Ints) -> None:
        """New cells for the weights ``told`` (laid out as ``weights``), which then has what columns see."""
        self.now = 0
        cell_rows.place(self.table, self.places, told, self.aim, self.conductance, self.writes, self.written)
        self.settle(told, masters, weights, 0, 1)

    def settle(self, told: Ints, masters: Ints, weights: Ints, samples: int, threads: int) -> None:
        """Write the weights that changed and let ``samples`` more samples pass; ``weights``: written."""
        self.now += samples

        def work(thread: int) -> None:
            cell_rows.settle(
                thread, threads, self.table, self.fade, self.now, self.places, self.fraction,
                told, masters, self.aim, self.conductance, self.writes, self.written, weights,
            )  # fmt: skip

        side_by_side(work, threads)

    def state(self) -> dict[str, Ints]:
        """Copies of all that the cells are, from which `restore` goes on."""
        return {**{name: getattr(self, name).copy() for name in STATE}, "now": np.array(self.now)}

    def restore(self, state: Mapping[str, Ints], told: Ints, masters: Ints, weights: Ints) -> None:
        """Bring the cells to a state. Raises KeyError or ValueError if it is not of such cells."""
        for name in STATE:
            mine, value = getattr(self, name), state[name]
            if value.shape != mine.shape:
                raise ValueError(f"cells have {name} of shape {mine.shape}, not {value.shape}")
            mine[:] = value
        self.now = int(state["now"])
        self.settle(told, masters, weights, 0, 1)

    def wear(self) -> dict[str, int]:
        """How often cells were written, and how many take no write: ``writes``, ``most_written``, ..."""
        used = self.writes if self.table[device.PAIR] else self.writes[::2]
        stuck = (self.written if self.table[device.PAIR] else self.written[::2]) == device.NEVER
        limit = int(self.table[device.ENDURANCE])
        return {
            "cells": int(used.size),
            "writes": int(used.sum(dtype=np.int64)),
            "most_written": int(used.max(initial=0)),
            "stuck": int(stuck.sum()),
            "worn_out": int((used >= limit).sum()) if limit else 0,
        }


def converter_table(crossbar: Crossbar, weight: Format) -> Ints:
    """The converter of column sums as kernels see it; see `convert`."""
    cells, fine = crossbar.cells, 0
    found = np.zeros(4, np.int64)
    if isinstance(cells, Resistive):
        fine = HELD_BITS - 1 - weight.bits
        found[convert.NOISE] = draws.bell_scale(cells.read_noise * (-weight.lo << fine))
    found[convert.FINE] = fine
    if crossbar.adc:
        found[convert.RANGE] = crossbar.adc.range_cells * -weight.lo << fine
        found[convert.HALF] = 1 << crossbar.adc.bits - 1
    return found
