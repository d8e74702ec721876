"""What a run leaves behind in its folder: ``record.json`` (schema in docs/record.md), curves, picture, checkpoint."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from neurochip.errors import CheckpointError
from neurochip.experiment.run import Run
from neurochip.files import replacing, write_json

SCHEMA = "neurochip record 1"
RECORD, CURVES = "record.json", "curves.csv"
CURVE_COLUMNS = (
    "epoch", "train_accuracy", "test_accuracy", "validation_accuracy", "seconds", "samples_per_s", "synaptic_ops",
)  # fmt: skip


def build(run: Run, rows: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """The record of a run after the epochs in ``rows``; ``seconds``: wall time of this process so far."""
    return {
        "schema": SCHEMA,
        "neurochip_version": _version("neurochip"),
        "commit": commit(),
        "software": {"python": platform.python_version(), **{p: _version(p) for p in ("numpy", "numba")}},
        "complete": run.epoch >= run.experiment.epochs,
        "seed": run.experiment.seed,
        "experiment": run.experiment.model_dump(mode="json"),
        "hardware": run.hardware.model_dump(mode="json"),
        "data": {name: _data(part) for name, part in run.data.items()},
        "network": _network(run),
        "placement": {name: list(pair) for name, pair in run.placement.summary().items()},
        "epochs": rows,
        "counts": {
            "training": run.counts(run.training).as_json(),
            "inference": run.inference_counts().as_json(),
            "training_samples": run.training.samples,
            "inference_samples": run.inference.samples,
        },
        "saturations": _saturations(run),
        "weights_sha256": weights_sha256(run),
        "threads": run.threads,
        "wall_seconds": seconds,
    }


def weights_sha256(run: Run) -> str:
    """SHA-256 of the integer weights, then the biases, projection by projection, as little-endian int32 in C order."""
    digest = hashlib.sha256()
    for values in (*run.chip.weights, *run.chip.biases):
        digest.update(np.ascontiguousarray(values, "<i4").tobytes())
    return digest.hexdigest()


def write(folder: Path, record: dict[str, Any]) -> None:
    """Write ``record.json`` and ``curves.csv``."""
    write_json(folder / RECORD, record)
    with replacing(folder / CURVES) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, CURVE_COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(record["epochs"])


def read(folder: str | Path) -> dict[str, Any]:
    """The record of a run. Raises CheckpointError if there is none or it is not one."""
    path = Path(folder) / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} does not exist: {folder} is not the folder of a run") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): the run has to be made again") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise CheckpointError(f"{path} is not a record of this version of neurochip ({SCHEMA})")
    return record


@cache
def commit() -> str | None:
    """Commit of the repository that the package runs from, with ``-dirty``; None when it is installed without one."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _data(part: Any) -> dict[str, Any]:
    facts = {name: getattr(part, name) for name in ("name", "split", "source", "licence", "note", "sha256")}
    return {**facts, "samples": len(part)}


def _network(run: Run) -> dict[str, Any]:
    return {
        "name": run.network.name,
        "neurons": run.network.neurons,
        "synapses": run.network.synapses,
        "populations": [{"name": p.name, "shape": list(p.shape), "size": p.size} for p in run.network.populations],
    }


def _saturations(run: Run) -> dict[str, int]:
    training, inference = run.training.saturated(), run.inference.saturated()
    return {name: training[name] + inference[name] for name in training}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
