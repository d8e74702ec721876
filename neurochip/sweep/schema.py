"""The schema of the sweep YAML: what is varied, how points are chosen, over which seeds."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from neurochip.config import Model, broken
from neurochip.config.text import choice, show, suggestion
from neurochip.sweep.axes import Axis, Wrong
from neurochip.sweep.row import COLUMNS

Strategy = Literal["grid", "list", "random", "latin_hypercube", "nsga2", "tpe"]
Direction = Literal["maximise", "minimise"]

SEARCHES = ("nsga2", "tpe")
DRAWN = ("random", "latin_hypercube")
MOST_POINTS = 1_000_000
TAKEN = (
    "setting", "seed", "seeds", "status", "reason", "point", "command", "value",
    "metric", "n", "mean", "sd", "ci95_low", "ci95_high",
)  # fmt: skip
"""Names of columns that no axis can have."""


class Sweep(Model):
    """A sweep: an experiment on a chip, again and again, with chosen keys changed."""

    name: str = Field(min_length=1, description="name of the sweep; its folder begins with it")
    description: str = Field("", description="what it is for, in a line")
    experiment: str = Field(description="experiment preset, or path of an experiment YAML")
    hardware: str | None = Field(
        None, description="hardware preset or YAML file in place of the experiment's; null: the experiment's"
    )
    sets: tuple[str, ...] = Field(
        (), description="section.key=value overrides of all points, as given to neurochip run --set"
    )
    strategy: Strategy = Field(description="how settings are chosen")
    axes: dict[str, Axis] = Field(min_length=1, description="what is varied, by the name of its column")
    settings: tuple[dict[str, JsonValue], ...] | None = Field(
        None, min_length=1, description="list: the settings, each with a value for every axis"
    )
    points: int | None = Field(
        None, ge=1, le=MOST_POINTS, description="random, latin_hypercube, nsga2, tpe: how many settings"
    )
    sampling_seed: int = Field(0, ge=0, lt=1 << 32, description="seed of the strategy's own draws")
    seeds: tuple[int, ...] = Field((0,), min_length=1, description="seeds of each setting's runs")
    objectives: dict[str, Direction] | None = Field(
        None, min_length=1, max_length=4, description="nsga2, tpe: columns to maximise or minimise"
    )
    population: int = Field(
        16, ge=2, le=10_000, description="nsga2, tpe: settings that are chosen together and then run"
    )
    heat: tuple[str, str] | None = Field(
        None, description="axes of the heat maps, across and up; null: the two with most values"
    )
    maps: tuple[str, ...] = Field(
        ("test_accuracy", "training_energy_nj"), min_length=1, description="columns that get a heat map"
    )
    accuracy: str = Field("test_accuracy", description="column that the Pareto front maximises")
    cost: str = Field("training_energy_nj", description="column that the Pareto front minimises")

    @field_validator("seeds")
    @classmethod
    def _seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        wrong: list[Wrong] = []
        for index, seed in enumerate(seeds):
            if not 0 <= seed < 1 << 32:
                wrong.append((f"{index}", f"must be 0..4294967295, not {seed}"))
            elif seed in seeds[:index]:
                wrong.append((f"{index}", f"must differ from the seeds before it, not be {seed} again"))
        if wrong:
            raise broken(*wrong)
        return seeds

    @model_validator(mode="after")
    def _agrees(self) -> Sweep:
        wrong = [
            *self._wrong_axes(),
            *self._wrong_strategy(),
            *self._wrong_settings(),
            *self._wrong_size(),
            *self._wrong_columns(),
        ]
        if wrong:
            raise broken(*wrong)
        return self

    @property
    def is_search(self) -> bool:
        """Whether settings are chosen by what earlier ones gave."""
        return self.strategy in SEARCHES

    def _wrong_axes(self) -> Iterator[Wrong]:
        homes: dict[str, str] = {}
        for name, axis in self.axes.items():
            where = f"axes.{name}"
            if name in TAKEN or name in COLUMNS or not name.replace("_", "").isalnum():
                yield where, "must be named with letters, digits and _, and not like a column of the table"
            for index, key in enumerate(axis.keys):
                other = homes.setdefault(key, name)
                if other != name:
                    yield f"{where}.keys.{index}", f"must belong to one axis, but {key} is also in {other}"
            if self.hardware is not None and "experiment.hardware" in axis.keys:
                yield "hardware", "must not be given where an axis changes experiment.hardware"
            yield from self._wrong_levels(where, axis)

    def _wrong_levels(self, where: str, axis: Axis) -> Iterator[Wrong]:
        if self.strategy == "list":
            if not axis.empty:
                yield where, "must only have keys: with the strategy list, settings hold the values"
        elif axis.empty:
            yield where, "must have values, or low and high"
        elif self.strategy == "grid" and axis.number is None:
            yield where, "must have a step, or values: a grid needs to know them all"

    def _wrong_strategy(self) -> Iterator[Wrong]:
        needed = {
            "settings": self.strategy == "list",
            "points": self.strategy in (*DRAWN, *SEARCHES),
            "objectives": self.is_search,
        }
        for key, need in needed.items():
            given = getattr(self, key) is not None
            if need != given:
                yield key, f"must {'' if need else 'not '}be given with the strategy {self.strategy}"

    def _wrong_settings(self) -> Iterator[Wrong]:
        for index, setting in enumerate(self.settings or ()):
            for name in self.axes.keys() - setting.keys():
                yield f"settings.{index}", f"must have a value for the axis {name}"
            for name in setting.keys() - self.axes.keys():
                hint = suggestion(name, self.axes)
                yield f"settings.{index}.{name}", f"must be one of the axes, {', '.join(self.axes)}{hint}"

    def _wrong_size(self) -> Iterator[Wrong]:
        grid = prod(axis.number or 1 for axis in self.axes.values())
        settings = grid if self.strategy == "grid" else len(self.settings or ()) or self.points or 0
        number, seeds = settings * len(self.seeds), len(self.seeds)
        if number > MOST_POINTS:
            many = f"{settings:,} settings of {seeds} seed{'s' * (seeds > 1)}"
            yield "", f"must have at most {MOST_POINTS:,} points, not {number:,} ({many})"

    def _wrong_columns(self) -> Iterator[Wrong]:
        columns = [("accuracy", self.accuracy), ("cost", self.cost)]
        columns += [(f"maps.{index}", name) for index, name in enumerate(self.maps)]
        columns += [(f"objectives.{name}", name) for name in self.objectives or ()]
        for where, name in columns:
            if name not in COLUMNS:
                rule = f"must be a column of the table, {choice(list(COLUMNS))}, not {show(name)}"
                yield where, rule + suggestion(name, COLUMNS)
        for index, name in enumerate(self.heat or ()):
            if name not in self.axes:
                yield f"heat.{index}", f"must be one of the axes, {', '.join(self.axes)}, not {show(name)}"
