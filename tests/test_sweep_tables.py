"""The tables of a sweep and what is read off them, against plain recomputation."""

from __future__ import annotations

import csv
import re
import statistics
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_work import bits, in_threads, made_up, text

from neurochip.sweep import Sweep, Table
from neurochip.sweep.analysis import front, influences
from neurochip.sweep.row import COLUMNS, row_of
from neurochip.sweep.stats import spread, t_quantile
from neurochip.sweep.table import write_table

CELL = "  cell: {keys: [hardware.crossbar.rows, hardware.crossbar.cols], values: [16, 64]}"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a sweep in which 4 bits with the small array do not fit with one seed."""

    def work(task: dict[str, Any]) -> dict[str, Any]:
        result = made_up(task)
        chip = task["hardware"]
        if chip["registers"]["weight"]["bits"] == 4 and chip["crossbar"]["rows"] == 16:
            return {**result, "status": "does_not_fit", "reason": 'no, "never",\nreally', "row": {}}
        return result

    path = tmp_path / "sweep.yaml"
    path.write_text(text("axes:", bits("[4, 6]"), CELL, "seeds: [0, 1, 2]"), encoding="utf-8")
    in_threads(path, tmp_path / "out", work)
    return tmp_path / "out"


def test_the_table_has_a_row_for_each_point(folder: Path) -> None:
    rows = read(folder / "table.csv")
    keys = [(row["weight_bits"], row["cell"], row["seed"]) for row in rows]
    assert keys == list(product("46", ("16", "64"), "012"))
    assert [row["status"] for row in rows] == ["does_not_fit"] * 3 + ["ok"] * 9
    assert rows[0]["reason"] == 'no, "never",\nreally'
    assert rows[0]["test_accuracy"] == ""
    assert list(rows[0])[:6] == ["setting", "weight_bits", "cell", "seed", "status", "reason"]
    assert all(0 <= float(row["test_accuracy"]) <= 1 for row in rows[3:])


def test_the_summary_is_that_of_the_table(folder: Path) -> None:
    stats = pytest.importorskip("scipy.stats")
    rows, found = read(folder / "table.csv"), read(folder / "summary.csv")
    assert len(found) == 3 * 2
    for line in found:
        same = [row for row in rows if row["setting"] == line["setting"]]
        values = [float(row[line["metric"]]) for row in same]
        assert int(line["n"]) == len(values) == 3
        assert float(line["mean"]) == pytest.approx(statistics.mean(values), rel=1e-12)
        sd = statistics.stdev(values)
        assert float(line["sd"]) == pytest.approx(sd, rel=1e-12)
        low, high = stats.t.interval(0.95, 2, statistics.mean(values), sd / 3**0.5)
        assert (float(line["ci95_low"]), float(line["ci95_high"])) == pytest.approx((low, high), rel=1e-9)


def test_parquet_holds_what_csv_holds(folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for name in ("table", "summary", "pareto", "sensitivity"):
        lines = read(folder / f"{name}.csv")
        rows = parquet.read_table(folder / f"{name}.parquet").to_pylist()
        assert len(rows) == len(lines)
        for row, line in zip(rows, lines, strict=True):
            assert list(row) == list(line)
            for key, value in row.items():
                wanted = line[key]
                assert ("" if value is None else type(value)(wanted)) == ("" if value is None else value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([1, None, 2], "int64"), ([1, 2.5], "double"), (["a", 1, 0.5], "string"), ([None, None], "null")],
)
def test_a_column_has_one_type(values: list[Any], kind: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    names = write_table(tmp_path / "a", ["x"], [{"x": value} for value in values])
    assert names == ["a.csv", "a.parquet"]
    assert str(parquet.read_schema(tmp_path / "a.parquet").field("x").type) == kind


def test_without_pyarrow_there_is_the_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert write_table(tmp_path / "a", ["x"], [{"x": 0.1}]) == ["a.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"x\n0.1\n"


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("freedom", [*range(1, 12), 29, 30, 99])
def test_quantiles_of_students_t(freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    for share in (0.6, 0.9, 0.95, 0.975, 0.995):
        assert t_quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-9)


def test_quantiles_that_are_printed_everywhere() -> None:
    """M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 1964, table 26.10."""
    printed = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 9: 2.262, 30: 2.042}
    assert {freedom: round(t_quantile(0.975, freedom), 3) for freedom in printed} == printed


def test_a_single_value_has_no_spread() -> None:
    assert spread([0.5]) == (1, 0.5, None, None, None)
    assert spread([0.5, 0.5, 0.5])[1:] == (0.5, 0.0, 0.5, 0.5)


ROWS = st.lists(
    st.fixed_dictionaries(
        {"a": st.integers(0, 6), "b": st.integers(0, 6) | st.none(), "c": st.integers(0, 3)}
    ),
    max_size=24,
)


@given(ROWS, st.sampled_from([("a", "b"), ("a", "b", "c")]), st.booleans())
def test_the_front_is_what_no_other_beats(
    rows: list[dict[str, Any]], names: tuple[str, ...], up: bool
) -> None:
    ways = dict.fromkeys(names, "minimise") | {"a": "maximise" if up else "minimise"}

    def cost(row: dict[str, Any]) -> list[int]:
        return [-row[name] if ways[name] == "maximise" else row[name] for name in names]

    whole = [index for index, row in enumerate(rows) if None not in (row[name] for name in names)]
    beaten = {
        i
        for i in whole
        for j in whole
        if cost(rows[j]) != cost(rows[i])
        and all(b <= a for a, b in zip(cost(rows[i]), cost(rows[j]), strict=True))
    }
    found = front(rows, ways)
    assert sorted(found) == [i for i in whole if i not in beaten]
    assert [cost(rows[i])[0] for i in found] == sorted(cost(rows[i])[0] for i in found)


def test_influence_is_the_share_of_the_variance() -> None:
    """y = 4 a + b over a full grid: the variance of 4 a is 16 times that of b."""
    grid = [{"a": a, "b": b, "c": "x", "y": 4.0 * a + b} for a in range(5) for b in range(5)]
    found = {it.axis: it for it in influences(grid, ["a", "b", "c"], ["y"])}
    assert set(found) == {"a", "b"}
    assert found["a"].share == pytest.approx(16 / 17)
    assert found["b"].share == pytest.approx(1 / 17)
    assert (found["a"].lowest, found["a"].highest) == (0, 4)
    assert (found["a"].low, found["a"].high) == (2.0, 18.0)


def test_many_values_are_grouped_by_rank() -> None:
    rows = [{"a": i / 100, "y": float(i)} for i in range(80)]
    (found,) = influences(rows, ["a"], ["y"])
    assert found.groups == 8
    assert found.share > 0.95
    assert (found.lowest, found.highest) == ("0..0.09", "0.7..0.79")
    assert influences(rows[:1], ["a"], ["y"]) == []
    assert influences([{"a": 1, "y": 2.0}, {"a": 2, "y": 2.0}], ["a"], ["y"])[0].share == 0.0


def test_every_column_is_explained() -> None:
    for name, column in COLUMNS.items():
        assert column.meaning, name
        assert column.better in ("", "higher", "lower")


def test_a_row_has_only_columns_that_are_declared_in_their_order() -> None:
    record = {
        "epochs": [{"test_accuracy": 0.25}, {"test_accuracy": 0.5, "train_accuracy": 0.75}],
        "counts": {
            "training": {
                "total": {"synaptic_ops": 30, "spikes": 3, "packets": 6, "hops": 9,
                          "weight_writes": 12, "updates": 8, "lost_updates": 2},
            },
            "inference": {"total": {"synaptic_ops": 0, "spikes": 0, "packets": 0, "hops": 0}},
            "training_samples": 3, "inference_samples": 0,
        },
        "placement": {name: [1, 4] for name in ("cores", "crossbars", "cells", "neurons", "axons")},
        "network": {"synapses": 100},
        "hardware": {"registers": {"weight": {"bits": 4}, "fraction": {"bits": 12}}},
        "saturations": {"membrane": 2, "bank": 1, "weight": 0},
        "weights_sha256": "ab",
    }  # fmt: skip
    row = row_of(record)
    assert list(row) == [name for name in COLUMNS if name in row]
    assert (row["test_accuracy"], row["train_accuracy"]) == (0.5, 0.75)
    assert (row["training_synaptic_ops"], row["training_hops"], row["weight_writes"]) == (10.0, 3.0, 4.0)
    assert (row["lost_updates"], row["used_cells"], row["needed_cells"]) == (0.25, 0.25, 1)
    assert (row["synapse_bits"], row["saturations"]) == (1600, 3)
    assert row["saturated_registers"] == "bank 1, membrane 2"
    assert not {"validation_accuracy", "inference_spikes"} & set(row)


def test_means_are_those_of_seeds_with_a_result() -> None:
    rows: list[dict[str, Any]] = [
        {"setting": 0, "a": 1, "seed": 0, "status": "ok", "reason": "", "test_accuracy": 0.5},
        {"setting": 0, "a": 1, "seed": 1, "status": "crashed", "reason": "killed"},
        {"setting": 1, "a": 2, "seed": 0, "status": "ok", "reason": "", "test_accuracy": 0.25},
        {"setting": 1, "a": 2, "seed": 1, "status": "ok", "reason": "", "test_accuracy": 0.75},
    ]
    means = Table(("a",), ("test_accuracy",), rows).means()
    assert means[0] == {"setting": 0, "a": 1, "status": "crashed", "reason": "killed", "test_accuracy": 0.5}
    assert means[1]["test_accuracy"] == 0.5


def test_the_documentation_names_every_column_and_every_key() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "sweeps.md").read_text(encoding="utf-8")
    lines = {f"| `{name}` | {column.unit} | {column.meaning} |" for name, column in COLUMNS.items()}
    assert lines <= set(page.splitlines())
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert set(Sweep.model_fields) <= named
