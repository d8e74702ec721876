"""``neurochip eval``: classify data with learned weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from neurochip.cli.tables import console, percent, table
from neurochip.errors import CheckpointError
from neurochip.experiment import Experiment, Run, Setup, checkpoint, record
from neurochip.files import write_json
from neurochip.hardware import Hardware


def evaluate_run(folder: Path, split: str, threads: int | None, data_dir: Path | None) -> None:
    """Print accuracy, in all and by class, and write it to ``eval-SPLIT.json`` in the run's folder."""
    run = reopen(folder, threads, data_dir)
    labels, classes = run.part(split).labels, run.part(split).classes
    predicted = run.predict(split)
    right = predicted == labels
    rows = []
    for number, name in enumerate(classes):
        members = labels == number
        rows.append((name, int(members.sum()), percent(float(right[members].mean())) if members.any() else "-"))
    table(f"{run.experiment.name}, {split} part after epoch {run.epoch}", ("class", "samples", "right"), rows)
    console.print(f"{split} accuracy {percent(float(right.mean()))} of {len(labels):,} samples")
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels, predicted), 1)
    result = {
        "split": split,
        "samples": len(labels),
        "accuracy": float(right.mean()),
        "epoch": run.epoch,
        "data_sha256": run.part(split).sha256,
        "weights_sha256": record.weights_sha256(run),
        "confusion": confusion.tolist(),
    }
    write_json(folder / f"eval-{split}.json", result)


def reopen(folder: Path, threads: int | None = None, data_dir: Path | None = None) -> Run:
    """The run of a folder with the weights of its checkpoint. Raises CheckpointError."""
    stored = record.read(folder)
    try:
        experiment = Experiment.model_validate_json(json.dumps(stored["experiment"]))
        hardware = Hardware.model_validate_json(json.dumps(stored["hardware"]))
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{folder / record.RECORD} is damaged: {error}") from error
    run = Run(Setup(experiment, hardware), threads, data_dir)
    checkpoint.restore(folder, run)
    return run
