"""The format of a register: width, binary point, and what happens to a value that does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

OverflowMode = Literal["saturate", "wrap", "error"]
RoundingMode = Literal["floor", "nearest", "stochastic"]

OVERFLOW_CODES: dict[str, int] = {"saturate": 0, "wrap": 1, "error": 2}
ROUNDING_CODES: dict[str, int] = {"floor": 0, "nearest": 1, "stochastic": 2}


@dataclass(frozen=True)
class Format:
    """A two's-complement (or unsigned) register of ``bits`` bits; one step is ``2**-frac``.

    ``overflow`` says what happens to a value outside ``lo..hi``; ``rounding`` how a value with more
    fraction bits is brought to this format.
    """

    bits: int
    frac: int
    signed: bool = True
    overflow: OverflowMode = "saturate"
    rounding: RoundingMode = "nearest"

    @property
    def lo(self) -> int:
        """Smallest integer that the register holds."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def hi(self) -> int:
        """Largest integer that the register holds."""
        return (1 << (self.bits - self.signed)) - 1

    @property
    def lsb(self) -> float:
        """Real value of one step."""
        return 2.0**-self.frac

    def holds(self, value: float) -> bool:
        """Whether the real ``value`` lies between the smallest and the largest number of the format."""
        return self.lo * self.lsb <= value <= self.hi * self.lsb

    def quantise(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Nearest integers of real ``values`` (ties to even), saturated: how data enter the chip."""
        steps = np.rint(np.asarray(values, np.float64) * 2.0**self.frac)
        return np.clip(steps, self.lo, self.hi).astype(np.int64)

    def real(self, integers: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Real values of ``integers`` held in this format."""
        return np.asarray(integers, np.float64) * self.lsb

    def row(self) -> tuple[int, int, int, int]:
        """``(lo, hi, overflow code, rounding code)``: how kernels see the format."""
        return self.lo, self.hi, OVERFLOW_CODES[self.overflow], ROUNDING_CODES[self.rounding]
