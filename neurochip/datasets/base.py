"""What a data set is, and what the shelf says of one before any file is read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from neurochip.errors import DataError

Split = Literal["train", "test"]
Bytes = npt.NDArray[np.uint8]
Folder = str | os.PathLike[str]


@dataclass(frozen=True)
class Info:
    """What is known of a data set without reading it; ``sha256``: the fingerprint of each official part."""

    name: str
    shape: tuple[int, int, int]
    """Channels, height, width of one sample."""
    full_scale: int
    """The input value that stands for 1.0."""
    classes: tuple[str, ...]
    sizes: Mapping[Split, int]
    sha256: Mapping[Split, str]
    source: str
    licence: str


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled samples held in memory; the arrays are made read-only.

    inputs: uint8 [n, channels, height, width], 0..full_scale; labels: uint8 [n], an index into ``classes``.
    ``split`` names the part that the samples come from, also after `holdout` and `subset`. ``note`` says what
    was done to them, and whether they are somebody's own data; it is empty for an official part as it is.
    Raises DataError if the arrays do not belong together.

    Event data will be a second frozen record beside this one, with the same labels, classes and provenance
    and with inputs [n, ticks, channels, height, width]; the order of samples does not look into a sample.
    """

    name: str
    split: Split
    inputs: Bytes = field(repr=False)
    full_scale: int
    labels: Bytes = field(repr=False)
    classes: tuple[str, ...]
    source: str
    licence: str
    note: str = ""

    def __post_init__(self) -> None:
        for what, array, axes in (("inputs", self.inputs, 4), ("labels", self.labels, 1)):
            if array.dtype != np.uint8 or array.ndim != axes:
                raise DataError(
                    f"{self.name}: {what} must be uint8 with {axes} axes, not {array.dtype} with {array.ndim}"
                )
            array.setflags(write=False)
        if (largest := self.inputs.max(initial=0)) > self.full_scale:
            raise DataError(f"{self.name}: inputs must be 0..{self.full_scale}, not {largest}")
        if len(self.inputs) != len(self.labels):
            raise DataError(f"{self.name}: {len(self.inputs)} inputs and {len(self.labels)} labels")

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def sha256(self) -> str:
        """Fingerprint of the samples in their order: SHA-256 of the inputs' bytes, then the labels'."""
        digest = hashlib.sha256(self.inputs.tobytes())
        digest.update(self.labels.tobytes())
        return digest.hexdigest()


class Source(Protocol):
    """An entry of the shelf: what is known of a data set, and how to read one part of it."""

    @property
    def info(self) -> Info: ...

    def load(self, split: Split, data_dir: Folder | None) -> Dataset:
        """One part of the data set. Raises DataError if it is missing or damaged."""
        ...


def make(info: Info, split: Split, inputs: Bytes, labels: Bytes) -> Dataset:
    """A part of the data set that ``info`` describes; arrays as in `Dataset`."""
    return Dataset(
        name=info.name,
        split=split,
        inputs=inputs,
        full_scale=info.full_scale,
        labels=labels,
        classes=info.classes,
        source=info.source,
        licence=info.licence,
    )
