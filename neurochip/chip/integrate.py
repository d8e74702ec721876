"""Step *integrate*: the weights that spikes select are summed into currents; one small kernel for each kind
of operation.

Sums are exact: they are made in a word twice as wide as a weight, which is emptied into the currents before
it could overflow. Indices inside the innermost loops are unsigned, so that no wrap-around is checked and
whole vectors are added.
"""

from __future__ import annotations

import numpy as np

from neurochip.chip import columns as col
from neurochip.chip.convert import convert
from neurochip.chip.pooling import pool, unpool
from neurochip.chip.positions import down, up
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import stored
from neurochip.fixed.words import left
from neurochip.neurons import registers as reg


@kernel
def integrate(
    op, pops, weights, kernels, stamps, spikes, counts, formats, current, narrow, partial, over,
    winners, won_now, signs, converter, reading, read,
):  # fmt: skip
    """Execute one row of the operation table: add what the source's spikes of the last tick read to the
    targets.

    ``weights``, ``kernels``: the two weight memories. ``stamps``: see `operations.Operations`.
    ``spikes``: int32 [2 signs, units], unit numbers in rising order; ``counts``: int64 [2 signs,
    populations]. ``current``: [units]. ``narrow``, ``partial``: scratch. ``winners``, ``won_now``: int8
    [units or 0], which position won each max pooling in the last tick, and in this one (written).
    ``signs``: int8 scratch of a population. ``converter``: see `convert`; ``reading``: key of the draws of
    this tick's reads; ``read``: int64 [places], readings by converters, counted. ``kernels``, ``converter``:
    None where the chip has none; what needs them is not compiled then.
    """
    source = op[col.SOURCE]
    offset = pops[source, reg.OFFSET]
    plus = spikes[0, offset : offset + counts[0, source]]
    minus = spikes[1, offset : offset + counts[1, source]]
    if kernels is not None:
        if op[col.KIND] == col.POOL:
            pool(op, pops, kernels, stamps, spikes, counts, current, partial, won_now)
            return
        if op[col.KIND] == col.UNPOOL:
            unpool(op, pops, kernels, stamps, spikes, counts, current, partial, winners)
            return
        if op[col.KIND] == col.STAMP:
            if plus.shape[0] + minus.shape[0] > 0:
                first = op[col.FIRST_STAMP] - offset
                _stamps(op, pops, kernels, stamps, first, plus, minus, current, narrow)
            return
    if converter is not None:
        if op[col.KIND] == col.UP:
            up(
                op, pops, weights, spikes, counts, signs, current, partial, converter, formats, reading, read,
                over,
            )  # fmt: skip
            return
        if op[col.KIND] == col.DOWN:
            down(op, pops, weights, spikes, counts, signs, current, converter, formats, reading, read, over)
            return
    lines = _dense(op, pops, weights, plus, 1, current, narrow, partial)
    lines += _dense(op, pops, weights, minus, -1, current, narrow, partial)
    if op[col.CHECKED] == col.HELD:
        _add_partial(op, pops, formats, partial, current, over)
    elif converter is not None and op[col.CHECKED] == col.CONVERTED and lines > 0:
        read[op[col.FIRST_PLACE]] += 1
        to, n = pops[op[col.TARGET], reg.OFFSET], op[col.COL_HI] - op[col.COL_LO]
        to += op[col.COL_LO]
        convert(op, to, converter, formats, reading, partial, current[to : to + n], over)


@kernel
def _dense(op, pops, weights, ids, sign, current, narrow, partial):
    """Sum the rows of a matrix that the spikes ``ids`` select into the current, or into the partial sum.

    Returns how many rows these are.
    """
    source, offset, stride = op[col.SOURCE], pops[op[col.SOURCE], reg.OFFSET], op[col.STRIDE]
    row_lo, row_hi, col_lo, n = (
        op[col.ROW_LO],
        op[col.ROW_HI],
        op[col.COL_LO],
        op[col.COL_HI] - op[col.COL_LO],
    )
    start = np.searchsorted(ids, offset + row_lo) if row_lo > 0 else 0
    stop = np.searchsorted(ids, offset + row_hi) if row_hi < pops[source, reg.SIZE] else ids.shape[0]
    to = pops[op[col.TARGET], reg.OFFSET] + col_lo
    for begin in range(start, stop, op[col.GROUP]):
        end = min(begin + op[col.GROUP], stop)
        _sum_rows(weights, op[col.BASE] + col_lo - offset * stride, stride, ids[begin:end], narrow[:n])
        if op[col.CHECKED] == col.FREE:
            _empty(narrow[:n], sign, op[col.SHIFT], current[to : to + n])
        else:
            _empty(narrow[:n], sign, 0, partial[:n])
    return stop - start


@kernel
def _sum_rows(weights, base, stride, ids, acc):
    """``acc = sum of the rows`` ``ids``; four at a time, so that the sum is read and written once for four
    rows."""
    n = np.uint64(acc.shape[0])
    acc[:] = 0
    s = 0
    while s + 4 <= ids.shape[0]:
        a, b = np.uint64(base + ids[s] * stride), np.uint64(base + ids[s + 1] * stride)
        c, d = np.uint64(base + ids[s + 2] * stride), np.uint64(base + ids[s + 3] * stride)
        for k in range(n):
            both = np.int32(weights[a + k]) + np.int32(weights[b + k])
            acc[k] += both + np.int32(weights[c + k]) + np.int32(weights[d + k])
        s += 4
    while s < ids.shape[0]:
        a = np.uint64(base + ids[s] * stride)
        for k in range(n):
            acc[k] += weights[a + k]
        s += 1


@kernel
def _empty(narrow, sign, shift, total):
    """``total += sign * narrow * 2**shift``."""
    word = total.dtype.type
    if sign > 0:
        for k in range(total.shape[0]):
            total[k] += left(word(narrow[k]), shift)
    else:
        for k in range(total.shape[0]):
            total[k] -= left(word(narrow[k]), shift)


@kernel
def _stamps(op, pops, kernels, stamps, first, plus, minus, current, narrow):
    """Add the stamps of positive spikes to a map, take away those of negative ones; add it to the currents.

    ``first``: what to add to a unit's number for its column in ``stamps``.
    """
    acc = narrow[: op[col.MAP_SIZE]]
    acc[:] = 0
    held = _put(op, pops, kernels, stamps, first, plus, 1, acc, 0, current)
    _put(op, pops, kernels, stamps, first, minus, -1, acc, held, current)
    _empty_map(op, pops, acc, current)


@kernel
def _put(op, pops, kernels, stamps, first, ids, sign, acc, held, current):
    """Stamp the spikes ``ids`` on the map, which holds ``held`` stamps before; returns how many it holds
    after."""
    base, group, run, step = op[col.BASE], op[col.GROUP], np.uint64(op[col.RUN]), np.uint64(op[col.PITCH])
    for s in range(ids.shape[0]):
        if held == group:
            _empty_map(op, pops, acc, current)
            acc[:] = 0
            held = 0
        neuron = first + ids[s]
        source, at = np.uint64(base + stamps[col.WHICH, neuron]), np.uint64(stamps[col.WHERE, neuron])
        n = np.uint64(stamps[col.LENGTH, neuron])
        for _ in range(stamps[col.STAMP_ROWS, neuron]):
            if sign > 0:
                for k in range(n):
                    acc[at + k] += kernels[source + k]
            else:
                for k in range(n):
                    acc[at + k] -= kernels[source + k]
            source += run
            at += step
        held += 1
    return held


@kernel
def _empty_map(op, pops, acc, current):
    """Add the valid part of a map to the currents of the target."""
    to, run = pops[op[col.TARGET], reg.OFFSET], op[col.VALID_RUN]
    for y in range(op[col.VALID_ROWS]):
        at = op[col.CORNER] + y * op[col.PITCH]
        _empty(acc[at : at + run], 1, op[col.SHIFT], current[to + y * run : to + (y + 1) * run])


@kernel
def _add_partial(op, pops, formats, partial, current, over):
    """Hold a block's sums to the partial-sum register and add them to the currents; ``partial`` is left
    cleared."""
    held = formats[reg.PARTIAL]
    lo, hi, mode = held[reg.LO], held[reg.HI], held[reg.OVERFLOW]
    to = pops[op[col.TARGET], reg.OFFSET] + op[col.COL_LO]
    for k in range(op[col.COL_HI] - op[col.COL_LO]):
        kept = stored(partial[k], lo, hi, mode)
        if kept != partial[k]:
            over[0, reg.PARTIAL] += 1
            over[1, reg.PARTIAL] = to + k + 1
        current[to + k] += kept << op[col.SHIFT]
        partial[k] = 0
