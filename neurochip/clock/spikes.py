"""A core while spikes are delivered: injector, input FIFO, axon look-up, row access with the column
adders."""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.clock import router
from neurochip.clock.geometry import lines_of
from neurochip.fixed.jit import kernel


@kernel
def push(registers, fifo, core, axon, value, now):
    """Write a spike into the input FIFO, which has room; it is seen from the next cycle on."""
    entry = fifo[core, (registers[core, col.FIFO_HEAD] + registers[core, col.FIFO_N]) % fifo.shape[1]]
    entry[0], entry[1], entry[2] = axon, value, now
    registers[core, col.FIFO_N] += 1


@kernel
def inject(
    parameters, units, axons, registers, ports, flits, fifo, events, slot, spike, winner, core, now, counts
):
    """The injector: in a cycle one spike goes to one axon, or one flit of it. Returns 1 when a delivery
    begins.

    ``slot``: the core's first slot. A spike carries the place of its unit's window that won: its value is
    1 more than that, with the spike's sign.
    """
    reg = registers[core]
    unit = events[slot + reg[col.EVENT]]
    axon, begun, value = units[unit] + reg[col.AXON], 0, spike[unit] * (1 + winner[unit])
    if axon < units[unit + 1]:
        to = axons[axon, col.A_CORE]
        if to == core:
            if reg[col.FIFO_N] == fifo.shape[1]:
                return 0
            push(registers, fifo, core, axon, value, now)
            begun = 1
        else:
            before, length = reg[col.SENT], parameters[col.P_SPIKE]
            done = router.inject(
                parameters, registers, ports, flits, core, now, to, axon, value, length, counts
            )
            if not done and reg[col.SENT] == before:
                return 0
            begun = 1 if before == 0 else 0
            if not done:
                reg[col.MARK] |= 1 << col.INJECT
                return begun
        reg[col.AXON] += 1
    reg[col.MARK] |= 1 << col.INJECT
    if units[unit] + reg[col.AXON] >= units[unit + 1]:
        reg[col.AXON] = 0
        reg[col.EVENT] += 1
        counts[core, col.SPIKES] += 1
    return begun


@kernel
def look_up(blocks, axons, reads, registers, fifo, lines, core, now, counts):
    """The axon look-up: takes a spike from the FIFO and lists the lines that it reads, in one cycle."""
    reg = registers[core]
    entry = fifo[core, reg[col.FIFO_HEAD]]
    if entry[2] == now:
        return
    reg[col.FIFO_HEAD] = (reg[col.FIFO_HEAD] + 1) % fifo.shape[1]
    reg[col.FIFO_N] -= 1
    back, axon, number = 1 - reg[col.FRONT], entry[0], 0
    for read in range(axons[axon, col.A_READ], axons[axon + 1, col.A_READ]):
        block, way = reads[read, col.R_BLOCK], reads[read, col.R_WAY]
        unit, winner = axons[axon, col.A_UNIT], abs(entry[1]) - 1
        number = lines_of(blocks[block], block, way, unit, winner, lines[core, back], number)
    sign = 1 if entry[1] > 0 else -1
    reg[col.SIGN + back], reg[col.LINES_N + back], reg[col.LOOKED] = sign, number, now
    reg[col.MARK] |= 1 << col.LOOKUP
    counts[core, col.AXON_LOOKUPS] += 1


@kernel
def read(parameters, blocks, registers, lines, cells, acc, seen, core, counts):
    """Row access: the adders take the next columns of a line; returns 1 when a spike is done with."""
    reg = registers[core]
    if reg[col.LINES_N + reg[col.FRONT]] == 0:
        reg[col.FRONT] = 1 - reg[col.FRONT]
        reg[col.LOOKED] = -1
        reg[col.LINE] = reg[col.PART] = 0
        if reg[col.LINES_N + reg[col.FRONT]] == 0:
            return 1
    front = reg[col.FRONT]
    reg[col.MARK] |= 1 << col.ROWS
    line, first, sign = lines[core, front, reg[col.LINE]], reg[col.PART], reg[col.SIGN + front]
    block, sign = blocks[line[col.L_BLOCK]], sign * line[col.L_ADDS]
    reg[col.WAIT] += 1
    if reg[col.WAIT] < parameters[col.P_ACCESS]:
        return 0
    reg[col.WAIT] = 0
    by_column = line[col.L_COLUMN] != 0
    length = block[col.ROWS_N] if by_column else block[col.COLS_N]
    last = min(first + parameters[col.P_ADDERS], length)
    if first == 0:
        counts[core, col.COLUMN_READS if by_column else col.ROW_READS] += 1
    if by_column:
        added = _add_column(block, line, first, last, sign, cells, acc, seen)
    else:
        added = _add_row(block, line, first, last, sign, cells, acc, seen)
    counts[core, col.SYNAPTIC_OPS] += added
    counts[core, col.WORD_READS] += 1
    counts[core, col.CELL_READS] += last - first
    reg[col.PART] = last
    if last < length:
        return 0
    reg[col.PART] = 0
    reg[col.LINE] += 1
    if reg[col.LINE] < reg[col.LINES_N + front]:
        return 0
    reg[col.LINES_N + front] = 0
    return 1


@kernel
def _add_row(block, line, first, last, sign, cells, acc, seen):
    """Add part of a row to the sums of its columns."""
    at, to = block[col.CELLS] + line[col.L_INDEX] * block[col.COLS_N], line[col.L_ACC]
    for k in range(first, last):
        acc[to + k] += sign * cells[at + k]
        seen[to + k] = 1
    return last - first


@kernel
def _add_column(block, line, first, last, sign, cells, acc, seen):
    """Add part of a column to the sums of its rows; returns how many of them are on the map."""
    added, size = 0, block[col.SIZE]
    for k in range(first, last):
        to = line[col.L_ACC] + k
        if block[col.B_CONV] != 0:
            row = block[col.ROW_0] + k
            y = line[col.L_Y] + row // size % size
            x = line[col.L_X] + row % size
            if y < 0 or y >= block[col.HEIGHT] or x < 0 or x >= block[col.WIDTH]:
                continue
            if block[col.CONVERTS] == 0:
                to = (y * block[col.WIDTH] + x) * block[col.C_IN] + row // (size * size)
                to += block[col.ACC_DOWN] - block[col.DOWN_0]
        acc[to] += sign * cells[block[col.CELLS] + k * block[col.COLS_N] + line[col.L_INDEX]]
        seen[to] = 1
        added += 1
    return added
