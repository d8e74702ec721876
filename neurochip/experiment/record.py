"""What a run leaves behind in its folder: ``record.json`` (see docs/record.md), ``curves.csv``."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from neurochip.config.text import dotted
from neurochip.errors import CheckpointError
from neurochip.experiment import provenance
from neurochip.experiment.checkpoint import NAME as CHECKPOINT
from neurochip.experiment.checkpoint import Progress
from neurochip.experiment.record_schema import SCHEMA, RecordModel
from neurochip.experiment.run import Run
from neurochip.files import replacing, write_json

RECORD, CURVES = "record.json", "curves.csv"
CURVE_COLUMNS = (
    "epoch", "train_accuracy", "test_accuracy", "validation_accuracy", "seconds", "samples_per_s",
    "synaptic_ops",
)  # fmt: skip


def build(run: Run, progress: Progress, timing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The record of a run after the epochs of ``progress``, as `RecordModel` describes it.

    ``timing``: of `neurochip.experiment.timed`, when the run is complete.
    """
    return {
        "schema": SCHEMA,
        "neurochip_version": provenance.neurochip_version(),
        "commit": provenance.commit(),
        "software": provenance.software(),
        "complete": run.epoch >= run.experiment.epochs,
        "seed": run.experiment.seed,
        "experiment": run.experiment.model_dump(mode="json"),
        "hardware": run.hardware.model_dump(mode="json"),
        "data": {name: _data(part) for name, part in run.data.items()},
        "network": _network(run),
        "placement": {name: list(pair) for name, pair in run.placement.summary().items()},
        "epochs": progress.rows,
        "counts": {
            "training": run.counts(run.training).as_json(),
            "inference": run.inference_counts().as_json(),
            "training_samples": run.training.samples,
            "inference_samples": run.inference.samples,
            "batches": run.training.batches,
        },
        "timing": timing,
        "saturations": _saturations(run),
        **({"cells": run.chip.cells.wear()} if run.chip.cells else {}),
        "weights_sha256": weights_sha256(run),
        "threads": run.threads,
        "wall_seconds": progress.seconds,
    }


def weights_sha256(run: Run) -> str:
    """SHA-256 of the weights, then the biases, by projection, as little-endian int32 in C order."""
    digest = hashlib.sha256()
    for values in (*run.chip.weights, *run.chip.biases):
        digest.update(np.ascontiguousarray(values, "<i4").tobytes())
    return digest.hexdigest()


def write(folder: Path, record: dict[str, Any]) -> None:
    """Write ``record.json`` and ``curves.csv``. Raises NeurochipError if they cannot be written."""
    write_json(folder / RECORD, record)
    with replacing(folder / CURVES) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, CURVE_COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(record["epochs"])


def read(folder: str | Path) -> dict[str, Any]:
    """The record of a run. Raises CheckpointError if there is none, or if it is not one, or damaged."""
    path = Path(folder) / RECORD
    if not path.is_file():
        advice = ": go on with --resume to get it" if path.with_name(CHECKPOINT).is_file() else ""
        raise CheckpointError(f"{folder} is not the folder of a run: there is no {RECORD}{advice}")
    try:
        text = path.read_text(encoding="utf-8")
        record = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged or no record of neurochip ({error})") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise CheckpointError(f"{path} is not a record of this version of neurochip ({SCHEMA})")
    try:
        RecordModel.model_validate_json(text)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        raise CheckpointError(f"{path} is damaged: {dotted(first['loc'])}: {first['msg']}") from invalid
    return record


def _data(part: Any) -> dict[str, Any]:
    facts = {name: getattr(part, name) for name in ("name", "split", "source", "licence", "note", "sha256")}
    return {**facts, "samples": len(part)}


def _network(run: Run) -> dict[str, Any]:
    return {
        "name": run.network.name,
        "neurons": run.network.neurons,
        "synapses": run.network.synapses,
        "zero_weights": sum(int((weights == 0).sum()) for weights in run.chip.weights),
        "populations": [
            {"name": p.name, "shape": list(p.shape), "size": p.size} for p in run.network.populations
        ],
    }


def _saturations(run: Run) -> dict[str, int]:
    training, inference = run.training.saturated(), run.inference.saturated()
    return {name: training[name] + inference[name] for name in training}
