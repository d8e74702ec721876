"""Error of each integer kernel against the width of the register that it writes: it halves with every bit.

All registers but one are made wide; the float twin follows the chip's spikes, so that what is left is
rounding alone. The last sweep changes all state registers together and lets the twin go its own way, so that
different spikes count as errors too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurochip.compare import errors
from neurochip.compare.variants import STATES, with_bits, with_fractions
from neurochip.experiment import Run, Setup

FINE = 22
"""Fraction bits of the state registers that are not being swept."""

KERNELS = {
    "weight": "integrate: rows of weights summed into currents",
    "decoded": "update: decoder",
    "membrane": "update: state",
    "residual": "fire: sigma-delta encoder",
    "bank": "capture at a phase's end",
    "fraction": "learn: weight with its fraction",
    "bias": "learn: bias",
    "states": "a whole tick, each witness with its own spikes",
}
"""The swept registers and the kernels that round into them; ``states``: those of the state, all alike."""

SWEPT: dict[str, Sequence[int]] = {
    "weight": range(4, 13, 2),
    "decoded": range(6, 17, 2),
    "membrane": range(6, 17, 2),
    "residual": range(6, 17, 2),
    "bank": range(4, 13, 2),
    "fraction": range(6, 17, 2),
    "bias": range(10, 21, 2),
    "states": range(6, 17, 2),
}
"""Fraction bits of each sweep; ``fraction``: bits below the weight."""


@dataclass(frozen=True)
class Sweep:
    """Mean absolute error of what a kernel writes for a population or projection, by fraction bits."""

    register: str
    place: str
    fracs: tuple[int, ...]
    errors: tuple[float, ...]

    @property
    def slope(self) -> float:
        """Change of log2 error for each fraction bit, by least squares; nan if an error is 0."""
        if min(self.errors) <= 0.0:
            return float("nan")
        return float(np.polyfit(self.fracs, np.log2(self.errors), 1)[0])

    def as_json(self) -> dict[str, Any]:
        """The sweep as a JSON object."""
        return {
            "register": self.register,
            "kernel": KERNELS[self.register],
            "place": self.place,
            "fraction_bits": list(self.fracs),
            "mean_absolute_error": list(self.errors),
            "slope": None if np.isnan(self.slope) else self.slope,
        }


def sweeps(
    setup: Setup, samples: int = 4, registers: Sequence[str] = tuple(KERNELS), **how: Any
) -> list[Sweep]:
    """One sweep for each register and place; ``how``: threads and data_dir of `Run`."""
    found: list[Sweep] = []
    for register in registers:
        by_place: dict[str, list[float]] = {}
        for frac in SWEPT[register]:
            run = Run(swept(setup, register, frac), **how)
            for place, error in errors.KERNEL_ERRORS[register](run, register, samples):
                by_place.setdefault(place, []).append(error)
        found += [Sweep(register, place, tuple(SWEPT[register]), tuple(e)) for place, e in by_place.items()]
    return found


def swept(setup: Setup, register: str, frac: int) -> Setup:
    """The setup on wide registers, one with ``frac`` fraction bits; ranges, rounding, overflow stay."""
    fracs = dict.fromkeys(STATES, frac if register == "states" else FINE)
    fracs |= {"weight": 7 if register in ("fraction", "bias") else 14, "bank": 14, "bias": 24, "fraction": 16}
    if register != "states":
        fracs[register] = frac
    return with_fractions(with_bits(setup, partial=32, current=24, accumulator=62), **fracs)
