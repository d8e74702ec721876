"""Axes of a sweep: which keys change together, and the values that they take."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, floor, log
from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from neurochip.config import Model, broken

SECTIONS = ("hardware.", "experiment.")
DIGITS = 6
"""Significant digits of a real value that was drawn: enough, and short to read."""

MOST = 10**15
"""Size of a range's ends: integers up to here are exact as reals, too."""

Wrong = tuple[str, str]


class Axis(Model):
    """One thing that is varied: a list of ``values``, or a range from ``low`` to ``high``.

    A range is of integers if low, high and step are; grids need a ``step``, other strategies do not.
    """

    keys: tuple[str, ...] = Field(
        min_length=1, description="dotted keys that get the value, such as hardware.registers.weight.bits"
    )
    values: tuple[JsonValue, ...] | None = Field(None, min_length=1, description="the values, in order")
    low: int | float | None = Field(None, ge=-MOST, le=MOST, description="lowest value of a range")
    high: int | float | None = Field(None, ge=-MOST, le=MOST, description="highest value of a range")
    step: int | float | None = Field(None, gt=0, description="distance of two values of a range")
    scale: Literal["linear", "log"] = Field("linear", description="how a range without step is drawn from")

    @field_validator("keys")
    @classmethod
    def _known(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [*_wrong_keys(keys)]
        if wrong:
            raise broken(*wrong)
        return keys

    @model_validator(mode="after")
    def _agrees(self) -> Axis:
        wrong = list(self._wrong_values() if self.values is not None else self._wrong_range())
        if wrong:
            raise broken(*wrong)
        return self

    def _wrong_values(self) -> Iterator[Wrong]:
        if any(bound is not None for bound in (self.low, self.high, self.step)):
            yield "", "must have values, or low and high, not both"
        texts = [repr(value) for value in self.values or ()]
        for index, text in enumerate(texts):
            if text in texts[:index]:
                yield f"values.{index}", f"must differ from the values before it, not be {text} again"

    def _wrong_range(self) -> Iterator[Wrong]:
        if (self.low is None) != (self.high is None):
            yield ("high" if self.high is None else "low"), "must be given: a range has both low and high"
        if self.low is None or self.high is None:
            return
        if self.low >= self.high:
            yield "high", f"must be more than low, {self.low}, not {self.high}"
        if self.scale == "log" and (self.low <= 0 or self.step is not None):
            yield "scale", "must be linear where low is 0 or less, or a step is given"

    @property
    def empty(self) -> bool:
        """Whether the axis only names keys, as the list strategy wants it."""
        return self.values is None and self.low is None

    @property
    def whole(self) -> bool:
        """Whether the range is one of integers."""
        return all(isinstance(it, int) for it in (self.low, self.high, 1 if self.step is None else self.step))

    @property
    def number(self) -> int | None:
        """How many values; None for a range of reals without a step, or of integers on a log scale."""
        if self.values is not None:
            return len(self.values)
        if self.low is None or self.high is None or (self.step is None and not self._counted):
            return None
        return floor((self.high - self.low) / (self.step or 1) + 1e-9) + 1

    def level(self, index: int) -> Any:
        """One of the ``number`` values, of which a range may have more than can be listed."""
        if self.values is not None:
            return self.values[index]
        return self._tidy((self.low or 0) + index * (self.step or 1))

    def levels(self) -> list[Any]:
        """All values, in order, of an axis that has a ``number``."""
        return [self.level(index) for index in range(self.number or 0)]

    def at(self, share: float) -> Any:
        """The value at a share (0 <= share < 1) of the axis; equal shares for equally likely values."""
        if self.number is not None:
            return self.level(min(int(share * self.number), self.number - 1))
        low, high = float(self.low or 0), float(self.high or 0)
        if self.scale == "log":
            value = exp(log(low) + share * (log(high) - log(low)))
        else:
            value = low + share * (high - low)
        return round(value) if self.whole else float(f"{value:.{DIGITS}g}")

    @property
    def _counted(self) -> bool:
        return self.whole and self.scale == "linear"

    def _tidy(self, value: float) -> int | float:
        return int(value) if self.whole else float(f"{value:.12g}")


def _wrong_keys(keys: tuple[str, ...]) -> Iterator[Wrong]:
    for index, key in enumerate(keys):
        if not key.startswith(SECTIONS) or not all(key.split(".")):
            yield f"{index}", f"must be a dotted key that begins with hardware. or experiment., not {key!r}"
        elif key in ("experiment.seed", "experiment.name", "experiment.description"):
            yield (
                f"{index}",
                "must not be experiment.seed: list the seeds in the key seeds of the sweep"
                if key == "experiment.seed"
                else f"must change what is computed, which {key} does not",
            )
        elif key in keys[:index]:
            yield f"{index}", f"must be named once, not {key} again"
