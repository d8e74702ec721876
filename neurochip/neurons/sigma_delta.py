"""The sigma-delta neuron of spiking equilibrium propagation, in integers.

Equations (O'Connor, Gavves, Welling 2019, with the state dynamics of equilibrium propagation; step sizes are powers of
two, lambda = 2**-decode_shift and epsilon = 2**-step_shift)::

    r  <- r + lambda (u - r)                            decoder: u is the sum of the weights of the spikes received
    V' <- clip(V + epsilon (r + b - V + nudge (y - V)), 0, 1)
    a  <- (V' - V) / lambda + V                         predictive encoder: the receiver's decoder undoes it
    phi <- phi + a;  q = [phi > 1/2] - [phi < -1/2];  phi <- phi - q

A shift that loses bits rounds as the register written declares; a value that does not fit follows that register's
overflow mode and is counted. ``previous`` holds V of the last tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from numba import njit
from pydantic import Field, field_validator

from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format
from neurochip.fixed.scalar import ERROR, NEAREST, STOCHASTIC, dither, shifted, stored
from neurochip.neurons import registers as reg
from neurochip.neurons.base import Neuron

Steps = int | tuple[tuple[int, int], ...]

FORWARD_UP, FORWARD_DOWN, DRIVE_UP, BIAS_UP, STATE_UP, ENCODE_UP, ENCODE_DOWN, TOP, ONE, UNSIGNED = range(
    reg.PARAMS, reg.PARAMS + 10
)


class SigmaDelta(Neuron):
    """Constants of the sigma-delta neuron (keys of ``rule.neuron``)."""

    code: ClassVar[int] = 0
    registers: ClassVar[tuple[str, ...]] = ("current", "decoded", "membrane", "previous", "residual")

    decode_shift: Steps = Field(
        2, description="lambda = 2**-shift (0..8); or a list of [from tick, shift] that anneals it over a sample"
    )
    step_shift: Steps = Field(
        1, description="epsilon = 2**-shift (0..8); or a list of [from tick, shift] that anneals it over a sample"
    )
    spikes: Literal["signed", "unsigned"] = Field(
        "signed", description="whether falling signals may send spikes of -1"
    )

    @field_validator("decode_shift", "step_shift")
    @classmethod
    def _valid_steps(cls, steps: Steps) -> Steps:
        pairs = ((0, steps),) if isinstance(steps, int) else steps
        starts = [start for start, _ in pairs]
        if not pairs or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError("must begin at tick 0 and name rising ticks")
        if any(not 0 <= shift <= 8 for _, shift in pairs):
            raise ValueError(f"must be shifts in 0..8, not {[shift for _, shift in pairs]}")
        return steps

    def schedule(self, ticks: int) -> list[tuple[int, int]]:
        """(decode_shift, step_shift) of each tick of a sample."""
        return [(_at(self.decode_shift, tick), _at(self.step_shift, tick)) for tick in range(ticks)]

    def parameters(self, formats: Mapping[str, Format]) -> tuple[int, ...]:
        """Shifts that align the binary points, the largest state, one spike in units of the residual, the coding."""
        weight, bias = formats["current"].frac, formats["bias"].frac
        decoded, state, residual = (formats[name].frac for name in ("decoded", "membrane", "residual"))
        common = max(decoded, bias, state)
        widest = max(
            formats["current"].bits + max(decoded - weight, 0),
            formats["decoded"].bits + max(weight - decoded, 0),
            formats["decoded"].bits + common - decoded,
            formats["bias"].bits + common - bias,
            formats["membrane"].bits + max(common, residual) - state,
        )
        if widest > 48:
            raise ConfigError(
                [
                    Problem(
                        "registers current, decoded, bias, membrane and residual must have binary points near each "
                        f"other: aligned, they need {widest} bits and the neuron's adders have 48",
                        "hardware.registers",
                    )
                ]
            )
        if residual < 1 or not formats["residual"].holds(1.0):
            raise ConfigError(
                [Problem("registers.residual must hold 1.0 and have a fraction bit: it counts spikes", "hardware")]
            )
        return (
            max(decoded - weight, 0),
            max(weight - decoded, 0),
            common - decoded,
            common - bias,
            common - state,
            max(residual - state, 0),
            max(state - residual, 0),
            min(1 << state, formats["membrane"].hi),
            1 << residual,
            int(self.spikes == "unsigned"),
        )


def _at(steps: Steps, tick: int) -> int:
    if isinstance(steps, int):
        return steps
    return [shift for start, shift in steps if start <= tick][-1]


@njit(cache=True)
def _dithers(out, mode, shift, family, offset, register):
    """Fill ``out`` with what rounds a right shift by ``shift`` of one register of a population."""
    if mode == STOCHASTIC:
        for j in range(out.shape[0]):
            out[j] = dither(mode, shift, family, (offset + j) * 16 + register)
    else:
        out[:] = dither(mode, shift, 0, 0)


@njit(cache=True)
def update(pop, phase_nudge, nudge_m, nudge_k, decode, step, family, formats, state, bias, target, noise, spike, over):
    """One tick of a population: steps *update* and *fire*.

    ``pop``: row of the population table. ``phase_nudge``: -1, 0, +1, times ``nudge_m * 2**-nudge_k``. ``decode``,
    ``step``: shifts of this tick. ``family``: key of this tick's draws. ``state``: int64 [registers, units of the chip];
    ``bias``, ``target``: int64 [n] of this population. ``noise``: int64 [3, units] scratch. ``spike``: int8 [n], written.
    ``over``: int64 [2, registers]: overflows counted, and 1 + the last unit that had one.
    """
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    current = state[reg.CURRENT, o : o + n]
    decoded = state[reg.DECODED, o : o + n]
    membrane = state[reg.MEMBRANE, o : o + n]
    previous = state[reg.PREVIOUS, o : o + n]
    c_lo, c_hi, c_mode = formats[reg.CURRENT, 0], formats[reg.CURRENT, 1], formats[reg.CURRENT, 2]
    d_lo, d_hi, d_mode = formats[reg.DECODED, 0], formats[reg.DECODED, 1], formats[reg.DECODED, 2]
    up, down = pop[FORWARD_UP], pop[FORWARD_DOWN]
    drive_up, bias_up, state_up, top = pop[DRIVE_UP], pop[BIAS_UP], pop[STATE_UP], pop[TOP]
    if phase_nudge == 0 or pop[reg.NUDGED] == 0:
        nudge_m, nudge_k = np.int64(0), np.int64(0)
    nudge_m = nudge_m * phase_nudge
    decode_by, step_by = decode + down, step + nudge_k + state_up
    decode_noise, step_noise = noise[0, :n], noise[1, :n]
    _dithers(decode_noise, formats[reg.DECODED, 3], decode_by, family, o, reg.DECODED)
    _dithers(step_noise, formats[reg.MEMBRANE, 3], step_by, family, o, reg.MEMBRANE)

    c_over = d_over = c_at = d_at = 0
    for j in range(n):
        u = stored(current[j], c_lo, c_hi, c_mode)
        outside = np.int64(u != current[j])
        c_over += outside
        c_at = max(c_at, outside * (o + j + 1))
        wide = decoded[j] + (((u << up) - (decoded[j] << down) + decode_noise[j]) >> decode_by)
        r = stored(wide, d_lo, d_hi, d_mode)
        outside = np.int64(r != wide)
        d_over += outside
        d_at = max(d_at, outside * (o + j + 1))
        pull = (r << drive_up) + (bias[j] << bias_up) - (membrane[j] << state_up)
        pull = (pull << nudge_k) + nudge_m * ((target[j] - membrane[j]) << state_up)
        v = membrane[j] + ((pull + step_noise[j]) >> step_by)
        current[j] = u
        decoded[j] = r
        previous[j] = membrane[j]
        membrane[j] = min(max(v, 0), top)
    _report(over, reg.CURRENT, c_over, c_at)
    _report(over, reg.DECODED, d_over, d_at)
    _fire(pop, decode, family, formats, state, noise, spike, over)


@njit(cache=True)
def encode(pop, decode, family, formats, state, value, noise, spike, over):
    """One tick of an input population, whose state is ``value`` (int64 [n], in units of the membrane): only *fire*."""
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    membrane = state[reg.MEMBRANE, o : o + n]
    previous = state[reg.PREVIOUS, o : o + n]
    for j in range(n):
        previous[j] = membrane[j]
        membrane[j] = value[j]
    _fire(pop, decode, family, formats, state, noise, spike, over)


@njit(cache=True)
def _fire(pop, decode, family, formats, state, noise, spike, over):
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    membrane = state[reg.MEMBRANE, o : o + n]
    previous = state[reg.PREVIOUS, o : o + n]
    residual = state[reg.RESIDUAL, o : o + n]
    lo, hi, mode = formats[reg.RESIDUAL, 0], formats[reg.RESIDUAL, 1], formats[reg.RESIDUAL, 2]
    up, down, one, unsigned = pop[ENCODE_UP], pop[ENCODE_DOWN], pop[ONE], pop[UNSIGNED]
    half = one >> 1
    floor = -half if unsigned == 0 else -(np.int64(1) << 62)
    rounding = noise[2, :n]
    _dithers(rounding, formats[reg.RESIDUAL, 3], down, family, o, reg.RESIDUAL)
    n_over = at = 0
    for j in range(n):
        signal = ((membrane[j] - previous[j]) << decode) + previous[j]
        phi = residual[j] + (((signal << up) + rounding[j]) >> down)
        q = np.int64(phi > half) - np.int64(phi < floor)
        phi -= q * one
        kept = stored(phi, lo, hi, mode)
        outside = np.int64(kept != phi)
        n_over += outside
        at = max(at, outside * (o + j + 1))
        residual[j] = kept
        spike[j] = q
    _report(over, reg.RESIDUAL, n_over, at)


@njit(cache=True)
def _report(over, register, count, at):
    over[0, register] += count
    if count > 0:
        over[1, register] = at
