"""Working registers of the fast engine: one copy of the chip's neuron state for each thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip.threads import per_thread
from neurochip.neurons import registers as reg

Ints = NDArray[np.integer[Any]]
Type = type[np.signedinteger[Any]]


@dataclass(frozen=True)
class Scratch:
    """Arrays whose first axis is the thread; shapes are those of `neurochip.chip.engine.run`."""

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
    winners: Ints
    over: Ints
    fault: Ints
    sent: Ints

    @classmethod
    def of(
        cls, threads: int, phases: int, times: int, inputs: int, populations: int, units: int, pooled: int,
        widest: int, sum_type: Type, word: Type,
    ) -> Scratch:  # fmt: skip
        """Cleared scratch.

        ``times`` is the longest time from a reset on, ``pooled`` the units whose winners are kept, ``widest``
        the longest padded row of the weight memory, ``word`` the type of the registers.
        """
        spike = per_thread(threads, ((units + 15) // 8 * 8,), np.int8)
        fault = per_thread(threads, (5,), np.int64)
        fault[:] = -1
        return cls(
            state=per_thread(threads, (len(reg.STATE), units), word),
            saved=per_thread(threads, (len(reg.STATE), units), word),
            spikes=per_thread(threads, (3, 2, units), np.int32),
            counts=per_thread(threads, (3, 2, populations), np.int64),
            narrow=per_thread(threads, (widest,), sum_type),
            partial=per_thread(threads, (widest,), word),
            noise=per_thread(threads, (3, units), np.int64),
            spike=spike,
            eights=spike.view(np.int64),
            trains=per_thread(threads, (times, 2, inputs), np.int32),
            lengths=per_thread(threads, (times, 2), np.int64),
            lost=per_thread(threads, (times,), np.int64),
            winners=per_thread(threads, (3, pooled), np.int8),
            over=per_thread(threads, (2, len(reg.REGISTERS)), np.int64),
            fault=fault,
            sent=per_thread(threads, (phases, units), np.int64),
        )

    def of_thread(self, thread: int) -> tuple[Ints, ...]:
        """One thread's scratch arguments of the engine, in their order, up to the faults."""
        arrays = (
            self.state, self.saved, self.spikes, self.counts, self.narrow, self.partial, self.noise,
            self.spike, self.eights, self.trains, self.lengths, self.lost, self.winners,
            self.over, self.fault,
        )  # fmt: skip
        return tuple(array[thread] for array in arrays)

    def clear(self) -> None:
        """Forget what was counted; registers are cleared by the engine itself."""
        self.over[:] = 0
        self.fault[:] = -1
        self.sent[:] = 0
