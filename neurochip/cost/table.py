"""Price tables: the schema of ``hw_configs/energy/*.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from neurochip.config import Model, Source, broken, build, find_preset
from neurochip.config.text import suggestion
from neurochip.cost.entries import ActionPrice, AreaPrice, ClockPrice, Curve, Included, StaticPrice
from neurochip.counts import ACTIONS

FOLDER = "energy"
CONVERSIONS = "adc_conversions"
"""The action whose price follows the bits of converters."""


class PriceTable(Model):
    """What every counted action costs on a chip of some technology, and where each price is from."""

    name: str = Field(min_length=1, description="Name of the table.")
    description: str = Field(min_length=1, description="What it is, in a line.")
    node_nm: float = Field(ge=1, le=1000, description="Process node that is priced.")
    voltage_v: float = Field(ge=0.1, le=5, description="Supply voltage that is priced.")
    bits_per_cell: int | None = Field(
        None, ge=1, le=16, description="Bits of a weight that a cell holds; null: all of them."
    )
    unused_cores: Literal["on", "gated"] = Field(
        description="Cores on which nothing is placed: they leak and have a clock, or neither."
    )
    sources: dict[str, str] = Field(min_length=1, description="The sources by a short name.")
    actions: dict[str, tuple[ActionPrice, ...]] = Field(
        description="Energy of every counted action: what adds up to it."
    )
    static: tuple[StaticPrice, ...] = Field(min_length=1, description="What flows whatever happens.")
    clock: tuple[ClockPrice, ...] = Field(min_length=1, description="What every cycle costs, idle or not.")
    area: tuple[AreaPrice, ...] = Field((), description="Areas, where there is a source.")

    @classmethod
    def load(cls, name_or_path: str | Path, sets: Iterable[str] = ()) -> PriceTable:
        """The table of a preset or YAML file, after ``key=value`` overrides; ConfigError if not valid."""
        return build(Source.read(find_preset(name_or_path, FOLDER)).override_all(sets), cls)

    @model_validator(mode="after")
    def _is_whole(self) -> PriceTable:
        wrong = [
            *self._unknown(),
            *self._unsourced(),
            *self._empty(),
            *self._nowhere(),
            *self._no_conversion(),
        ]
        if wrong:
            raise broken(*wrong)
        return self

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Every price, and its key."""
        for action, prices in self.actions.items():
            yield from ((f"actions.{action}.{index}", price) for index, price in enumerate(prices))
        for section in ("static", "clock", "area"):
            for index, price in enumerate(getattr(self, section)):
                yield f"{section}.{index}", price

    def _unknown(self) -> Iterator[tuple[str, str]]:
        for action in self.actions:
            if action not in ACTIONS:
                hint = suggestion(action, ACTIONS)
                yield f"actions.{action}", f"prices an action that is never counted{hint}"

    def _empty(self) -> Iterator[tuple[str, str]]:
        for action, prices in self.actions.items():
            if not prices:
                yield f"actions.{action}", "must have a price or more, not none"

    def _unsourced(self) -> Iterator[tuple[str, str]]:
        used = {price.source for _, price in self.entries()}
        for key, price in self.entries():
            if price.source not in self.sources:
                hint = suggestion(price.source, self.sources)
                yield f"{key}.source", f"must be one of sources, not {price.source!r}{hint}"
        for name in self.sources.keys() - used:
            yield f"sources.{name}", "is the source of no price"
        for name, text in self.sources.items():
            if not text.strip():
                yield f"sources.{name}", "must say where to find it"

    def _nowhere(self) -> Iterator[tuple[str, str]]:
        """Prices said to be in another one must be in one that is a price."""
        for key, price in self.entries():
            if isinstance(price, Included) and not self._is_price(price.included_in):
                yield (
                    f"{key}.included_in",
                    f"must be static or an action with a price, not {price.included_in!r}",
                )

    def _is_price(self, name: str) -> bool:
        prices = self.actions.get(name, ())
        return name == "static" or any(not isinstance(price, Included) for price in prices)

    def _no_conversion(self) -> Iterator[tuple[str, str]]:
        """Only a conversion has a converter's bits; other actions are counted on chips without one, too."""
        for key, price in self.entries():
            if isinstance(price, Curve) and not key.startswith(f"actions.{CONVERSIONS}."):
                yield f"{key}.model", f"must be curve for {CONVERSIONS} alone"
