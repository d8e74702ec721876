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

from pydantic import Field, field_validator

from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format, Rate
from neurochip.neurons import registers as reg
from neurochip.neurons.base import Neuron

Steps = int | tuple[tuple[int, int], ...]

LONGEST_SHIFT = 31


class SigmaDelta(Neuron):
    """Constants of the sigma-delta neuron (keys of ``rule.neuron``)."""

    code: ClassVar[int] = reg.SIGMA_DELTA
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
