"""Events of the update unit: products of banks, and what the copies of a shared weight tell each other."""

from __future__ import annotations

import numpy as np

from neurochip.counts.ledger import Ledger
from neurochip.counts.tally import Tally
from neurochip.mapping import Placement
from neurochip.network import Projection
from neurochip.noc import Ints


def updates(ledger: Ledger, tally: Tally, terms: int) -> None:
    """Products, and sums held over batches of more than one sample, on the cores that hold the weights."""
    placement, cores = ledger.placement, ledger.block_cores
    ledger.add("update_multiplies", ledger.phases, cores, placement.products * (terms * tally.samples))
    if tally.samples > tally.batches:
        ledger.add("accumulations", ledger.phases, cores, placement.weights * tally.samples)


def biases(ledger: Ledger, batches: int, stochastic: bool) -> None:
    """Random words for the rounding of biases; the bias of a map is one, kept with the map's first neuron."""
    for projection in ledger.placement.network.projections:
        cores = _homes(ledger.placement, projection)[: projection.weight_shape[1]]
        ledger.add("random_words", ledger.phases, cores, np.full(len(cores), batches * stochastic))


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
        if projection.kernel is not None:
            _exchange(ledger, *_bias_copies(ledger.placement, projection), batches)


def written(placement: Placement, tally: Tally, stochastic: bool) -> dict[str, int]:
    """The events that depend on the data; ``stochastic``: weights are rounded with random bits."""
    copies = [placement.replicas(index) for index in range(len(placement.network.projections))]
    found, lost, rewritten = tally.updates.T
    totals = {
        "updates": int(found.sum()),
        "lost_updates": int(lost.sum()),
        "weight_writes": int((rewritten * copies).sum()),
    }
    return {**totals, "random_words": totals["updates"]} if stochastic else totals


def _exchange(ledger: Ledger, copies: Ints, firsts: Ints, words: int) -> None:
    """``words`` words from each core in ``copies`` to the one in ``firsts``, and as many back."""
    amounts = np.full(len(copies), words)
    for sources, targets in ((copies, firsts), (firsts, copies)):
        ledger.add("replica_words", ledger.phases, sources, amounts)
        ledger.send(ledger.phases, sources, targets, amounts)


def _bias_copies(placement: Placement, projection: Projection) -> tuple[Ints, Ints]:
    """Cores with a copy of a map's bias and the core of its first neuron, one pair for each map and core."""
    homes, channels = _homes(placement, projection), projection.target_shape[0]
    keys = np.unique(homes * channels + np.arange(len(homes)) % channels)
    cores, firsts = keys // channels, homes[keys % channels]
    return cores[cores != firsts], firsts[cores != firsts]


def _homes(placement: Placement, projection: Projection) -> Ints:
    """Home core of each neuron of a projection's target, int64 [neurons]."""
    groups = [group for group in placement.groups if group.population == projection.target]
    return np.repeat([group.core for group in groups], [len(group.neurons) for group in groups])
