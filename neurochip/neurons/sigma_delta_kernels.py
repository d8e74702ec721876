"""The kernels of the sigma-delta neuron: equations in `neurochip.neurons.sigma_delta`.

Two paths give the same bits: a plain one in full vectors, where registers saturate and round without random
bits, and one for everything else.
"""

from __future__ import annotations

import numpy as np

from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import STOCHASTIC, dither
from neurochip.fixed.words import left, right
from neurochip.neurons import registers as reg
from neurochip.neurons.register_kernels import write

FORWARD_UP, FORWARD_DOWN, DRIVE_UP, BIAS_UP, STATE_UP, ENCODE_UP, ENCODE_DOWN, TOP, ONE, UNSIGNED, PLAIN = (
    range(reg.PARAMS, reg.PARAMS + 11)
)
"""Columns of the population table from ``PARAMS`` on; see `SigmaDelta.parameters`."""


@kernel
def update(
    pop, phase_nudge, nudge_m, nudge_k, decode, step, family, formats, state, bias, target, noise, spike, over
):
    """One tick of a population: steps *update* and *fire*.

    ``pop``: row of the population table. ``phase_nudge``: -1, 0, +1, times ``nudge_m * 2**-nudge_k``.
    ``decode``, ``step``: shifts of this tick. ``family``: key of this tick's draws. ``state``: [registers,
    units of the chip], int32 or int64: the word in which the kernel computes. ``bias``, ``target``: [n] of
    this population, of the same type. ``noise``: int64 [3, units] scratch. ``spike``: int8 [n], written.
    ``over``: int64 [2, registers]: overflows counted, and 1 + the last unit that had one.
    """
    if pop[reg.NUDGED] == 0 or phase_nudge == 0:
        nudge_m, nudge_k = 0, 0
    if pop[PLAIN] != 0 and nudge_m == 0:
        _update_plain(pop, decode, step, formats, state, bias, spike, over)
    else:
        strength = phase_nudge * nudge_m
        _update_any(pop, strength, nudge_k, decode, step, family, formats, state, bias, target, noise, over)
        if pop[PLAIN] != 0:
            _fire_plain(pop, decode, formats, state, spike, over)
        else:
            _fire(pop, decode, family, formats, state, noise, spike, over)


@kernel
def _update_plain(pop, decode, step, formats, state, bias, spike, over):
    """`update` and `_fire` in one loop: no nudge, no random bits and no overflow mode but saturation.

    Every sum is cast back to the word of the registers, so that the loop runs in full vectors of it.
    """
    word = state.dtype.type
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    current, decoded = state[reg.CURRENT, o : o + n], state[reg.DECODED, o : o + n]
    membrane, previous = state[reg.MEMBRANE, o : o + n], state[reg.PREVIOUS, o : o + n]
    residual = state[reg.RESIDUAL, o : o + n]
    c_lo, c_hi = word(formats[reg.CURRENT, reg.LO]), word(formats[reg.CURRENT, reg.HI])
    d_lo, d_hi = word(formats[reg.DECODED, reg.LO]), word(formats[reg.DECODED, reg.HI])
    e_lo, e_hi = word(formats[reg.RESIDUAL, reg.LO]), word(formats[reg.RESIDUAL, reg.HI])
    up, down, drive_up = word(pop[FORWARD_UP]), word(pop[FORWARD_DOWN]), word(pop[DRIVE_UP])
    bias_up, state_up, top = word(pop[BIAS_UP]), word(pop[STATE_UP]), word(pop[TOP])
    encode_up, encode_down, rate = word(pop[ENCODE_UP]), word(pop[ENCODE_DOWN]), word(decode)
    by, step_by = word(decode + down), word(step + state_up)
    d_noise = word(dither(formats[reg.DECODED, reg.ROUNDING], by, 0, 0))
    s_noise = word(dither(formats[reg.MEMBRANE, reg.ROUNDING], step_by, 0, 0))
    e_noise = word(dither(formats[reg.RESIDUAL, reg.ROUNDING], encode_down, 0, 0))
    one, half, lowest, zero = word(pop[ONE]), word(pop[ONE] >> 1), _lowest(pop, word), word(0)
    c_over = d_over = e_over = word(0)
    for j in range(n):
        c, r, v = current[j], decoded[j], membrane[j]
        u = min(max(c, c_lo), c_hi)
        c_over = word(c_over + word(u != c))
        pull = word(word(left(u, up) - left(r, down)) + d_noise)
        wide = word(r + right(pull, by))
        r = min(max(wide, d_lo), d_hi)
        d_over = word(d_over + word(r != wide))
        pull = word(left(r, drive_up) + left(bias[j], bias_up))
        pull = word(pull - left(v, state_up))
        after = min(max(word(v + right(word(pull + s_noise), step_by)), zero), top)
        signal = word(left(word(after - v), rate) + v)
        signal = right(word(left(signal, encode_up) + e_noise), encode_down)
        phi = word(residual[j] + signal)
        q = word(word(phi > half) - word(phi < lowest))
        phi = word(phi - word(q * one))
        kept = min(max(phi, e_lo), e_hi)
        e_over = word(e_over + word(kept != phi))
        current[j] = u
        decoded[j] = r
        previous[j] = v
        membrane[j] = after
        residual[j] = kept
        spike[j] = q
    over[0, reg.CURRENT] += c_over
    over[0, reg.DECODED] += d_over
    over[0, reg.RESIDUAL] += e_over


@kernel
def _lowest(pop, word):
    """What a falling signal must be below to send a spike of -1: nothing is, where there are none."""
    return word(np.iinfo(word).min) if pop[UNSIGNED] != 0 else word(-(pop[ONE] >> 1))


@kernel
def _update_any(pop, nudge_m, nudge_k, decode, step, family, formats, state, bias, target, noise, over):
    """Step *update*, for any rounding, overflow mode and nudge (``nudge_m`` carries its sign)."""
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    decode_by, step_by = decode + pop[FORWARD_DOWN], step + nudge_k + pop[STATE_UP]
    _dithers(noise[0, :n], formats[reg.DECODED, reg.ROUNDING], decode_by, family, o, reg.DECODED)
    _dithers(noise[1, :n], formats[reg.MEMBRANE, reg.ROUNDING], step_by, family, o, reg.MEMBRANE)
    for j in range(n):
        v, r = np.int64(state[reg.MEMBRANE, o + j]), np.int64(state[reg.DECODED, o + j])
        u = write(state[reg.CURRENT, o + j], formats, reg.CURRENT, o + j, over)
        pull = (u << pop[FORWARD_UP]) - (r << pop[FORWARD_DOWN])
        r = write(r + ((pull + noise[0, j]) >> decode_by), formats, reg.DECODED, o + j, over)
        pull = (r << pop[DRIVE_UP]) + (np.int64(bias[j]) << pop[BIAS_UP]) - (v << pop[STATE_UP])
        pull = (pull << nudge_k) + nudge_m * ((np.int64(target[j]) - v) << pop[STATE_UP])
        state[reg.CURRENT, o + j] = u
        state[reg.DECODED, o + j] = r
        state[reg.PREVIOUS, o + j] = v
        state[reg.MEMBRANE, o + j] = min(max(v + ((pull + noise[1, j]) >> step_by), 0), pop[TOP])


@kernel
def encode(pop, decode, family, formats, state, value, noise, spike, over):
    """One tick of an input population, whose state is ``value`` ([n], in units of the membrane): only
    *fire*."""
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    for j in range(n):
        state[reg.PREVIOUS, o + j] = state[reg.MEMBRANE, o + j]
        state[reg.MEMBRANE, o + j] = value[j]
    if pop[PLAIN] != 0:
        _fire_plain(pop, decode, formats, state, spike, over)
    else:
        _fire(pop, decode, family, formats, state, noise, spike, over)


@kernel
def encode_ahead(pop, schedule, formats, value, trains, lengths, lost):
    """Spikes that an input population with ``value`` fires in each tick from a reset on; plain populations.

    ``schedule``: int64 [ticks, 2]. Written: ``trains``: int32 [ticks, 2 signs, n], unit numbers in rising
    order, and their number, ``lengths``: int64 [ticks, 2]; ``lost``: int64 [ticks], residuals that saturated.
    An input of 0 stays silent.
    """
    lo, hi = formats[reg.RESIDUAL, reg.LO], formats[reg.RESIDUAL, reg.HI]
    one, signed, up, down = pop[ONE], 1 - pop[UNSIGNED], pop[ENCODE_UP], pop[ENCODE_DOWN]
    noise = dither(formats[reg.RESIDUAL, reg.ROUNDING], down, 0, 0)
    half, first = pop[ONE] >> 1, pop[reg.OFFSET]
    lengths[:], lost[:] = 0, 0
    for j in range(pop[reg.SIZE]):
        v = np.int64(value[j])
        if v == 0:
            continue
        steady = ((v << up) + noise) >> down
        regular = 0 < steady <= one and lo <= -half and half <= hi
        phi, t = np.int64(0), 0
        while t < lengths.shape[0] and not (regular and t > 0 and -half <= phi <= half):
            phi += steady if t > 0 else (((v << schedule[0, 0]) << up) + noise) >> down
            positive, negative = phi > half, (phi < -half) & (signed != 0)
            trains[t, 0, lengths[t, 0]] = first + j
            lengths[t, 0] += positive
            trains[t, 1, lengths[t, 1]] = first + j
            lengths[t, 1] += negative
            phi -= one * (np.int64(positive) - np.int64(negative))
            kept = min(max(phi, lo), hi)
            lost[t] += kept != phi
            phi = kept
            t += 1
        if t < lengths.shape[0]:
            _regular_train(first + j, t, half - phi, steady, one, trains, lengths)


@kernel
def _regular_train(unit, t, missing, steady, one, trains, lengths):
    """From tick ``t`` on a residual that misses ``missing`` of a spike grows by ``steady`` a tick.

    After a spike it misses what it missed in that tick and ``one - steady``, so intervals differ by at most
    one tick, and follow from remainders without a division.
    """
    interval, more = np.uint64(1 + (one - steady) // steady), (one - steady) % steady
    tick, end = np.uint64(t + missing // steady), np.uint64(lengths.shape[0])
    missing %= steady
    while tick < end:
        n = np.uint64(lengths[tick, 0])
        trains[tick, 0, n] = unit
        lengths[tick, 0] = n + np.uint64(1)
        missing += more
        late = missing >= steady
        missing -= steady * np.int64(late)
        tick += interval + np.uint64(late)


@kernel
def _fire_plain(pop, decode, formats, state, spike, over):
    """`_fire` where neither random bits nor an overflow mode but saturation take part; as `_update_plain`."""
    word = state.dtype.type
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    membrane, previous = state[reg.MEMBRANE, o : o + n], state[reg.PREVIOUS, o : o + n]
    residual = state[reg.RESIDUAL, o : o + n]
    lo, hi = word(formats[reg.RESIDUAL, reg.LO]), word(formats[reg.RESIDUAL, reg.HI])
    up, down, rate, one = word(pop[ENCODE_UP]), word(pop[ENCODE_DOWN]), word(decode), word(pop[ONE])
    noise = word(dither(formats[reg.RESIDUAL, reg.ROUNDING], pop[ENCODE_DOWN], 0, 0))
    half, lowest = word(one >> 1), _lowest(pop, word)
    n_over = word(0)
    for j in range(n):
        v = previous[j]
        signal = word(left(word(membrane[j] - v), rate) + v)
        signal = right(word(left(signal, up) + noise), down)
        phi = word(residual[j] + signal)
        q = word(word(phi > half) - word(phi < lowest))
        phi = word(phi - word(q * one))
        kept = min(max(phi, lo), hi)
        n_over = word(n_over + word(kept != phi))
        residual[j] = kept
        spike[j] = q
    over[0, reg.RESIDUAL] += n_over


@kernel
def _fire(pop, decode, family, formats, state, noise, spike, over):
    """Step *fire*, for any rounding and overflow mode."""
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    half, signed = pop[ONE] >> 1, 1 - pop[UNSIGNED]
    _dithers(noise[2, :n], formats[reg.RESIDUAL, reg.ROUNDING], pop[ENCODE_DOWN], family, o, reg.RESIDUAL)
    for j in range(n):
        v, after = np.int64(state[reg.PREVIOUS, o + j]), np.int64(state[reg.MEMBRANE, o + j])
        signal = ((((after - v) << decode) + v) << pop[ENCODE_UP]) + noise[2, j]
        phi = np.int64(state[reg.RESIDUAL, o + j]) + (signal >> pop[ENCODE_DOWN])
        q = np.int64(phi > half) - np.int64(phi < -half) * signed
        state[reg.RESIDUAL, o + j] = write(phi - q * pop[ONE], formats, reg.RESIDUAL, o + j, over)
        spike[j] = q


@kernel
def _dithers(out, mode, shift, family, offset, register):
    """Fill ``out`` with what rounds a right shift by ``shift`` of one register of a population."""
    if mode == STOCHASTIC:
        for j in range(out.shape[0]):
            out[j] = dither(mode, shift, family, (offset + j) * 16 + register)
    else:
        out[:] = dither(mode, shift, 0, 0)
