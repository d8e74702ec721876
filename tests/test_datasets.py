"""The shelf of data sets: every entry through the same properties, the idx reader against damaged files."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pooch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurochip import datasets
from neurochip.datasets import DATASETS, Dataset, digits, locate
from neurochip.errors import DataError

FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
IDX_SETS = ("mnist", "fashion_mnist")
LOCAL_NAMES = {"mnist": "mnist", "fashion_mnist": "fashion-mnist"}
SPLITS = ("train", "test")
REAL_RETRIEVE = pooch.retrieve


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every test starts without a user's folder, with an empty cache, and with a network that refuses."""

    def refuse(url: str, *args: Any, **kwargs: Any) -> str:
        raise ConnectionRefusedError("connection refused")

    monkeypatch.delenv(locate.DATA_VARIABLE, raising=False)
    monkeypatch.setenv(locate.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(pooch, "retrieve", refuse)


@pytest.fixture(scope="session")
def data_dir() -> str:
    """The folder with the real data sets; tests that want it are skipped where there is none."""
    folder = os.environ.get(locate.DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{locate.DATA_VARIABLE} names no folder with the real data")
    return folder


def idx_bytes(array: np.ndarray) -> bytes:
    return (
        struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    )


def samples(n: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (n, 28, 28), dtype=np.uint8), random.integers(0, 10, n, dtype=np.uint8)


def write_set(folder: Path, *, packed: bool = True) -> None:
    """Small sets in the format of MNIST: 20 training and 20 test samples."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, names in enumerate(FILES.values()):
        for name, array in zip(names, samples(seed=seed), strict=True):
            content = idx_bytes(array)
            path = folder / (name if packed else name.removesuffix(".gz"))
            path.write_bytes(gzip.compress(content) if packed else content)


def toy(labels: list[int]) -> Dataset:
    inputs = np.arange(len(labels) * 4, dtype=np.uint32).astype(np.uint8).reshape(-1, 1, 2, 2)
    names = tuple("0123456789")
    return Dataset("toy", "train", inputs, 255, np.array(labels, np.uint8), names, "here", "none")


def rows(dataset: Dataset) -> set[bytes]:
    return {sample.tobytes() for sample in dataset.inputs}


@pytest.fixture(params=[(name, split) for name in DATASETS for split in SPLITS], ids=lambda p: "-".join(p))
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Dataset:
    """Every part of every entry, from small files where it does not ship with the package."""
    name, split = request.param
    write_set(tmp_path)
    return datasets.load(name, split, tmp_path)


class TestEveryEntry:
    def test_has_the_shape_and_range_that_its_info_declares(self, loaded: Dataset) -> None:
        info = datasets.info(loaded.name)
        assert loaded.inputs.shape == (len(loaded), *info.shape)
        assert loaded.labels.shape == (len(loaded),)
        assert loaded.inputs.dtype == loaded.labels.dtype == np.uint8
        assert loaded.inputs.max() <= loaded.full_scale == info.full_scale
        assert loaded.labels.max() < len(loaded.classes)
        assert len(set(info.classes)) == len(info.classes) == 10
        assert datasets.shape(loaded.name) == info.shape

    def test_names_its_source_and_licence(self, loaded: Dataset) -> None:
        assert loaded.source
        assert loaded.licence

    def test_is_read_only(self, loaded: Dataset) -> None:
        with pytest.raises(ValueError, match="read-only"):
            loaded.inputs[0] = 0
        with pytest.raises(ValueError, match="read-only"):
            loaded.labels[0] = 0
        with pytest.raises(AttributeError):
            loaded.note = "changed"

    def test_is_the_same_when_loaded_again(self, loaded: Dataset, tmp_path: Path) -> None:
        again = datasets.load(loaded.name, loaded.split, tmp_path)
        assert again.sha256 == loaded.sha256
        assert again is not loaded

    def test_fingerprint_covers_inputs_and_labels(self, loaded: Dataset) -> None:
        reversed_inputs = datasets.subset(loaded, len(loaded))
        assert reversed_inputs.sha256 != loaded.sha256

    def test_holdout_divides_and_keeps_order(self, loaded: Dataset) -> None:
        n = len(loaded) // 4
        training, validation = datasets.holdout(loaded, n)
        assert len(validation) == n
        assert len(training) == len(loaded) - n
        assert not rows(training) & rows(validation)
        assert rows(training) | rows(validation) == rows(loaded)
        place = {sample.tobytes(): i for i, sample in enumerate(loaded.inputs)}
        for part in (training, validation):
            assert part.split == loaded.split
            assert [place[sample.tobytes()] for sample in part.inputs] == sorted(place[s] for s in rows(part))
            assert all(
                loaded.labels[place[s.tobytes()]] == label
                for s, label in zip(part.inputs, part.labels, strict=True)
            )
        assert f"{n} of {len(loaded)}" in validation.note

    def test_subsets_nest_and_avoid_the_held_out(self, loaded: Dataset) -> None:
        n = len(loaded) // 4
        _, validation = datasets.holdout(loaded, n)
        large = datasets.subset(loaded, len(loaded) - n)
        assert not rows(large) & rows(validation)
        np.testing.assert_array_equal(datasets.subset(loaded, n).inputs, large.inputs[:n])

    def test_part_sizes_are_checked(self, loaded: Dataset) -> None:
        n = len(loaded)
        for wrong in (0, -1, n):
            with pytest.raises(
                DataError, match=rf"holdout: n must be 1\.\.{n - 1}, not {wrong} \({loaded.name}"
            ):
                datasets.holdout(loaded, wrong)
        for wrong in (0, n + 1):
            with pytest.raises(DataError, match=rf"subset: n must be 1\.\.{n}, not {wrong}"):
                datasets.subset(loaded, wrong)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", DATASETS)
def test_official_files_are_those_declared(
    name: str, split: Any, data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(locate.DATA_VARIABLE, data_dir)
    dataset, info = datasets.load(name, split), datasets.info(name)
    assert dataset.sha256 == info.sha256[split]
    assert len(dataset) == info.sizes[split]
    assert dataset.note == ""
    assert dataset.inputs.max() == dataset.full_scale
    assert np.bincount(dataset.labels).min() > 0


def test_real_mnist_is_not_taken_for_fashion(data_dir: str) -> None:
    with pytest.raises(DataError, match="hold the test part of mnist, not the test part of fashion_mnist"):
        datasets.load("fashion_mnist", "test", Path(data_dir) / "mnist")


class TestDigits:
    def test_the_division_is_fixed(self) -> None:
        info = datasets.info("digits")
        for split in SPLITS:
            part = datasets.load("digits", split)
            assert (len(part), part.sha256) == (info.sizes[split], info.sha256[split])
            assert part.note == ""

    def test_the_division_is_stratified_and_complete(self) -> None:
        train, test = datasets.load("digits", "train"), datasets.load("digits", "test")
        total = np.bincount(train.labels) + np.bincount(test.labels)
        # The class counts of the source, as scikit-learn describes them.
        assert total.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
        assert np.abs(np.bincount(test.labels) - total * 360 / 1797).max() < 1
        assert not rows(train) & rows(test)

    def test_a_damaged_file_is_refused(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        damaged = tmp_path / "digits.npz"
        content = bytearray(digits.FILE.read_bytes())
        content[1000] ^= 1
        damaged.write_bytes(content)
        monkeypatch.setattr(digits, "FILE", damaged)
        with pytest.raises(DataError, match=r"digits\.npz is damaged.*install neurochip again"):
            datasets.load("digits", "train")

    def test_a_missing_file_is_reported(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(digits, "FILE", tmp_path / "none.npz")
        with pytest.raises(DataError, match=r"cannot read .*none\.npz \(No such file"):
            datasets.load("digits", "test")


class TestOrder:
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
    def test_every_prefix_holds_the_classes_in_their_share(self, labels: list[int]) -> None:
        data = toy(labels)
        order = datasets.stratified_order(data.inputs, data.labels)
        assert sorted(order) == list(range(len(labels)))
        counts = np.bincount(labels, minlength=10)
        # A class of m is off its own share by 1/2 at most, and the prefix as a whole by 1/2 for each class.
        slack = 1 + 0.5 * np.count_nonzero(counts) * counts / len(labels)
        for n in range(len(labels) + 1):
            prefix = np.bincount(data.labels[order[:n]], minlength=10)
            assert (np.abs(prefix - n * counts / len(labels)) <= slack).all()

    def test_does_not_depend_on_the_order_of_the_file(self) -> None:
        inputs, labels = samples(40)
        shuffled = np.random.default_rng(1).permutation(40)
        first = inputs[datasets.stratified_order(inputs, labels)]
        second = inputs[shuffled][datasets.stratified_order(inputs[shuffled], labels[shuffled])]
        np.testing.assert_array_equal(first, second)

    def test_equal_samples_keep_their_order(self) -> None:
        inputs = np.zeros((5, 1, 2, 2), np.uint8)
        assert datasets.stratified_order(inputs, np.zeros(5, np.uint8)).tolist() == [0, 1, 2, 3, 4]

    def test_notes_add_up(self) -> None:
        training, _ = datasets.holdout(toy([0, 1] * 5), 2)
        assert datasets.subset(training, 4).note == "training part, 2 of 10 held out; subset, 4 of 8"


class TestDataset:
    def test_arrays_must_belong_together(self) -> None:
        with pytest.raises(DataError, match="toy: 2 inputs and 3 labels"):
            replace(toy([0, 1]), labels=np.zeros(3, np.uint8))

    def test_arrays_must_be_bytes(self) -> None:
        with pytest.raises(DataError, match="inputs must be uint8 with 4 axes, not float64 with 2"):
            replace(toy([0, 1]), inputs=np.zeros((2, 4)))

    def test_unknown_names_are_refused(self) -> None:
        with pytest.raises(
            DataError, match="dataset must be one of digits, mnist, fashion_mnist, not 'minst'"
        ):
            datasets.load("minst", "train")
        with pytest.raises(DataError, match="dataset must be one of"):
            datasets.shape("minst")
        with pytest.raises(DataError, match="digits: split must be one of train, test, not 'validation'"):
            datasets.load("digits", "validation")


@pytest.mark.parametrize("name", IDX_SETS)
class TestLocalFiles:
    @pytest.mark.parametrize("packed", [True, False])
    @pytest.mark.parametrize("place", ["folder", "parent", "parent, underscore", "variable"])
    def test_are_found(
        self, name: str, place: str, packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inside = {"folder": ".", "parent, underscore": name}.get(place, LOCAL_NAMES[name])
        write_set(tmp_path / inside, packed=packed)
        if place == "variable":
            monkeypatch.setenv(locate.DATA_VARIABLE, str(tmp_path))
        for seed, split in enumerate(SPLITS):
            dataset = datasets.load(name, split, None if place == "variable" else tmp_path)
            images, labels = samples(seed=seed)
            np.testing.assert_array_equal(dataset.inputs[:, 0], images)
            np.testing.assert_array_equal(dataset.labels, labels)
            assert dataset.note == f"not the official {name} files"

    def test_of_data_dir_win(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(locate.DATA_VARIABLE, str(tmp_path / "missing"))
        write_set(tmp_path / "here")
        assert len(datasets.load(name, "train", str(tmp_path / "here"))) == 20

    @pytest.mark.parametrize("which", [0, 1])
    @pytest.mark.parametrize("keep", [3, 5, 15, 100])
    def test_truncated(self, name: str, which: int, keep: int, tmp_path: Path) -> None:
        write_set(tmp_path, packed=False)
        path = tmp_path / FILES["train"][which].removesuffix(".gz")
        content = path.read_bytes()
        path.write_bytes(content[: min(keep, len(content) - 1)])
        with pytest.raises(
            DataError, match=rf"{path.name}: (is truncated.*get the file again|must start with 0x0000080)"
        ):
            datasets.load(name, "train", tmp_path)

    def test_truncated_says_how_much(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path, packed=False)
        path = tmp_path / "t10k-labels-idx1-ubyte"
        path.write_bytes(path.read_bytes()[:-3])
        with pytest.raises(DataError, match=r"is truncated: sizes \(20,\) need 28 bytes, not 25"):
            datasets.load(name, "test", tmp_path)

    def test_too_long(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path, packed=False)
        path = tmp_path / "t10k-labels-idx1-ubyte"
        path.write_bytes(path.read_bytes() + b"\0")
        with pytest.raises(DataError, match="is too long"):
            datasets.load(name, "test", tmp_path)

    def test_wrong_magic(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path)
        images, labels = (tmp_path / file for file in FILES["train"])
        images.write_bytes(labels.read_bytes())
        with pytest.raises(DataError, match=r"must start with 0x00000803 \(idx, images\), not 0x00000801"):
            datasets.load(name, "train", tmp_path)

    @pytest.mark.parametrize("damage", ["cut", "bit", "not gzip"])
    def test_damaged_gzip(self, name: str, damage: str, tmp_path: Path) -> None:
        write_set(tmp_path)
        path = tmp_path / FILES["train"][0]
        content = bytearray(path.read_bytes())
        if damage == "cut":
            del content[-50:]
        elif damage == "bit":
            content[len(content) // 2] ^= 16
        else:
            content = bytearray(b"<html>404</html>")
        path.write_bytes(content)
        with pytest.raises(
            DataError, match=rf"{path.name}: is damaged as a gzip file \(.+\); get the file again"
        ):
            datasets.load(name, "train", tmp_path)

    def test_counts_that_differ(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path)
        (tmp_path / FILES["test"][1]).write_bytes(gzip.compress(idx_bytes(samples(19)[1])))
        with pytest.raises(DataError, match=r"holds 20 images, t10k-labels-idx1-ubyte\.gz 19 labels"):
            datasets.load(name, "test", tmp_path)

    def test_label_out_of_range(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path)
        labels = samples()[1]
        labels[7] = 10
        (tmp_path / FILES["train"][1]).write_bytes(gzip.compress(idx_bytes(labels)))
        with pytest.raises(DataError, match=r"labels must be 0\.\.9, not 10 \(label 7\)"):
            datasets.load(name, "train", tmp_path)

    def test_images_of_another_size(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path)
        (tmp_path / FILES["train"][0]).write_bytes(gzip.compress(idx_bytes(np.zeros((20, 8, 9)))))
        with pytest.raises(DataError, match=rf"images must be 28 x 28 for {name}, not 8 x 9"):
            datasets.load(name, "train", tmp_path)

    def test_empty(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path)
        (tmp_path / FILES["train"][0]).write_bytes(gzip.compress(idx_bytes(np.zeros((0, 28, 28)))))
        with pytest.raises(DataError, match=r"holds no images, its sizes are \(0, 28, 28\)"):
            datasets.load(name, "train", tmp_path)

    def test_one_missing(self, name: str, tmp_path: Path) -> None:
        write_set(tmp_path)
        (tmp_path / FILES["train"][1]).unlink()
        with pytest.raises(
            DataError, match=r"train-labels-idx1-ubyte\.gz is missing in .*; it belongs beside train-im"
        ):
            datasets.load(name, "train", tmp_path)

    def test_all_missing(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(
            DataError, match=rf"{name}: found neither train-images.* in .*; put the files there, or leave"
        ):
            datasets.load(name, "train", tmp_path)

    def test_no_such_folder(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(DataError, match=r"data_dir: .*nowhere is not a folder"):
            datasets.load(name, "train", tmp_path / "nowhere")
        monkeypatch.setenv(locate.DATA_VARIABLE, str(tmp_path / "nowhere"))
        with pytest.raises(DataError, match=r"NEUROCHIP_DATA: .*nowhere is not a folder"):
            datasets.load(name, "train")

    def test_unreadable(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_set(tmp_path)

        def refuse(path: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(
            DataError, match=r"train-images-idx3-ubyte\.gz: cannot be read \(Permission denied\)"
        ):
            datasets.load(name, "train", tmp_path)


@pytest.mark.parametrize("name", IDX_SETS)
class TestDownload:
    def test_without_a_network_says_both_ways(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as raised:
            datasets.load(name, "train")
        message = str(raised.value)
        assert f"{name}: train-images-idx3-ubyte.gz is not in {tmp_path / 'cache' / name}" in message
        assert "run once with a network" in message
        assert "put the files in a folder and name it with data_dir (--data-dir) or NEUROCHIP_DATA" in message
        assert message.count("connection refused") == 2

    def test_tries_the_next_mirror(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_set(tmp_path / "mirror")
        asked: list[str] = []

        def retrieve(url: str, known_hash: str, fname: str, path: Path) -> str:
            asked.append(url)
            assert known_hash.startswith("sha256:")
            assert path == tmp_path / "cache" / name
            if len(asked) == 1:
                raise ValueError("SHA256 hash of downloaded file does not match")
            return str(tmp_path / "mirror" / fname)

        monkeypatch.setattr(pooch, "retrieve", retrieve)
        assert len(datasets.load(name, "test")) == 20
        assert [url.rsplit("/")[-1] for url in asked] == [FILES["test"][0], *FILES["test"]]
        assert asked[0].rsplit("/", 1)[0] != asked[1].rsplit("/", 1)[0]

    def test_an_empty_variable_counts_as_none(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(locate.DATA_VARIABLE, "")
        with pytest.raises(DataError, match="could not be downloaded"):
            datasets.load(name, "test")


class TestCache:
    """`locate.download` with the real pooch and a mirror on this machine."""

    CONTENT = b"the file"
    SHA256 = hashlib.sha256(CONTENT).hexdigest()

    @pytest.fixture
    def mirror(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        monkeypatch.setattr(pooch, "retrieve", REAL_RETRIEVE)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        folder = tmp_path / "mirror"
        folder.mkdir()
        (folder / "file.gz").write_bytes(self.CONTENT)
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
            Thread(target=server.serve_forever, args=(0.01,)).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()

    def test_fetches_once_and_keeps(self, mirror: str, tmp_path: Path) -> None:
        path = locate.download("toy", "file.gz", self.SHA256, (mirror + "no/such/", mirror))
        assert path == tmp_path / "cache" / "toy" / "file.gz"
        assert path.read_bytes() == self.CONTENT
        (tmp_path / "mirror" / "file.gz").unlink()
        assert locate.download("toy", "file.gz", self.SHA256, (mirror,)) == path

    def test_replaces_a_damaged_file(self, mirror: str, tmp_path: Path) -> None:
        path = tmp_path / "cache" / "toy" / "file.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"the f")
        assert locate.download("toy", "file.gz", self.SHA256, (mirror,)).read_bytes() == self.CONTENT

    def test_refuses_another_content(self, mirror: str) -> None:
        with pytest.raises(DataError, match=r"toy: file\.gz is not in .* could not be downloaded.*hash"):
            locate.download("toy", "file.gz", "0" * 64, (mirror,))
