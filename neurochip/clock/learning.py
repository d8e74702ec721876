"""The update at the end of a batch: the update units of all cores, and what copies of a weight tell each
other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import update
from neurochip.clock.faults import require_no_overflow, require_sums
from neurochip.clock.state import Log
from neurochip.clock.works import Works
from neurochip.fixed import Rate

Ints = NDArray[np.integer[Any]]


def learn(
    works: Works, banks: Ints, rates: Sequence[Rate], bias_rates: Sequence[Rate], family: int, won: Ints
) -> None:
    """Walk all crossbars once: products, sums of copies, new values, answers to copies.

    Each stage ends when the slowest core is done, with a pass over the tree. Raises ConfigError when the sums
    could exceed 62 bits, RegisterOverflow for strict registers.
    """
    require_sums(works, len(banks))
    works.largest_batch = max(works.largest_batch, len(banks))
    began, store, cores = works.now, works.store, range(works.placement.mesh.cores)
    store.set_rates(rates, bias_rates)
    sums, before = np.zeros(len(store.values), np.int64), store.weights.copy()
    _side_by_side(works, [_multiply(works, core, banks, won, sums) for core in cores])
    if len(store.words):
        _exchange(works, store.words, store.word_of, True, sums, sums)
    _side_by_side(works, [_write(works, core, sums, family) for core in cores])
    if len(store.words):
        _exchange(works, store.back, store.back_of, False, store.values, store.values)
        _show(works)
    mirrored = store.mirrored_changes(store.weights != before)
    np.add.at(works.counts[-1, :, col.MIRROR_WRITES], *mirrored)
    store.settle(len(banks), works.fraction)
    works.fill()
    works.marks.updates.append((began, works.now - began))
    require_no_overflow(works, f"update {len(works.marks.updates)}")


def _multiply(works: Works, core: int, banks: Ints, won: Ints, sums: Ints) -> int:
    """Sums of products on a core, of weights and then of biases; returns the cycles of its update unit."""
    wiring, lanes, bank = works.wiring, works.hardware.update_unit.lanes, works.formats["bank"]
    terms = np.array([[it.sign, it.bank_pre, it.bank_post] for it in works.program.terms], np.int64)
    cycles = update.products(
        core, lanes, wiring.blocks, works.store.kept, terms, banks, won, sums, works.counts[-1]
    )
    units = wiring.slots[wiring.hubs[core, col.SLOT_0] : wiring.hubs[core + 1, col.SLOT_0]]
    update.bias_sums(units, works.store.copy_of, terms, banks, min(1 << bank.frac, bank.hi), sums)
    neurons = int(wiring.hubs[core, col.NEURONS])
    works.counts[-1, core, col.BIAS_ADDITIONS] += neurons * len(banks) * len(terms)
    groups = -(-neurons // lanes)
    return int(cycles) + len(banks) * len(terms) * groups


def _write(works: Works, core: int, sums: Ints, family: int) -> int:
    """New masters, weights and biases on a core; returns the cycles of its update unit."""
    store, over, counts = works.store, works.memories.over, works.counts[-1]
    lanes = works.hardware.update_unit.lanes
    weights = update.write(
        core, lanes, works.wiring.blocks, store.kept, works.format_table, works.fraction, family, sums,
        store.values, store.weights, over, works.updates, counts,
    )  # fmt: skip
    biases = update.write_biases(
        core, lanes, store.biases, works.format_table, family, sums, store.values, over, counts
    )
    return int(weights) + int(biases)


def _side_by_side(works: Works, cycles: list[int]) -> None:
    """All update units work from now on, each for its cycles, which no other core can change."""
    busy, slowest = np.array(cycles), max(cycles)
    works.machines.busy[:, col.UPDATE] += busy
    works.machines.busy[:, col.ANY] += busy
    works.marks.work.append((works.now, cycles))
    works.now += slowest + _tree(works)


def _exchange(works: Works, words: Ints, word_of: Ints, add: bool, memory: Ints, values: Ints) -> None:
    it = works.machines
    works.now += update.exchange(
        works.wiring.parameters, it.registers, it.ports, it.flits, it.links, it.busy, words, word_of, add,
        memory, values, works.now, works.counts[-1], *Log.of(0, 0),
    ) + _tree(works)  # fmt: skip


def _tree(works: Works) -> int:
    return int(works.wiring.parameters[col.P_BARRIER])


def _show(works: Works) -> None:
    """Copies whose master has come anew bring it into the weights that they hold; a change is a write."""
    store, half = works.store, (1 << works.fraction) >> 1
    held = (store.values[: len(store.weights)] + half) >> works.fraction
    for row in store.kept[store.kept[:, update.U_FIRST] == 0]:
        at = slice(int(row[update.U_AT]), int(row[update.U_AT] + row[update.U_ROWS] * row[update.U_COLS]))
        core = works.placement.blocks[int(row[update.U_BLOCK])].core
        works.counts[-1, core, col.WEIGHT_WRITES] += int((held[at] != store.weights[at]).sum())
        store.weights[at] = held[at]
    copies = store.words[:, 0] >= len(store.weights)
    senders = np.repeat(np.arange(len(store.word_of) - 1), np.diff(store.word_of))
    np.add.at(works.counts[-1, :, col.BIAS_UPDATES], senders[copies], 1)
