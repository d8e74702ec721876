"""The update at the end of a batch: the update units of all cores, and what copies of a weight tell each
other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import update
from neurochip.clock.refuse import require_no_overflow, require_sums
from neurochip.clock.state import Log
from neurochip.fixed import Rate

if TYPE_CHECKING:
    from neurochip.clock.clock import Clock

Ints = NDArray[np.integer[Any]]


def learn(
    clock: Clock, banks: Ints, rates: Sequence[Rate], bias_rates: Sequence[Rate], family: int, won: Ints
) -> None:
    """Walk all crossbars once: products, sums of copies, new values, answers to copies.

    Each stage ends when the slowest core is done, with a pass over the tree. Raises ConfigError when the sums
    could exceed 62 bits, RegisterOverflow for strict registers.
    """
    require_sums(clock, len(banks))
    clock.largest_batch = max(clock.largest_batch, len(banks))
    began, store, cores = clock.now, clock.store, range(clock.placement.mesh.cores)
    store.set_rates(rates, bias_rates)
    sums, before = np.zeros(len(store.values), np.int64), store.weights.copy()
    _side_by_side(clock, [_multiply(clock, core, banks, won, sums) for core in cores])
    if len(store.words):
        _exchange(clock, store.words, store.word_of, True, sums, sums)
    _side_by_side(clock, [_write(clock, core, sums, family) for core in cores])
    if len(store.words):
        _exchange(clock, store.back, store.back_of, False, store.values, store.values)
        _show(clock)
    mirrored = store.mirrored_changes(store.weights != before)
    np.add.at(clock.counts[-1, :, col.MIRROR_WRITES], *mirrored)
    store.settle(len(banks), clock.fraction)
    clock.fill()
    clock.marks.updates.append((began, clock.now - began))
    require_no_overflow(clock, f"update {len(clock.marks.updates)}")


def _multiply(clock: Clock, core: int, banks: Ints, won: Ints, sums: Ints) -> int:
    """Sums of products on a core, of weights and then of biases; returns the cycles of its update unit."""
    wiring, lanes, bank = clock.wiring, clock.hardware.update_unit.lanes, clock.formats["bank"]
    terms = np.array([[it.sign, it.bank_pre, it.bank_post] for it in clock.program.terms], np.int64)
    cycles = update.products(
        core, lanes, wiring.blocks, clock.store.kept, terms, banks, won, sums, clock.counts[-1]
    )
    units = wiring.slots[wiring.hubs[core, col.SLOT_0] : wiring.hubs[core + 1, col.SLOT_0]]
    update.bias_sums(units, clock.store.copy_of, terms, banks, min(1 << bank.frac, bank.hi), sums)
    neurons = int(wiring.hubs[core, col.NEURONS])
    clock.counts[-1, core, col.BIAS_ADDITIONS] += neurons * len(banks) * len(terms)
    groups = -(-neurons // lanes)
    return int(cycles) + len(banks) * len(terms) * groups


def _write(clock: Clock, core: int, sums: Ints, family: int) -> int:
    """New masters, weights and biases on a core; returns the cycles of its update unit."""
    store, over, counts = clock.store, clock.memories.over, clock.counts[-1]
    lanes = clock.hardware.update_unit.lanes
    weights = update.write(
        core, lanes, clock.wiring.blocks, store.kept, clock.format_table, clock.fraction, family, sums,
        store.values, store.weights, over, clock.updates, counts,
    )  # fmt: skip
    biases = update.write_biases(
        core, lanes, store.biases, clock.format_table, family, sums, store.values, over, counts
    )
    return int(weights) + int(biases)


def _side_by_side(clock: Clock, cycles: list[int]) -> None:
    """All update units work from now on, each for its cycles, which no other core can change."""
    busy, slowest = np.array(cycles), max(cycles)
    clock.machines.busy[:, col.UPDATE] += busy
    clock.machines.busy[:, col.ANY] += busy
    clock.marks.work.append((clock.now, cycles))
    clock.now += slowest + _tree(clock)


def _exchange(clock: Clock, words: Ints, word_of: Ints, add: bool, memory: Ints, values: Ints) -> None:
    it = clock.machines
    clock.now += update.exchange(
        clock.wiring.parameters, it.registers, it.ports, it.flits, it.links, it.busy, words, word_of, add,
        memory, values, clock.now, clock.counts[-1], *Log.of(0, 0),
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
    copies = store.words[:, 0] >= len(store.weights)
    senders = np.repeat(np.arange(len(store.word_of) - 1), np.diff(store.word_of))
    np.add.at(clock.counts[-1, :, col.BIAS_UPDATES], senders[copies], 1)
