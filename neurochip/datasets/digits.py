"""The 8 x 8 handwritten digits that ship with the package: no network, no folder, ready at once.

The test set of the UCI "Optical Recognition of Handwritten Digits", 1,797 images with values 0..16; source,
licence and making of the file are in ``digits.LICENSE.md``. The source does not divide these images. Our
division depends on no seed: the last 360 of `stratified_order` are the test part. Nor does the source tell
the writers apart, so both parts hold digits of the same 13 people.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurochip.datasets.base import Dataset, Folder, Info, Split, make
from neurochip.datasets.order import cut
from neurochip.errors import DataError

FILE = Path(__file__).with_name("digits.npz")
FILE_SHA256 = "a4edd52e2c3b437027ad46cba36f51e0680a0c396b8eb8725c235472dc5d9da7"

INFO = Info(
    name="digits",
    shape=(1, 8, 8),
    full_scale=16,
    classes=tuple("0123456789"),
    sizes={"train": 1437, "test": 360},
    sha256={
        "train": "a5f2a205309ce4d4bae9b74f8a99ba498dfaee4112b50084be18d8e1a322f708",
        "test": "7f5b702d04c58cfc8ec35a596c5d35aa8c76ad141b38f7166b3f94cd03eab5c9",
    },
    source="Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, doi 10.24432/C50P49",
    licence="CC BY 4.0",
)


@dataclass(frozen=True)
class Digits:
    """The digits in the package; ``data_dir`` is not used."""

    info: Info

    def load(self, split: Split, data_dir: Folder | None) -> Dataset:
        """One part of the digits. Raises DataError if the file in the package is missing or damaged."""
        with np.load(io.BytesIO(_verified_bytes(FILE))) as archive:
            inputs, labels = archive["inputs"][:, np.newaxis], archive["labels"]
        train, test = cut(inputs, labels, self.info.sizes["test"])
        part = train if split == "train" else test
        return make(self.info, split, inputs[part], labels[part])


def _verified_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"digits: cannot read {path} ({error.strerror}); install neurochip again") from error
    if hashlib.sha256(content).hexdigest() != FILE_SHA256:
        raise DataError(f"digits: {path} is damaged (its sha256 is wrong); install neurochip again")
    return content


DIGITS = Digits(INFO)
