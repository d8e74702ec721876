"""How many cycles a run takes: from the ticks of some samples, or else from average counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurochip.counts import Counts
from neurochip.hardware import Hardware
from neurochip.noc import DIRECTIONS, Ints

Reals = NDArray[np.floating[Any]]

LOOKUP_CYCLES = 1
"""Cycles in which a core takes a spike from its FIFO and looks it up."""


@dataclass(frozen=True)
class RunTiming:
    """Cycles of all samples together: ``cycles``: float64 [phases], of the chip; ``busy``: float64 [phases,
    cores], in which a core works; ``links``: float64 [phases, link ids], in which a link is taken.

    ``estimate``: whether they come from the ticks of ``samples`` samples, or from average counts."""

    cycles: Reals
    busy: Reals
    links: Reals
    estimate: Literal["ticks", "average"] = "average"
    samples: int = 0


def from_ticks(part: Mapping[str, Any], update: Mapping[str, Any], counts: Counts) -> RunTiming:
    """The cycles of all samples of ``counts``, from those that a record timed tick by tick.

    ``part``: samples and what each phase took for them; ``update``: what a sample and a batch add to an
    update (docs/record.md). The other samples are taken to be like the timed ones; the update is exact.
    """
    cores, share = counts.links.shape[1] // DIRECTIONS, counts.samples / part["samples"]
    rows = [[(part["phases"][name], share)] for name in counts.phases[:-1]]
    rows.append(
        [(update["sample"], counts.samples), (update["batch"], counts.batches)] * bool(counts.batches)
    )
    cycles, busy, links = np.zeros(len(rows)), np.zeros((len(rows), cores)), np.zeros(counts.links.shape)
    for phase, row in enumerate(rows):
        for spent, times in row:
            cycles[phase] += spent["cycles"] * times
            busy[phase] += np.array(spent["busy"]) * times
            for link, flits in spent["links"].items():
                links[phase, int(link)] += flits * times
    return RunTiming(cycles, busy, links, "ticks", part["samples"])


def from_averages(counts: Counts, hardware: Hardware) -> RunTiming:
    """The cycles of a run, from average counts.

    In a tick a core takes a cycle for each spike that arrives, ``access_cycles`` for each word that it reads
    and for as many columns that it converts, ``neuron_cycles`` for each group of neurons that its lanes hold,
    and a cycle for each packet that it sends. The chip takes what its busiest core or link takes, the way of
    an average packet, and the barrier. Bursts are averaged out: in truth every tick waits for the core that
    is busiest in it, so this is a lower bound but for overlaps. A phase's end adds the states that are moved,
    one for each lane and cycle, and the update what the update unit does, ``lanes`` synapses a cycle.
    """
    phases = len(counts.phases) - 1
    busy = np.concatenate([_running(counts, hardware, phases), _updating(counts, hardware)[None]])
    links = counts.links * float(hardware.noc.link_cycles)
    longest = np.maximum(busy.max(1), links.max(1))
    return RunTiming(longest + _waiting(counts, hardware), busy, links)


def _running(counts: Counts, hardware: Hardware, phases: int) -> Reals:
    """Busy cycles of each core in the phases of ticks, [phases, cores]."""
    core, ticks = hardware.core, _of(counts, "barriers")[:-1].sum(1, keepdims=True)
    each_tick = np.ceil(_of(counts, "encodes")[:-1] / np.maximum(ticks, 1) / core.lanes)
    moved = sum(
        _of(counts, action)[:-1]
        for action in ("state_resets", "state_saves", "state_restores", "bank_captures")
    )
    found: Reals = (
        _of(counts, "axon_lookups")[:-1] * LOOKUP_CYCLES
        + _of(counts, "word_reads")[:-1] * hardware.crossbar.access_cycles
        + each_tick * core.neuron_cycles * ticks
        + _converting(counts, hardware)
        + _of(counts, "packets")[:-1]
        + moved / core.lanes
    )
    return found


def _converting(counts: Counts, hardware: Hardware) -> Reals:
    """Cycles of the converters of each core, [phases, cores]: ``column_adders`` columns in
    ``access_cycles``."""
    crossbar = hardware.crossbar
    cycles = crossbar.access_cycles / crossbar.column_adders if crossbar.converts else 0.0
    found: Reals = _of(counts, "partial_sums")[:-1] * cycles
    return found


def _updating(counts: Counts, hardware: Hardware) -> Reals:
    """Busy cycles of each core in the update, [cores]: products and changed masters, and words sent."""
    worked = _of(counts, "update_multiplies")[-1] + _of(counts, "bias_additions")[-1]
    worked = worked + _of(counts, "updates")[-1] + _of(counts, "bias_updates")[-1]
    found: Reals = worked / hardware.update_unit.lanes + _of(counts, "packets")[-1]
    return found


def _waiting(counts: Counts, hardware: Hardware) -> Reals:
    """Cycles in which the chip waits in every tick: for an average packet, and for the barrier's tree."""
    noc, levels = hardware.noc, (hardware.mesh.rows * hardware.mesh.cols - 1).bit_length()
    hops = _of(counts, "hops").sum(1) / np.maximum(_of(counts, "packets").sum(1), 1)
    barrier = 2 * levels * hardware.barrier.cycles_per_level
    ticks = _of(counts, "barriers").sum(1)
    found: Reals = ticks * (hops * (noc.router_cycles + noc.link_cycles) + barrier)
    return found


def _of(counts: Counts, action: str) -> Ints:
    """Events of an action, int64 [phases, cores]; zero if there was none."""
    if action in counts.per_core:
        return counts.per_core[action]
    return np.zeros((len(counts.phases), counts.links.shape[1] // DIRECTIONS), np.int64)
