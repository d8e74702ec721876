"""Events of the update unit: products of banks, writes, what copies of a shared weight tell each other."""

from __future__ import annotations

import numpy as np

from neurochip.counts import random
from neurochip.counts.ledger import Ledger
from neurochip.counts.tally import Tally
from neurochip.mapping import Placement, Shares
from neurochip.network import Projection
from neurochip.noc import Ints


def updates(ledger: Ledger, tally: Tally, terms: int) -> None:
    """Products, and sums held over batches of more than one sample, on the cores that hold the weights."""
    placement, cores = ledger.placement, ledger.block_cores
    products = placement.products * (terms * tally.samples)
    ledger.add("update", "update_multiplies", ledger.phases, cores, products)
    if tally.samples > tally.batches:
        ledger.add("update", "accumulations", ledger.phases, cores, placement.weights * tally.samples)


def writes(ledger: Ledger, tally: Tally) -> None:
    """What depends on the data: updates other than zero, and the weights that they change.

    The first copy of a weight has its fraction; all others, and the mirrors, are only told the new weight.
    """
    shares = Shares.of(ledger.placement)
    found, lost, rewritten, _ = tally.updates.T
    cores = ledger.block_cores[shares.forward]
    ledger.add("update", "updates", ledger.phases, cores, found)
    ledger.add("update", "lost_updates", ledger.phases, cores, lost)
    ledger.add("write", "master_writes", ledger.phases, cores, found - lost)
    for action, held in (("weight_writes", shares.forward), ("mirror_writes", shares.mirror)):
        share, copies = _copies(ledger.placement, held)
        ledger.add("write", action, ledger.phases, copies, rewritten[share])
    random.updates(ledger, tally, cores)


def biases(ledger: Ledger, tally: Tally, terms: int) -> None:
    """Sums and updates of biases; a map has one bias, with a copy on every core that has its neurons."""
    for index, projection in enumerate(ledger.placement.network.projections):
        homes, maps = _homes(ledger.placement, projection), projection.weight_shape[1]
        once = np.ones(len(homes), np.int64)
        ledger.add("update", "bias_additions", ledger.phases, homes, once * terms * tally.samples)
        held = np.concatenate([homes[:maps], _bias_copies(ledger.placement, projection)[0]])
        ledger.add("write", "bias_updates", ledger.phases, held, once[: len(held)] * tally.batches)
        drawn = once[:maps] * tally.bias_draws[index]
        ledger.add("random", "random_words", ledger.phases, homes[:maps], drawn)


def replica_words(ledger: Ledger, batches: int) -> None:
    """A word for every copy of a shared weight or bias to the first copy, and one back, in every batch.

    Copies of a weight are those of its block in the replicas of a kernel. A core has one copy of the bias of
    each map of which it has neurons. Mirrors, and cells that folding adds, take their bits without a word.
    """
    blocks, weights = ledger.placement.blocks, ledger.placement.weights.tolist()
    first = {
        (it.projection, it.rows, it.cols): it.core
        for it in blocks
        if it.role == "forward" and it.replica == 0
    }
    for block, held in zip(blocks, weights, strict=True):
        if block.role == "forward" and block.replica > 0:
            home = first[block.projection, block.rows, block.cols]
            _exchange(ledger, np.array([block.core]), np.array([home]), held * batches)
    for projection in ledger.placement.network.projections:
        _exchange(ledger, *_bias_copies(ledger.placement, projection), batches)


def _exchange(ledger: Ledger, copies: Ints, firsts: Ints, words: int) -> None:
    """``words`` words from each core in ``copies`` to the one in ``firsts``, and as many back."""
    amounts = np.full(len(copies), words)
    for sources, targets in ((copies, firsts), (firsts, copies)):
        ledger.add("noc", "replica_words", ledger.phases, sources, amounts)
        ledger.send(ledger.phases, sources, targets, amounts, ledger.packets.word)


def _copies(placement: Placement, held: Ints) -> tuple[Ints, Ints]:
    """(share, core) of every copy of the blocks in ``held``, int64 [shares], of which some may be none."""
    blocks = placement.blocks
    cores: dict[tuple[object, ...], list[int]] = {}
    for it in blocks:
        cores.setdefault((it.projection, it.role, it.rows, it.cols), []).append(it.core)
    pairs = [
        (share, core)
        for share, block in enumerate(held.tolist())
        if block >= 0
        for core in cores[_name(placement, block)]
    ]
    share, core = np.array(pairs, np.int64).reshape(-1, 2).T
    return share, core


def _name(placement: Placement, block: int) -> tuple[object, ...]:
    it = placement.blocks[block]
    return it.projection, it.role, it.rows, it.cols


def _bias_copies(placement: Placement, projection: Projection) -> tuple[Ints, Ints]:
    """Cores with a copy of a map's bias and the core of its first neuron, one pair for each map and core."""
    if projection.kernel is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    homes, channels = _homes(placement, projection), projection.target_shape[0]
    keys = np.unique(homes * channels + np.arange(len(homes)) % channels)
    cores, firsts = keys // channels, homes[keys % channels]
    return cores[cores != firsts], firsts[cores != firsts]


def _homes(placement: Placement, projection: Projection) -> Ints:
    """Home core of each neuron of a projection's target, int64 [neurons]."""
    groups = [group for group in placement.groups if group.population == projection.target]
    return np.repeat([group.core for group in groups], [len(group.neurons) for group in groups])
