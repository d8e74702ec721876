"""The fast engine: samples run through all phases of a program, tick by tick, inside one compiled call.

A tick reads like the datasheet: deliver and integrate (operation by operation), update and fire (population
by population), commit (the new spike lists become the delivered ones). Nothing written in a tick is read in
that tick, so the order of operations and of populations does not matter. Every sample has its own registers
and its draws are named by (seed, sample, tick, unit), so neither threads nor the split of a batch change a
bit.
"""

from __future__ import annotations

from neurochip.chip import columns as col
from neurochip.chip.tick import ALWAYS, KNOWN, NEW, copy_row, step
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import ERROR, dither, draw, shifted, stored, subkey
from neurochip.neurons import kernels as neuron
from neurochip.neurons import registers as reg

SNAPSHOT = 2
CAPTURE_KEY, READ_KEY = 1 << 32, 1 << 33
"""Draws at a phase's end, and those of analog reads in it, are named by these plus the phase; all others in a
tick by 1 plus the tick."""


@kernel(nogil=True)
def run(
    first, last, samples, family, ops, stamps, pops, phases, schedule, nudge, formats, weights, kernels,
    bias, inputs, targets, state, saved, spikes, counts, narrow, partial, noise, spike, eights, trains,
    lengths, lost, kept, known, winners, over, fault, banks, won, readout, sent, read, probe, trace,
    segment_of, loads, converter,
):  # fmt: skip
    """Run samples ``first .. last-1`` of a batch, in one thread; stops at the first fault.

    ``samples``: int64 [S], names of the samples in draws. ``family``: key of this run's draws. Tables: see
    `columns`. ``nudge``: (multiplier, shift, whether the sign flips per sample). ``inputs``: [S, inputs],
    ``targets``: [S, targets], both in units of the membrane. Then the thread's own scratch, see `Scratch`.
    ``banks``: int32 [S or 0, banks, units]; ``won``: int8 [S or 0, banks, units or 0], the winners of max
    poolings at the same time; ``readout``: [S, outputs]; ``sent``: int64 [phases, units],
    spikes of either sign that arrived; ``read``: int64 [phases, places], readings by column converters, see
    `neurochip.mapping.readings`; ``probe``: units to record; ``trace``: int64 [ticks or 0, 1 +
    registers, probes]; ``segment_of``: int64 [units], ``loads``: int32 [S or 0, ticks, segments], spikes that
    arrived in each tick, by the segment that sent them. ``converter``: the converter's table, see `convert`.
    """
    for s in range(first, last):
        if fault[col.F_REGISTER] < 0:
            _run_sample(
                s, subkey(family, samples[s]), ops, stamps, pops, phases, schedule, nudge, formats,
                weights, kernels, bias, inputs[s], targets[s], state, saved, spikes, counts, narrow, partial,
                noise, spike, eights, trains, lengths, lost, kept, known, winners, over, fault, banks,
                won, readout[s], sent, read, probe, trace, segment_of, loads, converter,
            )  # fmt: skip


@kernel
def _run_sample(
    s, family, ops, stamps, pops, phases, schedule, nudge, formats, weights, kernels, bias, value,
    target,
    state, saved, spikes, counts, narrow, partial, noise, spike, eights, trains, lengths, lost, kept,
    known, winners, over, fault, banks, won, readout, sent, read, probe, trace, segment_of, loads, converter,
):  # fmt: skip
    """Run sample ``s`` through all phases, up to the first fault; ``family``: key of its own draws.

    ``value``, ``target``: its row of the inputs and of the targets. Others as in `run`.
    """
    ahead = probe.shape[0] == 0 and neuron.encode_ahead(
        pops[0], schedule, formats, value, trains, lengths, lost
    )
    flip = nudge[2] != 0 and draw(family, 0) & 1 == 1
    now = 0
    for t in range(known.shape[0]):
        known[t] = NEW
    for p in range(phases.shape[0]):
        phase = phases[p]
        _start(phase[col.START], now, state, saved, spikes, counts, winners)
        sign = -phase[col.NUDGE] if flip else phase[col.NUDGE]
        for k in range(phase[col.TICKS]):
            tick = phase[col.TIME] + k
            row = tick - phase[col.AGAIN]
            comes_again = ahead and 0 <= row < known.shape[0]
            mode, row = (known[row], row) if comes_again else (ALWAYS, 0)
            if loads.shape[0] > 0:
                _load(pops, spikes[now], counts[now], segment_of, loads[s, phase[col.ELAPSED] + k])
            step(
                subkey(family, tick + 1), sign, nudge, ops, stamps, pops, schedule[tick], formats,
                weights, kernels,
                bias, value, target, state, spikes[now], counts[now], spikes[1 - now], counts[1 - now],
                narrow, partial, noise,
                spike, eights, ahead, trains[tick], lengths[tick], lost[tick],
                mode, kept[row], winners[now], winners[1 - now], over, sent[p], read[p], converter,
                subkey(subkey(family, READ_KEY + p), tick + 1),
            )  # fmt: skip
            now = 1 - now
            if mode == NEW:
                known[row] = KNOWN
            if probe.shape[0] > 0:
                _record(phase[col.ELAPSED] + k, probe, state, pops, spikes[now], counts[now], trace)
            if _faulty(formats, over, fault):
                fault[col.F_TICK], fault[col.F_PHASE], fault[col.F_SAMPLE] = k, p, s
                return
        if phase[col.SAVE] != 0:
            _copy(state, spikes[now], counts[now], saved, spikes[SNAPSHOT], counts[SNAPSHOT])
            copy_row(winners[now], winners[SNAPSHOT])
        if phase[col.CAPTURE] >= 0 and banks.shape[0] > 0:
            bank = 1 - phase[col.CAPTURE] if flip else phase[col.CAPTURE]
            _capture(state[reg.MEMBRANE], formats, subkey(family, CAPTURE_KEY + p), banks[s, bank], over)
            copy_row(winners[now], won[s, bank])
            if _faulty(formats, over, fault):
                fault[col.F_TICK], fault[col.F_PHASE], fault[col.F_SAMPLE] = phase[col.TICKS] - 1, p, s
                return
        if phase[col.READOUT] != 0:
            first = state.shape[1] - readout.shape[0]
            for j in range(readout.shape[0]):
                readout[j] = state[reg.MEMBRANE, first + j]


@kernel
def _start(how, now, state, saved, spikes, counts, winners):
    """Prepare the registers for a phase, and the spikes that its first tick delivers."""
    if how == col.RESET:
        for r in range(state.shape[0]):
            for j in range(state.shape[1]):
                state[r, j] = 0
        for p in range(counts.shape[2]):
            counts[now, 0, p] = counts[now, 1, p] = 0
        for j in range(winners.shape[1]):
            winners[now, j] = 0
    elif how == col.RESTORE:
        _copy(saved, spikes[SNAPSHOT], counts[SNAPSHOT], state, spikes[now], counts[now])
        copy_row(winners[SNAPSHOT], winners[now])


@kernel
def _copy(state, spikes, counts, to_state, to_spikes, to_counts):
    """Copy all registers and the spikes in flight."""
    for r in range(state.shape[0]):
        for j in range(state.shape[1]):
            to_state[r, j] = state[r, j]
    for sign in range(2):
        for j in range(spikes.shape[1]):
            to_spikes[sign, j] = spikes[sign, j]
        for p in range(counts.shape[1]):
            to_counts[sign, p] = counts[sign, p]


@kernel
def _load(pops, spikes, counts, segment_of, load):
    """Count the spikes that arrive in this tick, by segment."""
    for p in range(pops.shape[0]):
        o = pops[p, reg.OFFSET]
        for negative in range(2):
            for s in range(counts[negative, p]):
                load[segment_of[spikes[negative, o + s]]] += 1


@kernel
def _capture(membrane, formats, family, bank, over):
    """Phase end: round each state into its bank."""
    lo, hi, mode = formats[reg.BANK, reg.LO], formats[reg.BANK, reg.HI], formats[reg.BANK, reg.OVERFLOW]
    rounding, shift = formats[reg.BANK, reg.ROUNDING], formats[reg.BANK, reg.SHIFT]
    for j in range(membrane.shape[0]):
        wide = shifted(membrane[j] + dither(rounding, shift, family, j), shift)
        kept = stored(wide, lo, hi, mode)
        if kept != wide:
            over[0, reg.BANK] += 1
            over[1, reg.BANK] = j + 1
        bank[j] = kept


@kernel
def _record(tick, probe, state, pops, spikes, counts, trace):
    """Write the probed units' spikes (row 0) and registers (rows 1 ...) of a tick."""
    for i in range(probe.shape[0]):
        trace[tick, 0, i] = 0
        for r in range(state.shape[0]):
            trace[tick, 1 + r, i] = state[r, probe[i]]
    for p in range(pops.shape[0]):
        for negative in range(2):
            o = pops[p, reg.OFFSET]
            for unit in spikes[negative, o : o + counts[negative, p]]:
                for i in range(probe.shape[0]):
                    if probe[i] == unit:
                        trace[tick, 0, i] = 1 - 2 * negative


@kernel
def _faulty(formats, over, fault):
    """Whether a strict register has overflowed; notes the first such register and the unit."""
    for r in range(formats.shape[0]):
        if formats[r, reg.OVERFLOW] == ERROR and over[0, r] > 0:
            fault[col.F_REGISTER], fault[col.F_UNIT] = r, over[1, r] - 1
            return True
    return False
