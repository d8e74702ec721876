"""Step *integrate*: the rows of a crossbar matrix that spikes select are summed into currents."""

from __future__ import annotations

import numpy as np
from numba import njit

from neurochip.chip import columns as col
from neurochip.fixed.scalar import stored
from neurochip.neurons import registers as reg


@njit(cache=True)
def sum_rows(weights, base, stride, n, ids, start, stop, first, narrow, group, sign, total):
    """``total[:n] += sign * sum of rows ids[start:stop] - first``, exact.

    ``weights``: the weight memory, flat, int8 or int16. ``narrow``: scratch twice as wide as a weight; it holds the sum
    of up to ``group`` rows (a multiple of 4) and is then emptied into ``total`` (int64).
    """
    for begin in range(start, stop, group):
        end = min(begin + group, stop)
        acc = narrow[:n]
        acc[:] = 0
        s = begin
        while s + 4 <= end:
            a = base + (ids[s] - first) * stride
            b = base + (ids[s + 1] - first) * stride
            c = base + (ids[s + 2] - first) * stride
            d = base + (ids[s + 3] - first) * stride
            _add_four(acc, weights[a : a + n], weights[b : b + n], weights[c : c + n], weights[d : d + n])
            s += 4
        while s < end:
            a = base + (ids[s] - first) * stride
            row = weights[a : a + n]
            for k in range(n):
                acc[k] += row[k]
            s += 1
        for k in range(n):
            total[k] += sign * np.int64(acc[k])


@njit(cache=True, inline="always")
def _add_four(acc, a, b, c, d):
    for k in range(acc.shape[0]):
        acc[k] += np.int32(a[k]) + np.int32(b[k]) + np.int32(c[k]) + np.int32(d[k])


@njit(cache=True)
def integrate(op, pops, weights, spikes, counts, formats, current, narrow, partial, group, over):
    """Execute one row of the operation table: add what the source's spikes of the last tick read to the targets.

    ``spikes``: int32 [2 signs, units], unit numbers in rising order; ``counts``: int64 [2 signs, populations].
    ``current``: int64 [units]. A checked operation writes its sum to the partial-sum register first.
    """
    source, offset = op[col.SOURCE], pops[op[col.SOURCE], reg.OFFSET]
    row_lo, row_hi, col_lo, col_hi = op[col.ROW_LO], op[col.ROW_HI], op[col.COL_LO], op[col.COL_HI]
    n = col_hi - col_lo
    to = pops[op[col.TARGET], reg.OFFSET] + col_lo
    base, stride = op[col.BASE] + col_lo, op[col.STRIDE]
    if op[col.CHECKED] == 0:
        total = current[to : to + n]
    else:
        total = partial[:n]
        total[:] = 0
    for negative in range(2):
        ids = spikes[negative, offset : offset + counts[negative, source]]
        start = np.searchsorted(ids, offset + row_lo) if row_lo > 0 else 0
        stop = np.searchsorted(ids, offset + row_hi) if row_hi < pops[source, reg.SIZE] else ids.shape[0]
        sum_rows(weights, base, stride, n, ids, start, stop, offset, narrow, group, 1 - 2 * negative, total)
    if op[col.CHECKED] != 0:
        _add_partial(total, current[to : to + n], formats, to, over)


@njit(cache=True)
def _add_partial(partial, current, formats, first_unit, over):
    lo, hi, mode = formats[reg.PARTIAL, 0], formats[reg.PARTIAL, 1], formats[reg.PARTIAL, 2]
    for k in range(partial.shape[0]):
        kept = stored(partial[k], lo, hi, mode)
        if kept != partial[k]:
            over[0, reg.PARTIAL] += 1
            over[1, reg.PARTIAL] = first_unit + k + 1
        current[k] += kept
