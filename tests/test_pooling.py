"""Max pooling: bits that do not depend on threads or crossbars, and why spikes do not bear it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurochip.experiment import Run, load
from neurochip.experiment.record import weights_sha256

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "max_pooling.py"


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


@pytest.mark.parametrize(("seed", "top"), [(3, 1.0), (4, 0.5)])
def test_only_the_average_of_spikes_is_that_of_the_values(
    example: dict[str, Any], seed: int, top: float
) -> None:
    """An average errs by less than one spike a train; a maximum of independent spikes is 1 in all ticks but
    those in which all four are silent, so it is off by 1 - prod(1 - x) - max(x), however long the train."""
    found, lengths = example["measure"](seed, top), example["LENGTHS"]
    assert (found["spread"] <= 1 / lengths).all()
    values = top * np.random.default_rng(seed).random((example["SIDE"], example["SIDE"]))
    held = example["windows"](values.reshape(-1), example["SIDE"])
    expected = (1 - (1 - held).prod(-1) - held.max(-1)).mean()
    assert expected > 0.1
    assert found["max"][-4:] == pytest.approx(expected, abs=0.02)
    assert found["max"][-1] == pytest.approx(found["max"][-4], abs=0.01)
    assert (found["winners"][4:] < 0.7).all()


def digits(pool: str, *sets: str, threads: int = 1) -> Run:
    layers = (
        f"[{{kind: conv, channels: 5, kernel: 3, padding: 1, pool: {{kind: {pool}, window: 2}}}}, "
        "{kind: conv, channels: 3, kernel: 2, padding: 2, stride: 2}, {kind: dense, units: 10}]"
    )
    small = [f"experiment.network.layers={layers}", "experiment.data.train=50", "experiment.data.test=20"]
    ticks = ["experiment.rule.ticks={free: 16, nudged: 8}", "experiment.network.gain=1.5"]
    run = Run(load("digits_ep", sets=[*small, *ticks, "experiment.batch=7", *sets]), threads=threads)
    run.train_epoch()
    return run


CHANGES = [
    ["hardware.crossbar.rows=37", "hardware.crossbar.cols=13"],
    ["hardware.crossbar.feedback=mirrored"],
    ["hardware.core.neurons=64"],
]


@pytest.mark.parametrize("pool", ["average", "max"])
def test_threads_crossbars_and_replicas_move_no_bit(pool: str) -> None:
    run = digits(pool)
    assert all((a != 0).any() for a in run.training.updates)
    same = [digits(pool, threads=3), *(digits(pool, *change) for change in CHANGES)]
    if pool == "average":
        same.append(digits(pool, "experiment.placement.fold_pooling=true"))
    assert {weights_sha256(it) for it in same} == {weights_sha256(run)}
    assert max(it.placement.replicas(0) for it in same) > 1
    seeds = {weights_sha256(digits(pool, f"experiment.seed={seed}")) for seed in (1, 2)}
    assert len(seeds | {weights_sha256(run)}) == 3


def test_the_two_poolings_differ_in_what_they_compute_and_deliver() -> None:
    average, largest = digits("average"), digits("max")
    assert weights_sha256(average) != weights_sha256(largest)
    sums = [
        run.counts(run.training).total("partial_sums") / run.training.samples for run in (average, largest)
    ]
    ticks, window = average.program.ticks, 4
    hidden = average.network.populations[1].size
    assert sums[1] - sums[0] == (window - 1) * hidden * ticks
