"""Interrupted runs go on to the same bits; damaged and foreign files are refused."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_runs import arguments, compiled, lasting, record_of, tiny

from neurochip.cli.evaluate import reopen
from neurochip.errors import CheckpointError, NeurochipError
from neurochip.experiment import Observer, Run, checkpoint, execute, record
from neurochip.experiment.differences import differences

pytestmark = compiled

EPOCHS = 6
FILES = ("checkpoint.npz", "curves.csv", "record.json")
PROGRAM = "import sys; sys.argv[0] = 'neurochip'; from neurochip.cli import main; main()"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of six epochs that nobody stopped."""
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    execute(tiny(epochs=EPOCHS), out)
    return out


@pytest.fixture
def folder(undisturbed: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(undisturbed, tmp_path / "run"))


class Stop(Exception):
    """Ends a run in the middle."""


class Stopper(Observer):
    """Stops a run after a number of batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def batch(self, done: int, samples: int, correct: int) -> None:
        self.left -= 1
        if self.left == 0:
            raise Stop


def stopped(out: Path, batches: int, resume: bool = False) -> None:
    with pytest.raises(Stop):
        execute(tiny(epochs=EPOCHS), out, resume=resume, observer=Stopper(batches))


# --- going on -----------------------------------------------------------------------------------------------


def killed(out: Path, resume: bool, moment: random.Random) -> bool:
    """Start a run in a process of its own and kill it at a random moment; False if it was done before."""
    words = arguments(out, *(["--resume"] if resume else []), epochs=EPOCHS)
    run = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert run.stdout is not None
    lines = moment.randrange(4, 7)
    for line in run.stdout:
        lines -= 1
        if lines == 0 or not line:
            break
    time.sleep(moment.uniform(0.0, 0.03))
    run.send_signal(signal.SIGKILL)
    run.stdout.close()
    return run.wait(timeout=60) == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_run_killed_at_random_moments_goes_on_to_the_same_bits(undisturbed: Path, tmp_path: Path) -> None:
    out, moment, kills = tmp_path / "run", random.Random(os.environ.get("NEUROCHIP_TEST_SEED")), 0
    for _ in range(3):
        kills += killed(out, (out / checkpoint.NAME).exists(), moment)
    assert kills > 0
    execute(tiny(epochs=EPOCHS), out, resume=(out / checkpoint.NAME).exists())
    assert lasting(record_of(out)) == lasting(record_of(undisturbed))


@pytest.mark.parametrize("batches", [(4,), (3, 6), (5, 1, 7), (17,)])
def test_a_run_stopped_in_the_middle_of_epochs_goes_on_to_the_same_bits(
    undisturbed: Path, tmp_path: Path, batches: tuple[int, ...]
) -> None:
    for number, count in enumerate(batches):
        stopped(tmp_path, count, resume=number > 0 and (tmp_path / checkpoint.NAME).exists())
    rest = execute(tiny(epochs=EPOCHS), tmp_path, resume=(tmp_path / checkpoint.NAME).exists())
    assert lasting(rest) == lasting(record_of(undisturbed))
    assert (tmp_path / "curves.csv").read_text().count("\n") == 1 + EPOCHS


def test_the_wall_time_is_that_of_all_processes(tmp_path: Path) -> None:
    stopped(tmp_path, 4)
    before = record_of(tmp_path)["wall_seconds"]
    after = execute(tiny(epochs=EPOCHS), tmp_path, resume=True)["wall_seconds"]
    assert 0 < before < after


@pytest.mark.parametrize("part", ["checkpoint.npz", "record.json", "curves.csv"])
def test_a_run_stopped_while_files_are_written_goes_on(
    undisturbed: Path, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is replaced last: at any moment the folder holds whole files, old or new."""
    replace, left = Path.replace, [2]

    def stop(self: Path, target: Path) -> Path:
        if target.name == part:
            left[0] -= 1
            if left[0] == 0:
                raise Stop
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(Stop):
        execute(tiny(epochs=EPOCHS), tmp_path)
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    assert record.read(tmp_path)["epochs"]
    assert reopen(tmp_path).epoch in (1, 2)
    rest = execute(tiny(epochs=EPOCHS), tmp_path, resume=True)
    assert lasting(rest) == lasting(record_of(undisturbed))


def test_a_checkpoint_without_a_record_goes_on(undisturbed: Path, folder: Path) -> None:
    (folder / "record.json").unlink()
    with pytest.raises(CheckpointError, match=r"there is no record\.json: go on with --resume to get it$"):
        reopen(folder)
    execute(tiny(epochs=EPOCHS), folder, resume=True)
    assert lasting(record_of(folder)) == lasting(record_of(undisturbed))


def test_a_complete_run_has_nothing_to_do(undisturbed: Path, folder: Path) -> None:
    before = {name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns) for name in FILES}

    class Deaf(Observer):
        def started(self, facts: dict[str, Any]) -> None:
            raise AssertionError("nothing should start")

    assert execute(tiny(epochs=EPOCHS), folder, resume=True, observer=Deaf()) == record_of(undisturbed)
    after = {name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns) for name in FILES}
    assert before == after


@pytest.mark.parametrize("name", ["record.json", "curves.csv"])
def test_what_a_complete_run_has_lost_is_written_again(undisturbed: Path, folder: Path, name: str) -> None:
    (folder / name).unlink()
    execute(tiny(epochs=EPOCHS), folder, resume=True)
    assert (folder / name).read_bytes() == (undisturbed / name).read_bytes()


# --- settings -----------------------------------------------------------------------------------------------


def test_more_epochs_go_on_with_a_constant_rate(tmp_path: Path) -> None:
    execute(tiny(epochs=2), tmp_path / "a")
    longer = execute(tiny(epochs=4), tmp_path / "a", resume=True)
    assert lasting(longer) == lasting(execute(tiny(epochs=4)))
    assert record_of(tmp_path / "a") == longer


def test_other_epochs_are_refused_with_a_cosine_schedule(tmp_path: Path) -> None:
    cosine = "experiment.rule.schedule=cosine"
    execute(tiny(cosine, epochs=2), tmp_path)
    message = r"experiment.epochs is 2 there, 4 here \(with a cosine schedule the number of epochs sets every"
    with pytest.raises(CheckpointError, match=rf"checkpoint.npz is of a run with other settings: {message}"):
        execute(tiny(cosine, epochs=4), tmp_path, resume=True)


def test_fewer_epochs_than_done_are_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=f"is of epoch {EPOCHS}, more than the 3 asked for: give more"):
        execute(tiny(epochs=3), folder, resume=True)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("experiment.seed=1", "experiment.seed is 0 there, 1 here"),
        ("experiment.batch=10", "experiment.batch is 20 there, 10 here"),
        ("experiment.rule.beta=0.25", "experiment.rule.beta is 0.5 there, 0.25 here"),
        ("experiment.rule.schedule=cosine", "experiment.epochs is absent there, 6 here"),
        ("experiment.network.layers.0.units=9", "experiment.network.layers.0.units is 8 there, 9 here"),
        ("experiment.data.train=61", "experiment.data.train is 60 there, 61 here"),
        ("experiment.data.labels=shuffled", "experiment.data.labels is 'true' there, 'shuffled' here"),
        ("hardware.registers.weight.bits=6", "hardware.registers.weight.bits is 8 there, 6 here"),
        ("hardware.core.neurons=999", "hardware.core.neurons is 1024 there, 999 here"),
    ],
)
def test_other_settings_are_refused_by_name(folder: Path, override: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=f"is of a run with other settings: .*{message}"):
        execute(tiny(override, epochs=EPOCHS), folder, resume=True)


def test_names_may_change(folder: Path) -> None:
    sets = ("experiment.name=new", "experiment.description=other", "hardware.name=chip")
    assert execute(tiny(*sets, epochs=EPOCHS), folder, resume=True)["experiment"]["name"] == "new"
    assert record_of(folder)["hardware"]["name"] == "chip"


def test_other_data_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tiny(epochs=EPOCHS))
    inputs = run.data["test"].inputs.copy()
    inputs[0, 0, 0, 0] ^= 1
    run.data["test"] = type(run.data["test"])(**{**vars(run.data["test"]), "inputs": inputs})
    with pytest.raises(
        CheckpointError, match=r"sha256 of data.test is [0-9a-f]{12}\.\.\. there, [0-9a-f]{12}\.\.\. here"
    ):
        checkpoint.restore(folder, run)


def test_differences_are_few_words() -> None:
    assert differences({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) == []
    assert differences({"a": [1], "c": True}, {"a": [1, 2], "c": None}) == [
        "c is true there, null here", "a.1 is absent there, 2 here",
    ]  # fmt: skip
    assert differences({"a": {"b": 1}}, {"a": None}) == ["a.b is 1 there, absent here"]
    assert differences({"a": None}, {}) == ["a is null there, absent here"]
    many = differences({str(i): i for i in range(9)}, {})
    assert many[-1] == "and 5 more"
    assert len(many) == 5


def test_a_folder_that_cannot_take_the_run_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="already holds a run: resume it"):
        execute(tiny(), folder)
    (folder / "checkpoint.npz").unlink()
    with pytest.raises(CheckpointError, match="already holds a run: resume it"):
        execute(tiny(), folder)
    with pytest.raises(CheckpointError, match=r"checkpoint\.npz does not exist: no epoch of a run was"):
        execute(tiny(), folder, resume=True)
    with pytest.raises(
        CheckpointError, match=r"does not exist: no epoch of a run was finished in .*nowhere$"
    ):
        execute(tiny(), tmp_path / "nowhere", resume=True)
    with pytest.raises(CheckpointError, match="is a file: name a folder for the run"):
        execute(tiny(), folder / "record.json")
    with pytest.raises(CheckpointError, match="there is nothing to resume from"):
        execute(tiny(), resume=True)
    with pytest.raises(NeurochipError, match=r"record\.json/run cannot be written: Not a directory"):
        execute(tiny(), folder / "record.json" / "run")


# --- damage -------------------------------------------------------------------------------------------------


def damages(content: bytes, flips: int, cuts: int) -> Iterator[bytes]:
    """Copies of a file with one bit changed, and cut short."""
    choose = random.Random(0)
    for position in choose.sample(range(len(content)), flips):
        changed = content[position] ^ (1 << choose.randrange(8))
        yield content[:position] + bytes([changed]) + content[position + 1 :]
    for length in (0, 1, len(content) - 1, *choose.sample(range(len(content)), cuts)):
        yield content[:length]


def test_a_damaged_checkpoint_is_refused_or_the_same(folder: Path) -> None:
    file, run = folder / checkpoint.NAME, Run(tiny(epochs=EPOCHS))
    whole = checkpoint.restore(folder, run)
    weights = record.weights_sha256(run)
    refused = harmless = 0
    content = file.read_bytes()
    for damaged in damages(content, 400, 40):
        file.write_bytes(damaged)
        try:
            assert checkpoint.restore(folder, run) == whole
        except CheckpointError as error:
            refused += str(error).startswith(f"{file} is damaged, or ") and "\n" not in str(error)
        else:
            harmless += 1
        assert record.weights_sha256(run) == weights
    assert refused + harmless == 443
    assert refused > 300


def test_a_damaged_record_is_refused_or_does_no_harm(folder: Path) -> None:
    file, whole = folder / "record.json", reopen(folder)
    content = file.read_bytes()
    refused = 0
    for damaged in damages(content, 150, 20):
        file.write_bytes(damaged)
        try:
            run = reopen(folder)
        except NeurochipError:
            refused += 1
        else:
            assert record.weights_sha256(run) == record.weights_sha256(whole)
            assert {name: part.sha256 for name, part in run.data.items()} == {
                name: part.sha256 for name, part in whole.data.items()
            }
    assert refused > 20


def test_a_damaged_record_of_a_complete_run_is_written_again(undisturbed: Path, folder: Path) -> None:
    content = (folder / "record.json").read_bytes()
    for damaged in damages(content, 3, 3):
        (folder / "record.json").write_bytes(damaged)
        execute(tiny(epochs=EPOCHS), folder, resume=True)
        assert lasting(record_of(folder)) == lasting(record_of(undisturbed))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{}", b"\x93NUMPY", os.urandom(1000)])
def test_other_files_are_no_checkpoints(folder: Path, content: bytes) -> None:
    (folder / checkpoint.NAME).write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged, or no checkpoint of neurochip"):
        execute(tiny(epochs=EPOCHS), folder, resume=True)


def rewritten(file: Path, **changes: Any) -> None:
    """A checkpoint with other contents and a digest that fits them."""
    with np.load(file) as stored:
        arrays: dict[str, Any] = {name: stored[name] for name in stored.files if name != "digest"}
    arrays = {name: value for name, value in (arrays | changes).items() if value is not None}
    np.savez(file, **arrays, digest=checkpoint._digest(arrays))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "neurochip checkpoint 0"}, "is damaged, or of another version of neurochip$"),
        ({"master_0": None}, "does not hold the state of such a run"),
        ({"master_0": np.zeros((3, 3), np.int32)}, "does not hold the state of such a run"),
        ({"bias_1": np.zeros(11, np.int64)}, "does not hold the state of such a run"),
        ({"master_1": np.full((8, 10), 1 << 30, np.int32)}, r"\(masters of projection 1 must be -"),
        ({"bias_1": np.full(10, 1 << 30, np.int32)}, r"\(biases of projection 1 must be -"),
        (
            {"training_updates": np.zeros((1, 4), np.int64)},
            r"\(training_updates is int64\[1, 4\] there, int64\[",
        ),
        ({"inference_spikes": np.zeros(3)}, r"\(inference_spikes is float64\[3\] there, int64\["),
        ({"training_spikes": None}, "does not hold the state of such a run"),
        ({"epochs": "no json"}, "does not hold the state of such a run"),
        ({"settings": None}, "does not hold the state of such a run"),
        ({"settings": "{}"}, "is of a run with other settings: experiment"),
    ],
)
def test_a_checkpoint_of_another_make_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    rewritten(folder / checkpoint.NAME)
    assert reopen(folder).epoch == EPOCHS
    rewritten(folder / checkpoint.NAME, **changes)
    with pytest.raises(CheckpointError, match=message):
        reopen(folder)


def test_a_checkpoint_that_was_changed_by_hand_is_refused(folder: Path) -> None:
    with np.load(folder / checkpoint.NAME) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["master_0"][0, 0] ^= 1
    np.savez(folder / checkpoint.NAME, **arrays)
    with pytest.raises(CheckpointError, match=r"is damaged, or of another version of neurochip$"):
        reopen(folder)


def test_objects_in_a_checkpoint_are_never_unpickled(folder: Path) -> None:
    np.savez(folder / checkpoint.NAME, format=np.array([print], dtype=object))
    with pytest.raises(
        CheckpointError, match=r"is damaged, or no checkpoint of neurochip \(Object arrays cannot"
    ):
        reopen(folder)


@pytest.mark.parametrize("content", [b"", b"some text", b"PK"])
def test_what_is_no_archive_is_refused_without_advice_to_trust_it(folder: Path, content: bytes) -> None:
    (folder / checkpoint.NAME).write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"damaged, or no checkpoint of neurochip \(not a whole archive\)$"
    ):
        reopen(folder)


@pytest.mark.parametrize("name", FILES[:1])
def test_a_folder_in_the_place_of_a_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(CheckpointError, match=f"{name} does not exist"):
        reopen(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is damaged or no record of neurochip"),
        ("[]", r"is not a record of this version of neurochip \(neurochip record 2\)$"),
        ('{"schema": "neurochip record 0"}', "is not a record of this version of neurochip"),
        ('{"schema": "neurochip record 2"}', "is damaged: neurochip_version: Field required$"),
        ("[" * 100_000, "is damaged or no record of neurochip"),
        ("\udcff", "is damaged or no record of neurochip"),
    ],
)
def test_other_files_are_no_records(folder: Path, content: str, message: str) -> None:
    (folder / "record.json").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(CheckpointError, match=message):
        reopen(folder)


def test_a_record_of_another_run_is_refused(folder: Path, tmp_path: Path) -> None:
    execute(tiny("experiment.batch=10", epochs=1), tmp_path / "other")
    shutil.copy(tmp_path / "other" / "record.json", folder)
    with pytest.raises(
        CheckpointError, match=r"is of epoch 6, more than the 1|other settings: experiment\.batch is 20"
    ):
        reopen(folder)


def test_a_record_holds_json_alone(folder: Path) -> None:
    text = (folder / "record.json").read_text(encoding="utf-8")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(text, parse_constant=refuse)
