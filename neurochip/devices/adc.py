"""The converter at the foot of a crossbar's columns."""

from __future__ import annotations

from pydantic import Field

from neurochip.config import Model


class Adc(Model):
    """A column ADC: it clips a column's sum to its range and rounds it to the nearest of ``2**bits`` codes.

    Code c stands for the sum ``c * range_cells * 2**(1 - bits)``, in weights of the largest magnitude; codes
    are -2**(bits-1) ... 2**(bits-1) - 1. Clipped sums are counted with the saturations of ``partial``.
    """

    bits: int = Field(ge=2, le=16, description="Bits of a code, sign included.")
    range_cells: int = Field(
        ge=1, le=65536, description="Cells of full conductance whose sum is the end of the range."
    )
