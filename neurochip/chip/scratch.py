"""Working registers of the fast engine: one copy of the chip's neuron state for each thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    over: Ints
    fault: Ints
    sent: Ints

    @classmethod
    def of(
        cls, threads: int, phases: int, populations: int, units: int, widest: int, sum_type: Type, word: Type
    ) -> Scratch:
        """Cleared scratch; ``widest`` is the longest padded row of the weight memory, ``word`` the type of
        the registers."""
        spike = np.zeros((threads, (units + 15) // 8 * 8), np.int8)
        return cls(
            state=np.zeros((threads, len(reg.STATE), units), word),
            saved=np.zeros((threads, len(reg.STATE), units), word),
            spikes=np.zeros((threads, 3, 2, units), np.int32),
            counts=np.zeros((threads, 3, 2, populations), np.int64),
            narrow=np.zeros((threads, widest), sum_type),
            partial=np.zeros((threads, widest), word),
            noise=np.zeros((threads, 3, units), np.int64),
            spike=spike,
            eights=spike.view(np.int64),
            over=np.zeros((threads, 2, len(reg.REGISTERS)), np.int64),
            fault=np.full((threads, 5), -1, np.int64),
            sent=np.zeros((threads, phases, units), np.int64),
        )

    def of_thread(self, thread: int) -> tuple[Ints, ...]:
        """One thread's scratch arguments of the engine, in their order, up to the faults."""
        arrays = (
            self.state, self.saved, self.spikes, self.counts, self.narrow, self.partial, self.noise,
            self.spike,
            self.eights, self.over, self.fault,
        )  # fmt: skip
        return tuple(array[thread] for array in arrays)

    def clear(self) -> None:
        """Forget what was counted; registers are cleared by the engine itself."""
        self.over[:] = 0
        self.fault[:] = -1
        self.sent[:] = 0
