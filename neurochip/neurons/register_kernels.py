"""Kernels of single registers, the same for every neuron model."""

from __future__ import annotations

import numpy as np

from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import stored
from neurochip.neurons import registers as reg


@kernel
def write(value, formats, register, unit, over):
    """What a register holds after ``value`` is written; an overflow is counted.

    ``formats``: the format table; ``register``: its row. ``over``: int64 [2, registers], overflows and 1 +
    the last unit that had one.
    """
    wide = np.int64(value)
    kept = stored(wide, formats[register, reg.LO], formats[register, reg.HI], formats[register, reg.OVERFLOW])
    if kept != wide:
        over[0, register] += 1
        over[1, register] = unit + 1
    return kept
