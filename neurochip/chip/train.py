"""Training inside one compiled call: batch after batch, samples run side by side and the weights are written.

Every thread runs its part of a batch's samples, lays out what they left in the banks, and then takes its part
of the rows of all matrices; in between the threads meet. What a thread does follows from the sizes alone, and
no result depends on which thread did what.
"""

from __future__ import annotations

from neurochip.chip import columns as col
from neurochip.chip import convolution as kern
from neurochip.chip import engine, pooling, products
from neurochip.chip import learn as rows
from neurochip.chip import matrices as mat
from neurochip.chip.barrier import meet
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import ERROR
from neurochip.neurons import registers as reg


@kernel(nogil=True)
def train(
    thread, barrier, names, family, updates, rates, tables, inputs, targets, scratch, banks, won, readout,
    watched, unit,
):  # fmt: skip
    """Run and learn the samples ``names``, as many at a time as ``banks`` has rows; returns how many batches
    were begun before a strict register overflowed, or all.

    ``updates``: int64 [batches], key of each update's draws; ``rates``: int64 [batches, projections, ...],
    the matrix table of each. ``tables``, ``scratch``, ``watched``: arguments of `engine.run`, in its order;
    ``unit``: of `update`. ``inputs``, ``targets``, ``readout``: [samples, ...].
    """
    threads, size, total = barrier.shape[0], banks.shape[0], names.shape[0]
    for batch in range(updates.shape[0]):
        begin, end = batch * size, min((batch + 1) * size, total)
        n = end - begin
        first, last = part(thread, threads, n)
        engine.run(
            first, last, names[begin:end], family, *tables, inputs[begin:end], targets[begin:end], *scratch,
            banks, won, readout[begin:end], *watched
        )  # fmt: skip
        well = scratch[-1][col.F_REGISTER] < 0
        if not update(
            thread, barrier, first, last, well, banks[:n], won[:n], rates[batch], updates[batch], *unit
        ):
            return batch + 1
    return updates.shape[0]


@kernel
def part(thread, threads, n):
    """The samples of ``n`` that a thread takes: first and end."""
    return n * thread // threads, n * (thread + 1) // threads


@kernel(nogil=True)
def update(
    thread, barrier, first, last, well, banks, won, matrices, family, tiles, convs, stamped, terms,
    before, after, summands, factors, places, narrow, kernel_sums, one, formats, fraction, masters, told,
    bias, first_row, row_cuts, cuts, sums, over, done, held, stamps, folded,
):  # fmt: skip
    """Learn from the banks of a batch, of which this thread has samples ``first .. last-1``.

    ``well``: whether it has them without a fault; else nobody learns. Returns False then, and when a strict
    register overflowed. ``stamped``: rows of ``convs`` whose stamps follow the weights ``held``. ``folded``:
    scratch of a row of a kernel. Others as in `products`, `pooling`, `learn`.
    """
    threads, n = barrier.shape[0], banks.shape[0]
    before, after, summands = before[:n], after[:n], summands[:n]
    products.spread(first, last, matrices, convs, terms, banks, before, after, summands)
    if not meet(barrier, thread, well):
        return False
    if kernel_sums is not None:
        for m in range(matrices.shape[0]):
            if matrices[m, mat.SHARED] == 0:
                continue
            if convs[m, kern.MAX_WINDOW] != 0:
                pooling.correlate(
                    thread, threads, convs[m], m, terms, before, after, summands, won, kernel_sums
                )
            else:
                products.correlate(
                    thread, threads, convs[m], m, before, after, summands, factors, places, narrow,
                    kernel_sums,
                )  # fmt: skip
        meet(barrier, thread, True)
    rows.learn(
        thread, threads, tiles, matrices, convs, kernel_sums, before, after, summands, factors, places,
        narrow, one, formats, fraction, family, masters, told, bias, first_row, row_cuts, cuts, sums, over,
        done,
    )  # fmt: skip
    if not meet(barrier, thread, not _overflowed(formats, over)):
        return False
    if stamped is not None:
        for i in range(stamped.shape[0]):
            kern.stamp(thread, threads, stamped[i], held, stamps, folded[: stamped[i, kern.C_OUT]])
        meet(barrier, thread, True)
    return True


@kernel
def _overflowed(formats, over):
    """Whether a strict register has overflowed."""
    some = False
    for r in range(formats.shape[0]):
        some = some or (formats[r, reg.OVERFLOW] == ERROR and over[0, r] > 0)
    return some
