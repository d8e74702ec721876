"""A core while spikes are delivered: injector, input FIFO, axon look-up, row access with the column adders."""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.clock import router
from neurochip.fixed.jit import kernel


@kernel
def step(core, wiring, mesh, cores, memories, now, phase, counts):
    """One cycle; returns deliveries begun less deliveries ended. Spikes that come in are seen a cycle later."""
    if mesh.arrived[core] != 0:
        mesh.arrived[core] = 0
        _push(core, cores, mesh.address[core], mesh.value[core], now)
    begun = _inject(core, wiring, mesh, cores, memories, now, phase, counts)
    ended = _read(core, wiring, cores, memories, phase, counts)
    _look_up(core, wiring, cores, now, phase, counts)
    mesh.open[core] = cores.fifo_count[core] < cores.fifo.shape[1]
    return begun - ended


@kernel
def _push(core, cores, axon, sign, now):
    depth = cores.fifo.shape[1]
    entry = cores.fifo[core, (cores.fifo_head[core] + cores.fifo_count[core]) % depth]
    entry[0], entry[1], entry[2] = axon, sign, now
    cores.fifo_count[core] += 1


@kernel
def _inject(core, wiring, mesh, cores, memories, now, phase, counts):
    """The injector: one spike to one axon, or one flit of it, in a cycle. Returns 1 for a delivery begun."""
    if cores.event[core] == cores.event_count[core]:
        return 0
    cores.mark[core] |= 1 << col.INJECT
    unit = cores.events[wiring.slot_of[core] + cores.event[core]]
    axon, end = wiring.axon_of[unit] + cores.axon[core], wiring.axon_of[unit + 1]
    begun = 0
    if axon < end:
        to = wiring.axon_core[axon]
        if to == core:
            if cores.fifo_count[core] == cores.fifo.shape[1]:
                return 0
            _push(core, cores, axon, memories.spike[unit], now)
            begun = 1
        else:
            flits, before = wiring.parameters[col.P_SPIKE], cores.sent[core]
            sent = router.inject(
                mesh, wiring.parameters, core, now, to, axon, memories.spike[unit], phase, before, flits,
                counts,
            )  # fmt: skip
            begun = 1 if before == 0 and sent == 1 else 0
            cores.sent[core] = sent % flits
            if sent < flits:
                return begun
        cores.axon[core] += 1
    if cores.axon[core] >= end - wiring.axon_of[unit]:
        cores.axon[core] = 0
        cores.event[core] += 1
        counts[phase, core, col.SPIKES] += 1
    return begun


@kernel
def _look_up(core, wiring, cores, now, phase, counts):
    """The axon look-up: takes a spike from the FIFO and lists the lines that it reads, in one cycle."""
    if cores.looked[core] >= 0 or cores.fifo_count[core] == 0:
        return
    head = cores.fifo_head[core]
    entry = cores.fifo[core, head]
    if entry[2] == now:
        return
    cores.fifo_head[core] = (head + 1) % cores.fifo.shape[1]
    cores.fifo_count[core] -= 1
    back, axon = 1 - cores.front[core], entry[0]
    cores.sign[core, back] = entry[1]
    lines, number = cores.lines[core, back], 0
    for read in range(wiring.read_of[axon], wiring.read_of[axon + 1]):
        block = wiring.read_block[read]
        number = lines_of(
            wiring.blocks[block], block, wiring.read_way[read], wiring.axon_unit[axon], lines, number
        )
    cores.line_count[core, back] = number
    cores.looked[core] = now
    cores.mark[core] |= 1 << col.LOOKUP
    counts[phase, core, col.AXON_LOOKUPS] += 1


@kernel
def _read(core, wiring, cores, memories, phase, counts):
    """Row access: the adders take the next columns of a line; returns whether a spike is done with."""
    front = cores.front[core]
    if cores.line_count[core, front] == 0:
        if cores.looked[core] < 0:
            return 0
        front = 1 - front
        cores.front[core], cores.looked[core] = front, -1
        cores.line[core] = cores.part[core] = 0
        if cores.line_count[core, front] == 0:
            return 1
    cores.mark[core] |= 1 << col.ROWS
    line = cores.lines[core, front, cores.line[core]]
    block, first = wiring.blocks[line[col.L_BLOCK]], cores.part[core]
    by_column = line[col.L_COLUMN] != 0
    length = block[col.ROWS_N] if by_column else block[col.COLS_N]
    last = min(first + wiring.parameters[col.P_ADDERS], length)
    if first == 0:
        counts[phase, core, col.COLUMN_READS if by_column else col.ROW_READS] += 1
    if by_column:
        added = _add_column(block, line, first, last, cores.sign[core, front], memories.cells, memories.acc)
    else:
        added = _add_row(block, line, first, last, cores.sign[core, front], memories.cells, memories.acc)
    counts[phase, core, col.SYNAPTIC_OPS] += added
    cores.part[core] = last
    if last == length:
        cores.part[core] = 0
        cores.line[core] += 1
        if cores.line[core] == cores.line_count[core, front]:
            cores.line_count[core, front] = 0
            return 1
    return 0


@kernel
def _add_row(block, line, first, last, sign, cells, acc):
    """Add part of a row to the sums of its columns."""
    at, to = block[col.CELLS] + line[col.L_INDEX] * block[col.COLS_N], line[col.L_ACC]
    for k in range(first, last):
        acc[to + k] += sign * cells[at + k]
    return last - first


@kernel
def _add_column(block, line, first, last, sign, cells, acc):
    """Add part of a column to the sums of its rows; returns how many of them are on the map."""
    added, size = 0, block[col.SIZE]
    for k in range(first, last):
        to = k
        if block[col.B_CONV] != 0:
            row = block[col.ROW_0] + k
            y = line[col.L_Y] + row // size % size
            x = line[col.L_X] + row % size
            if y < 0 or y >= block[col.HEIGHT] or x < 0 or x >= block[col.WIDTH]:
                continue
            to = (y * block[col.WIDTH] + x) * block[col.C_IN] + row // (size * size) - block[col.DOWN_0]
        acc[block[col.ACC_DOWN] + to] += sign * cells[block[col.CELLS] + k * block[col.COLS_N] + line[col.L_INDEX]]
        added += 1
    return added


@kernel
def lines_of(block, number, way, unit, lines, n):
    """Append the lines of a block that a spike of ``unit`` reads to ``lines``; returns how many there are."""
    transposed = way == col.BACKWARD and block[col.B_MIRROR] == 0
    neuron = unit - (block[col.SERVED_0] if transposed else block[col.DRIVER_0])
    if block[col.B_CONV] == 0:
        index = neuron - (block[col.COL_0] if transposed else block[col.ROW_0])
        return _line(lines, n, number, transposed, index, block[col.ACC_UP], 0, 0)
    if transposed:
        return _columns_of(block, number, neuron, lines, n)
    if block[col.B_MIRROR] != 0:
        return _mirror_rows_of(block, number, neuron, lines, n)
    return _rows_of(block, number, neuron, lines, n)


@kernel
def _line(lines, n, number, column, index, acc, y, x):
    line = lines[n]
    line[col.L_BLOCK], line[col.L_COLUMN], line[col.L_INDEX] = number, column, index
    line[col.L_ACC], line[col.L_Y], line[col.L_X] = acc, y, x
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
                acc = block[col.ACC_UP] + position * block[col.COLS_N]
                n = _line(lines, n, number, 0, row, acc, 0, 0)
    return n


@kernel
def _mirror_rows_of(block, number, neuron, lines, n):
    """Rows that a neuron above drives in a mirror: its channel's, at every position that its window covers."""
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
                n = _line(lines, n, number, 0, row, acc, 0, 0)
    return n


@kernel
def _columns_of(block, number, neuron, lines, n):
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
                n = _line(lines, n, number, 1, column, 0, y, x)
                break
    return n
