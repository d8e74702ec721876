"""The sigma-delta neuron of spiking equilibrium propagation, in integers.

Equations (O'Connor, Gavves, Welling 2019, with the state dynamics of equilibrium propagation; step sizes are
powers of two, lambda = 2**-decode_shift and epsilon = 2**-step_shift)::

    r  <- r + lambda (u - r)                            decoder: u is the sum of the weights of the spikes
    received V' <- clip(V + epsilon (r + b - V + nudge (y - V)), 0, 1) a  <- (V' - V) / lambda + V
    predictive encoder: the receiver's decoder undoes it phi <- phi + a;  q = [phi > 1/2] - [phi < -1/2];
    phi <- phi - q

A shift that loses bits rounds as the register written declares; a value that does not fit follows that
register's overflow mode and is counted. ``previous`` holds V of the last tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, field_validator

from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format, Rate
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import STOCHASTIC, dither, stored
from neurochip.fixed.words import left, right
from neurochip.neurons import registers as reg
from neurochip.neurons.base import Neuron

Steps = int | tuple[tuple[int, int], ...]

FORWARD_UP, FORWARD_DOWN, DRIVE_UP, BIAS_UP, STATE_UP, ENCODE_UP, ENCODE_DOWN, TOP, ONE, UNSIGNED, PLAIN = (
    range(reg.PARAMS, reg.PARAMS + 11)
)

LONGEST_SHIFT = 31


class SigmaDelta(Neuron):
    """Constants of the sigma-delta neuron (keys of ``rule.neuron``)."""

    code: ClassVar[int] = 0
    registers: ClassVar[tuple[str, ...]] = ("current", "decoded", "membrane", "previous", "residual")

    decode_shift: Steps = Field(
        default=2,
        description="lambda = 2**-shift (0..8), or [[from tick, shift], ...] that anneals it over a sample",
    )
    step_shift: Steps = Field(
        default=1,
        description="epsilon = 2**-shift (0..8), or [[from tick, shift], ...] that anneals it over a sample",
    )
    spikes: Literal["signed", "unsigned"] = Field(
        default="signed", description="whether falling signals may send spikes of -1"
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

    def draws(
        self, formats: Mapping[str, Format], steps: tuple[int, int], nudge_shift: int
    ) -> tuple[int, int]:
        """One word for each of the three roundings that is stochastic and drops bits."""
        shifts, (decode, step) = _Shifts.of(formats), steps
        dropped = {
            "decoded": decode + shifts.forward_down,
            "membrane": step + nudge_shift + shifts.state_up,
            "residual": shifts.encode_down,
        }
        drawn = {name: formats[name].rounding == "stochastic" and by > 0 for name, by in dropped.items()}
        return drawn["decoded"] + drawn["membrane"], int(drawn["residual"])

    def parameters(self, formats: Mapping[str, Format]) -> tuple[int, ...]:
        """Shifts that align the binary points, the largest state, one spike in units of the residual, the
        coding, and whether all registers saturate and round without random bits."""
        shifts = _Shifts.of(formats)
        if formats["residual"].frac < 1 or not formats["residual"].holds(1.0):
            raise _refusal("registers.residual must hold 1.0 and have a fraction bit: it counts spikes")
        used = [formats[name] for name in ("current", "decoded", "membrane", "residual")]
        plain = all(it.overflow == "saturate" and it.rounding != "stochastic" for it in used)
        top = min(1 << formats["membrane"].frac, formats["membrane"].hi)
        return (*shifts, top, 1 << formats["residual"].frac, int(self.spikes == "unsigned"), int(plain))

    def widest(self, formats: Mapping[str, Format], nudge: Rate) -> int:
        """Bits, sign included, that hold every intermediate value of the kernels under any nudge of the
        program."""
        shifts = _Shifts.of(formats)
        slowest = max(shift for steps in (self.decode_shift, self.step_shift) for shift in _values(steps))
        if (
            max(*shifts, slowest + nudge.shift + shifts.state_up, slowest + shifts.forward_down)
            > LONGEST_SHIFT
        ):
            raise _refusal(
                f"registers.membrane and its neighbours need a shift of more than {LONGEST_SHIFT} bits"
            )
        state, decoded = formats["membrane"].bits, formats["decoded"].bits
        pull = (
            max(decoded + shifts.drive_up, formats["bias"].bits + shifts.bias_up, state + shifts.state_up) + 2
        )
        nudged = max(pull + nudge.shift, state + 1 + shifts.state_up + nudge.multiplier.bit_length()) + 1
        decoding = max(formats["current"].bits + shifts.forward_up, decoded + shifts.forward_down) + 2
        signal = state + 1 + max(_values(self.decode_shift)) + 1 + shifts.encode_up
        return max(nudged + 1, decoding + 1, signal + 2, formats["residual"].bits + 2)


class _Shifts(NamedTuple):
    """Left shifts that bring the parts of a sum to one binary point, and right shifts that drop fraction
    bits."""

    forward_up: int
    forward_down: int
    drive_up: int
    bias_up: int
    state_up: int
    encode_up: int
    encode_down: int

    @classmethod
    def of(cls, formats: Mapping[str, Format]) -> _Shifts:
        weight, bias = formats["current"].frac, formats["bias"].frac
        decoded, state, residual = (formats[name].frac for name in ("decoded", "membrane", "residual"))
        common = max(decoded, bias, state)
        return cls(
            max(decoded - weight, 0),
            max(weight - decoded, 0),
            common - decoded,
            common - bias,
            common - state,
            max(residual - state, 0),
            max(state - residual, 0),
        )


def _refusal(message: str) -> ConfigError:
    return ConfigError([Problem(message, "hardware.registers")])


def _values(steps: Steps) -> list[int]:
    return [steps] if isinstance(steps, int) else [shift for _, shift in steps]


def _at(steps: Steps, tick: int) -> int:
    if isinstance(steps, int):
        return steps
    return [shift for start, shift in steps if start <= tick][-1]


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
    if pop[PLAIN] != 0 and (phase_nudge == 0 or pop[reg.NUDGED] == 0):
        _update_plain(pop, decode, step, formats, state, bias, spike, over)
    else:
        if pop[reg.NUDGED] == 0:
            phase_nudge = 0
        _update_any(
            pop,
            phase_nudge * nudge_m,
            nudge_k,
            decode,
            step,
            family,
            formats,
            state,
            bias,
            target,
            noise,
            over,
        )
        _fire(pop, decode, family, formats, state, noise, spike, over)


@kernel
def _update_plain(pop, decode, step, formats, state, bias, spike, over):
    """`update` and `_fire` in one loop where no nudge, no random bits and no overflow mode but saturation
    take part.

    Every sum is cast back to the word of the registers, so that the loop runs in full vectors of it.
    """
    word = state.dtype.type
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    current, decoded = state[reg.CURRENT, o : o + n], state[reg.DECODED, o : o + n]
    membrane, previous = state[reg.MEMBRANE, o : o + n], state[reg.PREVIOUS, o : o + n]
    residual = state[reg.RESIDUAL, o : o + n]
    c_lo, c_hi = word(formats[reg.CURRENT, 0]), word(formats[reg.CURRENT, 1])
    d_lo, d_hi = word(formats[reg.DECODED, 0]), word(formats[reg.DECODED, 1])
    e_lo, e_hi = word(formats[reg.RESIDUAL, 0]), word(formats[reg.RESIDUAL, 1])
    up, down, drive_up = word(pop[FORWARD_UP]), word(pop[FORWARD_DOWN]), word(pop[DRIVE_UP])
    bias_up, state_up, top = word(pop[BIAS_UP]), word(pop[STATE_UP]), word(pop[TOP])
    encode_up, encode_down, rate = word(pop[ENCODE_UP]), word(pop[ENCODE_DOWN]), word(decode)
    by, step_by = word(decode + down), word(step + state_up)
    d_noise = word(dither(formats[reg.DECODED, 3], by, 0, 0))
    s_noise = word(dither(formats[reg.MEMBRANE, 3], step_by, 0, 0))
    e_noise = word(dither(formats[reg.RESIDUAL, 3], encode_down, 0, 0))
    one, signed, zero = word(pop[ONE]), word(1 - pop[UNSIGNED]), word(0)
    half, minus_half = word(one >> 1), word(-(one >> 1))
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
        pull = word(word(pull - left(v, state_up)) + s_noise)
        after = min(max(word(v + right(pull, step_by)), zero), top)
        signal = word(left(word(after - v), rate) + v)
        signal = right(word(left(signal, encode_up) + e_noise), encode_down)
        phi = word(residual[j] + signal)
        q = word(word(phi > half) - word(word(phi < minus_half) * signed))
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
def _update_any(pop, nudge_m, nudge_k, decode, step, family, formats, state, bias, target, noise, over):
    """Step *update*, for any rounding, overflow mode and nudge (``nudge_m`` carries its sign)."""
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    if nudge_m == 0:
        nudge_k = 0
    decode_by, step_by = decode + pop[FORWARD_DOWN], step + nudge_k + pop[STATE_UP]
    _dithers(noise[0, :n], formats[reg.DECODED, 3], decode_by, family, o, reg.DECODED)
    _dithers(noise[1, :n], formats[reg.MEMBRANE, 3], step_by, family, o, reg.MEMBRANE)
    for j in range(n):
        v, r = np.int64(state[reg.MEMBRANE, o + j]), np.int64(state[reg.DECODED, o + j])
        u = _write(state[reg.CURRENT, o + j], formats, reg.CURRENT, o + j, over)
        pull = (u << pop[FORWARD_UP]) - (r << pop[FORWARD_DOWN])
        r = _write(r + ((pull + noise[0, j]) >> decode_by), formats, reg.DECODED, o + j, over)
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
    state[reg.PREVIOUS, o : o + n] = state[reg.MEMBRANE, o : o + n]
    state[reg.MEMBRANE, o : o + n] = value
    if pop[PLAIN] != 0:
        _fire_plain(pop, decode, formats, state, spike, over)
    else:
        _fire(pop, decode, family, formats, state, noise, spike, over)


@kernel
def _fire_plain(pop, decode, formats, state, spike, over):
    """`_fire` where neither random bits nor an overflow mode but saturation take part; as `_update_plain`."""
    word = state.dtype.type
    o, n = pop[reg.OFFSET], pop[reg.SIZE]
    membrane, previous = state[reg.MEMBRANE, o : o + n], state[reg.PREVIOUS, o : o + n]
    residual = state[reg.RESIDUAL, o : o + n]
    lo, hi = word(formats[reg.RESIDUAL, 0]), word(formats[reg.RESIDUAL, 1])
    up, down, rate, one = word(pop[ENCODE_UP]), word(pop[ENCODE_DOWN]), word(decode), word(pop[ONE])
    noise = word(dither(formats[reg.RESIDUAL, 3], pop[ENCODE_DOWN], 0, 0))
    half, minus_half, signed = word(one >> 1), word(-(one >> 1)), word(1 - pop[UNSIGNED])
    n_over = word(0)
    for j in range(n):
        v = previous[j]
        signal = word(left(word(membrane[j] - v), rate) + v)
        signal = right(word(left(signal, up) + noise), down)
        phi = word(residual[j] + signal)
        q = word(word(phi > half) - word(word(phi < minus_half) * signed))
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
    _dithers(noise[2, :n], formats[reg.RESIDUAL, 3], pop[ENCODE_DOWN], family, o, reg.RESIDUAL)
    for j in range(n):
        v, after = np.int64(state[reg.PREVIOUS, o + j]), np.int64(state[reg.MEMBRANE, o + j])
        signal = ((((after - v) << decode) + v) << pop[ENCODE_UP]) + noise[2, j]
        phi = np.int64(state[reg.RESIDUAL, o + j]) + (signal >> pop[ENCODE_DOWN])
        q = np.int64(phi > half) - np.int64(phi < -half) * signed
        state[reg.RESIDUAL, o + j] = _write(phi - q * pop[ONE], formats, reg.RESIDUAL, o + j, over)
        spike[j] = q


@kernel
def _dithers(out, mode, shift, family, offset, register):
    """Fill ``out`` with what rounds a right shift by ``shift`` of one register of a population."""
    if mode == STOCHASTIC:
        for j in range(out.shape[0]):
            out[j] = dither(mode, shift, family, (offset + j) * 16 + register)
    else:
        out[:] = dither(mode, shift, 0, 0)


@kernel
def _write(value, formats, register, unit, over):
    """What a register holds after ``value`` is written; an overflow is counted."""
    wide = np.int64(value)
    kept = stored(wide, formats[register, 0], formats[register, 1], formats[register, 2])
    if kept != wide:
        over[0, register] += 1
        over[1, register] = unit + 1
    return kept
