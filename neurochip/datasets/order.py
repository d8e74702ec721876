"""One fixed order of the samples of a data set, and the parts that are cut from it.

The order depends on the samples alone: on no seed, no random generator, no position in a file.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from neurochip.datasets.base import Bytes, Dataset
from neurochip.errors import DataError

Indices = npt.NDArray[np.int64]


def stratified_order(inputs: Bytes, labels: Bytes) -> Indices:
    """Indices [n] of all samples: any stretch from the front or the back has each class in about its share.

    Within a class the samples go by the SHA-256 of their bytes (equal samples by index). Then the classes
    are interleaved: sample r of a class of m stands at (r + 1/2) / m, ties by label.
    """
    keys = [hashlib.sha256(sample.tobytes()).digest() for sample in inputs]
    by_key = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    key_labels = labels[by_key]
    position = np.empty(len(keys))
    for label in np.unique(labels):
        members = key_labels == label
        size = np.count_nonzero(members)
        position[members] = (np.arange(size) + 0.5) / size
    order: Indices = by_key[np.lexsort((key_labels, position))]
    return order


def cut(inputs: Bytes, labels: Bytes, n: int) -> tuple[Indices, Indices]:
    """Indices of all but the last ``n`` of the stratified order, and of these last; each part ascending."""
    order = stratified_order(inputs, labels)
    return np.sort(order[:-n]), np.sort(order[-n:])


def holdout(dataset: Dataset, n: int) -> tuple[Dataset, Dataset]:
    """Training and validation part: the last ``n`` samples of the stratified order are held out.

    For choices that must not be made on test data. Both parts keep the order of ``dataset``; a `subset`
    of up to ``len(dataset) - n`` samples has none of the held-out ones.
    Raises DataError if ``n`` leaves one of the parts empty.
    """
    _check_count("holdout", dataset, n, len(dataset) - 1)
    rest, held_out = cut(dataset.inputs, dataset.labels, n)
    training = _select(dataset, rest, f"training part, {n} of {len(dataset)} held out")
    return training, _select(dataset, held_out, f"validation part, {n} of {len(dataset)}")


def subset(dataset: Dataset, n: int) -> Dataset:
    """The first ``n`` samples of the stratified order, in that order: a smaller subset starts a larger one.

    Raises DataError if ``n`` is not 1..len(dataset).
    """
    _check_count("subset", dataset, n, len(dataset))
    order = stratified_order(dataset.inputs, dataset.labels)
    return _select(dataset, order[:n], f"subset, {n} of {len(dataset)}")


def _check_count(who: str, dataset: Dataset, n: int, largest: int) -> None:
    if not 1 <= n <= largest:
        raise DataError(f"{who}: n must be 1..{largest}, not {n} ({dataset.name}, {dataset.split})")


def _select(dataset: Dataset, indices: Indices, note: str) -> Dataset:
    return replace(
        dataset,
        inputs=dataset.inputs[indices],
        labels=dataset.labels[indices],
        note="; ".join(filter(None, (dataset.note, note))),
    )
