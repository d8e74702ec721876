"""The command ``neurochip sweep``: what it prints and leaves, and how it ends."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import Command
from small_runs import TINY, compiled
from sweep_work import bits, text

from neurochip.cli.sweep import happened

SETS = (*TINY, "hardware.mesh.rows=1", "hardware.mesh.cols=1", "experiment.epochs=1")
LINES = [
    "axes:",
    bits("[4, 8]"),
    "  cell: {keys: [hardware.crossbar.rows, hardware.crossbar.cols], values: [4, 16]}",
]
TABLES = {f"{name}.csv" for name in ("table", "summary", "pareto", "sensitivity")}
PICTURES = {"map_test_accuracy.png", "map_training_energy_nj.png", "front_training_energy_nj.png"}
PICTURES |= {"sensitivity.png"}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(text(*LINES, "seeds: [0, 1]", sets=SETS), encoding="utf-8")
    return path


@compiled
def test_a_sweep_leaves_tables_pictures_and_a_page(neurochip: Command, sweep: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = neurochip("sweep", sweep, "--workers", "2", "--threads", "1", "--out", out)
    assert (result.code, result.err) == (0, "")
    names = {path.name for path in out.iterdir()}
    assert {*TABLES, *PICTURES, "index.html", "sweep.json", "store"} == {
        n for n in names if ".parquet" not in n
    }
    for name in PICTURES:
        assert (out / name).read_bytes().startswith(b"\x89PNG")
    assert f"{sweep}: 2 processes, 1 thread each, folder {out}" in result.out
    assert len(re.findall(r"^\d/8  weight_bits=\d cell=\d+ seed=\d  ", result.out, re.MULTILINE)) == 8
    assert re.search(r"^points +8: 4 does_not_fit, 4 ok$", result.out, re.MULTILINE)
    assert re.search(r"^run +8 in .* s by 2 processes$", result.out, re.MULTILINE)
    assert "settings that no other beats" in result.out
    again = neurochip("sweep", sweep, "--out", out)
    assert (again.code, again.out.count("\n")) == (2, 1)
    assert "already holds a sweep: resume it (--resume), or name another folder" in again.err
    before = (out / "table.csv").read_bytes()
    third = neurochip("sweep", sweep, "--out", out, "--resume")
    assert third.code == 0
    assert re.search(r"^found finished +8$", third.out, re.MULTILINE)
    assert (out / "table.csv").read_bytes() == before


@compiled
def test_folders_of_sweeps_and_a_shared_store(
    neurochip: Command, sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("runs/sweep-small", "runs/sweep-small-2"):
        result = neurochip("sweep", "sweep.yaml", "--workers", "1", "--store", "points")
        assert result.code == 0
        assert re.search(rf"^folder +{folder}$", result.out, re.MULTILINE)
    assert re.search(r"^found finished +8$", result.out, re.MULTILINE)
    assert not (tmp_path / "runs" / "sweep-small" / "store").exists()
    result = neurochip("sweep", "sweep.yaml", "--resume", "--store", "points")
    assert re.search(r"^folder +runs/sweep-small-2$", result.out, re.MULTILINE)


@compiled
def test_nothing_that_fits_is_a_table_without_pictures(neurochip: Command, tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(text("axes:", LINES[2].replace("4, 16", "2, 4"), sets=SETS), encoding="utf-8")
    result = neurochip("sweep", path, "--out", tmp_path / "out", "--workers", "1")
    assert (result.code, result.err) == (0, "")
    with (tmp_path / "out" / "table.csv").open(encoding="utf-8", newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["does_not_fit"] * 2
    assert not list((tmp_path / "out").glob("*.png"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["missing.yaml"], r"^error: there is no such file \(missing\.yaml\)$"),
        (["sweep.yaml", "--workers", "0"], r"^error: workers must be 1\.\.1024, not 0$"),
        (
            ["bad.yaml"],
            r"^2 errors:\n  missing key axes \(bad\.yaml:1\)\n  unknown key axis; did you mean axes\?",
        ),
        (
            ["sweep.yaml", "--out", "sweep.yaml"],
            r"^error: sweep\.yaml is a file: name a folder for the sweep$",
        ),
    ],
)
def test_mistakes_are_one_message_and_code_2(
    words: list[str], message: str, neurochip: Command, sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sweep.parent)
    Path("bad.yaml").write_text(text("axis: {}"), encoding="utf-8")
    result = neurochip("sweep", *words)
    assert result.code == 2
    assert re.search(message, result.err), result.err
    assert "Traceback" not in result.err


@compiled
def test_interrupted_it_ends_soon_and_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    more = "  batch: {keys: [experiment.batch], low: 1, high: 60, step: 1}"
    path.write_text(text("axes:", more, "seeds: [0, 1, 2, 3]", sets=SETS), encoding="utf-8")
    words = [
        sys.executable,
        "-c",
        "from neurochip.cli import main; main()",
        "sweep",
        str(path),
        "--workers",
        "2",
    ]
    out = tmp_path / "out"
    with subprocess.Popen(
        [*words, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        while not list(out.glob("store/??/*.json")):
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: to all of them
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == f"stopped; finished points are kept in {out}. Go on with --resume\n"


def test_the_schema_is_that_of_the_file(neurochip: Command) -> None:
    found = json.loads(neurochip("schema", "sweep").out)
    assert found["properties"]["strategy"]["enum"] == [
        "grid",
        "list",
        "random",
        "latin_hypercube",
        "nsga2",
        "tpe",
    ]
    assert set(found["required"]) == {"name", "experiment", "strategy", "axes"}


def account(**changes: Any) -> dict[str, Any]:
    return {"lost": [], "restarts": 0, "lost_workers": 0, "damaged": [], **changes}


def test_the_end_says_what_happened() -> None:
    assert happened(account()) == []
    lost = [{"key": "a", "given_up": False}, {"key": "b", "given_up": False}]
    assert happened(account(lost=lost, restarts=1)) == [
        (
            "lost",
            "1 time a worker was killed and the workers started anew; "
            "2 points in flight or waiting there ran again",
        )
    ]
    gone = [*lost, {"key": "a", "given_up": True}]
    assert happened(account(lost=gone, restarts=3))[1] == (
        "given up",
        "1 point that ended workers, also when alone",
    )
    assert happened(account(lost_workers=2))[0][1].startswith("2 workers of the cluster ended unasked; ")
    assert happened(account(damaged=["x"])) == [("damaged", "1 file of the store, run again")]
