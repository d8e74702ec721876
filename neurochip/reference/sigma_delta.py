"""The sigma-delta neuron in real numbers: its constants, its equations, its registers.

Per tick (O'Connor, Gavves, Welling 2019; the state follows equilibrium propagation, Scellier and Bengio
2017)::

    r  <- (1 - lambda) r + lambda u
    V' <- clip((1 - epsilon) V + epsilon (r + b + nudge (y - V)), 0, 1)
    phi <- phi + (V' - (1 - lambda) V) / lambda
    q  =  1 if phi > 1/2, -1 if phi < -1/2, else 0;   phi <- phi - q

They are computed in the order written in the functions below, so that two programs which follow it get the
same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from neurochip.reference.wiring import Reals

Coding = Literal["spikes", "rates"]

Record = dict[str, Reals]
"""Registers of all units in every tick of one sample: float64 [ticks, units] for each name of `REGISTERS`."""

REGISTERS = ("current", "decoded", "membrane", "residual", "spikes")
"""What is recorded of a neuron, in the order in which a tick writes it."""


@dataclass(frozen=True)
class Constants:
    """lambda and epsilon of every tick of a neuron's life, and whether spikes of -1 exist."""

    decode: tuple[float, ...]
    step: tuple[float, ...]
    signed: bool

    @classmethod
    def of(cls, neuron: Mapping[str, Any], ticks: int) -> Constants:
        """From the keys ``decode_shift``, ``step_shift`` (number or [from tick, shift] pairs), ``spikes``."""
        return cls(
            tuple(2.0 ** -_shift(neuron["decode_shift"], tick) for tick in range(ticks)),
            tuple(2.0 ** -_shift(neuron["step_shift"], tick) for tick in range(ticks)),
            neuron["spikes"] == "signed",
        )


def _shift(steps: Any, tick: int) -> int:
    if isinstance(steps, int):
        return steps
    reached = [int(shift) for start, shift in steps if start <= tick]
    return reached[-1]


@dataclass
class State:
    """Registers of all units for a batch, float64 [batch, units] each.

    ``spikes``: what was sent in the last tick; with rates, the values sent.
    """

    current: Reals
    decoded: Reals
    membrane: Reals
    residual: Reals
    spikes: Reals

    @classmethod
    def zero(cls, batch: int, units: int) -> State:
        """Cleared registers."""
        return cls(*(np.zeros((batch, units)) for _ in fields(cls)))

    def copy(self) -> State:
        """An independent copy: the snapshot of a phase's end."""
        return State(**{name: getattr(self, name).copy() for name in REGISTERS})


def decoded(before: Reals, current: Reals, decode: float) -> Reals:
    """r after a tick."""
    return before + decode * (current - before)


def relaxed(membrane: Reals, drive: Reals, step: float) -> Reals:
    """V after a tick; ``drive`` is r + b + nudge (y - V)."""
    return np.clip(membrane + step * (drive - membrane), 0.0, 1.0)


def signal(membrane: Reals, previous: Reals, decode: float) -> Reals:
    """What the encoder adds to phi: decoded by the receiver with ``decode``, it is V again."""
    return (membrane - previous) / decode + previous


def fired(residual: Reals, signed: bool) -> Reals:
    """q for a residual before the spike is taken off."""
    above = (residual > 0.5).astype(np.float64)
    return above - (residual < -0.5) if signed else above
