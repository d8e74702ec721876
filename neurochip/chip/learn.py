"""The local update unit: walks the crossbars row by row after a phase and writes weights.

For a synapse from ``i`` to ``j`` the sum over the samples of a batch and the terms of the program,
``sum(sign * bank_pre[i] * bank_post[j])``, is exact; it is then held to the accumulator register, multiplied
by the rate and rounded once into the weight with its fraction: ``w <- sat(w + round(sum * multiplier *
2**-shift))``. Each row belongs to one thread, so the number of threads cannot change a bit.
"""

from __future__ import annotations

import numpy as np

from neurochip.chip import convolution as kern
from neurochip.chip import matrices as mat
from neurochip.chip import products as prod
from neurochip.chip.barrier import take
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import STOCHASTIC, dither, shifted, stored
from neurochip.neurons import registers as reg

UPDATES, LOST, WRITES, DRAWN = range(4)
"""Columns of the results: synapses with a non-zero sum, those of them that round to no change, weights
rewritten, random words drawn for roundings."""


@kernel
def learn(
    thread, barrier, tiles, matrices, convs, kernel_sums, before, after, products, factors, places, narrow,
    one, formats, fraction, family, master, weights, bias, first_row, row_cuts, cuts, sums, over, done,
):  # fmt: skip
    """Update the biases, as thread 0, and tile after tile until none is left.

    Every ``threads``-th tile is a thread's own, whose weights it has at hand since the last batch; then it
    helps the others with theirs. ``tiles``: int64 [tiles, 3], matrix and range of rows. ``convs``,
    ``kernel_sums``: see `products.correlate_row`. ``before``, ``after``, ``products``: see
    `products.spread`. ``one``: what a bank of state 1.0 holds. ``fraction``: fraction bits below a weight.
    ``master``: weight and fraction as one integer; ``weights``: the weight memory; ``bias``: [units].
    ``first_row``, ``row_cuts``, ``cuts``: see `neurochip.mapping.Shares`. The thread's own: ``factors``,
    ``places``, ``narrow``, ``sums`` (scratch, one row of sums), ``over`` [2, registers], ``done``
    [shares, 4].
    """
    if thread == 0:
        for m in range(matrices.shape[0]):
            total = sums[: matrices[m, mat.COLS]]
            prod.bias_row(matrices[m], m, after, products, total)
            _bias(matrices[m], total, one, formats, family, master.shape[0], bias, over)
    threads = barrier.shape[0]
    for another in range(threads):
        owner = (thread + another) % threads
        i = owner + threads * take(barrier, thread, owner)
        while i < tiles.shape[0]:
            _tile(
                tiles[i], matrices, convs, kernel_sums, before, after, products, factors, places, narrow,
                formats, fraction, family, master, weights, first_row, row_cuts, cuts, sums, over, done,
            )  # fmt: skip
            i = owner + threads * take(barrier, thread, owner)


@kernel
def _tile(
    tile, matrices, convs, kernel_sums, before, after, products, factors, places, narrow, formats, fraction,
    family, master, weights, first_row, row_cuts, cuts, sums, over, done,
):  # fmt: skip
    """Update the weights of a range of rows of a matrix."""
    m, first, end = tile[0], tile[1], tile[2]
    matrix, changed = matrices[m], False
    n = matrix[mat.COLS]
    total = sums[:n]
    for row in range(first, end):
        some = False
        if matrix[mat.SHARED] == 0:
            some = prod.dense_row(matrix, m, row, before, after, products, factors, places, narrow[:n], total)
        elif kernel_sums is not None:
            some = kern.unfolded_row(convs[m], kernel_sums, row, total)
        if some:
            at = first_row[m] + row
            those = cuts[row_cuts[at] : row_cuts[at + 1]]
            wrote = _row(matrix, row, total, those, formats, fraction, family, master, weights, over, done)
            changed = changed or wrote
    if changed:
        _transpose(matrix, first, end, weights)


@kernel
def _row(matrix, row, total, cuts, formats, fraction, family, master, weights, over, done):
    """Apply the sums of one row to its weights, share by share; returns whether any weight changed."""
    start, to = matrix[mat.MASTER] + row * matrix[mat.COLS], matrix[mat.FORWARD] + row * matrix[mat.STRIDE]
    begin, changed = 0, False
    for cut in range(cuts.shape[0]):
        end = cuts[cut, 0]
        wrote = _write_row(
            total[begin:end], matrix[mat.RATE_M], matrix[mat.RATE_K], formats, fraction, family,
            start + begin, master[start + begin : start + end], weights[to + begin : to + end], over,
            done[cuts[cut, 1]],
        )  # fmt: skip
        changed = changed or wrote
        begin = end
    return changed


@kernel
def _write_row(total, multiplier, shift, formats, fraction, family, name, master, weights, over, done):
    """Apply a part of a row of sums to ``master`` and ``weights`` (views of that part); ``name``: number of
    its first synapse. Returns whether any weight changed."""
    held = formats[reg.ACCUMULATOR]
    a_lo, a_hi, a_mode = held[reg.LO], held[reg.HI], held[reg.OVERFLOW]
    half = np.int64(1) << (fraction - 1) if fraction > 0 else np.int64(0)
    lo = (formats[reg.WEIGHT, reg.LO] << fraction) - half
    hi = (formats[reg.WEIGHT, reg.HI] << fraction) + max(half - 1, 0)
    mode, rounding = formats[reg.WEIGHT, reg.OVERFLOW], formats[reg.WEIGHT, reg.ROUNDING]
    draws = rounding == STOCHASTIC and shift > 0
    updates = lost = writes = 0
    for k in range(total.shape[0]):
        wide = np.int64(total[k])
        if wide == 0:
            continue
        kept = stored(wide, a_lo, a_hi, a_mode)
        if kept != wide:
            over[0, reg.ACCUMULATOR] += 1
            over[1, reg.ACCUMULATOR] = max(over[1, reg.ACCUMULATOR], name + k + 1)
        delta = shifted(kept * multiplier + dither(rounding, shift, family, name + k), shift)
        updates += 1
        if delta == 0:
            lost += 1
            continue
        wide = np.int64(master[k]) + delta
        value = stored(wide, lo, hi, mode)
        if value != wide:
            over[0, reg.WEIGHT] += 1
            over[1, reg.WEIGHT] = max(over[1, reg.WEIGHT], name + k + 1)
        master[k] = value
        weight = (value + half) >> fraction
        if weight != weights[k]:
            weights[k] = weight
            writes += 1
    done[UPDATES] += updates
    done[LOST] += lost
    done[WRITES] += writes
    done[DRAWN] += updates * draws
    return writes != 0


@kernel
def _transpose(matrix, first, last, weights):
    """Bring rows ``first .. last-1`` into the transposed copy."""
    base, stride, back, back_stride = (
        matrix[mat.FORWARD],
        matrix[mat.STRIDE],
        matrix[mat.BACK],
        matrix[mat.BACK_STRIDE],
    )
    if back >= 0:
        for j in range(matrix[mat.COLS]):
            for i in range(first, last):
                weights[back + j * back_stride + i] = weights[base + i * stride + j]


@kernel
def _bias(matrix, total, one, formats, family, first_name, bias, over):
    """Update the biases of a projection's targets: a synapse from a unit whose state is always 1, shared by
    all positions. ``total``: sums of the targets' banks."""
    n, post = matrix[mat.COLS], matrix[mat.POST]
    held = formats[reg.ACCUMULATOR]
    a_lo, a_hi, a_mode = held[reg.LO], held[reg.HI], held[reg.OVERFLOW]
    lo, hi, mode = formats[reg.BIAS, reg.LO], formats[reg.BIAS, reg.HI], formats[reg.BIAS, reg.OVERFLOW]
    for k in range(n):
        wide = total[k] * one
        kept = stored(wide, a_lo, a_hi, a_mode)
        if kept != wide:
            over[0, reg.ACCUMULATOR] += 1
            over[1, reg.ACCUMULATOR] = max(over[1, reg.ACCUMULATOR], first_name + post + k + 1)
        noise = dither(formats[reg.BIAS, reg.ROUNDING], matrix[mat.BIAS_K], family, first_name + post + k)
        wide = bias[post + k] + shifted(kept * matrix[mat.BIAS_M] + noise, matrix[mat.BIAS_K])
        value = stored(wide, lo, hi, mode)
        if value != wide:
            over[0, reg.BIAS] += 1
            over[1, reg.BIAS] = max(over[1, reg.BIAS], post + k + 1)
        for p in range(matrix[mat.POSITIONS]):
            bias[post + p * n + k] = value
