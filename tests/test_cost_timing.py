"""The time of a run from the ticks of a few samples, held against the cycle engine and against averages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from small_runs import compiled, record_of, tiny

from neurochip.clock import Clock
from neurochip.cost import RunTiming, from_averages, from_ticks
from neurochip.errors import RegisterOverflow
from neurochip.experiment import Run, Setup, cost_of, execute, price
from neurochip.experiment.timed import SAMPLES, timed
from neurochip.fixed import draws, key

pytestmark = compiled

MESH = tuple(
    f"hardware.{it}"
    for it in ("crossbar.rows=32", "crossbar.cols=32", "core.crossbars=2", "core.neurons=32", "mesh.rows=3",
               "mesh.cols=3")
)  # fmt: skip
"""The digits' network on seven cores that talk to each other."""


class Three(NamedTuple):
    """Cycles of the same samples and one update: by the cycle engine, tick by tick, and from averages."""

    engine: dict[str, int]
    ticks: RunTiming
    average: RunTiming


def three(setup: Setup, epochs: int = 0) -> Three:
    """The first samples of the training part after some epochs, and the update after them."""
    run = Run(setup, 1)
    for _ in range(epochs):
        run.train_epoch()
    found = timed(run)
    assert found is not None
    indices = np.arange(found["training"]["samples"])
    inputs, targets, _ = run.feeds["train"].take(indices)
    family = key(run.experiment.seed, draws.NEURON, 1 << 32)
    clock = Clock(run.hardware, run.placement, run.program)
    clock.load(run.chip.masters, run.chip.biases)
    slow = [clock.run(inputs[n : n + 1], targets[n : n + 1], indices[n : n + 1], family) for n in indices]
    outcome = run.chip.run(inputs, targets, indices, family)
    assert all(np.array_equal(it.banks[0], outcome.banks[n]) for n, it in enumerate(slow))
    clock.learn(outcome.banks, *run.rates(), 0)
    run.chip.learn(outcome.banks, *run.rates(), 0)
    counts = run.counts(run.chip.take_tally())
    ticks = from_ticks(found["training"], found["update"], counts)
    return Three(clock.take_timing().by_phase, ticks, from_averages(counts, run.hardware))


@pytest.mark.parametrize("sets", [(), MESH], ids=["one core", "seven cores"])
def test_ticks_agree_with_the_cycle_engine(sets: tuple[str, ...]) -> None:
    """Of the same samples every phase has the same cycles; average counts are off."""
    found = three(tiny(*sets))
    assert found.ticks.cycles.tolist() == list(found.engine.values())
    assert found.ticks.samples == SAMPLES
    off = found.average.cycles.sum() / sum(found.engine.values()) - 1
    assert abs(off) > 0.005


def test_an_update_is_linear_in_its_samples() -> None:
    """Two batches of 16 and a smaller one, as three updates of the cycle engine would be."""
    from neurochip.timing.learning import Update

    run = Run(tiny(*MESH), 1)
    found = timed(run)
    assert found is not None
    sample, batch = (found["update"][it]["cycles"] for it in ("sample", "batch"))
    for size in (1, 2, 7, 20):
        update = Update.of(run.placement, run.hardware, run.program, size)
        assert sample * size + batch == update.cycles
        busy = np.array(found["update"]["sample"]["busy"]) * size + found["update"]["batch"]["busy"]
        assert busy.tolist() == update.work.tolist()


def test_phases_add_up_to_the_samples() -> None:
    """Busy cycles and flits of the phases are those of the whole, and flits those that are counted."""
    run = Run(tiny(*MESH), 1)
    found = timed(run)
    assert found is not None
    indices = np.arange(SAMPLES)
    inputs, targets, _ = run.feeds["train"].take(indices)
    run.chip.run(inputs, targets, indices, key(run.experiment.seed, draws.NEURON, 1 << 32))
    counts = run.counts(run.chip.take_tally())
    for index, phase in enumerate(found["training"]["phases"].values()):
        links = {int(link): flits for link, flits in phase["links"].items()}
        assert links == {link: int(counts.links[index, link]) for link in np.flatnonzero(counts.links[index])}
        assert max(phase["busy"]) <= phase["cycles"]


def test_timing_changes_nothing() -> None:
    run, other = Run(tiny(), 1), Run(tiny(), 1)
    run.train_epoch(), other.train_epoch()
    indices = np.arange(3)
    inputs, targets, _ = run.feeds["train"].take(indices)
    for it in (run, other):
        it.chip.run(inputs, targets, indices, 7)
    assert timed(run) == timed(run)
    assert run.chip.tally.samples == other.chip.tally.samples == 3
    assert np.array_equal(run.chip.tally.spikes, other.chip.tally.spikes)
    assert run.training.samples == other.training.samples
    run.chip.take_tally(), other.chip.take_tally()
    run.train_epoch(), other.train_epoch()
    for one, two in zip(run.chip.masters, other.chip.masters, strict=True):
        assert np.array_equal(one, two)


# --- record and cost ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("timing") / "run"
    execute(tiny(*MESH), out)
    return out


def test_the_cost_says_which_estimate_it_is(folder: Path) -> None:
    record = record_of(folder)
    cost: dict[str, Any] = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    assert cost == price(folder) == price(record)
    for part in ("training", "inference"):
        time, timing = cost[part]["time"], record["timing"]
        assert (time["estimate"], time["timed_samples"]) == ("ticks", SAMPLES)
        phases = {name: it["cycles"] / SAMPLES for name, it in timing[part]["phases"].items()}
        phases["update"] = 0.0
        if part == "training":
            update, counts = timing["update"], record["counts"]
            share = counts["batches"] / counts["training_samples"]
            phases["update"] = update["sample"]["cycles"] + update["batch"]["cycles"] * share
        assert time["phases_cycles_per_sample"] == pytest.approx(phases)
        assert time["critical_core"] == int(np.argmax(time["utilisation"]))
        assert max(time["utilisation"] + time["link_utilisation"]) <= 1
        assert time["critical_link"]["utilisation"] > 0
    assert any("tick by tick, from the first 16 samples" in note for note in cost["notes"])


def test_a_record_without_ticks_is_priced_from_averages(folder: Path) -> None:
    record = record_of(folder)
    cost = price({**record, "timing": None})
    assert cost == price({key: value for key, value in record.items() if key != "timing"})
    assert cost["training"]["time"]["estimate"] == cost["inference"]["time"]["estimate"] == "average"
    assert cost["training"]["time"]["timed_samples"] == 0
    assert any("average counts" in note for note in cost["notes"])
    assert cost["training"]["time"]["cycles_per_sample"] != pytest.approx(
        price(record)["training"]["time"]["cycles_per_sample"], rel=1e-3
    )
    moving = {"leakage", "clock", "idle"}
    for kind, energy in cost["training"]["energy_pj"]["kinds"].items():
        same = energy == pytest.approx(price(record)["training"]["energy_pj"]["kinds"][kind])
        assert same is (kind not in moving), kind


def test_a_run_in_memory_costs_what_its_record_says(folder: Path) -> None:
    run = Run(tiny(*MESH), 1)
    for _ in range(2):
        run.train_epoch()
        run.evaluate("test")
    assert cost_of(run) == price(folder)


def test_a_strict_register_that_overflows_leaves_the_averages(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tiny(), 1)
    run.train_epoch()

    def overflows(*_: Any, **__: Any) -> None:
        raise RegisterOverflow("membrane")

    monkeypatch.setattr(run.chip, "run", overflows)
    assert timed(run) is None
    assert cost_of(run)["training"]["time"]["estimate"] == "average"


def test_fewer_samples_are_timed_where_there_are_fewer() -> None:
    run = Run(tiny("experiment.data.train=10", "experiment.data.test=10"), 1)
    found = timed(run)
    assert found is not None
    assert (found["training"]["samples"], found["inference"]["samples"]) == (10, 10)
