"""The resistive cell: a conductance with a finite number of levels, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from neurochip.config import Model, broken

OF_LEVELS = ("programming_noise",)
OF_PULSES = ("pulse_noise", "nonlinearity_up", "nonlinearity_down", "asymmetry")
"""Keys that only one way of writing has."""


class Resistive(Model):
    """A resistive cell (RRAM, PCM, ECRAM ...): a weight is a conductance, or the difference of two.

    With the defaults it holds every weight exactly. Noise and spread are standard deviations of a
    bell-shaped draw. Equations and sources: `docs/devices.md`.
    """

    exact: ClassVar[bool] = False
    """Whether a weight is read as it was written, at any time and any number of times."""

    seed: int = Field(
        default=0, ge=0, le=4294967295, description="Which chip it is: names the draws of its cells."
    )
    pairing: Literal["pair", "single"] = Field(
        default="pair",
        description="A weight is the difference of two cells, or one cell less an exact reference.",
    )
    write: Literal["levels", "pulses"] = Field(
        default="levels",
        description="A write sets a level, whatever was there, or moves the conductance by pulses.",
    )
    levels: int = Field(
        default=0,
        ge=0,
        le=65536,
        description="Conductances from off to on; 0: one for each step of the weight.",
    )
    spread: float = Field(
        default=0.0, ge=0, le=0.25, description="Device to device: of the gain of a cell, around 1."
    )
    stuck_off: float = Field(
        default=0.0, ge=0, le=1, description="Fraction of cells stuck at no conductance."
    )
    stuck_on: float = Field(
        default=0.0, ge=0, le=1, description="Fraction of cells stuck at full conductance."
    )
    programming_noise: float = Field(
        default=0.0, ge=0, le=0.25, description="Levels: of a written level, in full conductances."
    )
    pulse_noise: float = Field(
        default=0.0, ge=0, le=2, description="Pulses: of one pulse's step, in nominal steps."
    )
    nonlinearity_up: float = Field(
        default=0.0, ge=0, le=0.99, description="Pulses: part of a step up that is lost at full conductance."
    )
    nonlinearity_down: float = Field(
        default=0.0, ge=0, le=0.99, description="Pulses: part of a step down that is lost at no conductance."
    )
    asymmetry: float = Field(
        default=0.0,
        ge=-0.9,
        le=0.9,
        description="Pulses: a; steps up are 1 + a, steps down 1 - a nominal steps.",
    )
    drift: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Exponent of the decay with the samples since a cell was written.",
    )
    endurance_writes: int = Field(
        default=0,
        ge=0,
        le=2147483647,
        description="Writes that change a cell; later ones do not. 0: no limit.",
    )
    read_noise: float = Field(
        default=0.0, ge=0, le=16, description="Of a column's sum at each read, in cells of full conductance."
    )

    @model_validator(mode="after")
    def _agrees(self) -> Resistive:
        wrong = [*self._misplaced()]
        if self.levels == 1:
            wrong.append(("levels", "must be 0 or at least 2, not 1"))
        if self.stuck_off + self.stuck_on > 1:
            wrong.append(
                (
                    "stuck_on",
                    f"and stuck_off must be at most 1 together, not {self.stuck_off + self.stuck_on:g}",
                )
            )
        if wrong:
            raise broken(*wrong)
        return self

    def _misplaced(self) -> Iterator[tuple[str, str]]:
        """Keys that the chosen way of writing does not have."""
        for key in OF_PULSES if self.write == "levels" else OF_LEVELS:
            if value := getattr(self, key):
                yield key, f"must be 0 with write: {self.write}, which has no such thing, not {value:g}"
