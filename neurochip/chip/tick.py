"""One tick of the whole chip: deliver and integrate (operation by operation), update and fire (population by
population), commit (the new spike lists become the delivered ones)."""

from __future__ import annotations

import numpy as np

from neurochip.chip import columns as col
from neurochip.chip.integrate import integrate
from neurochip.fixed.jit import kernel
from neurochip.fixed.words import trailing_zeros
from neurochip.neurons import kernels as neuron
from neurochip.neurons import registers as reg

ALWAYS, NEW, KNOWN = range(3)
"""What a tick does about the currents that the inputs cause: work them out; do so and keep them, as this time
comes again; recall them."""

LOWEST_BITS = 0x0101010101010101
BLOCK = 32
"""Neurons whose spikes are looked for at once."""


@kernel
def step(
    family, sign, nudge, ops, stamps, pops, shifts, formats, weights, kernels, bias, value, target,
    state,
    arriving, n_arriving, leaving, n_leaving, narrow, partial, noise, spike, eights, ahead, train, length,
    lost, mode, kept, winners, won_now, over, sent, read, converter, reading,
):  # fmt: skip
    """One tick of the whole chip.

    ``shifts``: the neurons' row of the schedule. ``arriving``, ``leaving``: spikes that are delivered and
    that are fired; ``winners``, ``won_now``: likewise of max poolings. ``mode``, ``kept``: what is done about
    the inputs' currents, and the row that holds them. ``reading``: key of the draws of this tick's reads.
    """
    _deliver(pops, arriving, n_arriving, sent)
    reached, end = pops[1, reg.OFFSET], pops[1, reg.OFFSET] + pops[1, reg.SIZE]
    _clear(state[reg.CURRENT, reached:])
    if mode == NEW:
        _clear(kept[reached:end])
    for i in range(ops.shape[0]):
        op = ops[i]
        keeps = mode != ALWAYS and _of_inputs_alone(op)
        if not keeps or mode == NEW:
            integrate(
                op, pops, weights, kernels, stamps, arriving, n_arriving, formats,
                kept if keeps else state[reg.CURRENT], narrow, partial, over, winners, won_now, spike,
                converter, reading, read,
            )  # fmt: skip
    if mode != ALWAYS:
        _add(state[reg.CURRENT, reached:end], kept[reached:end])
    for i in range(pops.shape[0]):
        pop = pops[i]
        o, n = pop[reg.OFFSET], pop[reg.SIZE]
        if i == 0 and ahead:
            copy_row(value, state[reg.MEMBRANE, :n])
            over[0, reg.RESIDUAL] += lost
            _recall(train, length, leaving, n_leaving)
            continue
        if i == 0:
            neuron.encode(pop, shifts, family, formats, state, value, noise, spike[:n], over)
        else:
            aim = (
                target[pop[reg.TARGET] : pop[reg.TARGET] + n]
                if pop[reg.NUDGED] != 0
                else state[reg.MEMBRANE, o : o + n]
            )
            neuron.update(
                pop, sign, nudge[0], nudge[1], shifts, family, formats, state, bias[o : o + n], aim, noise,
                spike[:n], over,
            )  # fmt: skip
        _clear(spike[n : n + BLOCK])
        _commit(i, o, n, spike, eights, leaving, n_leaving)


@kernel
def _clear(row):
    """Clear a view, in full vectors: indices that start at 0 need no check for a wrap-around."""
    for k in range(row.shape[0]):
        row[k] = 0


@kernel
def _add(row, other):
    """``row += other``, of one length; see `_clear`."""
    for k in range(row.shape[0]):
        row[k] += other[k]


@kernel
def _of_inputs_alone(op):
    """Whether what an operation adds follows from the inputs' spikes, and from no register it writes."""
    return op[col.SOURCE] == 0 and op[col.CHECKED] == col.FREE and op[col.KIND] != col.POOL


@kernel
def _deliver(pops, spikes, counts, sent):
    """Count the spikes that arrive in this tick, by the unit that sent them."""
    for p in range(pops.shape[0]):
        o = pops[p, reg.OFFSET]
        for negative in range(2):
            ids = spikes[negative, o : o + counts[negative, p]]
            for s in range(ids.shape[0]):
                sent[np.uint64(ids[s])] += 1


@kernel
def _recall(train, length, lists, counts):
    """Commit an input population's spikes that were worked out ahead."""
    for sign in range(2):
        counts[sign, 0] = length[sign]
        copy_row(train[sign, : length[sign]], lists[sign])


@kernel
def _commit(population, offset, n, spike, eights, lists, counts):
    """Compact a population's spikes into its lists of unit numbers, rising, one list per sign.

    ``eights`` is ``spike`` seen as words of eight neurons, the first in the lowest byte; up to the next
    multiple of `BLOCK` both are clear beyond ``n``. A spike is a byte of 1 or -1, so its lowest bit tells
    that it is one and its highest the sign.
    """
    positive, negative = lists[0, offset : offset + n], lists[1, offset : offset + n]
    up = down = np.uint64(0)
    for block in range((n + BLOCK - 1) // BLOCK):
        fired = np.int64(0)
        for part in range(BLOCK // 8):
            fired |= _gathered(eights[block * (BLOCK // 8) + part]) << (8 * part)
        while fired != 0:
            neuron = block * BLOCK + trailing_zeros(fired)
            falling = np.uint64(spike[neuron] < 0)
            positive[up] = negative[down] = offset + neuron
            up += np.uint64(1) - falling
            down += falling
            fired &= fired - 1
    counts[0, population], counts[1, population] = up, down


@kernel
def _gathered(word):
    """The lowest bits of the eight bytes of a word, as one byte."""
    word &= LOWEST_BITS
    word |= word >> 7
    word |= word >> 14
    return (word | word >> 28) & 0xFF


@kernel
def copy_row(source, target):
    """``target[:] = source`` for the length of ``source``."""
    for j in range(source.shape[0]):
        target[j] = source[j]
