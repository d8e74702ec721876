"""The cycle engine's chip: it executes programs as `neurochip.chip.Chip` does, and knows how long they
take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import tables
from neurochip.clock.events import Events
from neurochip.clock.learning import learn
from neurochip.clock.marks import Marks
from neurochip.clock.running import Outcome, run_sample
from neurochip.clock.spent import timing_of
from neurochip.clock.state import Log
from neurochip.clock.timeline import Timeline
from neurochip.clock.works import Works
from neurochip.fixed import Rate
from neurochip.fixed.scalar import subkey
from neurochip.program import Program
from neurochip.timing.record import Timing

Ints = NDArray[np.integer[Any]]

MOST_ROWS = 4_000_000
"""Changes of signals that a timeline keeps: 96 MB."""


@dataclass
class Clock(Works):
    """A placed network on a piece of hardware, stepped clock by clock.

    It has the methods of `neurochip.chip.Chip` and gives the same bits. `now` is the number of cycles so far;
    `take_timing` says how they were spent, `take_events` what happened in them. Raises ConfigError as the
    fast engine does.
    """

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
        self.clear()
        return events

    def take_timing(self) -> Timing:
        """The cycles since the last call, of samples that were all run through the same program."""
        timing = timing_of(self)
        self.marks = Marks(self.now)
        self.machines.busy[:] = 0
        self.machines.links[:] = 0
        return timing

    # -- inside --------------------------------------------------------------------------------------------

    @property
    def _projections(self) -> range:
        return range(len(self.placement.network.projections))
