"""Runs that take a moment: a network of 64-8-10 on a few digits, with few ticks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from neurochip.experiment import Setup, load

TINY = (
    "experiment.data.train=60",
    "experiment.data.test=40",
    "experiment.network.layers.0.units=8",
    "experiment.rule.ticks.free=8",
    "experiment.rule.ticks.nudged=4",
    "experiment.rule.schedule=constant",
)
"""Overrides of ``digits_ep``."""

TIMES = {"seconds", "samples_per_s"}

compiled = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="takes minutes without Numba's compiler"
)


def tiny(*sets: str, epochs: int = 2, **keys: int) -> Setup:
    """The small experiment, with further overrides."""
    return load("digits_ep", sets=[*TINY, *sets], epochs=epochs, **keys)


def arguments(out: Path, *more: str | Path, epochs: int = 2) -> list[str]:
    """The command line of the same run."""
    sets = [word for item in TINY for word in ("--set", item)]
    return ["run", "digits_ep", *sets, "--epochs", str(epochs), "--out", str(out), *map(str, more)]


def record_of(folder: Path) -> dict[str, Any]:
    """A run's record, as any other program would read it."""
    found: dict[str, Any] = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    return found


def lasting(record: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for every run of an experiment: all but times, threads and versions."""
    kept = {key: value for key, value in record.items() if key not in ("wall_seconds", "threads", "commit")}
    rows = [{key: row[key] for key in row.keys() - TIMES} for row in record["epochs"]]
    return {**kept, "epochs": rows}
