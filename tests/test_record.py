"""The record of a run: its schema, the page that explains it, and what the numbers in it say."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError
from small_runs import compiled, lasting, record_of, tiny

from neurochip.config import Model
from neurochip.counts import ACTIONS
from neurochip.experiment import Experiment, Run, Setup, execute, record
from neurochip.experiment.checkpoint import Progress
from neurochip.experiment.record_schema import SCHEMA, RecordModel
from neurochip.hardware import Hardware

PAGE = Path(__file__).parent.parent / "docs" / "record.md"
REQUIRED = {
    "neurochip_version", "seed", "hardware", "experiment", "epochs", "counts", "saturations",
    "weights_sha256",
}  # fmt: skip
REQUIRED_OF_EPOCH = {"epoch", "train_accuracy", "test_accuracy", "seconds", "samples_per_s", "synaptic_ops"}

pytestmark = compiled


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two epochs with a validation part."""
    out = tmp_path_factory.mktemp("record") / "run"
    execute(tiny("experiment.data.validation=20"), out)
    return out


@pytest.fixture
def found(folder: Path) -> dict[str, Any]:
    return record_of(folder)


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key of a record as the page writes it; experiment and hardware have pages of their own."""
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        yield key
        kind, deeper = field.annotation, key
        if type(None) in get_args(kind):
            kind = get_args(kind)[0]
        while get_origin(kind) in (dict, tuple):
            deeper += ".NAME" if get_origin(kind) is dict else ".N"
            kind = get_args(kind)[-1 if get_origin(kind) is dict else 0]
        if isinstance(kind, type) and issubclass(kind, Model) and kind not in (Experiment, Hardware):
            yield from keys_of(kind, deeper + ".")


def explained(key: str) -> bool:
    """Whether the page has a row for a key, or for one below it."""
    key = key.replace("counts.inference.", "counts.training.")
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return any(row == key or row.startswith(key + ".") for row in rows)


# --- schema -------------------------------------------------------------------------------------------------


def test_a_record_is_valid(folder: Path, found: dict[str, Any]) -> None:
    assert RecordModel.model_validate_json((folder / "record.json").read_text(encoding="utf-8"))
    assert record.read(folder) == found
    assert found.keys() >= REQUIRED
    assert all(row.keys() >= REQUIRED_OF_EPOCH for row in found["epochs"])


def test_without_a_validation_part_its_accuracy_is_absent(tmp_path: Path) -> None:
    found = execute(tiny(epochs=1), tmp_path)
    assert "validation_accuracy" not in found["epochs"][0]
    assert RecordModel.model_validate_json(json.dumps(found)).epochs[0].validation_accuracy is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "neurochip record 0"),
        (("epochs", 0, "test_accuracy"), 98.3),
        (("epochs", 0, "epoch"), 0),
        (("epochs", 0, "seconds"), -1.0),
        (("weights_sha256",), "no hash"),
        (("counts", "training_samples"), -1),
        (("counts", "training", "total", "spikes"), 0.5),
        (("saturations",), [1, 2]),
        (("hardware", "core", "neurons"), 0),
        (("experiment", "epochs"), 0),
        (("placement", "cores"), [1]),
        (("unknown",), 1),
    ],
)
def test_the_schema_refuses(found: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    here: Any = found
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    with pytest.raises(ValidationError):
        RecordModel.model_validate_json(json.dumps(found))


@pytest.mark.parametrize("key", sorted(REQUIRED))
def test_no_key_may_be_missing(found: dict[str, Any], key: str) -> None:
    del found[key]
    with pytest.raises(ValidationError, match="Field required"):
        RecordModel.model_validate_json(json.dumps(found))


@pytest.mark.parametrize("key", list(keys_of(RecordModel)))
def test_the_page_explains_every_key(key: str) -> None:
    assert explained(key)


def test_the_page_explains_no_other_key() -> None:
    keys = set(keys_of(RecordModel))
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8").partition("## `record")[2], re.M)
    assert rows
    assert [row for row in rows if row.removesuffix(".NAME") not in keys] == []
    assert SCHEMA in PAGE.read_text(encoding="utf-8")


# --- contents -----------------------------------------------------------------------------------------------


def test_accuracies_are_fractions_of_whole_samples(found: dict[str, Any]) -> None:
    for row in found["epochs"]:
        for part, n in (("train", 60), ("test", 40), ("validation", 20)):
            right = row[f"{part}_accuracy"] * n
            assert right == pytest.approx(round(right))
            assert 0 <= right <= n


def test_sizes_and_sums_agree(found: dict[str, Any]) -> None:
    assert {name: part["samples"] for name, part in found["data"].items()} == {
        "train": 60, "test": 40, "validation": 20,
    }  # fmt: skip
    counts = found["counts"]
    assert (counts["training_samples"], counts["inference_samples"]) == (2 * 60, 2 * 60)
    assert sum(row["synaptic_ops"] for row in found["epochs"]) == counts["training"]["total"]["synaptic_ops"]
    for part in ("training", "inference"):
        total, phases = counts[part]["total"], counts[part]["phases"].values()
        assert total.keys() == ACTIONS.keys()
        assert {name: sum(phase.get(name, 0) for phase in phases) for name in total} == total
        for action, cores in counts[part]["cores"].items():
            assert len(cores) == 64
            assert sum(cores) <= total[action]
    assert counts["training"]["total"]["updates"] > 0
    assert counts["inference"]["total"]["updates"] == 0
    assert found["network"]["synapses"] == 64 * 8 + 8 * 10
    assert found["complete"]


def test_the_curves_are_the_rows(folder: Path, found: dict[str, Any]) -> None:
    with (folder / "curves.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    for row, line in zip(found["epochs"], rows, strict=True):
        assert {key: float(value) for key, value in line.items()} == {key: row[key] for key in line}


def test_a_record_holds_what_is_needed_to_make_it_again(found: dict[str, Any]) -> None:
    experiment = Experiment.model_validate_json(json.dumps(found["experiment"]))
    hardware = Hardware.model_validate_json(json.dumps(found["hardware"]))
    assert lasting(execute(Setup(experiment, hardware))) == lasting(found)


def test_the_fingerprint_is_that_of_the_weights() -> None:
    run = Run(tiny())
    before = record.weights_sha256(run)
    assert before == record.weights_sha256(Run(tiny()))
    masters, biases = run.chip.masters, run.chip.biases
    biases[-1][-1] += 1
    run.chip.load(masters, biases)
    assert record.weights_sha256(run) != before
    biases[-1][-1] -= 1
    run.chip.load([np.array(master) for master in masters], biases)
    assert record.weights_sha256(run) == before


def test_saturations_are_counted_by_register_in_training_and_evaluation() -> None:
    run = Run(tiny("hardware.registers.decoded.whole=0", "experiment.network.gain=20"))
    found = []
    for step in (lambda: run.evaluate("test"), run.train_epoch, lambda: run.evaluate("test")):
        step()
        found.append(record.build(run, Progress([], 0.0))["saturations"])
    assert 0 < found[0]["decoded"] < found[1]["decoded"] < found[2]["decoded"]
    assert found[0].keys() <= set(run.hardware.registers.formats())
