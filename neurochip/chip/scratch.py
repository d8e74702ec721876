"""Working registers of the fast engine: one copy of the chip's neuron state for each thread."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.chip.threads import per_thread
from neurochip.neurons import registers as reg

Ints = NDArray[np.integer[Any]]
Type = type[np.signedinteger[Any]]


class Sizes(NamedTuple):
    """What the engine's memories depend on.

    ``places``: where column converters read; ``times``: the longest time from a reset on; ``repeats``: how
    many of these come again; ``reached``: units of the inputs and of the population that they reach;
    ``pooled``: units whose winners are kept; ``widest``: the longest padded row of the weight memory, or map.
    """

    phases: int
    places: int
    times: int
    repeats: int
    inputs: int
    reached: int
    populations: int
    units: int
    pooled: int
    widest: int


@dataclass(frozen=True)
class Scratch:
    """Arrays whose first axis is the thread; of one thread they are these.

    Neurons: ``state``, ``saved``: [state registers, units], and their snapshot. ``spikes``: int32 [3, signs,
    units], unit numbers in rising order: the lists of two ticks in turn, and those of the snapshot;
    ``counts``: int64 [3, signs, populations], how many there are. ``winners``: int8 [3, units or 0], of max
    poolings, likewise. ``noise``: int64 [3, units]. ``spike``: int8 [units, rounded up to eights], of one
    population; ``eights``: the same memory as int64.

    Sums: ``narrow``, ``partial``: [widest]. ``trains``: int32 [times, signs, inputs], ``lengths``: int64
    [times, signs], ``lost``: int64 [times]: see `encode_ahead`. ``kept``: [repeats, units up to the inputs'
    targets], currents that the inputs cause; ``known``: int8 [repeats], which of them are there.

    Counted: ``over``: int64 [2, registers], overflows and 1 + the last unit that had one; ``fault``: int64
    [5]; ``sent``: int64 [phases, units]; ``read``: int64 [phases, places].
    """

    state: Ints
    saved: Ints
    spikes: Ints
    counts: Ints
    narrow: Ints
    partial: Ints
    noise: Ints
    spike: Ints
    eights: Ints
    trains: Ints
    lengths: Ints
    lost: Ints
    kept: Ints
    known: Ints
    winners: Ints
    over: Ints
    fault: Ints
    sent: Ints
    read: Ints

    @classmethod
    def of(cls, threads: int, size: Sizes, sum_type: Type, word: Type) -> Scratch:
        """Cleared scratch; ``word`` is the type of the registers."""
        spike = per_thread(threads, (size.units // 8 * 8 + 64,), np.int8)
        fault = per_thread(threads, (5,), np.int64)
        fault[:] = -1
        return cls(
            state=per_thread(threads, (len(reg.STATE), size.units), word),
            saved=per_thread(threads, (len(reg.STATE), size.units), word),
            spikes=per_thread(threads, (3, 2, size.units), np.int32),
            counts=per_thread(threads, (3, 2, size.populations), np.int64),
            narrow=per_thread(threads, (size.widest,), sum_type),
            partial=per_thread(threads, (size.widest,), word),
            noise=per_thread(threads, (3, size.units), np.int64),
            spike=spike,
            eights=spike.view(np.int64),
            trains=per_thread(threads, (size.times, 2, size.inputs), np.int32),
            lengths=per_thread(threads, (size.times, 2), np.int64),
            lost=per_thread(threads, (size.times,), np.int64),
            kept=per_thread(threads, (max(size.repeats, 1), size.reached if size.repeats else 0), word),
            known=per_thread(threads, (size.repeats,), np.int8),
            winners=per_thread(threads, (3, size.pooled), np.int8),
            over=per_thread(threads, (2, len(reg.REGISTERS)), np.int64),
            fault=fault,
            sent=per_thread(threads, (size.phases, size.units), np.int64),
            read=per_thread(threads, (size.phases, size.places), np.int64),
        )

    @cached_property
    def of_thread(self) -> list[tuple[Ints, ...]]:
        """Each thread's scratch arguments of the engine, in their order, up to the faults."""
        arrays = (
            self.state, self.saved, self.spikes, self.counts, self.narrow, self.partial, self.noise,
            self.spike, self.eights, self.trains, self.lengths, self.lost, self.kept,
            self.known, self.winners,
            self.over, self.fault,
        )  # fmt: skip
        return list(zip(*arrays, strict=True))

    def clear(self) -> None:
        """Forget what was counted; registers are cleared by the engine itself."""
        self.over[:] = 0
        self.fault[:] = -1
        self.sent[:] = 0
        self.read[:] = 0
