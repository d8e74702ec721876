"""Sweep files: what is refused, and with which words; which points they make, and what names a point."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_runs import TINY
from sweep_work import bits, text

from neurochip.config import Source
from neurochip.errors import ConfigError, NeurochipError
from neurochip.experiment import load
from neurochip.sweep import Planner, Point, identity, resolve
from neurochip.sweep.axes import Axis
from neurochip.sweep.settings import share

BATCH = "  batch: {keys: [experiment.batch], values: [5, 10]}"
ROWS = "  crossbar: {keys: [hardware.crossbar.rows, hardware.crossbar.cols], values: [16, 64]}"


def planner(tmp_path: Path, *lines: str, **keys: Any) -> Planner:
    path = tmp_path / "sweep.yaml"
    path.write_text(text(*lines, **keys), encoding="utf-8")
    return Planner(path)


def planned(tmp_path: Path, *lines: str, **keys: Any) -> list[Point]:
    return planner(tmp_path, *lines, **keys).points()


def values(points: list[Point]) -> list[tuple[object, ...]]:
    return [(*point.values.values(), point.seed) for point in points]


# --- what is refused ----------------------------------------------------------------------------------------


WRONG = {
    "unknown key": (["axes:", bits(), "seed: 3"], r"unknown key seed; did you mean seeds\? \(sweep.yaml:7\)"),
    "no axes": (["seeds: [0]"], r"missing key axes \(sweep.yaml:1\)"),
    "section": (
        ["axes:", "  a: {keys: [registers.weight.bits], values: [4]}"],
        r"axes\.a\.keys\.0 must be a dotted key that begins with hardware\. or experiment\., not '.*'",
    ),
    "a seed as axis": (
        ["axes:", "  a: {keys: [experiment.seed], values: [4]}"],
        r"axes\.a\.keys\.0 must not be experiment\.seed: list the seeds",
    ),
    "values twice": (["axes:", bits("[4, 6, 4]")], r"values\.2 must .* not be 4 again \(sweep.yaml:6\)"),
    "no values": (["axes:", "  a: {keys: [experiment.batch]}"], r"axes\.a must have values, or low and high"),
    "values and range": (
        ["axes:", "  a: {keys: [experiment.batch], values: [3], low: 1}"],
        r"axes\.a must have values, or low and high, not both",
    ),
    "half a range": (["axes:", "  a: {keys: [experiment.batch], low: 1}"], r"axes\.a\.high must be given"),
    "empty range": (
        ["axes:", "  a: {keys: [experiment.batch], low: 5, high: 5}"],
        r"axes\.a\.high must be more than low, 5, not 5",
    ),
    "a grid over reals": (
        ["axes:", "  a: {keys: [experiment.rule.beta], low: 0.1, high: 0.5}"],
        r"axes\.a must have a step, or values: a grid",
    ),
    "a column's name": (
        ["axes:", "  test_accuracy: {keys: [experiment.batch], values: [5]}"],
        r"axes\.test_accuracy must be named with letters",
    ),
    "one key in two axes": (
        ["axes:", bits(), bits(name="other")],
        r"axes\.other\.keys\.0 must belong to one axis, but hardware\.registers\.weight\.bits is also in w",
    ),
    "seeds twice": (["axes:", bits(), "seeds: [1, 1]"], r"seeds\.1 must differ .* \(sweep.yaml:7\)"),
    "seed out of range": (["axes:", bits(), "seeds: [-1]"], r"seeds\.0 must be 0\.\.4294967295, not -1"),
    "points of a grid": (["axes:", bits(), "points: 3"], r"points must not be given with the strategy grid"),
    "an unknown metric": (
        ["axes:", bits(), "cost: training_synaptic_op"],
        r"cost must be a column of the table, .*; did you mean training_synaptic_ops\? \(sweep.yaml:7\)",
    ),
    "heat": (["axes:", bits(), "heat: [weight_bits, size]"], r"heat\.1 must be one of the axes, weight_bits"),
    "text for a number": (["axes:", bits(), "seeds: 3"], r"seeds must be a list"),
    "a misspelt key": (
        ["axes:", bits(), "  b: {keys: [experiment.bach], values: [5, 10]}"],
        r"unknown key bach; did you mean batch\? \(sweep.yaml:7\)",
    ),
    "a value that is never valid": (
        ["axes:", bits("[4, 40]"), BATCH],
        r"registers\.weight\.bits must be 2\.\.16, not 40 \(sweep.yaml:6\)",
    ),
    "a list item": (
        ["axes:", "  a: {keys: [experiment.network.layers.7.units], values: [4]}"],
        r"index in network\.layers must be 0\.\.1, not '7' \(sweep.yaml:6\)",
    ),
    "a list item from the end": (
        ["axes:", "  a: {keys: [experiment.network.layers.-2.units], values: [4]}"],
        r"index in network\.layers must be 0\.\.1, not '-2' \(sweep.yaml:6\)",
    ),
    "an empty mapping": (["axes: {}"], r"axes must be a mapping of at least 1 key, not an empty mapping"),
    "too many points": (
        ["axes:", "  a: {keys: [experiment.batch], low: 1, high: 100000000000000}", "seeds: [0, 1]"],
        r"at most 1,000,000 points, not 200,000,000,000,000 \(100,000,000,000,000 settings of 2 seeds\)",
    ),
    "an end beyond what a real can hold": (
        ["axes:", "  a: {keys: [experiment.batch], low: 1, high: 1" + 30 * "0" + "}"],
        r"axes\.a\.high must be -10{15}\.\.10{15}, not 10{30} ",
    ),
    "an unknown chip": (
        ["axes:", "  chip: {keys: [experiment.hardware], values: [tiny, tinny]}"],
        r"unknown preset 'tinny'; did you mean tiny\?.*\(sweep.yaml:6\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_refused_with_file_and_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, message = WRONG[case]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        planned(tmp_path, *lines)


STRATEGIES_WRONG = [
    ("random", ["axes:", bits()], r"points must be given with the strategy random"),
    ("list", ["axes:", bits()], r"axes\.weight_bits must only have keys"),
    (
        "list",
        ["axes:", "  b: {keys: [experiment.batch]}", "settings:", "  - {b: 3}", "  - {c: 3}"],
        r"settings\.1 must have a value for the axis b",
    ),
    ("nsga2", ["axes:", bits(), "points: 9"], r"objectives must be given with the strategy nsga2"),
    (
        "tpe",
        ["axes:", bits(), "points: 9", "objectives: {accuracy: maximise}"],
        r"objectives\.accuracy must be a column of the table",
    ),
    (
        "tpe",
        ["axes:", bits(), "points: 9", "objectives: {test_accuracy: up}"],
        r"objectives\.test_accuracy must be one of maximise, minimise, not 'up'",
    ),
    ("gird", ["axes:", bits()], r"strategy must be one of grid, .*; did you mean grid\?"),
]


@pytest.mark.parametrize(("strategy", "lines", "message"), STRATEGIES_WRONG)
def test_strategies_ask_for_what_they_need(
    strategy: str, lines: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        planned(tmp_path, *lines, strategy=strategy)


def test_a_combination_that_is_not_valid_is_a_point_with_its_reason(tmp_path: Path) -> None:
    lines = ["  frac: {keys: [hardware.registers.bank.whole], values: [1, 5]}"]
    lines += ["  bank: {keys: [hardware.registers.bank.bits], values: [4, 8]}"]
    points = planned(tmp_path, "axes:", *lines)
    assert [bool(point.refusal) for point in points] == [False, False, True, False]
    assert "registers.bank.whole must be 0..3, not 5" in points[2].refusal
    assert points[2].key == ""


# --- which points -------------------------------------------------------------------------------------------


def test_a_grid_has_every_combination_with_every_seed(tmp_path: Path) -> None:
    points = planned(tmp_path, "axes:", bits("[4, 6]"), ROWS, "seeds: [3, 1]")
    assert values(points) == [(b, c, s) for b in (4, 6) for c in (16, 64) for s in (3, 1)]
    for point in points:
        chip, experiment = json.loads(point.hardware), json.loads(point.experiment)
        assert chip["registers"]["weight"]["bits"] == point.values["weight_bits"]
        assert chip["crossbar"]["rows"] == chip["crossbar"]["cols"] == point.values["crossbar"]
        assert experiment["network"]["layers"][0]["units"] == 8
    assert len({point.key for point in points}) == len(points)


def test_points_are_those_that_the_command_line_would_run(tmp_path: Path) -> None:
    it = planner(tmp_path, "axes:", bits("[4, 6]"), ROWS, "seeds: [3]")
    for point in it.points():
        words = shlex.split(it.command(point.values))
        assert words[:3] == ["neurochip", "run", "digits_ep"]
        setup = load("digits_ep", sets=[word for word in words[3:] if word != "--set"], seed=point.seed)
        chip = setup.hardware.model_dump(mode="json", exclude={"name", "description"})
        assert chip == json.loads(point.hardware)
        left_out = {"name", "description", "hardware", "seed"}
        assert setup.experiment.model_dump(mode="json", exclude=left_out) == json.loads(point.experiment)


def test_lists_and_ranges(tmp_path: Path) -> None:
    lines = ["axes:", "  b: {keys: [experiment.batch]}", "  rate: {keys: [experiment.rule.learning_rate]}"]
    lines += ["settings:", "  - {b: 3, rate: 0.5}", "  - {rate: [0.1, 0.2], b: 4}", "  - {b: 3, rate: 0.5}"]
    assert values(planned(tmp_path, *lines, strategy="list")) == [(3, 0.5, 0), (4, [0.1, 0.2], 0)]
    lines = ["axes:", "  b: {keys: [experiment.batch], low: 2, high: 9, step: 3}"]
    assert values(planned(tmp_path, *lines)) == [(2, 0), (5, 0), (8, 0)]
    lines = ["axes:", "  b: {keys: [experiment.rule.beta], low: 0.1, high: 0.4, step: 0.1}"]
    assert values(planned(tmp_path, *lines)) == [(0.1, 0), (0.2, 0), (0.3, 0), (0.4, 0)]


def test_chips_are_an_axis(tmp_path: Path) -> None:
    lines = ["axes:", "  chip: {keys: [experiment.hardware], values: [digital_28nm, ideal]}", bits("[4, 6]")]
    points = planned(tmp_path, *lines)
    rows = [json.loads(point.hardware)["crossbar"]["rows"] for point in points]
    assert rows == [256, 256, 4096, 4096]


DRAWN = ["axes:", "  beta: {keys: [experiment.rule.beta], low: 0.1, high: 0.9}"]
DRAWN += ["  rate: {keys: [experiment.rule.learning_rate], low: 0.001, high: 1, scale: log}"]
DRAWN += ["  batch: {keys: [experiment.batch], low: 1, high: 50}", bits()]


@pytest.mark.parametrize("strategy", ["random", "latin_hypercube"])
def test_drawn_points_are_in_their_ranges_and_the_same_again(strategy: str, tmp_path: Path) -> None:
    points = planned(tmp_path, *DRAWN, "points: 40", strategy=strategy)
    assert len(points) == 40
    for point in points:
        it = point.values
        assert 0.1 <= it["beta"] <= 0.9
        assert 0.001 <= it["rate"] <= 1
        assert it["batch"] in range(1, 51)
        assert it["weight_bits"] in (4, 6, 8)
    assert len({repr(point.values) for point in points}) == 40
    assert planned(tmp_path, *DRAWN, "points: 40", strategy=strategy) == points
    other = planned(tmp_path, *DRAWN, "points: 40", "sampling_seed: 1", strategy=strategy)
    assert values(other) != values(points)


def test_more_random_points_begin_with_those_of_fewer(tmp_path: Path) -> None:
    few = planned(tmp_path, *DRAWN, "points: 10", strategy="random")
    assert planned(tmp_path, *DRAWN, "points: 25", strategy="random")[:10] == few
    assert len(planned(tmp_path, "axes:", bits(), "points: 25", strategy="random")) == 3


def test_a_latin_hypercube_has_one_point_in_each_part_of_each_axis(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    points = planned(tmp_path, *DRAWN, "points: 20", strategy="latin_hypercube")
    parts = sorted(int((point.values["beta"] - 0.1) / 0.8 * 20) for point in points)
    assert parts == list(range(20))
    assert len({point.values["batch"] for point in points}) == 20


@given(st.integers(-50, 50), st.integers(1, 60), st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_a_value_of_a_range_is_one_of_its_levels(low: int, span: int, step: int, at: float) -> None:
    axis = Axis(keys=("experiment.batch",), low=low, high=low + span, step=step)
    assert axis.levels() == list(range(low, low + span + 1, step))
    assert axis.at(at) in (axis.levels() or [])


@pytest.mark.parametrize("strategy", ["random", "latin_hypercube"])
def test_values_of_a_wide_range_are_drawn_without_listing_them(strategy: str, tmp_path: Path) -> None:
    wide = "  batch: {keys: [experiment.rule.learning_rate], low: 1.0e-12, high: 1, step: 1.0e-12}"
    points = planned(tmp_path, "axes:", wide, "points: 30", strategy=strategy)
    assert len({point.values["batch"] for point in points}) == 30


def test_draws_are_uniform() -> None:
    draws = [share(0, index, "axis") for index in range(4000)]
    assert all(0 <= draw < 1 for draw in draws)
    counts = [sum(part / 8 <= draw < (part + 1) / 8 for draw in draws) for part in range(8)]
    assert sum((count - 500) ** 2 / 500 for count in counts) < 24.3  # chi squared, 7 degrees, p = 0.001


# --- what names a point -------------------------------------------------------------------------------------


def key(tmp_path: Path, *lines: str, **keys: Any) -> str:
    return planned(tmp_path, "axes:", bits("[8]"), *lines, **keys)[0].key


def test_a_points_name_follows_from_what_decides_it_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = key(tmp_path)
    assert (
        key(tmp_path, "description: another", "maps: [spikes]".replace("spikes", "training_spikes")) == first
    )
    assert key(tmp_path, name="other") == first
    assert key(tmp_path, "hardware: digital_28nm") == first
    assert key(tmp_path, "seeds: [1]") != first
    assert key(tmp_path, sets=(*TINY, "experiment.batch=21")) != first
    assert key(tmp_path, sets=(*TINY, "hardware.technology.voltage_v=0.8")) != first
    assert key(tmp_path, sets=(*TINY, "hardware.prices=loihi_like_14nm")) != first
    monkeypatch.setattr("neurochip.sweep.plan.code_version", lambda: "other")
    assert key(tmp_path) != first


def test_the_version_of_the_code_is_that_of_the_sources_that_count(tmp_path: Path) -> None:
    package, tables = tmp_path / "neurochip", tmp_path / "energy"
    for name in (
        "chip/engine.py",
        "cli/app.py",
        "sweep/row.py",
        "sweep/pool.py",
        "report/style.py",
        "cost/timing.py",
        "cost/cells.csv",
        "timing/estimate.py",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("a = 1\n", encoding="utf-8")
    before = identity._digest(package, tables)
    for name in ("cli/app.py", "sweep/pool.py", "report/style.py"):
        (package / name).write_text("a = 2\n", encoding="utf-8")
    (package / "chip" / "engine.py").write_bytes(b"a = 1\r\n")
    assert identity._digest(package, tables) == before
    for path in ("chip/engine.py", "sweep/row.py", "cost/timing.py", "cost/cells.csv", "timing/estimate.py"):
        (package / path).write_text("a = 2\n", encoding="utf-8")
        now = identity._digest(package, tables)
        assert now != before
        before = now
    tables.mkdir()
    (tables / "prices.yaml").write_text("a: 1\n", encoding="utf-8")
    assert identity._digest(package, tables) != before


def test_a_price_table_of_ones_own_counts_by_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    found = []
    for content in (b"a: 1\n", b"a: 1\r\n", b"a: 2\n"):
        path.write_bytes(content)
        identity.prices_version.cache_clear()
        found.append(identity.prices_version(str(path)))
    assert found[0] == found[1] != found[2]
    assert identity.prices_version("no_such_table") == identity.prices_version("no/such.yaml") == ""


def test_ten_thousand_points_need_each_document_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A counted proxy of speed: nothing is read or overridden for each point, documents are checked once."""
    read: list[object] = []
    checked: list[object] = []
    real = Source.read
    monkeypatch.setattr(Source, "read", lambda path: (read.append(path), real(path))[1])
    monkeypatch.setattr(Source, "override", lambda *_: pytest.fail("a slow path was taken"))
    real_canonical = resolve._canonical
    monkeypatch.setattr(
        resolve, "_canonical", lambda *given: (checked.append(given), real_canonical(*given))[1]
    )
    lines = [
        "axes:",
        "  rows: {keys: [hardware.crossbar.rows], low: 1, high: 10, step: 1}",
        "  batch: {keys: [experiment.batch], low: 1, high: 10, step: 1}",
        f"seeds: {list(range(100))}",
    ]
    path = tmp_path / "sweep.yaml"
    path.write_text(text(*lines, sets=()), encoding="utf-8")
    assert len(Planner(path).points()) == 10_000
    assert len(read) == 3  # sweep, experiment, hardware
    assert len(checked) == 20


def test_scipy_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(
        NeurochipError, match=r"latin_hypercube needs SciPy: pip install 'neurochip\[sweep\]'"
    ):
        planned(tmp_path, *DRAWN, "points: 4", strategy="latin_hypercube")
