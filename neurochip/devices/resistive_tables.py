"""The resistive cell as kernels see it: its record in integers, made once for a chip."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.devices import resistive_kernels as device
from neurochip.devices.resistive import Resistive
from neurochip.fixed import Format, draws

Ints = NDArray[np.integer[Any]]

HELD_BITS = 16
"""Of a weight as columns see it: one of the largest magnitude is 2**14, so there is room for twice that."""

AGES = 40 * 64
"""Entries of the table of the drift: 64 for each doubling of the age."""


def table(record: Resistive, weight: Format) -> Ints:
    """The parameters of a cell as kernels see them; columns are those of `resistive_kernels`."""
    found = np.zeros(device.COLUMNS, np.int64)
    full = -weight.lo if record.pairing == "pair" else weight.hi - weight.lo
    steps = record.levels - 1 if record.levels else full
    pulses = record.write == "pulses"
    noise = record.pulse_noise * full / steps if pulses else record.programming_noise * full
    stuck = [round(fraction * 2**32) for fraction in (record.stuck_off, record.stuck_off + record.stuck_on)]
    losses = record.nonlinearity_up, record.nonlinearity_down, record.asymmetry
    found[:] = [
        pulses, record.pairing == "pair", weight.lo, full, steps, HELD_BITS - 1 - weight.bits,
        draws.bell_scale(record.spread * 65536), *stuck, draws.bell_scale(noise * 65536),
        *(round(part * 65536) for part in losses),
        record.endurance_writes, draws.key(record.seed, draws.CELL), draws.key(record.seed, draws.PROGRAM),
        record.drift > 0,
    ]  # fmt: skip
    return found


def fade(drift: float) -> Ints:
    """What is left of a conductance, in 2**-16, at ages of ``2**o * (1 + f/64)`` samples: entry 64 o + f."""
    part = np.arange(AGES)
    ages = 2.0 ** (part // 64) * (1 + part % 64 / 64)
    return np.rint(65536 * ages**-drift).astype(np.int64)
