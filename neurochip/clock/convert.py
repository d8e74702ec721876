"""The converters at the foot of the arrays: after the spikes, every column that was read becomes a digital
partial sum.

A core has as many converters as column adders. They take the columns of all its arrays one after the other,
in the order of the sums that they belong to; a column that was not read keeps its turn, and is not converted.
"""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import bell, draw, stored, subkey
from neurochip.neurons import registers as reg

FINE, NOISE, END, CODES = range(4)
"""A converter: bits of a sum below a step of the weight, scale of its noise, end of its range in steps of the
weight (0: it has none), codes on either side of 0."""

READS = 1 << 33
"""Reads in a tick are named by this plus the phase, then by 1 plus the tick."""

PLACES = 1 << 32
"""Reads of a convolution are named by this plus the position, too."""


@kernel
def first_column(core, parameters, hubs, sums):
    """The part that a core's converters begin with; without converters there is nothing to do."""
    return sums[hubs[core + (parameters[col.P_CONVERTS] == 0), col.SUM_0], col.S_PART]


@kernel
def step(
    parameters, hubs, sums, parts, registers, acc, seen, converters, reading, formats, over, core, counts
):
    """One cycle of a core's converters; returns whether they had work.

    ``seen``: whether a row that adds to an accumulator was read; cleared. ``reading``: key of this tick's
    noise.
    """
    mine, last = registers[core], sums[hubs[core + 1, col.SUM_0], col.S_PART]
    if mine[col.COLUMN] >= last:
        return False
    mine[col.MARK] |= 1 << col.CONVERT
    mine[col.WAIT] += 1
    if mine[col.WAIT] < parameters[col.P_ACCESS]:
        return True
    mine[col.WAIT] = 0
    end = min(mine[col.COLUMN] + parameters[col.P_ADDERS], last)
    for part in range(mine[col.COLUMN], end):
        at = parts[part, col.PART_ACC]
        if seen[at] != 0:
            seen[at] = 0
            counts[core, col.ADC_CONVERSIONS] += converters[END] != 0
            acc[at] = _register(converters, parts[part], reading, acc[at], formats, over)
    mine[col.COLUMN] = end
    return True


@kernel
def _register(converters, part, reading, total, formats, over):
    """What the partial-sum register holds after a column's ``total`` is converted."""
    if converters[NOISE] != 0:
        family = reading
        if part[col.PART_PLACE] >= 0:
            family = subkey(family, PLACES + part[col.PART_PLACE])
        family = subkey(family, part[col.PART_READ])
        total = total + bell(draw(family, part[col.PART_COLUMN]), converters[NOISE])
    value, clipped = _code(converters, total)
    kept = stored(value, formats[reg.PARTIAL, 0], formats[reg.PARTIAL, 1], formats[reg.PARTIAL, 2])
    if clipped or kept != value:
        over[0, reg.PARTIAL] += 1
        over[1, reg.PARTIAL] = part[col.PART_UNIT] + 1
    return kept


@kernel
def _code(converters, total):
    """A sum in steps of the weight, by way of its code, and whether that was clipped."""
    one, end, codes = 1 << converters[FINE], converters[END], converters[CODES]
    if end == 0:
        return (2 * total + one) // (2 * one), False
    code = (2 * total * codes + end * one) // (2 * end * one)
    kept = max(-codes, min(code, codes - 1))
    return (2 * kept * end + codes) // (2 * codes), kept != code
