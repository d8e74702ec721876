"""Working memory of the update unit: a batch's banks as they are multiplied, and one row of sums a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import products
from neurochip.chip.threads import cleared, per_thread
from neurochip.fixed import Format
from neurochip.neurons import registers as reg

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Workbench:
    """Arrays of `neurochip.chip.products` and `neurochip.chip.learn`; the first axis of ``factors`` and of
    what follows is the thread."""

    before: Ints
    after: Ints
    products: Ints
    factors: Ints
    places: Ints
    narrow: Ints
    sums: Ints
    over: Ints
    done: Ints
    folded: Ints

    @classmethod
    def of(
        cls,
        samples: int,
        terms: int,
        units: int,
        projections: int,
        shares: int,
        widest: int,
        threads: int,
        bank: Format,
    ) -> Workbench:
        """Cleared arrays for a batch; ``widest`` is the longest row of a matrix."""
        largest = max(bank.hi, -bank.lo)
        value = np.int32 if terms * largest < 1 << 31 else np.int64
        word = np.int32 if products.LIST * terms * largest**2 < 1 << 31 else np.int64
        listed = products.LIST + 4
        return cls(
            before=np.zeros((samples, terms, units), np.int32),
            after=cleared((samples, terms, units), value),
            products=np.zeros((samples, projections), np.int64),
            factors=per_thread(threads, (listed,), np.int32),
            places=per_thread(threads, (listed,), np.int64),
            narrow=per_thread(threads, (widest,), word),
            sums=per_thread(threads, (widest,), np.int64),
            over=per_thread(threads, (2, len(reg.REGISTERS)), np.int64),
            done=per_thread(threads, (shares, 4), np.int64),
            folded=per_thread(threads, (widest,), np.int32),
        )
