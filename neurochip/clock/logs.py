"""What a cycle leaves behind: busy cycles, and changes of signals for timelines."""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel

MACHINES, FIFO, ROUTER = range(3)
"""Signals of a core: its machines at work (bits), spikes in its FIFO, flits in its router; number core * 3 + it."""


@kernel
def cycle(now, mesh, cores, log):
    """Close a cycle: count what was busy and note the signals that changed."""
    for core in range(cores.mark.shape[0]):
        mark = cores.mark[core]
        if mark != 0:
            for machine in range(col.ANY):
                cores.busy[core, machine] += mark >> machine & 1
            cores.busy[core, col.ANY] += 1
        if log.rows.shape[0] > 0:
            _note(log, now, core * 3 + MACHINES, mark)
            _note(log, now, core * 3 + FIFO, cores.fifo_count[core])
            _note(log, now, core * 3 + ROUTER, mesh.load[core])
        cores.mark[core] = 0


@kernel
def _note(log, now, signal, value):
    """Write a row if a signal has changed; count it as lost if there is no place."""
    if log.last[signal] != value:
        log.last[signal] = value
        if log.used[0] < log.rows.shape[0]:
            row = log.rows[log.used[0]]
            row[0], row[1], row[2] = now, signal, value
            log.used[0] += 1
        else:
            log.used[1] += 1
