"""Which lines of a crossbar a spike reads: the address generator behind the axon table."""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel


@kernel
def lines_of(block, number, way, unit, winner, lines, n):
    """Append the lines of a block that a spike of ``unit`` reads to ``lines``; returns how many there are.

    ``winner``: the place of the unit's window that won in the last tick.
    """
    transposed = way == col.BACKWARD and block[col.B_MIRROR] == 0
    neuron = unit - (block[col.SERVED_0] if transposed else block[col.DRIVER_0])
    if block[col.B_CONV] == 0:
        index = neuron - (block[col.COL_0] if transposed else block[col.ROW_0])
        acc = block[col.ACC_DOWN] if transposed else block[col.ACC_UP]
        return _line(lines, n, number, transposed, index, acc, 0, 0, True)
    if transposed:
        return _columns_of(block, number, neuron, winner, lines, n)
    if block[col.B_MIRROR] != 0:
        return _mirror_rows_of(block, number, neuron, winner, lines, n)
    return _rows_of(block, number, neuron, lines, n)


@kernel
def _line(lines, n, number, column, index, acc, y, x, adds):
    line = lines[n]
    line[col.L_BLOCK], line[col.L_COLUMN], line[col.L_INDEX] = number, column, index
    line[col.L_ACC], line[col.L_Y], line[col.L_X], line[col.L_ADDS] = acc, y, x, adds
    return n + 1


@kernel
def _rows_of(block, number, neuron, lines, n):
    """Rows that a neuron below drives: its channel's, at every position where the kernel covers it."""
    channel, place = neuron % block[col.C_IN], neuron // block[col.C_IN]
    y, x = place // block[col.WIDTH] + block[col.PADDING], place % block[col.WIDTH] + block[col.PADDING]
    size, stride, window = block[col.SIZE], block[col.STRIDE], block[col.WINDOW]
    for ky in range(min(size, y + 1)):
        for kx in range(min(size, x + 1)):
            if (y - ky) % stride != 0 or (x - kx) % stride != 0:
                continue
            top, left = (y - ky) // stride // window, (x - kx) // stride // window
            row = (channel * size + ky) * size + kx - block[col.ROW_0]
            position = top * block[col.OUT_WIDTH] + left - block[col.POS_0]
            if top >= block[col.OUT_HEIGHT] or left >= block[col.OUT_WIDTH]:
                continue
            if 0 <= row < block[col.ROWS_N] and 0 <= position < block[col.POS_N]:
                if block[col.APART] > 1:
                    part = (y - ky) // stride % window * window + (x - kx) // stride % window
                    position = position * block[col.APART] + part
                acc = block[col.ACC_UP] + position * block[col.COLS_N]
                n = _line(lines, n, number, 0, row, acc, 0, 0, True)
    return n


@kernel
def _mirror_rows_of(block, number, neuron, winner, lines, n):
    """Rows that a neuron above drives in a mirror: its channel's, at every position that its window
    covers."""
    channel, place = neuron % block[col.C_OUT], neuron // block[col.C_OUT]
    top, left = place // block[col.OUT_WIDTH], place % block[col.OUT_WIDTH]
    size, stride, window = block[col.SIZE], block[col.STRIDE], block[col.WINDOW]
    for part in range(window * window):
        for element in range(size * size):
            row = channel * size * size + element - block[col.ROW_0]
            y = (top * window + part // window) * stride + element // size - block[col.PADDING]
            x = (left * window + part % window) * stride + element % size - block[col.PADDING]
            if y < 0 or y >= block[col.HEIGHT] or x < 0 or x >= block[col.WIDTH]:
                continue
            position = y * block[col.WIDTH] + x - block[col.POS_0]
            if 0 <= row < block[col.ROWS_N] and 0 <= position < block[col.POS_N]:
                acc = block[col.ACC_UP] + position * block[col.COLS_N]
                adds = block[col.LARGEST] == 0 or part == winner
                n = _line(lines, n, number, 0, row, acc, 0, 0, adds)
    return n


@kernel
def _columns_of(block, number, neuron, winner, lines, n):
    """The column of a neuron above, once for each place of its window at which it has a row on the map."""
    column, place = neuron % block[col.C_OUT] - block[col.COL_0], neuron // block[col.C_OUT]
    position = place - block[col.POS_0]
    if not (0 <= column < block[col.COLS_N] and 0 <= position < block[col.POS_N]):
        return n
    top, left = place // block[col.OUT_WIDTH], place % block[col.OUT_WIDTH]
    stride, window, size = block[col.STRIDE], block[col.WINDOW], block[col.SIZE]
    for part in range(window * window):
        y = (top * window + part // window) * stride - block[col.PADDING]
        x = (left * window + part % window) * stride - block[col.PADDING]
        for row in range(block[col.ROW_0], block[col.ROW_0] + block[col.ROWS_N]):
            ky, kx = row // size % size, row % size
            if 0 <= y + ky < block[col.HEIGHT] and 0 <= x + kx < block[col.WIDTH]:
                acc = block[col.ACC_DOWN] + (position * window * window + part) * block[col.ROWS_N]
                adds = block[col.LARGEST] == 0 or part == winner
                n = _line(lines, n, number, 1, column, acc, y, x, adds)
                break
    return n
