"""The shelf of data sets: `load` a part of one, `shape` and `info` without reading, `holdout` and `subset`.

A new data set is a file here and a name in DATASETS.
"""

from __future__ import annotations

from neurochip.datasets.base import Dataset, Folder, Info, Source, Split
from neurochip.datasets.digits import DIGITS
from neurochip.datasets.mnist import FASHION_MNIST, MNIST
from neurochip.datasets.order import holdout, stratified_order, subset
from neurochip.errors import DataError

__all__ = [
    "DATASETS",
    "Dataset",
    "Info",
    "Source",
    "Split",
    "holdout",
    "info",
    "load",
    "shape",
    "stratified_order",
    "subset",
]

DATASETS: dict[str, Source] = {
    "digits": DIGITS,
    "mnist": MNIST,
    "fashion_mnist": FASHION_MNIST,
}


def load(name: str, split: Split, data_dir: Folder | None = None) -> Dataset:
    """One part of a data set, from ``data_dir``, else the folder NEUROCHIP_DATA, else a checked download.

    ``data_dir`` holds the files themselves or a folder named like the data set; `digits` is in the package.
    Raises DataError if there is no such data set or part, or if its files are missing or damaged.
    """
    source = _entry(name)
    if split not in source.info.sizes:
        raise DataError(f"{name}: split must be one of {', '.join(source.info.sizes)}, not {split!r}")
    return source.load(split, data_dir)


def info(name: str) -> Info:
    """What is known of a data set without reading it. Raises DataError if there is none of that name."""
    return _entry(name).info


def shape(name: str) -> tuple[int, int, int]:
    """Channels, height, width of a sample. Raises DataError if there is no data set of that name."""
    return info(name).shape


def _entry(name: str) -> Source:
    if name not in DATASETS:
        raise DataError(f"dataset must be one of {', '.join(DATASETS)}, not {name!r}")
    return DATASETS[name]
