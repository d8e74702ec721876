"""The search: the same whatever the workers and however often it was resumed; it finds what is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from sweep_work import in_threads, made_up, text

from neurochip.errors import ConfigError, NeurochipError
from neurochip.sweep import Outcome

AXES = [
    "axes:",
    "  units: {keys: [experiment.network.layers.0.units], low: 1, high: 64}",
    "  bits: {keys: [hardware.registers.weight.bits], values: [2, 4, 6, 8, 10, 12, 14, 16]}",
    "  beta: {keys: [experiment.rule.beta], low: 0.01, high: 1.0, scale: log}",
    "  variant: {keys: [experiment.rule.variant], values: [symmetric, one_sided]}",
]
GOALS = "objectives: {test_accuracy: maximise, training_synaptic_ops: minimise}"
PLACES = Path("store") / "*" / "*.json"


def analytic(task: dict[str, Any]) -> dict[str, Any]:
    """Accuracy grows with units and bits, cost with both; more than 48 units do not fit."""
    units = task["experiment"]["network"]["layers"][0]["units"]
    bits = task["hardware"]["registers"]["weight"]["bits"]
    result = made_up(task)
    if units > 48:
        return {**result, "status": "does_not_fit", "reason": "too many", "row": {}}
    waste = 1.0 + 5.0 * (task["experiment"]["rule"]["beta"] - 0.1) ** 2
    row = {"test_accuracy": 1 - 1 / (1 + units * bits / 32), "training_synaptic_ops": units * bits * waste}
    return {**result, "row": row}


@pytest.fixture(params=["nsga2", "tpe"])
def sweep(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    pytest.importorskip("optuna")
    path = tmp_path / "search.yaml"
    lines = [*AXES, "points: 36", "population: 12", GOALS]
    path.write_text(text(*lines, strategy=request.param), encoding="utf-8")
    return path


def shown(outcome: Outcome) -> list[dict[str, Any]]:
    return outcome.table.rows


def test_a_search_is_the_same_again_and_runs_nothing_twice(sweep: Path, tmp_path: Path) -> None:
    ran: list[str] = []

    def counted(task: dict[str, Any]) -> dict[str, Any]:
        ran.append(task["key"])
        return analytic(task)

    first = in_threads(sweep, tmp_path / "a", counted)
    assert len(ran) == len(set(ran)) == len(first.table.rows)
    second = in_threads(sweep, tmp_path / "b", analytic)
    assert shown(second) == shown(first)
    again = in_threads(sweep, tmp_path / "a", counted, resume=True)
    assert shown(again) == shown(first)
    assert len(ran) == len(first.table.rows)


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not(sweep: Path, tmp_path: Path) -> None:
    calm = in_threads(sweep, tmp_path / "calm", analytic)
    left = [20]

    def stops(task: dict[str, Any]) -> dict[str, Any]:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return analytic(task)

    with pytest.raises(KeyboardInterrupt):
        in_threads(sweep, tmp_path / "out", stops)
    before = len(list((tmp_path / "out").glob(str(PLACES))))
    assert 0 < before <= 20
    end = in_threads(sweep, tmp_path / "out", analytic, resume=True)
    assert shown(end) == shown(calm)
    assert end.account["ran"] == len(calm.table.rows) - before


def test_what_does_not_fit_is_a_row_and_never_best(sweep: Path, tmp_path: Path) -> None:
    outcome = in_threads(sweep, tmp_path / "a", analytic)
    assert {row["status"] for row in outcome.table.rows} == {"ok", "does_not_fit"}
    assert outcome.best
    assert all(outcome.means[index]["status"] == "ok" for index in outcome.best)
    late = [row["status"] for row in outcome.table.rows[len(outcome.table.rows) // 2 :]]
    early = [row["status"] for row in outcome.table.rows[: len(outcome.table.rows) // 2]]
    assert late.count("does_not_fit") <= early.count("does_not_fit")


def test_the_study_is_left_for_optunas_own_tools(sweep: Path, tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    in_threads(sweep, tmp_path / "a", analytic)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "a" / "study.log"))
    study = optuna.load_study(study_name="small", storage=optuna.storages.JournalStorage(backend))
    assert len(study.trials) == 36
    assert [way.name for way in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert {trial.user_attrs["violation"] for trial in study.trials} == {0.0, 1.0}


def test_nsga2_beats_chance(tmp_path: Path) -> None:
    """With waste a factor of beta alone, the later half of the search wastes less than the first dozen."""
    pytest.importorskip("optuna")
    path = tmp_path / "search.yaml"
    lines = [*AXES, "points: 200", "population: 20", GOALS]
    path.write_text(text(*lines, strategy="nsga2"), encoding="utf-8")
    rows = in_threads(path, tmp_path / "a", analytic).table.rows
    waste = [(float(row["beta"] or 0) - 0.1) ** 2 for row in rows]
    assert sum(waste[-60:]) / 60 < 0.5 * sum(waste[:20]) / 20


def test_a_key_that_there_is_not_is_refused_before_the_search(tmp_path: Path) -> None:
    path = tmp_path / "search.yaml"
    lines = ["axes:", "  b: {keys: [experiment.bach], low: 1, high: 9}", "points: 9", GOALS]
    path.write_text(text(*lines, strategy="tpe"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown key bach; did you mean batch\?"):
        in_threads(path, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_what_has_no_price_is_never_preferred(tmp_path: Path) -> None:
    pytest.importorskip("optuna")

    def work(task: dict[str, Any]) -> dict[str, Any]:
        result = analytic(task)
        if task["hardware"]["registers"]["weight"]["bits"] > 8 and result["row"]:
            row = {"test_accuracy": 1.0}
            return {**result, "status": "not_priced", "reason": "no price", "row": row}
        return result

    path = tmp_path / "search.yaml"
    path.write_text(text(*AXES, "points: 36", "population: 12", GOALS, strategy="nsga2"), encoding="utf-8")
    outcome = in_threads(path, tmp_path / "a", work)
    assert {row["status"] for row in outcome.table.rows} == {"ok", "does_not_fit", "not_priced"}
    assert all(outcome.means[index]["status"] == "ok" for index in outcome.best)


def test_objectives_that_no_run_has_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    path = tmp_path / "search.yaml"
    lines = [*AXES, "points: 9", "objectives: {validation_accuracy: maximise}"]
    path.write_text(text(*lines, strategy="tpe"), encoding="utf-8")
    with pytest.raises(
        NeurochipError, match="objectives: these runs have no validation_accuracy; they have test"
    ):
        in_threads(path, tmp_path / "a", analytic)


def test_optuna_is_named_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    path = tmp_path / "search.yaml"
    path.write_text(text(*AXES, "points: 9", GOALS, strategy="nsga2"), encoding="utf-8")
    with pytest.raises(NeurochipError, match=r"nsga2 and tpe need Optuna: pip install 'neurochip\[search\]'"):
        in_threads(path, tmp_path / "a")
    assert json.loads((tmp_path / "a" / "sweep.json").read_text(encoding="utf-8"))["complete"] is False
