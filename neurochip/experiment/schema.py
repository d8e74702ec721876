"""The schema of the experiment YAML: what is learned, by which rule, on which data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator, model_validator

from neurochip.config import Model, broken, require_one_of
from neurochip.datasets import DATASETS, info
from neurochip.network import NetworkConfig
from neurochip.rules import EP

HIGHEST_RATE = 1000
"""Above it every update saturates its weight."""

Wrong = tuple[str, str]
"""A key and the rule that its value breaks."""


class Data(Model):
    """Which samples are used. Test samples only ever measure."""

    name: str = Field(description="data set", json_schema_extra={"enum": list(DATASETS)})
    train: int | None = Field(
        default=None, ge=1, description="samples to train on, in a fixed stratified order; null: all"
    )
    test: int | None = Field(default=None, ge=1, description="samples to test on, likewise; null: all")
    validation: int = Field(
        default=0,
        ge=0,
        description="samples held out of the training part, for choices that must not be made on test data",
    )
    labels: Literal["true", "shuffled"] = Field(
        default="true",
        description="shuffled: training labels in random order, a control that must end at chance",
    )

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return require_one_of(name, DATASETS)


class PlacementChoice(Model):
    """How the network is laid out on the chip; the bits that are learned do not depend on it."""

    fold_pooling: bool = Field(
        default=False,
        description="crossbars hold the kernel with the average pooling folded in: fewer reads, wider cells",
    )


class Experiment(Model):
    """An experiment: everything but the chip that decides what a run computes."""

    name: str = Field(min_length=1, description="name of the experiment; run folders begin with it")
    description: str = Field("", description="what it is for, in a line")
    hardware: str = Field(description="hardware preset, or path of a hardware YAML")
    data: Data = Field(description="data set and split")
    network: NetworkConfig = Field(description="the layers")
    rule: EP = Field(description="learning rule and its constants")
    placement: PlacementChoice = Field(
        default_factory=PlacementChoice,
        description="how the network is laid out on the chip",
    )
    epochs: int = Field(ge=1, le=100_000, description="passes over the training samples")
    batch: int = Field(
        ge=1, le=65_536, description="samples whose updates are summed before weights are written"
    )
    seed: int = Field(
        default=0, ge=0, lt=1 << 32, description="names all random draws: weights, order, rounding"
    )

    @model_validator(mode="after")
    def _agrees(self) -> Experiment:
        wrong = [*self._wrong_rates(), *self._wrong_output(), *self._wrong_samples()]
        if wrong:
            raise broken(*wrong)
        return self

    def _wrong_rates(self) -> Iterator[Wrong]:
        rate, layers = self.rule.learning_rate, len(self.network.layers)
        if isinstance(rate, tuple) and len(rate) != layers:
            yield "rule.learning_rate", f"must be one number or {layers}, one for each layer, not {len(rate)}"
        each = rate if isinstance(rate, tuple) else (rate,)
        outside = [r for r in each if not 0 <= r <= HIGHEST_RATE]
        if outside:
            yield "rule.learning_rate", f"must be 0..{HIGHEST_RATE}, not {outside[0]:g}"

    def _wrong_output(self) -> Iterator[Wrong]:
        classes, last = len(info(self.data.name).classes), len(self.network.layers) - 1
        units = getattr(self.network.layers[last], "units", None)
        if units is None:
            yield (
                f"network.layers.{last}.kind",
                "must be dense: the last layer holds one output for each class",
            )
        elif units != classes:
            rule = f"must be {classes}, one output for each class of {self.data.name}, not {units}"
            yield f"network.layers.{last}.units", rule

    def _wrong_samples(self) -> Iterator[Wrong]:
        sizes, wanted = info(self.data.name).sizes, self.data
        if (wanted.train or 1) + wanted.validation > sizes["train"]:
            there = f"must be at most {sizes['train']}, all training samples of {wanted.name}"
            if wanted.train is None:
                yield "data.validation", f"must be at most {sizes['train'] - 1}, not {wanted.validation}"
            elif wanted.validation:
                yield "data.train", f"and data.validation {there}, not {wanted.train} and {wanted.validation}"
            else:
                yield "data.train", f"{there}, not {wanted.train}"
        if (wanted.test or 1) > sizes["test"]:
            rule = f"must be at most {sizes['test']}, all test samples of {wanted.name}, not {wanted.test}"
            yield "data.test", rule
