"""A record whose names, places or sums are not those of its own chip is refused, and not priced in part."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_runs import compiled, record_of, tiny

from neurochip.cli import main
from neurochip.errors import CheckpointError
from neurochip.experiment import execute, price

pytestmark = compiled

Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "one"
    execute(tiny("hardware.mesh.rows=2", "hardware.mesh.cols=3", epochs=1), out)
    return out


def more(record: Json) -> None:
    row = record["counts"]["training"]["table"]["free"]["forward"]["word_reads"]
    row["0"] = row.get("0", 0) + 1


def put(*keys: str, value: Any) -> Callable[[Json], None]:
    """Sets a key far inside a record, on the way making what is not there."""

    def change(record: Json) -> None:
        for key in keys[:-1]:
            record = record.setdefault(key, {})
        record[keys[-1]] = value

    return change


def drop(*keys: str) -> Callable[[Json], None]:
    def change(record: Json) -> None:
        for key in keys[:-1]:
            record = record[key]
        del record[keys[-1]]

    return change


TABLE = ("counts", "training", "table")
CASES = [
    (more, r"counts\.training\.total\.word_reads is [\d,]+, but its table adds up to [\d,]+"),
    (put(*TABLE, "free", "forward", "flying", value={"0": 5}), r"free\.forward\.flying is nothing that this"),
    (put(*TABLE, "free", "sideways", "encodes", value={"0": 5}), r"sideways\.encodes is nothing that this"),
    (put(*TABLE, "free", "encode", "encodes", value={"6": 5}), r"encodes is of '6', the chip has 0\.\.5"),
    (put(*TABLE, "free", "encode", "encodes", value={"-1": 5}), r"encodes is of '-1', the chip has 0\.\.5"),
    (put(*TABLE, "dream", value={}), r"counts\.training\.table\.dream is not known"),
    (drop("counts", "inference", "links", "free"), r"counts\.inference\.links\.free is missing"),
    (put("counts", "training", "links", "free", "24", value=5), r"free is of .24., the chip has 0\.\.23"),
    (drop("counts", "training", "total", "updates"), r"counts\.training\.total\.updates is missing"),
    (drop("timing", "training", "phases", "nudged+"), r"timing\.training\.phases\.nudged\+ is missing"),
    (put("timing", "update", "batch", "busy", value=[1, 2]), r"batch\.busy has 2 cores, the chip has 6"),
    (put("timing", "update", "batch", "links", "x", value=1), r"links is of .x., the chip has 0\.\.23"),
    (put("hardware", "mesh", value={"rows": 1, "cols": 1}), r"busy has 6 cores, the chip has 1"),
    (drop("saturations", "weight"), r"saturations\.weight is missing"),
    (put("saturations", "soul", value=3), r"saturations\.soul is not known to this version of neurochip"),
    (drop("placement", "cores"), r"placement\.cores is missing"),
    (drop("data", "test"), r"data\.test is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), CASES)
def test_what_does_not_fit_is_refused(folder: Path, change: Callable[[Json], None], message: str) -> None:
    record = copy.deepcopy(record_of(folder))
    change(record)
    with pytest.raises(CheckpointError, match=rf"^the record is damaged: .*{message}"):
        price(record)


def test_what_fits_is_priced(folder: Path) -> None:
    record = record_of(folder)
    assert price(record) == json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    assert price({**record, "timing": None})["training"]["time"]["estimate"] == "average"


@pytest.mark.parametrize("command", ["price", "report"])
def test_the_command_line_says_it_in_one_line(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    record = record_of(folder)
    more(record)
    (tmp_path / "record.json").write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["neurochip", command, str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: the record is damaged: counts.training.total.word_reads is ")
    assert told.count("\n") == 1
    assert not list(tmp_path.glob("report.*"))
