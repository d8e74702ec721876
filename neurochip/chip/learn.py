"""The local update unit: walks the crossbars row by row after a phase and writes weights.

For a synapse from ``i`` to ``j`` the sum over the samples of a batch and the terms of the program,
``sum(sign * bank_pre[i] * bank_post[j])``, is exact; it is then held to the accumulator register, multiplied
by the rate and rounded once into the weight with its fraction: ``w <- sat(w + round(sum * multiplier *
2**-shift))``. Each row belongs to one thread, so the number of threads cannot change a bit.
"""

from __future__ import annotations

import numpy as np

from neurochip.chip import kernels as kern
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import STOCHASTIC, dither, shifted, stored
from neurochip.neurons import registers as reg

(
    PRE,
    POST,
    ROWS,
    COLS,
    POSITIONS,
    FORWARD,
    STRIDE,
    BACK,
    BACK_STRIDE,
    MASTER,
    SHARED,
    RATE_M,
    RATE_K,
    BIAS_M,
    BIAS_K,
) = range(15)
"""Matrix table, one row per projection: first unit of both populations; rows and columns of the matrix;
positions that share it (dense: 1); start and row distance of the matrix and of its transposed copy (start
-1: none) in the weight memory; start in the master memory; whether it is a convolution; the two rates."""

UPDATES, LOST, WRITES, DRAWN = range(4)
"""Columns of the results: synapses with a non-zero sum, those of them that round to no change, weights
rewritten, random words drawn for roundings."""


@kernel(nogil=True)
def learn(
    thread, threads, tiles, matrices, convs, kernel_sums, terms, banks, one, formats, fraction, family,
    master, weights, bias, first_row, row_cuts, cuts, sums, over, done,
):  # fmt: skip
    """Update the weights of every ``threads``-th tile, from tile ``thread`` on; thread 0 also updates the
    biases.

    ``tiles``: int64 [tiles, 3], matrix and range of rows. ``convs``, ``kernel_sums``: see
    `kernels.correlate`. ``terms``: int64 [terms, 3]: sign, bank of pre, bank of post. ``banks``: int32 [S,
    banks, units]; ``one``: what a bank of state 1.0 holds. ``fraction``: fraction bits below a weight.
    ``master``: weight and fraction as one integer; ``weights``: the weight memory; ``bias``: [units].
    ``first_row``, ``row_cuts``, ``cuts``: see `neurochip.mapping.Shares`. The thread's own: ``sums``
    (scratch, one row), ``over`` [2, registers], ``done`` [shares, 4].
    """
    for i in range(thread, tiles.shape[0], threads):
        m = tiles[i, 0]
        if _tile(
            matrices[m], convs[m], kernel_sums, tiles[i, 1], tiles[i, 2], terms, banks, formats, fraction,
            family, master, weights, row_cuts[first_row[m] :], cuts, sums, over, done,
        ):  # fmt: skip
            _transpose(matrices[m], tiles[i, 1], tiles[i, 2], weights)
    if thread == 0:
        for m in range(matrices.shape[0]):
            _bias(matrices[m], terms, banks, one, formats, family, master.shape[0], bias, over)


@kernel
def _tile(
    matrix,
    conv,
    kernel_sums,
    first,
    last,
    terms,
    banks,
    formats,
    fraction,
    family,
    master,
    weights,
    row_cuts,
    cuts,
    sums,
    over,
    done,
):
    """Update rows ``first .. last-1`` of one matrix; returns whether any weight changed."""
    n = matrix[COLS]
    changed = False
    for i in range(first, last):
        total = sums[:n]
        total[:] = 0
        if matrix[SHARED] != 0:
            some = kern.unfolded_row(conv, kernel_sums, i, total)
        else:
            some = _outer_row(matrix[PRE] + i, matrix[POST], terms, banks, total)
        if some:
            start = matrix[MASTER] + i * n
            to = matrix[FORWARD] + i * matrix[STRIDE]
            begin = 0
            for cut in range(row_cuts[i], row_cuts[i + 1]):
                end = cuts[cut, 0]
                wrote = _write_row(
                    total[begin:end], matrix[RATE_M], matrix[RATE_K], formats, fraction, family,
                    start + begin, master[start + begin : start + end], weights[to + begin : to + end], over,
                    done[cuts[cut, 1]],
                )  # fmt: skip
                changed = changed or wrote
                begin = end
    return changed


@kernel
def _outer_row(pre, post, terms, banks, total):
    """Add row ``pre`` of all outer products of the batch to ``total``; returns whether there was any."""
    n = total.shape[0]
    any_row = False
    for s in range(banks.shape[0]):
        for t in range(terms.shape[0]):
            factor = terms[t, 0] * banks[s, terms[t, 1], pre]
            if factor != 0:
                any_row = True
                values = banks[s, terms[t, 2], post : post + n]
                for k in range(n):
                    total[k] += factor * values[k]
    return any_row


@kernel
def _write_row(total, multiplier, shift, formats, fraction, family, name, master, weights, over, done):
    """Apply a part of a row of sums to ``master`` and ``weights`` (views of that part); ``name``: number of
    its first synapse. Returns whether any weight changed."""
    a_lo, a_hi, a_mode = formats[reg.ACCUMULATOR, 0], formats[reg.ACCUMULATOR, 1], formats[reg.ACCUMULATOR, 2]
    half = np.int64(1) << (fraction - 1) if fraction > 0 else np.int64(0)
    lo = (formats[reg.WEIGHT, 0] << fraction) - half
    hi = (formats[reg.WEIGHT, 1] << fraction) + max(half - 1, 0)
    mode, rounding = formats[reg.WEIGHT, 2], formats[reg.WEIGHT, 3]
    draws = rounding == STOCHASTIC and shift > 0
    writes = done[WRITES]
    for k in range(total.shape[0]):
        wide = np.int64(total[k])
        if wide == 0:
            continue
        kept = stored(wide, a_lo, a_hi, a_mode)
        if kept != wide:
            over[0, reg.ACCUMULATOR] += 1
            over[1, reg.ACCUMULATOR] = name + k + 1
        delta = shifted(kept * multiplier + dither(rounding, shift, family, name + k), shift)
        done[UPDATES] += 1
        done[DRAWN] += draws
        if delta == 0:
            done[LOST] += 1
            continue
        wide = np.int64(master[k]) + delta
        value = stored(wide, lo, hi, mode)
        if value != wide:
            over[0, reg.WEIGHT] += 1
            over[1, reg.WEIGHT] = name + k + 1
        master[k] = value
        weight = (value + half) >> fraction
        done[WRITES] += weight != weights[k]
        weights[k] = weight
    return done[WRITES] != writes


@kernel
def _transpose(matrix, first, last, weights):
    """Bring rows ``first .. last-1`` into the transposed copy."""
    base, stride, back, back_stride = matrix[FORWARD], matrix[STRIDE], matrix[BACK], matrix[BACK_STRIDE]
    if back >= 0:
        for j in range(matrix[COLS]):
            for i in range(first, last):
                weights[back + j * back_stride + i] = weights[base + i * stride + j]


@kernel
def _bias(matrix, terms, banks, one, formats, family, first_name, bias, over):
    """Update the biases of a projection's targets: a synapse from a unit whose state is always 1, shared by
    all positions."""
    n, post = matrix[COLS], matrix[POST]
    a_lo, a_hi, a_mode = formats[reg.ACCUMULATOR, 0], formats[reg.ACCUMULATOR, 1], formats[reg.ACCUMULATOR, 2]
    lo, hi, mode, rounding = (
        formats[reg.BIAS, 0],
        formats[reg.BIAS, 1],
        formats[reg.BIAS, 2],
        formats[reg.BIAS, 3],
    )
    for k in range(n):
        total = np.int64(0)
        for s in range(banks.shape[0]):
            for t in range(terms.shape[0]):
                for p in range(matrix[POSITIONS]):
                    total += terms[t, 0] * one * banks[s, terms[t, 2], post + p * n + k]
        kept = stored(total, a_lo, a_hi, a_mode)
        if kept != total:
            over[0, reg.ACCUMULATOR] += 1
            over[1, reg.ACCUMULATOR] = first_name + post + k + 1
        noise = dither(rounding, matrix[BIAS_K], family, first_name + post + k)
        wide = bias[post + k] + shifted(kept * matrix[BIAS_M] + noise, matrix[BIAS_K])
        value = stored(wide, lo, hi, mode)
        if value != wide:
            over[0, reg.BIAS] += 1
            over[1, reg.BIAS] = post + k + 1
        for p in range(matrix[POSITIONS]):
            bias[post + p * n + k] = value
