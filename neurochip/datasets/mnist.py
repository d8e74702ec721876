"""The MNIST family: 28 x 28 grey images in four idx files, from a user's folder or from public mirrors.

Own data in the same format (28 x 28 images, labels 0..9, any number of samples) are welcome in a folder; the
``note`` of the data set then says that they are not the official ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from neurochip.datasets import idx
from neurochip.datasets.base import Bytes, Dataset, Folder, Info, Split, make
from neurochip.datasets.locate import download, find, user_folder
from neurochip.errors import DataError

ARCHIVES: Mapping[Split, tuple[str, str]] = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}


@dataclass(frozen=True)
class IdxImages:
    """A data set of four idx files; ``archive_sha256`` is of the official gzip files, by their names."""

    info: Info
    folders: tuple[str, ...]
    """Names that the files' folder may have inside the user's folder."""
    mirrors: tuple[str, ...]
    archive_sha256: Mapping[str, str]

    def load(self, split: Split, data_dir: Folder | None) -> Dataset:
        """One part, from ``data_dir``, else NEUROCHIP_DATA, else a download.

        Raises DataError if files are missing, damaged, of another shape, or those of another data set.
        """
        root = user_folder(data_dir)
        if root is not None:
            images_path, labels_path = find(self.info.name, root, self.folders, ARCHIVES[split])
        else:
            images_path, labels_path = (self._download(archive) for archive in ARCHIVES[split])
        images, labels = self._images(images_path), self._labels(labels_path)
        if len(images) != len(labels):
            raise DataError(
                f"{images_path} holds {len(images)} images, {labels_path.name} {len(labels)} labels; "
                "they are not of the same set"
            )
        dataset = make(self.info, split, images, labels)
        if dataset.sha256 == self.info.sha256[split]:
            return dataset
        _refuse_other(dataset, images_path.parent)
        return replace(dataset, note=f"not the official {self.info.name} files")

    def _download(self, archive: str) -> Path:
        return download(self.info.name, archive, self.archive_sha256[archive], self.mirrors)

    def _images(self, path: Path) -> Bytes:
        images = idx.read(path, axes=3)
        _, height, width = self.info.shape
        if images.shape[1:] != (height, width):
            size = " x ".join(map(str, images.shape[1:]))
            raise DataError(f"{path}: images must be {height} x {width} for {self.info.name}, not {size}")
        return images.reshape(-1, *self.info.shape)

    def _labels(self, path: Path) -> Bytes:
        labels = idx.read(path, axes=1)
        largest = len(self.info.classes) - 1
        if labels.max() > largest:
            where = int(labels.argmax())
            raise DataError(f"{path}: labels must be 0..{largest}, not {labels[where]} (label {where})")
        return labels


def _refuse_other(dataset: Dataset, folder: Path) -> None:
    """Raises DataError if the samples are an official part of the family, but not the one asked for."""
    for info in (MNIST.info, FASHION_MNIST.info):
        for split, sha256 in info.sha256.items():
            if sha256 == dataset.sha256:
                raise DataError(
                    f"{folder}: the files hold the {split} part of {info.name}, "
                    f"not the {dataset.split} part of {dataset.name}; name the right folder"
                )


MNIST = IdxImages(
    info=Info(
        name="mnist",
        shape=(1, 28, 28),
        full_scale=255,
        classes=tuple("0123456789"),
        sizes={"train": 60_000, "test": 10_000},
        sha256={
            "train": "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b",
            "test": "c3f9adf9c66efb572b1f9326c3a511b45910c7173b97be66ceceeeeaef6b802b",
        },
        source="LeCun, Cortes and Burges 1998, The MNIST database, yann.lecun.com/exdb/mnist",
        licence="CC BY-SA 3.0",
    ),
    folders=("mnist",),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    archive_sha256={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
)

FASHION_MNIST = IdxImages(
    info=Info(
        name="fashion_mnist",
        shape=(1, 28, 28),
        full_scale=255,
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        sizes={"train": 60_000, "test": 10_000},
        sha256={
            "train": "16d82e2b505296aa2b78bd5ea0992634f30419a4c97def7c907d154a35ac6157",
            "test": "9f1ec356a747bfe4ebab3cfb722d3694c9ca737e2570f6f90cf31d7b6fd689d4",
        },
        source="Xiao, Rasul and Vollgraf 2017, Fashion-MNIST, arXiv 1708.07747, Zalando Research",
        licence="MIT",
    ),
    folders=("fashion-mnist", "fashion_mnist"),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    archive_sha256={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
)
