"""The foot of an array's columns: read noise, the converter, and the partial-sum register behind it."""

from __future__ import annotations

from neurochip.chip import columns as col
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import bell, draw, stored, subkey
from neurochip.neurons import registers as reg

FINE, NOISE, RANGE, HALF = range(4)
"""Columns of the converter's table: bits of a sum below a weight's step; scale of the read noise; end of the
range, in the steps of a sum (0: no end, and codes are steps of the weight); half the number of codes."""


@kernel
def convert(op, to, converter, formats, reading, partial, current, over):
    """Read the columns ``partial`` and add what the partial-sum registers then hold to ``current``.

    ``to``: unit of the first column. ``reading``: key of the draws of this tick's reads. ``current``: of
    these units. ``partial`` is left cleared.
    """
    family = subkey(reading, op[col.NAME])
    for k in range(current.shape[0]):
        held = converted(op, converter, formats, family, op[col.COL_LO] + k, int(partial[k]), to + k, over)
        current[k] += held
        partial[k] = 0


@kernel
def converted(op, converter, formats, family, number, wide, unit, over):
    """What one read of a column adds to the current of ``unit``; ``number``: of the draw of its noise."""
    if converter[NOISE] != 0:
        wide += bell(draw(family, number), converter[NOISE])
    value, clipped = digital(converter, wide)
    kept = stored(
        value, formats[reg.PARTIAL, reg.LO], formats[reg.PARTIAL, reg.HI], formats[reg.PARTIAL, reg.OVERFLOW]
    )
    if clipped or kept != value:
        over[0, reg.PARTIAL] += 1
        over[1, reg.PARTIAL] = unit + 1
    return kept << op[col.SHIFT]


@kernel
def digital(converter, wide):
    """A column's sum in steps of the weight, as the converter tells it, and whether it was clipped."""
    fine, end, half = converter[FINE], converter[RANGE], converter[HALF]
    if end == 0:
        return (wide + ((1 << fine) >> 1)) >> fine, False
    code = (2 * wide * half + end) // (2 * end)
    kept = min(max(code, -half), half - 1)
    return (2 * kept * end + (half << fine)) // (half << (fine + 1)), kept != code
