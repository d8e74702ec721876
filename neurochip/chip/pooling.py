"""Max pooling: the largest current of a window goes up, and feedback goes down through the one that won.

Spikes are stamped on a map of all positions before pooling, as `integrate` does for averages, but in words
that hold any sum: a maximum cannot be taken of parts.
"""

from __future__ import annotations

import numpy as np

from neurochip.chip import columns as col
from neurochip.chip import convolution as kern
from neurochip.fixed.jit import kernel
from neurochip.neurons import registers as reg


@kernel
def pool(op, pops, kernels, stamps, spikes, counts, current, acc, winners):
    """Add the largest sum of each neuron's window to its current, and note which won, the first of equals.

    ``winners``: int8 [units], written: row * window + column within the window. Others as in `integrate`.
    """
    window, pitch, channels = op[col.WINDOW], op[col.PITCH], op[col.CHANNELS]
    _stamp_all(op, pops, kernels, stamps, spikes, counts, acc, winners, False)
    run, to = op[col.VALID_RUN] // window, pops[op[col.TARGET], reg.OFFSET]
    for out_y in range(op[col.VALID_ROWS] // window):
        for k in range(run):
            at = op[col.CORNER] + out_y * window * pitch + k // channels * window * channels + k % channels
            best, winner = acc[at], 0
            for place in range(1, window * window):
                value = acc[at + place // window * pitch + place % window * channels]
                if value > best:
                    best, winner = value, place
            unit = to + out_y * run + k
            current[unit] += best << op[col.SHIFT]
            winners[unit] = winner
    _clear(op, acc)


@kernel
def unpool(op, pops, kernels, stamps, spikes, counts, current, acc, winners):
    """Add to the currents below what spikes send back through the positions that won in the last tick."""
    _stamp_all(op, pops, kernels, stamps, spikes, counts, acc, winners, True)
    to, run = pops[op[col.TARGET], reg.OFFSET], op[col.VALID_RUN]
    for y in range(op[col.VALID_ROWS]):
        at = op[col.CORNER] + y * op[col.PITCH]
        for k in range(run):
            current[to + y * run + k] += acc[at + k] << op[col.SHIFT]
    _clear(op, acc)


@kernel
def _clear(op, acc):
    """Leave the map clear."""
    for j in range(op[col.MAP_SIZE]):
        acc[j] = 0


@kernel
def _stamp_all(op, pops, kernels, stamps, spikes, counts, acc, winners, through_winners):
    """Stamp the source's spikes of both signs on the map ``acc``, which is clear."""
    source, window = op[col.SOURCE], op[col.WINDOW]
    offset = pops[source, reg.OFFSET]
    for negative in range(2):
        for unit in spikes[negative, offset : offset + counts[negative, source]]:
            entry = op[col.FIRST_STAMP] - offset + unit
            row, at = op[col.BASE] + stamps[col.WHICH, entry], stamps[col.WHERE, entry]
            if through_winners:
                at += (
                    winners[unit] // window * op[col.DOWN_STEP] + winners[unit] % window * op[col.RIGHT_STEP]
                )
            for _ in range(stamps[col.STAMP_ROWS, entry]):
                for k in range(stamps[col.LENGTH, entry]):
                    acc[at + k] += kernels[row + k] * (1 - 2 * negative)
                row += op[col.RUN]
                at += op[col.PITCH]


@kernel
def correlate_row(row, conv, m, terms, before, after, products, won, sums):
    """Sum the products of a batch over the positions that won; as `products.correlate_row`.

    ``won``: int8 [S, banks, units], the winners that were captured with the banks.
    """
    size, n = conv[kern.SIZE], conv[kern.C_OUT]
    kx, ky, c = row % size, row // size % size, row // (size * size)
    total = sums[conv[kern.SUMS] + row * n : conv[kern.SUMS] + (row + 1) * n]
    total[:] = 0
    for s in range(before.shape[0]):
        for t in range(products[s, m]):
            _winners_row(conv, c, ky, kx, before[s, t], after[s, t], won[s, terms[t, 2]], total)


@kernel
def _winners_row(conv, c, ky, kx, before, after, won, total):
    """One sample's and term's part of `correlate_row`."""
    n, window, width = conv[kern.C_OUT], conv[kern.MAX_WINDOW], conv[kern.OUT_WIDTH]
    for place in range(conv[kern.OUT_HEIGHT] * width):
        for k in range(n):
            unit = conv[kern.POST] + place * n + k
            if after[unit] == 0:
                continue
            y = place // width * window + won[unit] // window
            x = place % width * window + won[unit] % window
            y = y * conv[kern.STRIDE] + ky - conv[kern.PADDING]
            x = x * conv[kern.STRIDE] + kx - conv[kern.PADDING]
            if 0 <= y < conv[kern.HEIGHT] and 0 <= x < conv[kern.WIDTH]:
                factor = before[conv[kern.PRE] + (c * conv[kern.HEIGHT] + y) * conv[kern.WIDTH] + x]
                total[k] += np.int64(factor) * after[unit]
