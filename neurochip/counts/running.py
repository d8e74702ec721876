"""Events of the ticks: what spikes set off, and what happens whatever the data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.counts.ledger import Ledger
from neurochip.mapping import BACKWARD, FORWARD, Placement
from neurochip.noc import Ints

WAYS = ((FORWARD, "forward"), (BACKWARD, "feedback"))


def spikes(ledger: Ledger, phase: int, arrived: NDArray[np.integer[Any]]) -> None:
    """Reads, operations and packets that follow from the spikes of each unit, int64 [units]."""
    placement = ledger.placement
    sent, homes = _by_segment(placement, arrived), placement.home
    inputs = np.array([segment.population == 0 for segment in placement.segments])
    ledger.add("encode", "spikes", phase, homes, sent * inputs)
    ledger.add("neuron", "spikes", phase, homes, sent * ~inputs)
    for way, kind in WAYS:
        _reads(ledger, phase, sent, way, kind)
    segment, block, _ = placement.reads.T
    segment, reached = ledger.pairs(segment, ledger.block_cores[block])
    ledger.add("noc", "axon_lookups", phase, reached, sent[segment])
    ledger.send(phase, homes[segment], reached, sent[segment], ledger.packets.spike)


def _reads(ledger: Ledger, phase: int, sent: Ints, way: int, kind: str) -> None:
    """Lines that spikes read on one way, in words and cells, and the weights that they add."""
    placement = ledger.placement
    mine = placement.reads[:, 2] == way
    segment, block, _ = placement.reads[mine].T
    cores, times = ledger.block_cores[block], sent[segment]
    by_column = np.array([way == BACKWARD and it.role == "forward" for it in placement.blocks])[block]
    widths = np.array([(len(it.cols), len(it.rows)) for it in placement.blocks])[block, by_column.astype(int)]
    lines = times * placement.lines[mine]
    for action, amounts in (
        ("row_reads", np.where(by_column, 0, lines)),
        ("column_reads", np.where(by_column, lines, 0)),
        ("word_reads", lines * -(-widths // ledger.adders)),
        ("cell_reads", lines * widths),
        ("synaptic_ops", times * placement.ops[mine]),
    ):
        ledger.add(kind, action, phase, cores, amounts)


def ticks(ledger: Ledger, phase: int, number: int) -> None:
    """What happens in each of ``number`` ticks."""
    placement = ledger.placement
    segment, block, way = placement.sums.T
    cores, each = ledger.block_cores[block], np.where(way == FORWARD, compared(placement)[segment], 1)
    for mine, kind in WAYS:
        those = way == mine
        amounts = (ledger.lengths[segment] * each * number)[those]
        ledger.add(kind, "partial_sums", phase, cores[those], amounts)
    for those in (each == 1, each > 1):
        part, core, times = np.unique(np.stack([segment, cores, each])[:, those], axis=1)
        amounts = ledger.lengths[part] * times * number
        ledger.send(phase, core, placement.home[part], amounts, ledger.packets.sum)
    ledger.everywhere("neuron", "neuron_updates", phase, ledger.neurons * number)
    ledger.everywhere("encode", "encodes", phase, ledger.encoders * number)
    ledger.add("barrier", "barriers", phase, np.zeros(1, np.int64), np.array([number]))


def compared(placement: Placement) -> Ints:
    """Sums that a neuron of each segment compares in a tick: one, or those of a max pooling's window."""
    windows = [1] * len(placement.network.populations)
    for projection in placement.network.projections:
        if projection.kernel is not None and projection.kernel.pooling == "max":
            windows[projection.target] = projection.kernel.window**2
    return np.array([windows[segment.population] for segment in placement.segments], np.int64)


def states(ledger: Ledger, phase: int, action: str, samples: int) -> None:
    """All neurons and inputs whose registers are cleared, saved, restored or captured, once a sample."""
    ledger.everywhere("capture", action, phase, ledger.encoders * samples)


def _by_segment(placement: Placement, arrived: NDArray[np.integer[Any]]) -> Ints:
    """Spikes of each segment, int64 [segments]."""
    sizes = [population.size for population in placement.network.populations]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    ends = [(it.population, it.neurons.start, it.neurons.stop) for it in placement.segments]
    population, start, stop = np.array(ends, np.int64).T
    running = np.concatenate([[0], np.cumsum(arrived)])
    found: Ints = running[offsets[population] + stop] - running[offsets[population] + start]
    return found
