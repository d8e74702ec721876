"""A real factor as hardware multiplies with it: a small integer and a shift."""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp


@dataclass(frozen=True)
class Rate:
    """The factor ``multiplier * 2**-shift``; ``shift`` may be negative (a left shift)."""

    multiplier: int
    shift: int

    @classmethod
    def nearest(cls, factor: float, bits: int) -> Rate:
        """The rate nearest to ``factor >= 0`` whose multiplier has at most ``bits`` bits (relative error <
        2**-bits).

        The multiplier is made odd, so equal factors are equal rates and a power of two is a bare shift.
        """
        if factor <= 0.0:
            return cls(0, 0)
        mantissa, exponent = frexp(factor)
        multiplier, shift = round(mantissa * 2**bits), bits - exponent
        while multiplier % 2 == 0:
            multiplier, shift = multiplier // 2, shift - 1
        return cls(multiplier, shift)

    @property
    def real(self) -> float:
        """The factor as a real number."""
        return self.multiplier * 2.0**-self.shift
