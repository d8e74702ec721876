"""A chip to be priced, and what is on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurochip.cost.memories import Memory, memories
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.program import Program


@dataclass(frozen=True, eq=False)
class Priced:
    """Hardware with a placed network and the program that it ran."""

    hardware: Hardware
    placement: Placement
    program: Program

    @property
    def cores(self) -> int:
        """Cores of the chip."""
        return self.hardware.mesh.rows * self.hardware.mesh.cols

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Cores on which anything is placed, [cores]."""
        held: NDArray[np.bool_] = np.any([amounts > 0 for amounts in self.placement.used.values()], axis=0)
        return held

    @property
    def cell_bits(self) -> int:
        """Width of a crossbar's cell: a weight's, or more if kernels hold their pooling."""
        return max(self.placement.cell_bits)

    @cached_property
    def memories(self) -> dict[str, Memory]:
        """The memories of a core, by name."""
        return memories(self.hardware, self.program, self.cell_bits)
