"""What every learning rule has: a rate, its course over the epochs, and the program that it asks of the
chip."""

from __future__ import annotations

from abc import abstractmethod
from math import cos, pi
from typing import Literal

from pydantic import Field

from neurochip.config import Model
from neurochip.program import Program


class Rule(Model):
    """A learning rule: its constants (keys of ``rule``) and its program. Abstract; a rule is one file of the
    shelf."""

    learning_rate: float | tuple[float, ...] = Field(
        description="step along the mean update of a batch: one number (0 or more), or one for each "
        "projection from the input up; rounded to what the update unit can multiply with"
    )
    schedule: Literal["constant", "cosine", "cosine_by_batch"] = Field(
        default="cosine",
        description="course of the learning rate over the run: constant; half a cosine towards 0, a step an "
        "epoch; or the same cosine, a step a batch",
    )

    @abstractmethod
    def program(self, rate_bits: int) -> Program:
        """The program for a chip whose multipliers of rates have ``rate_bits`` bits."""

    @property
    def steady(self) -> bool:
        """Whether all batches of an epoch are learned at the same rates."""
        return self.schedule != "cosine_by_batch"

    def rates(self, projections: int, epoch: int, epochs: int, part: float = 0.0) -> tuple[float, ...]:
        """The learning rate of each projection in ``epoch`` (0 ...) of ``epochs``, when ``part`` (0 ... 1) of
        the epoch's samples are learned. A cosine stays at 0 after the last epoch."""
        given = self.learning_rate
        each = (given,) * projections if isinstance(given, int | float) else given
        done = {"constant": 0.0, "cosine": epoch, "cosine_by_batch": epoch + part}[self.schedule]
        factor = 0.5 * (1.0 + cos(pi * min(done / epochs, 1.0)))
        return tuple(rate * factor for rate in each)
