"""What the cycle engine holds, as flat tables of integers; kernels are given the arrays that they need."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.neurons import registers as reg

Ints = NDArray[np.integer[Any]]


class Wiring(NamedTuple):
    """The placed network; nothing here changes. The columns of the tables are in `columns`.

    ``units``: for each unit its first axon, int64 [units + 1]. An axon is an entry of the axon table of one
    core: it names the reads that a spike sets off there. ``hubs``: the core table; ``sums`` and ``parts``:
    the sums that cores send, and the partial sums in them; ``slots``: the units of each core; ``lanes``: runs
    of units that lanes take together; ``pools``: see `tables.pools`.
    """

    parameters: Ints
    blocks: Ints
    units: Ints
    axons: Ints
    reads: Ints
    hubs: Ints
    sums: Ints
    parts: Ints
    slots: Ints
    lanes: Ints
    pools: Ints


class Machines(NamedTuple):
    """The state machines of all cores.

    ``registers``: int64 [cores, registers]; ``ports``: [cores, ports, fields]; ``flits``: [cores, ports,
    depth, fields], rings; ``links``: flits that crossed each link; ``fifo``: [cores, depth, (axon, value,
    cycle)]; ``lines``: [cores, 2, lines, fields]; ``events``: units that fire, by slot; ``busy``: cycles
    [cores, machines].
    """

    registers: Ints
    ports: Ints
    flits: Ints
    links: Ints
    fifo: Ints
    lines: Ints
    events: Ints
    busy: Ints

    @classmethod
    def of(cls, cores: int, flits: int, fifo: int, lines: int, units: int) -> Machines:
        """Idle cores and empty routers, with buffers of these depths."""
        registers, ports = (np.zeros((cores, *n), np.int64) for n in ((col.CORE_REGISTERS,), (5, 6)))
        registers[:, col.OPEN], registers[:, col.LOOKED] = 1, -1
        ports[:, :, col.FREED] = ports[:, :, col.LOCK] = -1
        shapes = (cores, 5, flits, 8), (cores * 4,), (cores, fifo, 3), (cores, 2, lines, 7), (units,)
        rest = [np.zeros(shape, np.int64) for shape in (*shapes, (cores, len(col.MACHINES)))]
        return cls(registers, ports, *rest)


class Memories(NamedTuple):
    """Crossbar ``cells``, column sums ``acc``, ``seen``: whether a row that adds to them was read in this
    tick (for converters); ``places``: the sums of the places of all windows whose largest one is taken, and
    ``winner``: [units], the place that won last; and the neurons: ``state`` [registers, units], ``bias``,
    ``spike`` (committed) and ``fired`` (of this tick), int64 [units]; ``over`` [2, registers]: overflows and
    1 + the unit of the last one; ``noise``, ``out``: scratch of the neuron kernels."""

    cells: Ints
    acc: Ints
    seen: Ints
    places: Ints
    winner: Ints
    state: Ints
    bias: Ints
    spike: Ints
    fired: Ints
    over: Ints
    noise: Ints
    out: Ints

    @classmethod
    def of(cls, cells: int, sums: int, places: int, units: int, lanes: int) -> Memories:
        """Memories of zeros."""
        n = min(lanes, units)
        return cls(
            np.zeros(cells, np.int64), np.zeros(sums, np.int64), np.zeros(sums, np.int64),
            np.zeros(places, np.int64), np.zeros(units, np.int64),
            np.zeros((len(reg.STATE), units), np.int64), np.zeros(units, np.int64),
            np.zeros(units, np.int64), np.zeros(units, np.int64), np.zeros((2, len(reg.REGISTERS)), np.int64),
            np.zeros((3, n), np.int64), np.zeros(n, np.int8),
        )  # fmt: skip


class Log(NamedTuple):
    """What changes, for timelines: ``rows`` [n, (cycle, signal, value)]; ``used``: [rows written, rows lost];
    ``last``: value of each signal. With no rows, nothing is logged."""

    rows: Ints
    used: Ints
    last: Ints

    @classmethod
    def of(cls, rows: int, cores: int) -> Log:
        """An empty log; all signals begin at 0."""
        return cls(np.empty((rows, 3), np.int64), np.zeros(2, np.int64), np.zeros(3 * cores, np.int64))
