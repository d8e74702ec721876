"""The command line: what it prints, what it leaves, and that every mistake is one message and exit code 2."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import Command, Result
from rich.console import Console
from small_runs import TINY, arguments, compiled, lasting, record_of

from neurochip import files
from neurochip.cli import main, tables, watch
from neurochip.config import presets
from neurochip.errors import NeurochipError
from neurochip.experiment import Run
from neurochip.files import make_folder, write_json

HARDWARE = [name for name, _ in presets()]
EXPERIMENTS = [name for name, _ in presets("experiments")]
FOLDER = Path(__file__).parent.parent / "hw_configs"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two epochs, made by the command line."""
    out = tmp_path_factory.mktemp("cli") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["neurochip", *arguments(out)])
        with pytest.raises(SystemExit, match=r"^(0|None)$"):
            main()
    return out


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def refused(result: Result, message: str) -> None:
    """Exit code 2, and on standard error one message that fits, with nothing else."""
    assert result.code == 2, result
    assert "Traceback" not in result.err
    assert re.search(message, result.err), result.err
    assert len(re.findall(r"^(?:error|\d+ errors):", result.err, re.MULTILINE)) == 1


# --- run ----------------------------------------------------------------------------------------------------


@compiled
def test_run_leaves_a_folder_and_says_how_it_went(neurochip: Command, tmp_path: Path) -> None:
    result = neurochip(*arguments(tmp_path / "run", "--seed", "3", "--threads", "1"))
    assert (result.code, result.err) == (0, "")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoint.npz", "cost.json", "curves.csv", "curves.png", "record.json",
    ]  # fmt: skip
    found = record_of(tmp_path / "run")
    assert (found["seed"], found["threads"], found["experiment"]["seed"]) == (3, 1, 3)
    lines = result.out.splitlines()
    assert lines[0] == "digits_ep on digital_28nm, seed 3"
    assert "60 samples, 2 epochs, 1 thread" in lines
    last = found["epochs"][-1]
    train, test = (f"{100 * last[f'{part}_accuracy']:.2f} %" for part in ("train", "test"))
    epoch = rf"^epoch 2/2  train +{train}  test +{test}  .*samples/s$"
    assert any(re.match(epoch, line) for line in lines)
    closing = dict(re.split("  +", line, maxsplit=1) for line in lines[lines.index("") + 2 :])
    assert closing["test accuracy"] == f"{test} of 40"
    assert closing["saturations"] == "none"
    assert closing["weights"] == f"sha256 {found['weights_sha256'][:16]}"
    assert closing["folder"] == str(tmp_path / "run")


@compiled
def test_hardware_may_be_a_preset_or_a_file(neurochip: Command, tmp_path: Path) -> None:
    text = (FOLDER / "digital_28nm.yaml").read_text(encoding="utf-8")
    (tmp_path / "my chip.yaml").write_text(text.replace("name: digital_28nm", "name: mine"), encoding="utf-8")
    for chip, name in (("digital_28nm", "digital_28nm"), (tmp_path / "my chip.yaml", "mine")):
        assert neurochip(*arguments(tmp_path / name, "--epochs", "1", "--hardware", chip)).code == 0
        found = record_of(tmp_path / name)
        assert (found["hardware"]["name"], found["experiment"]["hardware"]) == (name, str(chip))


@compiled
def test_without_a_folder_a_new_one_is_made_in_runs(
    neurochip: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word for word in arguments(Path("out")) if word not in ("--out", "out")]
    words += ["--set", "experiment.name=../a b/[red]c", "--set", "experiment.epochs=1"]
    names = ["-a-b-red-c-digital_28nm-seed0", "-a-b-red-c-digital_28nm-seed0-2"]
    for name in names:
        result = neurochip(*words)
        assert result.code == 0
        assert result.out.startswith("../a b/[red]c on digital_28nm, seed 0")
        assert result.out.rstrip().endswith(str(Path("runs") / name))
    assert sorted(path.name for path in Path("runs").iterdir()) == names
    assert "nothing to do: all 2 epochs are done" in neurochip(*words, "--resume").out
    assert list(tmp_path.iterdir()) == [tmp_path / "runs"]


def test_a_new_folder_goes_again_when_nothing_was_left_in_it(
    neurochip: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refused(neurochip("run", "digits_ep", "--hardware", "tiny"), "does not fit tiny")
    assert list(Path("runs").iterdir()) == []
    refused(
        neurochip("run", "digits_ep", "--resume"), "nothing to resume in runs/digits_ep-digital_28nm-seed0;"
    )
    Path("runs").rmdir()
    Path("runs").write_text("a file", encoding="utf-8")
    refused(neurochip("run", "digits_ep"), "runs/digits_ep-digital_28nm-seed0 cannot be made: .*; give --out")


# --- mistakes -----------------------------------------------------------------------------------------------

NO_EPOCH = r"^error: epochs must be 1\.\.100000, not 0 \(--epochs\)$"
NO_SEED = r"^error: seed must be at least 0 and less than 4294967296, not {} \(--seed\)$"
NO_FIT = r"^error: network 64-128-10 does not fit tiny \(mesh 2x2\):\n  needs 160 crossbars"
MISTAKES = {
    "run digits_ep --threads 0": r"^error: threads must be 1\.\.1024, not 0$",
    "run digits_ep --threads -1": r"^error: threads must be 1\.\.1024, not -1$",
    "run digits_ep --epochs 0": NO_EPOCH,
    "run digits_ep --seed -1": NO_SEED.format("-1"),
    "run digits_ep --seed 4294967296": NO_SEED.format("4294967296"),
    "run digit_ep": r"^error: unknown preset 'digit_ep'; did you mean digits_ep\? presets: digits_ep, ",
    "run tiny": "^error: tiny is a hardware preset, not an experiment preset: give it with --hardware",
    "run digits_ep --hardware digits_ep": "^error: digits_ep is an experiment preset, not a hardware ",
    "run digits_ep --hardware nope": "^error: unknown preset 'nope'; presets: digital_28nm, ideal, loihi",
    "run missing.yaml": r"^error: there is no such file \(missing.yaml\)$",
    "run digits_ep --hardware missing.yml": r"^error: there is no such file \(missing.yml\)$",
    "run digits_ep --hardware tiny": NO_FIT,
    "run digits_ep --set foo": r"^error: --set needs section.key=value, not 'foo' \(--set foo\)$",
    "run digits_ep --set experiment.epoch=2": r"^error: unknown key epoch; did you mean epochs\?",
    "run digits_ep --set experiment.batch=0 --set hardware.core.lanes=0 --set epochs=1":
        r"^3 errors:\n  epochs must begin with .*\n  batch must be .*\n  core.lanes must be ",
    "run digits_ep --data-dir nowhere --set experiment.data.name=mnist --set experiment.network.gain=1":
        "^error: data_dir: nowhere is not a folder",
    "run mnist_ep_dense --data-dir .": "^error: mnist: found neither train-images-idx3-ubyte.gz nor ",
    "run digits_ep --resume --out nowhere": "^error: nowhere/checkpoint.npz does not exist: no epoch ",
    "check digits_ep --hardware tiny": NO_FIT,
    "check nope": "^error: unknown preset 'nope'; presets: digital_28nm, ideal, loihi_like, ",
    "check tiny --set foo": r"^error: --set needs section.key=value, not 'foo' \(--set foo\)$",
    "check tiny --set hardware.core.neurons=0": r"^error: core.neurons must be 1\.\.65536, not 0",
    "check nope tiny missing.yaml":
        r"^2 errors:\n  unknown preset 'nope'.*\n  there is no such file \(missing.yaml\)$",
    "check digits_ep --set hardware.registers.residual.whole=15":
        "^error: registers.residual must hold 1.0 and have",
    "eval nowhere": "^error: nowhere is not the folder of a run: there is no record.json$",
    "eval .": "^error: . is not the folder of a run: there is no record.json$",
    "schema chip": "^error: schema must be one of hardware, experiment, sweep, prices, record, not 'chip'$",
}  # fmt: skip


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_one_message(
    neurochip: Command, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEUROCHIP_DATA", raising=False)
    refused(neurochip(*shlex.split(words)), MISTAKES[words])
    assert [path.name for path in tmp_path.iterdir() if path.name != "runs"] == []


@pytest.mark.parametrize(
    "words", ["run", "run digits_ep --epochs x", "train", "eval", "schema", "check", "run a --what"]
)
def test_a_wrong_command_is_refused(neurochip: Command, words: str) -> None:
    result = neurochip(*words.split())
    assert result.code == 2
    assert "Error: " in result.err
    assert "Traceback" not in result.err


DOCUMENTS = {
    "empty": ("", r"^error: the document must be a mapping of keys, it is empty \(a.yaml:1\)$"),
    "text": ("hello", r"^error: the document must be a mapping of keys, not 'hello' \(a.yaml:1\)$"),
    "neither": (
        "a: 1",
        r"unknown key a; allowed keys: .*\(a.yaml:1\)|neither a hardware nor an experiment file",
    ),
    "broken": ("a: [1", r"^error: not valid YAML: .* \(a.yaml:1\)$"),
}


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_document_that_is_none_is_refused(
    neurochip: Command, command: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, message = DOCUMENTS[what]
    Path("a.yaml").write_text(text, encoding="utf-8")
    refused(neurochip(command, "a.yaml"), message)


def test_mistakes_of_both_files_come_at_once_with_their_lines(
    neurochip: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chip = (FOLDER / "tiny.yaml").read_text(encoding="utf-8").replace("  crossbars: 2\n", "  crossbar: 2\n")
    Path("chip.yaml").write_text(chip, encoding="utf-8")
    text = (FOLDER / "experiments" / "digits_ep.yaml").read_text(encoding="utf-8")
    Path("mine.yaml").write_text(text.replace("batch: 20", "batch: 0").replace("digital_28nm", "chip.yaml"))
    batch, array = (
        1 + text[: text.index("batch: 20")].count("\n"),
        1 + chip[: chip.index("  crossbar: 2")].count("\n"),
    )
    for command in ("run", "check"):
        result = neurochip(command, "mine.yaml")
        refused(result, r"^3 errors:\n")
        assert f"batch must be 1..65536, not 0 (mine.yaml:{batch})" in result.err
        assert f"unknown key core.crossbar; did you mean crossbars? (chip.yaml:{array})" in result.err
        assert "missing key core.crossbars (chip.yaml:" in result.err


def test_documents_of_the_wrong_kind_are_told(neurochip: Command) -> None:
    chip, experiment = FOLDER / "tiny.yaml", FOLDER / "experiments" / "digits_ep.yaml"
    refused(
        neurochip("run", chip),
        "^error: this is a hardware file, not an experiment file: give it with --hardw",
    )
    refused(
        neurochip("run", "digits_ep", "--hardware", experiment),
        "^error: this is an experiment file, not a hardware",
    )


@pytest.mark.parametrize(
    "damage", [lambda b: b[:3000], lambda b: b"", lambda b: gzip.compress(b"\0\0\x08\x03abc")]
)
def test_damaged_data_files_are_refused(
    neurochip: Command, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    names = [
        f"{part}-{what}-ubyte.gz" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")
    ]
    for name in names:
        (tmp_path / name).write_bytes(damage(gzip.compress(os.urandom(9000))))
    refused(neurochip("run", "mnist_ep_dense", "--data-dir", tmp_path), f"^error: {tmp_path}/train-images")


@compiled
def test_an_overflow_of_a_strict_register_ends_the_run(neurochip: Command, tmp_path: Path) -> None:
    narrow = [
        "--set",
        "hardware.registers.decoded.whole=0",
        "--set",
        "hardware.registers.decoded.overflow=error",
    ]
    result = neurochip(*arguments(tmp_path, *narrow, "--set", "experiment.network.gain=20"))
    refused(
        result, r"^error: register decoded overflowed on core \d+ at tick \d+ of phase 'free': neuron \d+ of "
    )
    assert list(tmp_path.iterdir()) == []


# --- folders and files --------------------------------------------------------------------------------------


@compiled
def test_a_folder_that_cannot_take_the_run_is_refused(neurochip: Command, folder: Path) -> None:
    refused(neurochip(*arguments(folder)), "run already holds a run: resume it")
    refused(neurochip(*arguments(folder / "record.json")), "record.json is a file: name a folder")
    refused(
        neurochip(*arguments(folder / "record.json" / "x")),
        "record.json/x cannot be written: Not a directory",
    )
    refused(neurochip(*arguments(folder, "--resume", "--seed", "9")), "experiment.seed is 0 there, 9 here$")


@compiled
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_a_folder_that_cannot_be_made_is_refused(neurochip: Command) -> None:
    refused(neurochip(*arguments(Path("/proc/neurochip"))), "^error: /proc/neurochip cannot be written: ")


@compiled
@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_folder_that_cannot_be_written_is_refused_before_training(
    neurochip: Command, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("neurochip.files.TemporaryFile", fail)
    monkeypatch.setattr(Run, "train_epoch", None)
    refused(neurochip(*arguments(tmp_path)), rf"^error: {tmp_path} cannot be written: {os.strerror(number)}$")


@compiled
@pytest.mark.parametrize("name", ["checkpoint.npz", "record.json", "curves.csv", "curves.png", "cost.json"])
def test_a_full_disk_leaves_whole_files(
    neurochip: Command, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, left = files._flush, [1 if name in ("curves.png", "cost.json") else 2]

    def fail(path: Path) -> None:
        left[0] -= path.name.split(".")[1] + path.suffix == name
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(path)

    monkeypatch.setattr(files, "_flush", fail)
    refused(
        neurochip(*arguments(tmp_path)),
        rf"^error: {tmp_path}/{name} cannot be written: No space left on device$",
    )
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    result = neurochip(*arguments(tmp_path, "--resume"))
    assert result.code == 0
    assert (tmp_path / "curves.png").exists()


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NeurochipError, match=r"file/a\.json cannot be written: "):
        write_json(tmp_path / "file" / "a.json", {})
    with pytest.raises(NeurochipError, match=r"file cannot be written: File exists$"):
        make_folder(tmp_path / "file")
    with pytest.raises(NeurochipError, match=r"cannot be written: File name too long$"):
        write_json(tmp_path / ("x" * 300), {})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# --- interruption -------------------------------------------------------------------------------------------


def interrupted_in(epoch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ctrl-C come at the beginning of an epoch."""
    train_epoch = Run.train_epoch

    def train(self: Run, *given: Any) -> dict[str, Any]:
        if self.epoch + 1 == epoch:
            raise KeyboardInterrupt
        return train_epoch(self, *given)

    monkeypatch.setattr(Run, "train_epoch", train)


@compiled
def test_an_interrupted_run_says_how_to_go_on(
    neurochip: Command, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a b"
    with monkeypatch.context() as patch:
        interrupted_in(2, patch)
        result = neurochip(*arguments(out))
    assert result.code == 130
    assert result.err.startswith("stopped; the epochs done are saved. Go on with\n  neurochip run digits_ep ")
    assert len(record_of(out)["epochs"]) == 1
    command = shlex.split(result.err.splitlines()[1])
    assert command[-1] == "--resume"
    rest = neurochip(*command[1:])
    assert (rest.code, rest.err) == (0, "")
    assert "resuming after epoch 1" in rest.out
    assert lasting(record_of(out)) == lasting(record_of(finished))


@compiled
def test_the_default_folder_is_named_for_going_on(
    neurochip: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word for word in arguments(Path("out")) if word not in ("--out", "out")]
    with monkeypatch.context() as patch:
        interrupted_in(2, patch)
        result = neurochip(*words)
        assert result.err.rstrip().endswith("--out runs/digits_ep-digital_28nm-seed0 --resume")
        interrupted_in(1, patch)
        result = neurochip(*words)
        assert result.code == 130
        assert result.err == "stopped before the first epoch was done: nothing is saved\n"
    assert [path.name for path in Path("runs").iterdir()] == ["digits_ep-digital_28nm-seed0"]
    assert "resuming after epoch 1" in neurochip(*words, "--resume").out


PROGRAM = "import sys; sys.argv[0] = 'neurochip'; from neurochip.cli import main; main()"


@compiled
@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_control_c_in_a_process(tmp_path: Path) -> None:
    words = arguments(tmp_path, epochs=100_000)
    run = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    for line in run.stdout:
        if line.startswith("epoch      3/"):
            break
    time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert f"--out {tmp_path} --resume" in err
    done = len(record_of(tmp_path)["epochs"])
    assert done >= 3


# --- eval ---------------------------------------------------------------------------------------------------


@compiled
def test_eval_gives_the_accuracy_of_the_last_epoch(neurochip: Command, folder: Path) -> None:
    result = neurochip("eval", folder)
    assert (result.code, result.err) == (0, "")
    accuracy = record_of(folder)["epochs"][-1]["test_accuracy"]
    assert result.out.splitlines()[-1] == f"test accuracy {100 * accuracy:.2f} % of 40 samples"
    found = json.loads((folder / "eval-test.json").read_text(encoding="utf-8"))
    assert (found["accuracy"], found["samples"], found["epoch"]) == (accuracy, 40, 2)
    assert found["weights_sha256"] == record_of(folder)["weights_sha256"]
    assert sum(map(sum, found["confusion"])) == 40
    assert sum(row[i] for i, row in enumerate(found["confusion"])) == pytest.approx(accuracy * 40)


@compiled
def test_eval_of_another_part(neurochip: Command, folder: Path) -> None:
    assert "train accuracy" in neurochip("eval", folder, "--split", "train", "--threads", "1").out
    refused(
        neurochip("eval", folder, "--split", "validation"),
        "^error: split must be one of train, test, not 'val",
    )
    refused(neurochip("eval", folder, "--threads", "0"), "^error: threads must be")
    refused(neurochip("eval", folder / "record.json"), "record.json is not the folder of a run")
    (folder / "checkpoint.npz").write_bytes((folder / "checkpoint.npz").read_bytes()[:-9])
    refused(neurochip("eval", folder), "checkpoint.npz is damaged, or no checkpoint of neurochip")


# --- price, report ------------------------------------------------------------------------------------------


@compiled
def test_price_is_that_of_the_run(neurochip: Command, folder: Path) -> None:
    """The run's own table gives the file that the run left, to the last digit."""
    left = (folder / "cost.json").read_bytes()
    result = neurochip("price", folder)
    assert (result.code, result.err) == (0, "")
    assert (folder / "cost.json").read_bytes() == left
    rows = {line.split("  ")[0]: line for line in result.out.splitlines()}
    assert {"forward", "update", "leakage", "idle", "sum", "latency", "memory"} <= rows.keys()


@compiled
def test_price_by_another_table_and_a_changed_one(neurochip: Command, folder: Path, tmp_path: Path) -> None:
    own = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    out = tmp_path / "other.json"
    change = ["--set", "actions.synaptic_ops.0.value=0"]
    for words, same in (([], False), (change, False)):
        assert neurochip("price", folder, "--prices", "loihi_like_14nm", "--out", out, *words).code == 0
        found = json.loads(out.read_text(encoding="utf-8"))
        assert found["prices"]["name"] == "loihi_like_14nm"
        assert (found["training"]["energy_pj"] == own["training"]["energy_pj"]) is same
        assert found["memory"] == own["memory"]
        assert (found["training"]["energy_pj"]["actions"]["synaptic_ops"] == 0) is bool(words)
    assert json.loads((folder / "cost.json").read_text(encoding="utf-8")) == own


@compiled
def test_report_leaves_a_page(neurochip: Command, folder: Path, tmp_path: Path) -> None:
    result = neurochip("report", folder)
    assert (result.code, result.err) == (0, "")
    assert str(folder / "report.html") in result.out
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert neurochip("report", folder, "--prices", "odin_like_28nm", "--out", tmp_path / "odin").code == 0
    assert "odin_like_28nm" in (tmp_path / "odin" / "report.html").read_text(encoding="utf-8")


@compiled
def test_mistakes_in_prices(neurochip: Command, folder: Path, tmp_path: Path) -> None:
    refused(neurochip("price", tmp_path), "is not the folder of a run")
    refused(neurochip("report", tmp_path), "is not the folder of a run")
    refused(neurochip("price", folder, "--prices", "loihi"), r"unknown preset 'loihi'.*presets: digital_28nm")
    misspelt = "actions.spike=[{model: included, included_in: static, source: machine}]"
    refused(neurochip("price", folder, "--set", misspelt), "never counted; did you mean spikes")
    refused(neurochip("run", "digits_ep", "--set", "hardware.prices=mine"), "unknown preset 'mine'")


# --- check, schema, presets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*HARDWARE, *EXPERIMENTS])
def test_every_preset_is_good(neurochip: Command, name: str) -> None:
    result = neurochip("check", name)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"ok {name}: ")
    assert ("utilisation" if name in EXPERIMENTS else "registers") in result.out


def test_check_shows_what_overrides_do(neurochip: Command) -> None:
    result = neurochip("check", "digits_ep", "tiny", "--set", "hardware.registers.weight.bits=4")
    assert re.search(r"^weight +saturate +stochastic +4 +3 +-1 +0.875 +0.125", result.out, re.MULTILINE)


@pytest.mark.parametrize("kind", ["hardware", "experiment", "prices", "record"])
def test_schemas_are_json_schemas(neurochip: Command, kind: str) -> None:
    schema = json.loads(neurochip("schema", kind).out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "description" in next(iter(schema["properties"].values()))


def test_presets_are_listed(neurochip: Command) -> None:
    result = neurochip("presets")
    assert result.code == 0
    for name, description in (*presets(), *presets("experiments"), *presets("energy")):
        assert re.search(rf"^{name} +{re.escape(description)} *$", result.out, re.MULTILINE)


def test_help_names_every_option(neurochip: Command) -> None:
    assert neurochip("--version").out.startswith("neurochip ")
    assert "run" in neurochip("--help").out
    page = neurochip("run", "--help").out
    for option in (
        "--hardware",
        "--set",
        "--seed",
        "--threads",
        "--out",
        "--data-dir",
        "--resume",
        "--epochs",
    ):
        assert option in page


# --- the terminal -------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], io.StringIO]:
    """Makes the command line print to a terminal of a width; returns what it prints there."""

    def of(width: int) -> io.StringIO:
        seen = io.StringIO()
        console = Console(
            file=seen, force_terminal=True, width=width, height=40, color_system=None, legacy_windows=False,
            highlight=False, markup=False, emoji=False, _environ={},
        )  # fmt: skip
        for module in (tables, watch):
            monkeypatch.setattr(module, "console", console)
        return seen

    return of


def shown(seen: io.StringIO) -> list[str]:
    """The lines of a terminal, also those that were overwritten, without control sequences."""
    return re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.getvalue()))


@compiled
@pytest.mark.parametrize("width", [100, 76, 60, 40])
def test_the_progress_bar_fits_the_terminal(
    neurochip: Command, tmp_path: Path, width: int, terminal: Callable[[int], io.StringIO]
) -> None:
    seen = terminal(width)
    assert neurochip(*arguments(tmp_path, "--set", "experiment.batch=1")).code == 0
    lines = shown(seen)
    assert [line for line in lines if len(line.rstrip()) > width and str(tmp_path) not in line] == []
    bars = [line for line in lines if "━" in line and "train" in line]
    assert bars
    assert all(re.match(r"epoch \d/2 .*train \d+\.\d\d %", line) for line in bars)
    assert all(("samples/s" in line) == (width >= 76) for line in bars)
    assert all((re.search(r"[\d-]:[\d-]{2}", line) is not None) == (width >= 76) for line in bars)
    assert any(re.match(r"epoch 2/2  train", line) for line in lines)


@pytest.mark.parametrize("width", [100, 60, 40])
def test_tables_fit_the_terminal(
    neurochip: Command, width: int, terminal: Callable[[int], io.StringIO]
) -> None:
    seen = terminal(width)
    assert neurochip("presets").code == 0
    assert neurochip("check", "tiny", "digits_ep").code == 0
    lines = shown(seen)
    assert [line for line in lines if len(line.rstrip()) > width] == []
    assert [line for line in lines if "…" in line] == []
    assert any(re.match("accumulator +", line) for line in lines)


def test_names_are_no_markup(neurochip: Command, tmp_path: Path) -> None:
    text = (
        (FOLDER / "tiny.yaml")
        .read_text(encoding="utf-8")
        .replace("name: tiny", "name: '[/b] :smile: [red]x'")
    )
    (tmp_path / "[bold]chip.yaml").write_text(text, encoding="utf-8")
    result = neurochip("check", tmp_path / "[bold]chip.yaml")
    assert f"ok {tmp_path}/[bold]chip.yaml: hardware [/b] :smile: [red]x, " in result.out


# --- what is imported ---------------------------------------------------------------------------------------

HEAVY = ("numba", "matplotlib", "pydantic", "pooch", "brian2", "scipy", "rich", "dask")


def imported_by(program: str, among: tuple[str, ...]) -> list[str]:
    code = f"import sys\n{program}\nprint('MODULES', [m for m in {among!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return [name for name in among if repr(name) in done.stdout.rpartition("MODULES")[2]]


def test_importing_the_package_is_light() -> None:
    assert imported_by("import neurochip; neurochip.__version__; dir(neurochip)", HEAVY) == []


def test_help_is_light() -> None:
    program = """
from neurochip.cli import main
for words in (["--help"], ["run", "--help"], ["--version"]):
    sys.argv = ["neurochip", *words]
    try:
        main()
    except SystemExit as stopped:
        assert not stopped.code
"""
    assert imported_by(program, ("numba", "numpy", "matplotlib", "pooch", "brian2")) == []


def test_the_package_runs_as_a_module() -> None:
    words = [sys.executable, "-m", "neurochip", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("neurochip ")


def test_settings_of_the_small_runs_are_valid(neurochip: Command) -> None:
    sets = [word for item in TINY for word in ("--set", item)]
    assert neurochip("check", "digits_ep", *sets).code == 0
