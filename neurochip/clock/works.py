"""The works of the cycle engine: tables, state machines, memories and counters of a placed network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import lower, tables
from neurochip.clock.analog import Analog
from neurochip.clock.marks import Marks
from neurochip.clock.refuse import require_supported
from neurochip.clock.state import Log, Machines, Memories, Wiring
from neurochip.clock.store import Store
from neurochip.devices import Resistive
from neurochip.fixed import Format
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


@dataclass
class Works:
    """All that a `Clock` is made of, and that its steps read and write.

    ``now``: cycles so far. ``counts``: int64 [phases + 1, cores, events], ``spikes``: int64 [phases, units],
    ``updates``: int64 [projections, 3], all since `clear`. ``watched``: ticks of which signals are logged.
    Raises ConfigError as the fast engine does.
    """

    hardware: Hardware
    placement: Placement
    program: Program
    formats: dict[str, Format] = field(init=False)
    fraction: int = field(init=False)
    wiring: Wiring = field(init=False)
    machines: Machines = field(init=False)
    memories: Memories = field(init=False)
    store: Store = field(init=False)
    log: Log = field(init=False)
    watched: range = field(init=False, default=range(0))
    now: int = field(init=False, default=0)
    counts: Ints = field(init=False)
    spikes: Ints = field(init=False)
    largest_batch: int = field(init=False)
    updates: Ints = field(init=False)
    marks: Marks = field(init=False)
    _draws: dict[tuple[tuple[int, int], bool], Ints] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        network, cores = self.placement.network, self.placement.mesh.cores
        self.formats = self.hardware.registers.formats()
        self.fraction = self.hardware.registers.fraction.bits
        require_supported(self.placement, self.formats, self.hardware)
        self.populations = tables.populations(network, self.program, self.formats)
        self.format_table = tables.format_table(self.formats)
        self.converter = tables.converter(self.hardware.crossbar, self.formats["weight"])
        parameters = tables.parameters(self.hardware, network)
        self.wiring = lower.wiring(self.placement, self.program, parameters)
        depth = min(self.hardware.core.fifo_depth, lower.most_axons(self.wiring))
        buffers = self.hardware.noc.fifo_flits, depth, lower.most_lines(self.wiring)
        self.machines = Machines.of(cores, *buffers, network.neurons)
        self.store = Store.of(self.placement, self.wiring.blocks, self._cells())
        sizes = lower.sizes(self.wiring.blocks)
        places = int(self.wiring.pools[-1, 0])
        self.memories = Memories.of(*sizes, places, network.neurons, self.hardware.core.lanes)
        self.log, self.marks = Log.of(0, cores), Marks(self.now)
        self.clear()

    def fill(self) -> None:
        """Bring the kept weights and biases to where ticks read them."""
        self.store.fill(self.memories.cells)
        self.memories.bias[:] = self.store.bias()

    def draws(self, steps: tuple[int, int], nudged: bool) -> Ints:
        """Random words in a tick; see `tables.draws`."""
        if (steps, nudged) not in self._draws:
            network = self.placement.network
            self._draws[steps, nudged] = tables.draws(network, self.program, self.formats, steps, nudged)
        return self._draws[steps, nudged]

    def clear(self) -> None:
        """Begin to count."""
        phases, cores = len(self.program.phases), self.placement.mesh.cores
        self.counts = np.zeros((phases + 1, cores, len(col.EVENTS)), np.int64)
        self.spikes = np.zeros((phases, self.placement.network.neurons), np.int64)
        self.updates = np.zeros((len(self.placement.network.projections), 3), np.int64)
        self.memories.over[:], self.largest_batch = 0, 0

    def _cells(self) -> Analog | None:
        record = self.hardware.crossbar.cells
        if not isinstance(record, Resistive):
            return None
        return Analog.of(record, self.placement, self.formats["weight"])
