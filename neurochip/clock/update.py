"""The update units, clock by clock: products of banks, sums of replicas, new weights, answers to replicas.

A core has one update unit of some lanes, which walks the core's crossbars row by row. Sums of copies travel
to the first copy, which alone rounds and writes; the new values travel back.
"""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.clock import logs, router
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import dither, shifted, stored
from neurochip.neurons import registers as reg

(
    U_BLOCK, U_ROW, U_ROWS, U_COLS, U_AT, U_NAME, U_PITCH, U_FIRST, U_SIZE, U_WINDOW, U_STRIDE,
    U_PADDING, U_RATE_M, U_RATE_K, U_PROJECTION,
) = range(15)  # fmt: skip
"""Table of kept weights, one row per forward block: block; first row and rows of the kernel as it is learned;
columns; where its sums and masters are; number of its first synapse, and of synapses in a row; whether it is
the first copy; geometry of the kernel before folding; rate; projection."""


@kernel
def products(core, lanes, blocks, kept, terms, banks, won, sums, counts):
    """Sums of products of a core's banks over a batch; returns the cycles that its update unit takes.

    ``won``: int64 [samples, banks, units or 0], winners of windows when the banks were captured.
    """
    cycles = 0
    for it in range(kept.shape[0]):
        block = blocks[kept[it, U_BLOCK]]
        if block[col.B_CORE] == core:
            for s in range(banks.shape[0]):
                for t in range(terms.shape[0]):
                    cycles += _block(lanes, block, kept[it], terms[t], banks[s], won[s], sums, counts[core])
            number = kept[it, U_ROWS] * kept[it, U_COLS] * banks.shape[0]
            counts[core, col.ACCUMULATIONS] += number
    return cycles


@kernel
def _block(lanes, block, kept, term, banks, won, sums, counts):
    """One term of one sample for all rows of a block."""
    n, cycles = kept[U_COLS], 0
    before, after = banks[term[1]], banks[term[2]]
    for i in range(kept[U_ROWS]):
        row, at = kept[U_ROW] + i, kept[U_AT] + i * n
        if block[col.B_CONV] == 0:
            factor = term[0] * before[block[col.DRIVER_0] + row]
            taps = _outer(factor, after, block[col.SERVED_0] + block[col.COL_0], sums, at, n)
        else:
            taps = _positions(block, kept, row, term[0], before, after, won[term[2]], sums, at)
        counts[col.UPDATE_MULTIPLIES] += taps * n
        cycles += taps * ((n + lanes - 1) // lanes)
    return cycles


@kernel
def _outer(factor, after, post, sums, at, n):
    """Add a row of products; returns 1, the number of times that the weights are used."""
    for k in range(n):
        sums[at + k] += factor * after[post + k]
    return 1


@kernel
def _positions(block, kept, row, sign, before, after, won, sums, at):
    """Add the products of a kernel's row at every position that the block serves; returns how many are on the
    map."""
    size, taps, window = kept[U_SIZE], 0, kept[U_WINDOW]
    channel, ky, kx = row // (size * size), row // size % size, row % size
    for position in range(block[col.POS_0], block[col.POS_0] + block[col.POS_N]):
        top, left = position // block[col.OUT_WIDTH] * window, position % block[col.OUT_WIDTH] * window
        post = block[col.SERVED_0] + position * block[col.C_OUT] + block[col.COL_0]
        for part in range(window * window):
            y = (top + part // window) * kept[U_STRIDE] + ky - kept[U_PADDING]
            x = (left + part % window) * kept[U_STRIDE] + kx - kept[U_PADDING]
            if 0 <= y < block[col.HEIGHT] and 0 <= x < block[col.WIDTH]:
                pre = block[col.DRIVER_0] + (y * block[col.WIDTH] + x) * block[col.C_IN] + channel
                if block[col.LARGEST] != 0:
                    taps += _outer_won(sign * before[pre], after, won, part, post, sums, at, kept[U_COLS])
                else:
                    taps += _outer(sign * before[pre], after, post, sums, at, kept[U_COLS])
    return taps


@kernel
def _outer_won(factor, after, won, place, post, sums, at, n):
    """As `_outer`, of the columns whose window was won by ``place``; the others' products are left out."""
    for k in range(n):
        if won[post + k] == place:
            sums[at + k] += factor * after[post + k]
    return 1


@kernel
def bias_sums(units, copy_of, terms, banks, one, sums):
    """Sums of the biases of some units, each a synapse from a unit that is always ``one``."""
    for unit in units:
        if copy_of[unit] >= 0:
            for s in range(banks.shape[0]):
                for t in range(terms.shape[0]):
                    sums[copy_of[unit]] += terms[t, 0] * one * banks[s, terms[t, 2], unit]


@kernel
def write(core, lanes, blocks, kept, formats, fraction, family, sums, values, weights, over, done, counts):
    """Round a core's sums into masters and weights, where it has the first copy; returns the cycles."""
    cycles = 0
    for it in range(kept.shape[0]):
        mine = kept[it]
        if mine[U_FIRST] != 0 and blocks[mine[U_BLOCK], col.B_CORE] == core:
            for i in range(mine[U_ROWS]):
                for k in range(mine[U_COLS]):
                    at, name = mine[U_AT] + i * mine[U_COLS] + k, mine[U_NAME] + i * mine[U_PITCH] + k
                    _synapse(
                        mine, at, name, formats, fraction, family, sums, values, weights, over,
                        done[mine[U_PROJECTION]], counts[core],
                    )  # fmt: skip
                cycles += (mine[U_COLS] + lanes - 1) // lanes
    return cycles


@kernel
def _synapse(mine, at, name, formats, fraction, family, sums, values, weights, over, done, counts):
    """The new master and weight of one synapse, from its sum."""
    if sums[at] == 0:
        return
    total = _fit(sums[at], formats, reg.ACCUMULATOR, name, over)
    noise = dither(formats[reg.WEIGHT, reg.ROUNDING], mine[U_RATE_K], family, name)
    step = shifted(total * mine[U_RATE_M] + noise, mine[U_RATE_K])
    counts[col.UPDATES] += 1
    counts[col.RANDOM_WORDS] += formats[reg.WEIGHT, reg.ROUNDING] == 2 and mine[U_RATE_K] > 0
    done[0] += 1
    if step == 0:
        counts[col.LOST_UPDATES] += 1
        done[1] += 1
        return
    counts[col.MASTER_WRITES] += 1
    half = (1 << fraction) >> 1
    lo = (formats[reg.WEIGHT, reg.LO] << fraction) - half
    hi = (formats[reg.WEIGHT, reg.HI] << fraction) + max(half - 1, 0)
    value = stored(values[at] + step, lo, hi, formats[reg.WEIGHT, reg.OVERFLOW])
    if value != values[at] + step:
        over[0, reg.WEIGHT] += 1
        over[1, reg.WEIGHT] = name + 1
    values[at] = value
    held = (value + half) >> fraction
    if held != weights[at]:
        done[2] += 1
        counts[col.WEIGHT_WRITES] += 1
    weights[at] = held


@kernel
def write_biases(core, lanes, biases, formats, family, sums, values, over, counts):
    """Round a core's sums into the biases of which it has the first copy; returns the cycles.

    ``biases``: int64 [biases, (place, core, number in draws, multiplier, shift, unit)]: first copies.
    """
    mine = 0
    for it in range(biases.shape[0]):
        if biases[it, 1] == core:
            at, name, shift, unit = biases[it, 0], biases[it, 2], biases[it, 4], biases[it, 5]
            total = _fit(sums[at], formats, reg.ACCUMULATOR, name, over)
            noise = dither(formats[reg.BIAS, reg.ROUNDING], shift, family, name)
            wide = values[at] + shifted(total * biases[it, 3] + noise, shift)
            values[at] = _fit(wide, formats, reg.BIAS, unit, over)
            counts[core, col.RANDOM_WORDS] += formats[reg.BIAS, reg.ROUNDING] == 2 and shift > 0
            counts[core, col.BIAS_UPDATES] += 1
            mine += 1
    return (mine + lanes - 1) // lanes


@kernel
def _fit(wide, formats, register, number, over):
    """What a register holds after ``wide`` is written; an overflow is counted."""
    kept = stored(wide, formats[register, reg.LO], formats[register, reg.HI], formats[register, reg.OVERFLOW])
    if kept != wide:
        over[0, register] += 1
        over[1, register] = number + 1
    return kept


@kernel
def exchange(
    parameters, registers, ports, flits, links, busy, words, word_of, add, memory, values, start, counts,
    rows, used, last,
):  # fmt: skip
    """Send words between copies; returns the cycles until all have come in.

    ``words``: int64 [words, (place, core it goes to, place there)], by sending core from ``word_of[core]``
    on. A word is what ``values`` holds; it is added to ``memory`` or, if not ``add``, takes its place.
    """
    now, left = start, words.shape[0]
    for core in range(registers.shape[0]):
        registers[core, col.ENTRY] = word_of[core]
    while left > 0:
        router.step(parameters, registers, ports, flits, links, now, counts)
        for core in range(registers.shape[0]):
            mine = registers[core]
            if mine[col.ARRIVED] != 0:
                mine[col.ARRIVED] = 0
                left -= _store(memory, mine[col.ADDRESS], mine[col.VALUE], add)
            if mine[col.ENTRY] < word_of[core + 1]:
                word, before = words[mine[col.ENTRY]], mine[col.SENT]
                if word[1] == core:
                    left -= _store(memory, word[2], values[word[0]], add)
                elif not router.inject(
                    parameters, registers, ports, flits, core, now, word[1], word[2], values[word[0]],
                    parameters[col.P_WORD], counts,
                ):  # fmt: skip
                    mine[col.MARK] |= (mine[col.SENT] > before) << col.UPDATE
                    continue
                mine[col.MARK] |= 1 << col.UPDATE
                mine[col.ENTRY] += 1
                counts[core, col.REPLICA_WORDS] += 1
        logs.cycle(now, registers, busy, rows, used, last)
        now += 1
    return now - start


@kernel
def _store(memory, place, value, add):
    """Write a word, or add it; returns 1."""
    memory[place] = memory[place] + value if add else value
    return 1
