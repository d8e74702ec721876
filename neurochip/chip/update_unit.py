"""The update units of a chip, as one: what a batch left in the banks becomes changes of the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import faults, lower, train
from neurochip.chip import matrices as mat
from neurochip.chip.barrier import in_step
from neurochip.chip.store import Store
from neurochip.chip.workbench import Workbench
from neurochip.counts import Tally
from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format, Rate
from neurochip.fixed.scalar import ERROR
from neurochip.mapping import Placement, Shares
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]

WORTH = 1 << 20
"""Synapses for which another thread is worth its while: their update takes some tenths of a millisecond."""


@dataclass
class UpdateUnit:
    """Walks all crossbars of ``store`` with the terms of ``program``; ``shares``: who counts which row."""

    store: Store
    placement: Placement
    program: Program
    shares: Shares
    formats: dict[str, Format]
    _benches: dict[tuple[int, int], Workbench] = field(default_factory=dict)
    _last_rates: tuple[tuple[Rate, ...], tuple[Rate, ...]] | None = None

    def __post_init__(self) -> None:
        self._formats = lower.format_table(self.formats)
        self._strict = [int(it) for it in np.flatnonzero(self._formats[:, reg.OVERFLOW] == ERROR)]
        self._tiles = lower.tile_table(self.placement.network)
        self._terms = np.array([[t.sign, t.bank_pre, t.bank_post] for t in self.program.terms], np.int64)
        stamped, sums = self.store.stamped, self.store.memory.sums
        self._stamped = stamped if len(stamped) else None
        self._kernel_sums = np.zeros(sums, np.int64) if sums else None
        self._fraction = self.store.hardware.registers.fraction.bits

    def learn(
        self, banks: Ints, rates: Sequence[Rate], bias_rates: Sequence[Rate], family: int, won: Ints | None,
        threads: int, tally: Tally,
    ) -> None:  # fmt: skip
        """See `Chip.learn`; what happens is added to ``tally``."""
        won = self._winners(banks, won)
        matrices = self.matrices(rates, bias_rates)
        samples, threads = len(banks), max(1, min(threads, len(self._tiles)))
        bench = self.bench(samples, threads)

        def work(thread: int, barrier: Ints) -> None:
            train.learn(thread, barrier, banks, won, matrices, family, *self.arguments(bench, thread))

        in_step(work, threads)
        self.finish(bench, matrices[None], samples, threads, tally)

    @property
    def worth(self) -> int:
        """How many threads are worth their while for the sake of the update alone."""
        return 1 + self.store.memory.masters // WORTH

    def matrices(self, rates: Sequence[Rate], bias_rates: Sequence[Rate]) -> Ints:
        """The matrix table; that of the last rates is kept."""
        key = (tuple(rates), tuple(bias_rates))
        if self._last_rates != key:
            self._last_rates = key
            self._matrix_table = lower.matrix_table(self.store.network, self.store.memory, rates, bias_rates)
        return self._matrix_table

    def bench(self, samples: int, threads: int) -> Workbench:
        """Working memory for batches of so many samples, its counters cleared. Raises ConfigError when a sum
        could exceed 62 bits."""
        key = (samples, threads)
        if key not in self._benches:
            self._require_sums(samples)
            network = self.store.network
            widest = max(p.weight_shape[1] for p in network.projections)
            sizes = samples, len(self._terms), network.neurons, len(network.projections)
            shares = len(self.shares.projection)
            self._benches[key] = Workbench.of(*sizes, shares, widest, threads, self.formats["bank"])
        bench = self._benches[key]
        bench.over[:], bench.done[:] = 0, 0
        return bench

    def arguments(self, bench: Workbench, thread: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """A thread's last arguments of the kernels in `neurochip.chip.train`: ``sheets`` and ``unit``."""
        store, shares, bank = self.store, self.shares, self.formats["bank"]
        sheets = store.convs, self._terms, bench.before, bench.after, bench.products
        return sheets, (
            self._tiles, self._stamped, bench.factors[thread], bench.places[thread], bench.narrow[thread],
            self._kernel_sums, min(1 << bank.frac, bank.hi), self._formats, self._fraction, store.masters,
            store.told, store.bias, shares.first_row, shares.row_cuts, shares.cuts, bench.sums[thread],
            bench.over[thread], bench.done[thread], store.held, store.stamps, bench.folded[thread],
        )  # fmt: skip

    def finish(self, bench: Workbench, matrices: Ints, samples: int, threads: int, tally: Tally) -> None:
        """Count what batches with these matrix tables (int64 [batches, projections, ...]) did, and let cells
        that are not exact follow. Raises RegisterOverflow for strict registers."""
        if self.store.cells and len(matrices):
            told, masters, held = self.store.told, self.store.masters, self.store.held
            self.store.cells.settle(told, masters, held, samples, threads)
        tally.saturations += bench.over[:, 0].sum(0)
        tally.updates += bench.done.sum(0)
        if self.formats["bias"].rounding == "stochastic":
            tally.bias_draws += (matrices[:, :, mat.BIAS_K] > 0).sum(0)
        tally.batches += len(matrices)
        self._refuse_overflow(bench.over, tally.batches)

    def _winners(self, banks: Ints, won: Ints | None) -> Ints:
        """The winners behind max pooling; nothing without. Raises ValueError where they are missing."""
        if not self.store.network.max_pooled:
            return np.zeros((*banks.shape[:2], 0), np.int8)
        if won is None or won.shape != banks.shape:
            raise ValueError(f"behind max pooling, won of shape {banks.shape} is needed: Outcome.won")
        return won

    def _require_sums(self, samples: int) -> None:
        """Raise ConfigError when a sum of products over a batch might need more than 62 bits."""
        projections = self.store.network.projections
        positions = max(p.n_post // p.weight_shape[1] for p in projections)
        windows = max(p.kernel.window**2 if p.kernel else 1 for p in projections)
        bank, number = self.formats["bank"], samples * positions * windows * len(self._terms)
        bits = (number * max(bank.hi, -bank.lo) ** 2).bit_length()
        if bits + self.store.hardware.update_unit.rate_bits > 62:
            message = f"registers.bank.bits must be smaller: sums of {number} products need {bits} bits"
            raise ConfigError([Problem(message, "hardware.registers.bank")])

    def _refuse_overflow(self, over: Ints, batches: int) -> None:
        """Raise for the first of the strict registers that overflowed."""
        for register in self._strict:
            if over[:, 0, register].any():
                number, ticks = int(over[:, 1, register].max()) - 1, self.program.ticks
                memory = self.store.memory
                raise faults.in_an_update(register, number, batches, ticks, self.placement, memory)
