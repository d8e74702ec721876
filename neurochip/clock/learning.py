"""The update at the end of a batch: the update units of all cores, and what copies of a weight tell each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import update
from neurochip.clock.refuse import require_no_overflow, require_sums
from neurochip.fixed import Rate

if TYPE_CHECKING:
    from neurochip.clock.clock import Clock

Ints = NDArray[np.integer[Any]]


def learn(
    clock: Clock, banks: Ints, rates: Sequence[Rate], bias_rates: Sequence[Rate], family: int
) -> None:
    """Walk all crossbars once: products, sums of copies, new values, answers to copies.

    Each stage ends when the slowest core is done, with a pass over the tree. Raises ConfigError when the sums
    could exceed 62 bits, RegisterOverflow for strict registers.
    """
    require_sums(clock, len(banks))
    began, store = clock.now, clock.store
    store.set_rates(rates, bias_rates)
    sums = np.zeros(len(store.values), np.int64)
    _side_by_side(clock, [_multiply(clock, core, banks, sums) for core in range(len(clock.wiring.groups))])
    if len(store.words):
        _exchange(clock, store.words, store.word_of, True, sums, sums)
    _side_by_side(clock, [_write(clock, core, sums, family) for core in range(len(clock.wiring.groups))])
    if len(store.words):
        _exchange(clock, store.back, store.back_of, False, store.values, store.values)
        _show(clock)
    clock.fill()
    clock.tally.batches += 1
    clock.marks.updates.append((began, clock.now - began))
    require_no_overflow(clock, f"the update of batch {clock.tally.batches}")


def _multiply(clock: Clock, core: int, banks: Ints, sums: Ints) -> int:
    terms = np.array([[it.sign, it.bank_pre, it.bank_post] for it in clock.program.terms], np.int64)
    bank, phase = clock.formats["bank"], len(clock.program.phases)
    one = min(1 << bank.frac, bank.hi)
    cycles = update.products(core, clock.wiring, clock.store.kept, terms, banks, sums, phase, clock.counts)
    return int(cycles + update.bias_sums(core, clock.wiring, clock.store.copy_of, terms, banks, one, sums))


def _write(clock: Clock, core: int, sums: Ints, family: int) -> int:
    store, over, phase = clock.store, clock.memories.over, len(clock.program.phases)
    cycles = update.write(
        core, clock.wiring, store.kept, clock.format_table, clock.fraction, family, sums, store.values,
        store.weights, over, clock.tally.updates, phase, clock.counts,
    )  # fmt: skip
    lanes = clock.hardware.update_unit.lanes
    return int(cycles) + int(
        update.write_biases(
            core, store.biases, lanes, clock.format_table, family, sums, store.values, over, phase, clock.counts
        )
    )


def _side_by_side(clock: Clock, cycles: list[int]) -> None:
    """All update units work from now on, each for its cycles, which no other core can change."""
    busy, slowest = np.array(cycles), max(cycles)
    clock.cores.busy[:, col.UPDATE] += busy
    clock.cores.busy[:, col.ANY] += busy
    clock.marks.work.append((clock.now, cycles))
    clock.now += slowest + _tree(clock)


def _exchange(clock: Clock, words: Ints, word_of: Ints, add: bool, memory: Ints, values: Ints) -> None:
    clock.now += update.exchange(
        clock.wiring, clock.mesh, clock.cores, words, word_of, add, memory, values, clock.now,
        len(clock.program.phases), clock.counts, clock.log,
    ) + _tree(clock)  # fmt: skip


def _tree(clock: Clock) -> int:
    return int(clock.wiring.parameters[col.P_BARRIER])


def _show(clock: Clock) -> None:
    """Copies whose master has come anew bring it into the weights that they hold; a change is a write."""
    store, half = clock.store, (1 << clock.fraction) >> 1
    held = (store.values[: len(store.weights)] + half) >> clock.fraction
    for row in store.kept[store.kept[:, update.U_FIRST] == 0]:
        at = slice(int(row[update.U_AT]), int(row[update.U_AT] + row[update.U_ROWS] * row[update.U_COLS]))
        core = clock.placement.blocks[int(row[update.U_BLOCK])].core
        clock.counts[-1, core, col.WEIGHT_WRITES] += int((held[at] != store.weights[at]).sum())
        store.weights[at] = held[at]
