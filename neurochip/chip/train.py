"""Training inside one compiled call: batch after batch, samples run side by side and the weights are written.

Every thread takes sample after sample until none is left, then row after row of the sums over what they left
in the banks, and tile after tile of the matrices; in between the threads meet. No result depends on which
thread did what.
"""

from __future__ import annotations

from neurochip.chip import columns as col
from neurochip.chip import convolution as kern
from neurochip.chip import engine, pooling, products
from neurochip.chip import learn as rows
from neurochip.chip.barrier import meet, take
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import ERROR
from neurochip.neurons import registers as reg


@kernel(nogil=True)
def train(
    thread, barrier, names, order, family, updates, rates, tables, inputs, targets, scratch, banks, won,
    readout, watched, sheets, unit,
):  # fmt: skip
    """Run and learn the samples ``names``, as many at a time as ``banks`` has rows; returns how many batches
    were begun before a strict register overflowed, or all.

    ``order``: int64 [samples], which is begun when; no sample leaves its batch. ``updates``: int64
    [batches], key of each update's draws; ``rates``: int64 [batches, projections, ...], the matrix table of
    each. ``tables``, ``scratch``, ``watched``: arguments of `engine.run`, in its order; ``sheets``: the last
    of `products.spread`, ``unit``: of `_write`. ``inputs``, ``targets``, ``readout``: [samples, ...].
    """
    size, total = banks.shape[0], names.shape[0]
    for batch in range(updates.shape[0]):
        begin, end = batch * size, min((batch + 1) * size, total)
        n = end - begin
        well, k = True, take(barrier, thread, 0)
        while well and k < n:
            s = order[begin + k] - begin
            engine.run(
                s, s + 1, names[begin:end], family, *tables, inputs[begin:end], targets[begin:end], *scratch,
                banks, won, readout[begin:end], *watched
            )  # fmt: skip
            products.spread(s, s + 1, rates[batch], banks, *sheets)
            well, k = scratch[-1][col.F_REGISTER] < 0, take(barrier, thread, 0)
        if not meet(barrier, thread, well):
            return batch + 1
        if not _write(thread, barrier, n, won, rates[batch], updates[batch], *sheets, *unit):
            return batch + 1
    return updates.shape[0]


@kernel(nogil=True)
def learn(thread, barrier, banks, won, matrices, family, sheets, unit):
    """Learn from the banks of a batch; arguments as in `train`."""
    n = banks.shape[0]
    first, last = part(thread, barrier.shape[0], n)
    products.spread(first, last, matrices, banks, *sheets)
    if meet(barrier, thread, True):
        _write(thread, barrier, n, won, matrices, family, *sheets, *unit)


@kernel
def part(thread, threads, n):
    """What a thread has of ``n`` samples that are shared out: first and end."""
    return n * thread // threads, n * (thread + 1) // threads


@kernel
def _write(
    thread, barrier, n, won, matrices, family, convs, terms, before, after, summands, tiles, stamped,
    factors, places, narrow, kernel_sums, one, formats, fraction, masters, told, bias, first_row, row_cuts,
    cuts, sums, over, done, held, stamps, folded,
):  # fmt: skip
    """Change the weights by what ``n`` samples left; returns False if a strict register overflowed,
    or a thread failed.

    ``stamped``: rows of ``convs`` whose stamps follow the weights ``held``, None if none do. ``folded``:
    scratch of a row of a kernel. ``kernel_sums``: None without convolutions. Others as in `products`,
    `pooling` and `neurochip.chip.learn`.
    """
    before, after, summands = before[:n], after[:n], summands[:n]
    if kernel_sums is not None:
        first, row = 0, take(barrier, thread, 0)
        for m in range(matrices.shape[0]):
            end = first + kern.folded_rows(convs[m])
            while row < end:
                if convs[m, kern.MAX_WINDOW] != 0:
                    pooling.correlate_row(
                        row - first, convs[m], m, terms, before, after, summands, won, kernel_sums
                    )
                else:
                    products.correlate_row(
                        row - first, convs[m], m, before, after, summands, factors, places, narrow,
                        kernel_sums,
                    )  # fmt: skip
                row = take(barrier, thread, 0)
            first = end
        if not meet(barrier, thread, True):
            return False
    rows.learn(
        thread, barrier, tiles, matrices, convs, kernel_sums, before, after, summands, factors, places,
        narrow, one, formats, fraction, family, masters, told, bias, first_row, row_cuts, cuts, sums, over,
        done,
    )  # fmt: skip
    if not meet(barrier, thread, not _overflowed(formats, over)):
        return False
    if stamped is not None:
        for i in range(stamped.shape[0]):
            kern.stamp(thread, barrier.shape[0], stamped[i], held, stamps, folded[: stamped[i, kern.C_OUT]])
        meet(barrier, thread, True)
    return True


@kernel
def _overflowed(formats, over):
    """Whether a strict register has overflowed."""
    some = False
    for r in range(formats.shape[0]):
        some = some or (formats[r, reg.OVERFLOW] == ERROR and over[0, r] > 0)
    return some
