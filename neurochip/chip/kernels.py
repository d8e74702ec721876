"""Convolution kernels: from the weights on the crossbars to stamps, and from banks to the kernel's update."""

from __future__ import annotations

import numpy as np

from neurochip.fixed.jit import kernel

C_IN, SIZE, STRIDE, WINDOW, C_OUT, PADDING, HEIGHT, WIDTH, OUT_HEIGHT, OUT_WIDTH = range(10)
FORWARD, FORWARD_STRIDE, UP, DOWN, SUMS, PRE, POST = range(10, 17)
"""Convolution table, one row per projection (all zero: dense): geometry before folding; where the weights,
stamps and sums are; first unit of both populations."""


@kernel
def stamp(conv, weights, kernels):
    """Fold the pooling into a projection's kernel and write its stamps, for both directions."""
    stride, window = conv[STRIDE], conv[WINDOW]
    side = conv[SIZE] + stride * (window - 1)
    step = stride * window
    taps = (side + step - 1) // step
    row = np.zeros(conv[C_OUT], np.int32)
    for c in range(conv[C_IN]):
        for y in range(step * taps):
            for x in range(step * taps):
                _folded_row(conv, weights, c, y, x, row)
                at = (c * step + y % step) * step + x % step
                at = ((at * taps + taps - 1 - y // step) * taps + taps - 1 - x // step) * conv[C_OUT]
                kernels[conv[UP] + at : conv[UP] + at + conv[C_OUT]] = row
                if conv[DOWN] >= 0 and y < side and x < side:
                    at = conv[DOWN] + (y * side + x) * conv[C_IN] + c
                    for k in range(conv[C_OUT]):
                        kernels[at + k * side * side * conv[C_IN]] = row[k]


@kernel
def _folded_row(conv, weights, c, y, x, row):
    """Weights of the folded kernel at (y, x) for all output channels: sums over the places of the pooling
    window."""
    size, stride, window = conv[SIZE], conv[STRIDE], conv[WINDOW]
    row[:] = 0
    for dy in range(window):
        for dx in range(window):
            ky, kx = y - stride * dy, x - stride * dx
            if 0 <= ky < size and 0 <= kx < size:
                at = conv[FORWARD] + ((c * size + ky) * size + kx) * conv[FORWARD_STRIDE]
                for k in range(row.shape[0]):
                    row[k] += weights[at + k]


@kernel(nogil=True)
def correlate(thread, threads, conv, terms, banks, narrow, sums):
    """Sum the outer products of a batch over all positions: ``sums`` of the folded kernel, int64 [C_in, K,
    K, C_out] flat.

    ``narrow``: [threads, C_out] scratch; it holds one sample's sum.
    """
    side = conv[SIZE] + conv[STRIDE] * (conv[WINDOW] - 1)
    rows = conv[C_IN] * side * side
    for row in range(thread, rows, threads):
        total = sums[conv[SUMS] + row * conv[C_OUT] : conv[SUMS] + (row + 1) * conv[C_OUT]]
        total[:] = 0
        kx, ky, c = row % side, row // side % side, row // (side * side)
        for s in range(banks.shape[0]):
            narrow[:] = 0
            for i in range(terms.shape[0]):
                before, after = banks[s, terms[i, 1]], banks[s, terms[i, 2]]
                _outer_positions(conv, terms[i, 0], before, after, c, ky, kx, narrow)
            for k in range(narrow.shape[0]):
                total[k] += narrow[k]


@kernel
def _outer_positions(conv, sign, before, after, c, ky, kx, acc):
    """Add the products of a kernel element's input and the outputs, over all positions of one sample."""
    step, n = conv[STRIDE] * conv[WINDOW], conv[C_OUT]
    for out_y in range(conv[OUT_HEIGHT]):
        y = out_y * step + ky - conv[PADDING]
        if y < 0 or y >= conv[HEIGHT]:
            continue
        for out_x in range(conv[OUT_WIDTH]):
            x = out_x * step + kx - conv[PADDING]
            if x < 0 or x >= conv[WIDTH]:
                continue
            factor = sign * before[conv[PRE] + (y * conv[WIDTH] + x) * conv[C_IN] + c]
            if factor != 0:
                at = conv[POST] + (out_y * conv[OUT_WIDTH] + out_x) * n
                values = after[at : at + n]
                for k in range(n):
                    acc[k] += factor * values[k]


@kernel
def unfolded_row(conv, sums, row, total):
    """Sum of one row of the kernel as it is on the crossbar, from the sums of the folded one."""
    size, stride, window = conv[SIZE], conv[STRIDE], conv[WINDOW]
    side = size + stride * (window - 1)
    kx, ky, c = row % size, row // size % size, row // (size * size)
    changed = False
    for dy in range(window):
        for dx in range(window):
            at = ((c * side + ky + stride * dy) * side + kx + stride * dx) * conv[C_OUT]
            values = sums[conv[SUMS] + at : conv[SUMS] + at + conv[C_OUT]]
            for k in range(values.shape[0]):
                total[k] += values[k]
                changed = changed or values[k] != 0
    return changed
