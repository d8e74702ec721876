"""Where two records of the same sample part: the first tick, layer, neuron and register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.network import Network
from neurochip.reference import REGISTERS, Reals, Record, Timeline


@dataclass(frozen=True)
class Difference:
    """A register of a neuron at the end of a tick: what was found and expected, and what may lie between."""

    tick: int
    phase: str
    layer: str
    neuron: int
    register: str
    found: float
    expected: float
    allowed: float
    note: str = ""

    def __str__(self) -> str:
        place = f"tick {self.tick} ({self.phase}), {self.layer} neuron {self.neuron}, {self.register}"
        values = f"{self.found:.9g} against {self.expected:.9g}"
        room = f" ({self.allowed:.3g} allowed)" if self.allowed else ""
        return f"{place}: {values}{room}{'; ' if self.note else ''}{self.note}"

    def as_json(self) -> dict[str, Any]:
        """The fields as a JSON object."""
        return asdict(self)


def first_difference(
    found: Record,
    expected: Record,
    allowed: Mapping[str, Reals] | float,
    network: Network,
    timeline: Timeline,
) -> Difference | None:
    """The first place where two records differ by more than ``allowed``: by tick, then by order of writing.

    ``allowed``: one number for all, or [ticks, units] for each register. Spikes must be equal.
    """
    room = {
        name: np.zeros(1)
        if name == "spikes"
        else np.asarray(allowed if isinstance(allowed, float) else allowed[name])
        for name in REGISTERS
    }
    wrong = {name: np.abs(found[name] - expected[name]) > room[name] for name in REGISTERS}
    place = first_place(wrong)
    if place is None:
        return None
    tick, unit, register = place
    limits = np.broadcast_to(room[register], found[register].shape)
    return named(tick, unit, register, found, expected, float(limits[tick, unit]), network, timeline)


def first_place(wrong: Mapping[str, NDArray[np.bool_]]) -> tuple[int, int, str] | None:
    """(tick, unit, register) of the first of the marked places; None if there is none."""
    ticks = {name: int(np.argmax(mask.any(1))) for name, mask in wrong.items() if mask.any()}
    if not ticks:
        return None
    register = min(ticks, key=lambda name: (ticks[name], REGISTERS.index(name)))
    tick = ticks[register]
    return tick, int(np.argmax(wrong[register][tick])), register


def named(
    tick: int, unit: int, register: str, found: Record, expected: Record, allowed: float, network: Network,
    timeline: Timeline, note: str = "",
) -> Difference:  # fmt: skip
    """The difference at a place, with the names that a user knows."""
    layer, neuron = neuron_of(network, unit)
    values = float(found[register][tick, unit]), float(expected[register][tick, unit])
    return Difference(tick, timeline.ticks[tick].phase, layer, neuron, register, *values, allowed, note)


def neuron_of(network: Network, unit: int) -> tuple[str, int]:
    """Name of the population and number within it of a unit."""
    for population in network.populations:
        if unit < population.size:
            return population.name, unit
        unit -= population.size
    raise IndexError(f"the network has no unit {unit + network.neurons}")
