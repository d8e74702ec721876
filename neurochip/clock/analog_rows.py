"""Walking over the synapses of a projection whose cells do not hold a weight exactly.

``synapse``, ``first``, ``copies``: the projection's first synapse and cell, and the arrays that hold it.
"""

from __future__ import annotations

from neurochip.devices import resistive_kernels as device
from neurochip.fixed.jit import kernel


@kernel
def place(cell, synapse, first, copies, told, conductance, writes, written):
    """Set up all cells for the weights ``told``."""
    for n in range(told.shape[0]):
        for copy in range(copies):
            at, name = first + 2 * (n * copies + copy), 4 * (synapse + n) + 2 * copy
            device.place(cell, at, name, told[n], conductance, writes, written)


@kernel
def settle(cell, fade, now, synapse, first, copies, told, aim, conductance, writes, written, seen):
    """Write every synapse whose weight is no longer ``aim``, which then is ``told``, and read all."""
    for n in range(told.shape[0]):
        for copy in range(copies):
            at, name = first + 2 * (n * copies + copy), 4 * (synapse + n) + 2 * copy
            if told[n] != aim[n]:
                device.write(cell, at, name, aim[n], told[n], now, fade, conductance, writes, written)
            seen[copy, n] = device.read(cell, at, now, fade, conductance, written)
        aim[n] = told[n]
