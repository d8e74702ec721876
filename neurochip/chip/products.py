"""Products of banks: what the update unit multiplies and adds up before it changes a row of weights.

Banks are first laid out by `spread`: one row of factors and one row of values for each product of a sample. A
row of a matrix then sums ``factor * values`` over samples, products and positions; silent factors are left
out, and four rows of values are added at a time.
"""

from __future__ import annotations

import numpy as np

from neurochip.chip import convolution as kern
from neurochip.chip import matrices as mat
from neurochip.fixed.jit import kernel

LIST = 128
"""Products that are collected before their sum is added to the total."""


@kernel
def spread(first, last, matrices, banks, convs, terms, before, after, products):
    """Lay out the banks of samples ``first .. last-1``.

    ``banks``: int32 [S, banks, units]. ``before``, ``after``: int32 [S, terms, units], written: what a unit
    is multiplied by as a source (channel by channel for a convolution), and its value as a target, with the
    term's sign. ``products``: int64 [S, projections], written: 1 where all terms have the same factors, as
    those of an input do: their values are then added up in the first row (not behind a max pooling, where
    each term has its own winners).
    """
    for s in range(first, last):
        for m in range(matrices.shape[0]):
            matrix, conv = matrices[m], convs[m]
            alike = conv[kern.MAX_WINDOW] == 0
            for t in range(terms.shape[0]):
                one, bank = banks[s, terms[0, 1]], banks[s, terms[t, 1]]
                alike = _factors(matrix, conv, bank, one, before[s, t]) and alike
            _values(matrix, terms, banks[s], after[s])
            products[s, m] = terms.shape[0]
            if alike:
                _merge(matrix, after[s])
                products[s, m] = 1


@kernel
def _factors(matrix, conv, bank, one, before):
    """Copy a source's bank; returns whether it is equal to the bank ``one``."""
    pre, channels = matrix[mat.PRE], conv[kern.C_IN] if matrix[mat.SHARED] != 0 else 1
    positions = matrix[mat.SOURCES] // channels
    same = True
    for c in range(channels):
        for p in range(positions):
            before[pre + c * positions + p] = bank[pre + p * channels + c]
    for u in range(pre, pre + matrix[mat.SOURCES]):
        same = same and bank[u] == one[u]
    return same


@kernel
def _values(matrix, terms, banks, after):
    """Copy a target's banks with the signs of the terms."""
    post, n = matrix[mat.POST], matrix[mat.COLS] * matrix[mat.POSITIONS]
    for t in range(terms.shape[0]):
        sign, bank, row = (
            np.int32(terms[t, 0]),
            banks[terms[t, 2], post : post + n],
            after[t, post : post + n],
        )
        for k in range(n):
            row[k] = sign * bank[k]


@kernel
def _merge(matrix, after):
    """Add the values of all terms up in the first row."""
    post, n = matrix[mat.POST], matrix[mat.COLS] * matrix[mat.POSITIONS]
    total = after[0, post : post + n]
    for t in range(1, after.shape[0]):
        row = after[t, post : post + n]
        for k in range(n):
            total[k] += row[k]


@kernel
def dense_row(matrix, m, row, before, after, products, factors, places, narrow, total):
    """``total = sum over samples and products`` of a dense matrix's row; returns whether a factor was not 0.

    ``factors``, ``places``: scratch of `LIST` + 4 entries; ``narrow``: scratch of a row, of a type that holds
    `LIST` products.
    """
    values = after.reshape(-1)
    terms, units = after.shape[1], after.shape[2]
    total[:] = 0
    held, some = 0, False
    for s in range(before.shape[0]):
        for t in range(products[s, m]):
            factor = before[s, t, matrix[mat.PRE] + row]
            factors[held] = factor
            places[held] = (s * terms + t) * units + matrix[mat.POST]
            held += factor != 0
            if held == LIST:
                _add_up(factors, places, held, values, narrow, total)
                held, some = 0, True
    if held > 0:
        _add_up(factors, places, held, values, narrow, total)
    return some or held > 0


@kernel
def correlate_row(row, conv, m, before, after, products, factors, places, narrow, sums):
    """Sum the products of a batch over all positions, for one row of the folded kernel: a source channel and
    a place (y, x) of the kernel.

    ``sums``: int64 [C_in, K, K, C_out] flat from the projection's place on; that row is written.
    Scratch as in `dense_row`.
    """
    side = kern.folded_side(conv)
    kx, ky, c = row % side, row // side % side, row // (side * side)
    values = after.reshape(-1)
    terms, units, n = after.shape[1], after.shape[2], conv[kern.C_OUT]
    total, narrow = sums[conv[kern.SUMS] + row * n : conv[kern.SUMS] + (row + 1) * n], narrow[:n]
    step = conv[kern.STRIDE] * conv[kern.WINDOW]
    y_first, y_end = _inside(ky - conv[kern.PADDING], step, conv[kern.HEIGHT], conv[kern.OUT_HEIGHT])
    x_first, x_end = _inside(kx - conv[kern.PADDING], step, conv[kern.WIDTH], conv[kern.OUT_WIDTH])
    total[:] = 0
    held = 0
    for s in range(before.shape[0]):
        for t in range(products[s, m]):
            for out_y in range(y_first, y_end):
                y = c * conv[kern.HEIGHT] + out_y * step + ky - conv[kern.PADDING]
                unit = conv[kern.PRE] + y * conv[kern.WIDTH] + x_first * step + kx - conv[kern.PADDING]
                at = (s * terms + t) * units + conv[kern.POST]
                at += (out_y * conv[kern.OUT_WIDTH] + x_first) * n
                for _ in range(x_first, x_end):
                    factor = before[s, t, unit]
                    factors[held], places[held] = factor, at
                    held += factor != 0
                    if held == LIST:
                        _add_up(factors, places, held, values, narrow, total)
                        held = 0
                    unit += step
                    at += n
    if held > 0:
        _add_up(factors, places, held, values, narrow, total)


@kernel
def _inside(shift, step, size, outputs):
    """First and end of the outputs o < ``outputs`` with 0 <= o * step + shift < size."""
    first = (max(-shift, 0) + step - 1) // step
    end = (size - 1 - shift) // step + 1 if size > shift else 0
    return first, max(first, min(end, outputs))


@kernel
def _add_up(factors, places, held, values, narrow, total):
    """``total += sum of factors * rows of values``, the first ``held`` of the list; four rows at a time."""
    word = narrow.dtype.type
    n = np.uint64(narrow.shape[0])
    for i in range(held, held + 3):
        factors[i], places[i] = 0, places[0]
    narrow[:] = 0
    for i in range(0, held, 4):
        a, b, c, d = places[i], places[i + 1], places[i + 2], places[i + 3]
        a, b, c, d = np.uint64(a), np.uint64(b), np.uint64(c), np.uint64(d)
        f, g, h, e = word(factors[i]), word(factors[i + 1]), word(factors[i + 2]), word(factors[i + 3])
        for k in range(n):
            one = word(word(f * word(values[a + k])) + word(g * word(values[b + k])))
            two = word(word(h * word(values[c + k])) + word(e * word(values[d + k])))
            narrow[k] += word(one + two)
    for k in range(n):
        total[k] += narrow[k]


@kernel
def bias_row(matrix, m, after, products, total):
    """``total = sum of all values`` of a projection's target over samples, products and positions."""
    n, post = matrix[mat.COLS], matrix[mat.POST]
    total[:] = 0
    for s in range(after.shape[0]):
        for t in range(products[s, m]):
            for p in range(matrix[mat.POSITIONS]):
                values = after[s, t, post + p * n : post + (p + 1) * n]
                for k in range(n):
                    total[k] += values[k]
