"""What a cycle leaves behind: busy cycles, and changes of signals for timelines."""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel

MACHINES, FIFO, ROUTER = range(3)
"""Signals of a core: its machines at work (bits), spikes in its FIFO, flits in its router; number core * 3 +
it."""


@kernel
def cycle(now, registers, busy, rows, used, last):
    """Close a cycle: count what was busy and note the signals that changed."""
    for core in range(registers.shape[0]):
        mark = registers[core, col.MARK]
        if mark != 0:
            for machine in range(col.ANY):
                busy[core, machine] += mark >> machine & 1
            busy[core, col.ANY] += 1
            registers[core, col.MARK] = 0
        if rows.shape[0] > 0:
            note(now, core * 3 + MACHINES, mark, rows, used, last)
            note(now, core * 3 + FIFO, registers[core, col.FIFO_N], rows, used, last)
            note(now, core * 3 + ROUTER, registers[core, col.LOAD], rows, used, last)


@kernel
def rest(now, cores, rows, used, last):
    """From cycle ``now`` on no machine works: the tree is passed."""
    if rows.shape[0] > 0:
        for core in range(cores):
            note(now, core * 3 + MACHINES, 0, rows, used, last)


@kernel
def note(now, signal, value, rows, used, last):
    """Write a row if a signal has changed; count it as lost if there is no place."""
    if last[signal] != value:
        last[signal] = value
        if used[0] < rows.shape[0]:
            row = rows[used[0]]
            row[0], row[1], row[2] = now, signal, value
            used[0] += 1
        else:
            used[1] += 1
