"""The cycle engine's chip: it executes programs as `neurochip.chip.Chip` does, and knows how long they
take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import lower, tables
from neurochip.clock.analog import Analog
from neurochip.clock.events import Events
from neurochip.clock.learning import learn
from neurochip.clock.marks import Marks
from neurochip.clock.refuse import require_supported
from neurochip.clock.running import Outcome, run_sample
from neurochip.clock.state import Log, Machines, Memories, Wiring
from neurochip.clock.store import Store
from neurochip.clock.timeline import Timeline
from neurochip.devices import Resistive
from neurochip.fixed import Format, Rate
from neurochip.fixed.scalar import subkey
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.program import Program
from neurochip.timing.record import Timing

Ints = NDArray[np.integer[Any]]

MOST_ROWS = 4_000_000
"""Changes of signals that a timeline keeps: 96 MB."""


@dataclass
class Clock:
    """A placed network on a piece of hardware, stepped clock by clock.

    It has the methods of `neurochip.chip.Chip` and gives the same bits. `now` is the number of cycles so far;
    `take_timing` says how they were spent, `take_events` what happened in them. Raises ConfigError as the
    fast engine does.
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
        self._clear()

    # -- weights -------------------------------------------------------------------------------------------

    def load(
        self, masters: Sequence[Ints], biases: Sequence[Ints], cells: Mapping[str, Ints] | None = None
    ) -> None:
        """Write masters (of the weight shapes) and biases (one for each column) into all copies.

        ``cells``: as in `Chip.load`, whose state it may be.
        """
        self.store.load(masters, biases, (1 << self.fraction) >> 1, self.fraction)
        self.store.place_cells(self.fraction, cells)
        self.fill()

    @property
    def weights(self) -> list[Ints]:
        """The integer weights that the crossbars hold, one matrix of the weight shape for each projection."""
        return [self.store.matrix(self.store.weights, index) for index in self._projections]

    @property
    def masters(self) -> list[Ints]:
        """Weight and fraction as one integer, of the weight shape for each projection."""
        return [self.store.matrix(self.store.values, index) for index in self._projections]

    @property
    def biases(self) -> list[Ints]:
        """The biases, one for each column of a projection's matrix (neuron, or channel)."""
        first, bias = tables.offsets(self.placement.network), self.store.bias()
        return [bias[first[it.target] :][: it.weight_shape[1]] for it in self.placement.network.projections]

    def fill(self) -> None:
        """Bring the kept weights and biases to where ticks read them."""
        self.store.fill(self.memories.cells)
        self.memories.bias[:] = self.store.bias()

    # -- running -------------------------------------------------------------------------------------------

    def run(
        self, inputs: Ints, targets: Ints, names: Ints, family: int, program: Program | None = None,
        capture: bool = True, probe: Ints | None = None,
    ) -> Outcome:  # fmt: skip
        """Run samples through a program, one after the other; arguments and result as `Chip.run`.

        Raises RegisterOverflow when a register declared ``error`` overflows.
        """
        program, n, units = program or self.program, len(names), self.placement.network.neurons
        probe = np.zeros(0, np.int64) if probe is None else np.asarray(probe, np.int64)
        banks = np.zeros((n if capture else 0, program.banks, units), np.int32)
        network = self.placement.network
        outputs, pooled = network.populations[-1].size, network.max_pooled
        outcome = Outcome.of(n, outputs, banks, pooled, program, probe)
        for sample, name in enumerate(np.asarray(names).tolist()):
            data = np.asarray(inputs[sample], np.int64), np.asarray(targets[sample], np.int64)
            run_sample(self, sample, subkey(family, name), data, program, outcome, probe)
        return outcome

    def learn(
        self, banks: Ints, rates: Sequence[Rate], bias_rates: Sequence[Rate], family: int,
        won: Ints | None = None,
    ) -> None:  # fmt: skip
        """Let the update units walk all crossbars once; arguments as `Chip.learn`."""
        if self.placement.network.max_pooled and (won is None or won.shape != banks.shape):
            raise ValueError(f"behind max pooling, won of shape {banks.shape} is needed: Outcome.won")
        won = np.zeros((*banks.shape[:2], 0), np.int8) if won is None else won
        learn(self, np.asarray(banks, np.int64), rates, bias_rates, family, np.asarray(won, np.int64))

    def draws(self, steps: tuple[int, int], nudged: bool) -> Ints:
        """Random words in a tick; see `tables.draws`."""
        if (steps, nudged) not in self._draws:
            network = self.placement.network
            self._draws[steps, nudged] = tables.draws(network, self.program, self.formats, steps, nudged)
        return self._draws[steps, nudged]

    def watch(self, ticks: range, rows: int = MOST_ROWS) -> None:
        """Log all signals in these ticks (counted over all phases) of the next sample, for `timeline`.

        ``rows``: the most changes that are kept.
        """
        self.watched, self.log = ticks, Log.of(rows, self.placement.mesh.cores)
        self.marks.watched_sample = self.marks.samples

    def timeline(self) -> Timeline:
        """What was logged since `watch`. Raises NeurochipError if there were more changes than rows."""
        return Timeline.of(self)

    # -- what happened -------------------------------------------------------------------------------------

    def take_events(self) -> Events:
        """All events since the last call, each counted when it happened; counting starts again at zero."""
        if self.largest_batch < 2:  # sums of one sample need no accumulator
            self.counts[:, :, col.ACCUMULATIONS] = 0
        names = (*(phase.name for phase in self.program.phases), "update")
        table = {name: self.counts[:, :, index].copy() for index, name in enumerate(col.EVENTS)}
        saturations = self.memories.over[0].copy()
        events = Events(names, table, self.spikes, saturations, self.updates)
        self._clear()
        return events

    def take_timing(self) -> Timing:
        """The cycles since the last call, of samples that were all run through the same program."""
        timing = self.marks.timing(self)
        self.marks = Marks(self.now)
        self.machines.busy[:] = 0
        self.machines.links[:] = 0
        return timing

    # -- inside --------------------------------------------------------------------------------------------

    def _cells(self) -> Analog | None:
        record = self.hardware.crossbar.cells
        if not isinstance(record, Resistive):
            return None
        return Analog.of(record, self.placement, self.formats["weight"])

    @property
    def _projections(self) -> range:
        return range(len(self.placement.network.projections))

    def _clear(self) -> None:
        """Begin to count."""
        phases, cores = len(self.program.phases), self.placement.mesh.cores
        self.counts = np.zeros((phases + 1, cores, len(col.EVENTS)), np.int64)
        self.spikes = np.zeros((phases, self.placement.network.neurons), np.int64)
        self.updates = np.zeros((len(self._projections), 3), np.int64)
        self.memories.over[:], self.largest_batch = 0, 0
