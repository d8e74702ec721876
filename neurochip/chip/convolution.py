"""Convolution kernels: from weights on the crossbars to stamps, and back from sums of the folded kernel."""

from __future__ import annotations

from neurochip.fixed.jit import kernel

C_IN, SIZE, STRIDE, WINDOW, C_OUT, PADDING, HEIGHT, WIDTH, OUT_HEIGHT, OUT_WIDTH = range(10)
FORWARD, FORWARD_STRIDE, UP, DOWN, SUMS, PRE, POST, MAX_WINDOW = range(10, 18)
CONV_COLUMNS = 18
"""Convolution table, one row per projection (all zero: dense): geometry before folding; where the weights,
stamps and sums are; first unit of both populations; side of a max pooling's window (0: none), for which
WINDOW is 1."""


@kernel(nogil=True)
def stamp(thread, threads, conv, weights, kernels, row):
    """Fold the pooling into a projection's kernel and write its stamps, for both directions.

    The thread's part of the kernel's places, of all channels: channels of a place lie side by side in what
    leads down. ``row``: int32 [C_out] scratch.
    """
    side, step = folded_side(conv), conv[STRIDE] * conv[WINDOW]
    taps = (side + step - 1) // step
    span = step * taps
    for place in range(span * span * thread // threads, span * span * (thread + 1) // threads):
        y, x = place // span, place % span
        for c in range(conv[C_IN]):
            _folded_row(conv, weights, c, y, x, row)
            at = (c * step + y % step) * step + x % step
            at = ((at * taps + taps - 1 - y // step) * taps + taps - 1 - x // step) * conv[C_OUT]
            for k in range(conv[C_OUT]):
                kernels[conv[UP] + at + k] = row[k]
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


@kernel
def folded_side(conv):
    """Side of the folded kernel."""
    return conv[SIZE] + conv[STRIDE] * (conv[WINDOW] - 1)


@kernel
def folded_rows(conv):
    """Rows of a folded kernel, one for each source channel and place; 0 for a dense matrix."""
    return conv[C_IN] * folded_side(conv) ** 2


@kernel
def unfolded_row(conv, sums, row, total):
    """``total``: one row of the kernel as it is on the crossbar, from the sums of the folded one.

    Returns whether any of them is not 0.
    """
    size, stride, window, side = conv[SIZE], conv[STRIDE], conv[WINDOW], folded_side(conv)
    kx, ky, c = row % size, row // size % size, row // (size * size)
    total[:] = 0
    changed = False
    for dy in range(window):
        for dx in range(window):
            at = ((c * side + ky + stride * dy) * side + kx + stride * dx) * conv[C_OUT]
            values = sums[conv[SUMS] + at : conv[SUMS] + at + conv[C_OUT]]
            for k in range(values.shape[0]):
                total[k] += values[k]
                changed = changed or values[k] != 0
    return changed
