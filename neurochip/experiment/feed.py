"""Data as the chip receives them: integers in steps of the membrane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.datasets import Dataset, holdout, load, subset
from neurochip.datasets.base import Folder
from neurochip.experiment.schema import Data
from neurochip.fixed import Format, permutation
from neurochip.fixed.jit import kernel

Ints = NDArray[np.integer[Any]]

LABELS_STREAM = 1 << 31
"""Stream of the permutation that shuffles labels; epochs use the streams 0, 1, ..."""


def splits(data: Data, seed: int, data_dir: Folder | None = None) -> dict[str, Dataset]:
    """The parts of an experiment's data: train, test and, if asked for, validation. Raises DataError."""
    train = load(data.name, "train", data_dir)
    test = load(data.name, "test", data_dir)
    parts = {"test": subset(test, data.test) if data.test else test}
    if data.validation:
        train, parts["validation"] = holdout(train, data.validation)
    train = subset(train, data.train) if data.train else train
    if data.labels == "shuffled":
        order = permutation(seed, LABELS_STREAM, len(train))
        note = "; ".join(filter(None, (train.note, "labels shuffled")))
        train = replace(train, labels=train.labels[order].copy(), note=note)
    return {"train": train, **parts}


@dataclass(frozen=True)
class Feed:
    """A data set in integers. ``table``: the membrane's integer for each input value; ``one``: of 1.0."""

    dataset: Dataset
    table: Ints
    one: int

    @classmethod
    def of(cls, dataset: Dataset, membrane: Format) -> Feed:
        """Inputs scaled so that full scale is 1.0, or the largest state of ``membrane``; to nearest."""
        one = min(1 << membrane.frac, membrane.hi)
        full = dataset.full_scale
        table = (2 * np.arange(full + 1, dtype=np.int64) * one + full) // (2 * full)
        return cls(dataset, table.astype(np.int32 if one < 1 << 31 else np.int64), one)

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, indices: Ints, room: Ints | None = None) -> tuple[Ints, Ints, Ints]:
        """Inputs [n, inputs] (channel innermost), targets [n, classes] (one-hot): int32, or int64 where the
        membrane needs it; labels [n]. Raises IndexError.

        ``room``: an earlier call's inputs, which are written over if they are as many: memory that is new
        takes longer than what is written to it.
        """
        labels = self.dataset.labels[indices]
        pixels = self.dataset.inputs.reshape(*self.dataset.inputs.shape[:2], -1)
        if room is None or len(room) < len(indices):
            room = np.empty((len(indices), pixels[0].size), self.table.dtype)
        inputs = room[: len(indices)]
        _look_up(pixels, np.asarray(indices, np.int64), self.table, inputs)
        targets = np.zeros((len(indices), len(self.dataset.classes)), self.table.dtype)
        targets[np.arange(len(indices)), labels] = self.one
        return inputs, targets, labels


@kernel(nogil=True)
def _look_up(pixels: Ints, indices: Ints, table: Ints, values: Ints) -> None:
    """``values = table[pixels]`` of the samples ``indices``. ``pixels``: [samples, channels, places];
    ``values``: [indices, places * channels], written. Calls no other kernel, so that its own file tells
    whether it must be compiled anew."""
    channels = pixels.shape[1]
    for i in range(indices.shape[0]):
        for c in range(channels):
            row, to = pixels[indices[i], c], values[i, c::channels]
            for k in range(row.shape[0]):
                to[k] = table[row[k]]


def batches(order: Ints, size: int) -> Iterator[tuple[int, Ints]]:
    """(first position, indices) of consecutive batches; the last may be smaller."""
    for start in range(0, len(order), size):
        yield start, order[start : start + size]


class Pace:
    """How many batches are fed and trained at a time: as many as take about `SECONDS`, so that who watches
    hears often enough, and little time is spent in between."""

    SECONDS = 0.2

    def __init__(self) -> None:
        self._batches = 1

    def pieces(self, order: Ints, size: int) -> Iterator[tuple[int, Ints]]:
        """(first position, indices) of consecutive pieces of whole batches; the last may be smaller."""
        start = 0
        while start < len(order):
            began, whole = perf_counter(), self._batches * size
            piece = order[start : start + whole]
            yield start, piece
            start += whole
            seconds = perf_counter() - began
            if seconds > self.SECONDS * 2:
                self._batches = max(1, self._batches // 2)
            elif seconds < self.SECONDS / 2 and len(piece) == whole:
                self._batches *= 2
