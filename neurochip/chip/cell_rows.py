"""Walking over all synapses whose cells do not hold a weight exactly; each row belongs to one thread."""

from __future__ import annotations

from neurochip.devices import resistive_kernels as device
from neurochip.fixed.jit import kernel

ROWS, COLS, FORWARD, STRIDE, BACK, BACK_STRIDE, MASTER, COPIES, CELLS = range(9)
"""Columns of the table of matrices: shape; start and row distance of the matrix and of its transpose (start
-1: none) in the weight memory; number of the first synapse; arrays that hold the matrix (2: the transpose has
cells of its own); first cell."""


@kernel
def place(cell, places, told, aim, conductance, writes, written):
    """Set up the cells of all synapses for the weights ``told``."""
    for m in range(places.shape[0]):
        it = places[m]
        for row in range(it[ROWS]):
            for k in range(it[COLS]):
                n, weight = it[MASTER] + row * it[COLS] + k, int(told[it[FORWARD] + row * it[STRIDE] + k])
                aim[n] = weight
                for copy in range(it[COPIES]):
                    first = it[CELLS] + 2 * ((row * it[COLS] + k) * it[COPIES] + copy)
                    device.place(cell, first, 4 * n + 2 * copy, weight, conductance, writes, written)


@kernel(nogil=True)
def settle(
    thread, threads, cell, fade, now, places, fraction, told, master, aim, conductance, writes,
    written, weights,
):  # fmt: skip
    """Bring the cells of every ``threads``-th row to the weights ``told``; ``weights``: what is then read.

    ``aim``: the weights told before. What pulses leave is read: ``told`` and ``master`` go on from what the
    first copy then holds, rounded to a weight; the fraction stays.
    """
    for m in range(places.shape[0]):
        it = places[m]
        for row in range(thread, it[ROWS], threads):
            for k in range(it[COLS]):
                n, at = it[MASTER] + row * it[COLS] + k, it[FORWARD] + row * it[STRIDE] + k
                back = it[BACK] + k * it[BACK_STRIDE] + row
                wanted = int(told[at])
                for copy in range(it[COPIES]):
                    first = it[CELLS] + 2 * ((row * it[COLS] + k) * it[COPIES] + copy)
                    if wanted != aim[n]:
                        name = 4 * n + 2 * copy
                        device.write(
                            cell, first, name, int(aim[n]), wanted, now, fade, conductance, writes, written
                        )
                    held = device.read(cell, first, now, fade, conductance, written)
                    if copy == 0:
                        weights[at] = held
                    if it[BACK] >= 0:
                        weights[back] = held
                if cell[device.PULSES] != 0:
                    found = _rounded(cell, weights[at])
                    master[n] += (found - wanted) << fraction
                    told[at] = wanted = found
                aim[n] = wanted


@kernel
def _rounded(cell, held):
    """The weight next to what columns see of a synapse."""
    fine, top = cell[device.FINE], -cell[device.LOWEST] - 1
    return min(max((held + (1 << (fine - 1))) >> fine, cell[device.LOWEST]), top)
