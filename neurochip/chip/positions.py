"""Convolutions behind column converters: position by position, as the crossbars are read.

Up, a position before pooling reads the rows of the inputs that it sees, and each of its columns is converted.
Down, a position reads the columns of the maps that spiked there, and each row is converted on its own before
the sums of all positions meet in the neurons below.
"""

from __future__ import annotations

from neurochip.chip import columns as col
from neurochip.chip.convert import convert, converted
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import subkey
from neurochip.neurons import registers as reg

PLACE = 1 << 32
"""Draws of a position's reads are named by this plus the position, then by the operation."""


@kernel
def up(
    op, pops, weights, spikes, counts, signs, current, partial, converter, formats, reading, read, over
):  # fmt: skip
    """Add what the rows ``ROW_LO .. ROW_HI - 1`` of a kernel give for all positions.

    ``signs``: int8 scratch of the source's size. ``partial``: cleared. Others as in `integrate`.
    """
    if not _spread(op, pops, spikes, counts, signs):
        return
    window, width, n = op[col.P_WINDOW], op[col.P_OUT_WIDTH], op[col.P_C_OUT]
    for y in range(op[col.P_OUT_HEIGHT] * window):
        for x in range(width * window):
            if _read_rows(op, weights, signs, y, x, partial):
                to = pops[op[col.TARGET], reg.OFFSET] + (y // window * width + x // window) * n
                number = y * width * window + x
                read[op[col.FIRST_PLACE] + number] += 1
                place = subkey(reading, PLACE + number)
                convert(op, to, converter, formats, place, partial, current[to : to + n], over)


@kernel
def _read_rows(op, weights, signs, y, x, partial):
    """Add up the rows that the inputs of the position (y, x) select; returns whether there are any."""
    size, channels, some = op[col.P_SIZE], op[col.P_C_IN], False
    y, x = y * op[col.P_STRIDE] - op[col.P_PADDING], x * op[col.P_STRIDE] - op[col.P_PADDING]
    for row in range(op[col.ROW_LO], op[col.ROW_HI]):
        at_y, at_x = y + row // size % size, x + row % size
        if 0 <= at_y < op[col.P_HEIGHT] and 0 <= at_x < op[col.P_WIDTH]:
            sign = int(signs[(at_y * op[col.P_WIDTH] + at_x) * channels + row // (size * size)])
            if sign != 0:
                some, base = True, op[col.BASE] + row * op[col.STRIDE]
                for k in range(op[col.P_C_OUT]):
                    partial[k] += sign * int(weights[base + k])
    return some


@kernel
def down(op, pops, weights, spikes, counts, signs, current, converter, formats, reading, read, over):
    """Add what the columns ``ROW_LO .. ROW_HI - 1`` of a kernel send back from all positions."""
    if not _spread(op, pops, spikes, counts, signs):
        return
    window, width, n = op[col.P_WINDOW], op[col.P_OUT_WIDTH], op[col.P_C_OUT]
    for y in range(op[col.P_OUT_HEIGHT] * window):
        for x in range(width * window):
            first = (y // window * width + x // window) * n
            mine = signs[first + op[col.ROW_LO] : first + op[col.ROW_HI]]
            if _any(mine):
                number = y * width * window + x
                read[op[col.FIRST_PLACE] + number] += 1
                family = subkey(subkey(reading, PLACE + number), op[col.NAME])
                _send_back(op, pops, weights, mine, y, x, current, converter, formats, family, over)


@kernel
def _send_back(op, pops, weights, signs, y, x, current, converter, formats, family, over):
    """One read of the columns of a position: a converted sum for each row that is on the map."""
    size, channels = op[col.P_SIZE], op[col.P_C_IN]
    y, x = y * op[col.P_STRIDE] - op[col.P_PADDING], x * op[col.P_STRIDE] - op[col.P_PADDING]
    for row in range(channels * size * size):
        at_y, at_x = y + row // size % size, x + row % size
        if 0 <= at_y < op[col.P_HEIGHT] and 0 <= at_x < op[col.P_WIDTH]:
            base, wide = op[col.BASE] + row * op[col.STRIDE] + op[col.ROW_LO], 0
            for k in range(signs.shape[0]):
                wide += int(signs[k]) * int(weights[base + k])
            unit = pops[op[col.TARGET], reg.OFFSET]
            unit += (at_y * op[col.P_WIDTH] + at_x) * channels + row // (size * size)
            current[unit] += converted(op, converter, formats, family, row, wide, unit, over)


@kernel
def _spread(op, pops, spikes, counts, signs):
    """Write the source's spikes as signs, one for each neuron; returns whether there are any."""
    source = op[col.SOURCE]
    offset = pops[source, reg.OFFSET]
    signs[: pops[source, reg.SIZE]] = 0
    for negative in range(2):
        for unit in spikes[negative, offset : offset + counts[negative, source]]:
            signs[unit - offset] = 1 - 2 * negative
    return counts[0, source] + counts[1, source] > 0


@kernel
def _any(signs):
    """Whether any sign is not 0."""
    some = False
    for k in range(signs.shape[0]):
        some = some or signs[k] != 0
    return some
