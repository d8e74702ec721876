"""The schema of the experiment YAML: what is learned, by which rule, on which data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from neurochip.config import Model, broken, require_one_of
from neurochip.datasets import DATASETS, info
from neurochip.network import NetworkConfig
from neurochip.rules import EP


class Data(Model):
    """Which samples are used. Test samples only ever measure."""

    name: str = Field(description="data set", json_schema_extra={"enum": list(DATASETS)})
    train: int | None = Field(None, ge=1, description="samples to train on, in a fixed stratified order; null: all")
    test: int | None = Field(None, ge=1, description="samples to test on, likewise; null: all")
    validation: int = Field(
        0, ge=0, description="samples held out of the training part, for choices that must not be made on test data"
    )
    labels: Literal["true", "shuffled"] = Field(
        "true", description="shuffled: training labels in random order, a control that must end at chance"
    )

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        return require_one_of(name, DATASETS)


class Experiment(Model):
    """An experiment: everything but the chip that decides what a run computes."""

    name: str = Field(min_length=1, description="name of the experiment; run folders begin with it")
    description: str = Field("", description="what it is for, in a line")
    hardware: str = Field(description="hardware preset, or path of a hardware YAML")
    data: Data = Field(description="data set and split")
    network: NetworkConfig = Field(description="the layers")
    rule: EP = Field(description="learning rule and its constants")
    epochs: int = Field(ge=1, le=100_000, description="passes over the training samples")
    batch: int = Field(ge=1, le=65_536, description="samples whose updates are summed before weights are written")
    seed: int = Field(0, ge=0, lt=1 << 32, description="names all random draws: weights, order, rounding")

    @model_validator(mode="after")
    def _agrees(self) -> Experiment:
        wrong = []
        rate, layers = self.rule.learning_rate, len(self.network.layers)
        if isinstance(rate, tuple) and len(rate) != layers:
            wrong.append(("rule.learning_rate", f"must be one number or {layers}, one for each layer, not {len(rate)}"))
        if any(r < 0 for r in (rate if isinstance(rate, tuple) else (rate,))):
            wrong.append(("rule.learning_rate", "must be 0 or more"))
        classes, units = len(info(self.data.name).classes), self.network.layers[-1].units
        if units != classes:
            key = f"network.layers.{layers - 1}.units"
            wrong.append((key, f"must be {classes}, one output for each class of {self.data.name}, not {units}"))
        available = info(self.data.name).sizes["train"]
        if (self.data.train or 1) + self.data.validation > available:
            wrong.append(("data.train", f"and data.validation must together be at most {available}"))
        if (self.data.test or 1) > info(self.data.name).sizes["test"]:
            wrong.append(("data.test", f"must be at most {info(self.data.name).sizes['test']}, not {self.data.test}"))
        if wrong:
            raise broken(*wrong)
        return self
