"""Events of the ticks: what spikes set off, and what happens whatever the data."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.counts.ledger import Ledger
from neurochip.mapping import BACKWARD, FORWARD, Placement
from neurochip.noc import Ints


def spikes(ledger: Ledger, phase: int, arrived: NDArray[np.integer[Any]]) -> None:
    """Reads, operations and packets that follow from the spikes of each unit, int64 [units]."""
    placement = ledger.placement
    sent, homes = _by_segment(placement, arrived), placement.home
    ledger.add("spikes", phase, homes, sent)
    segment, block, way = placement.reads.T
    cores, times = ledger.block_cores[block], sent[segment]
    forward = np.array([it.role == "forward" for it in placement.blocks])
    by_column = (way == BACKWARD) & forward[block]
    lines = times * placement.lines
    ledger.add("row_reads", phase, cores, np.where(by_column, 0, lines))
    ledger.add("column_reads", phase, cores, np.where(by_column, lines, 0))
    ledger.add("synaptic_ops", phase, cores, times * placement.ops)
    segment, reached = ledger.pairs(segment, cores)
    ledger.add("axon_lookups", phase, reached, sent[segment])
    ledger.send(phase, homes[segment], reached, sent[segment])


def ticks(ledger: Ledger, phase: int, number: int, stochastic: Set[str]) -> None:
    """What happens in each of ``number`` ticks; ``stochastic``: registers that round with random bits."""
    placement = ledger.placement
    segment, block, way = placement.sums.T
    cores = ledger.block_cores[block]
    each = np.where(way == FORWARD, _compared(placement)[segment], 1)
    ledger.add("partial_sums", phase, cores, ledger.lengths[segment] * each * number)
    for those in (each == 1, each > 1):
        part, core, times = np.unique(np.stack([segment, cores, each])[:, those], axis=1)
        ledger.send(phase, core, placement.home[part], ledger.lengths[part] * times * number)
    ledger.everywhere("neuron_updates", phase, ledger.neurons * number)
    ledger.everywhere("encodes", phase, ledger.encoders * number)
    drawing = ledger.neurons * len(stochastic & {"decoded", "membrane"})
    drawing = drawing + ledger.encoders * len(stochastic & {"residual"})
    ledger.everywhere("random_words", phase, drawing * number)
    ledger.add("barriers", phase, np.zeros(1, np.int64), np.array([number]))


def _compared(placement: Placement) -> Ints:
    """Sums that a neuron of each segment compares in a tick: one, or those of a max pooling's window."""
    windows = [1] * len(placement.network.populations)
    for projection in placement.network.projections:
        if projection.kernel is not None and projection.kernel.pooling == "max":
            windows[projection.target] = projection.kernel.window**2
    return np.array([windows[segment.population] for segment in placement.segments], np.int64)


def captures(ledger: Ledger, phase: int, samples: int, stochastic: bool) -> None:
    """The end of a phase that fills a bank."""
    ledger.everywhere("bank_captures", phase, ledger.encoders * samples)
    ledger.everywhere("random_words", phase, ledger.encoders * samples * stochastic)


def _by_segment(placement: Placement, arrived: NDArray[np.integer[Any]]) -> Ints:
    """Spikes of each segment, int64 [segments]."""
    sizes = [population.size for population in placement.network.populations]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    ends = [(it.population, it.neurons.start, it.neurons.stop) for it in placement.segments]
    population, start, stop = np.array(ends, np.int64).T
    running = np.concatenate([[0], np.cumsum(arrived)])
    found: Ints = running[offsets[population] + stop] - running[offsets[population] + start]
    return found
