"""``neurochip eval``: classify data with learned weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.cli.tables import percent, say, table
from neurochip.cli.watch import COMPILING
from neurochip.errors import CheckpointError
from neurochip.experiment import Experiment, Run, Setup, checkpoint, record
from neurochip.experiment.compiling import announcing
from neurochip.files import write_json
from neurochip.hardware import Hardware


def evaluate_run(folder: Path, split: str, threads: int | None, data_dir: Path | None) -> None:
    """Show the accuracy by class and write ``eval-SPLIT.json`` into the run's folder."""
    run = reopen(folder, threads, data_dir)
    labels, classes = run.part(split).labels, run.part(split).classes
    with announcing(lambda: say(COMPILING)):
        predicted = run.predict(split)
    right = predicted == labels
    accuracy = float(right.mean())
    title = f"{run.experiment.name}, {split} part after epoch {run.epoch}"
    table(title, ("class", "samples", "right"), _by_class(labels, right, classes))
    say(f"{split} accuracy {percent(accuracy)} of {len(labels):,} samples")
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (labels, predicted), 1)
    result = {
        "split": split,
        "samples": len(labels),
        "accuracy": accuracy,
        "epoch": run.epoch,
        "data_sha256": run.part(split).sha256,
        "weights_sha256": record.weights_sha256(run),
        "confusion": confusion.tolist(),
    }
    write_json(folder / f"eval-{split}.json", result)


def reopen(folder: Path, threads: int | None = None, data_dir: Path | None = None) -> Run:
    """The run of a folder with the weights of its checkpoint. Raises CheckpointError."""
    stored = record.read(folder)
    checkpoint.require(folder)
    try:
        experiment = Experiment.model_validate_json(json.dumps(stored["experiment"]))
        hardware = Hardware.model_validate_json(json.dumps(stored["hardware"]))
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{folder / record.RECORD} is damaged: {error}") from error
    run = Run(Setup(experiment, hardware), threads, data_dir)
    checkpoint.restore(folder, run)
    return run


def _by_class(
    labels: NDArray[Any], right: NDArray[np.bool_], classes: tuple[str, ...]
) -> list[tuple[str, int, str]]:
    rows = []
    for number, name in enumerate(classes):
        members = labels == number
        share = percent(float(right[members].mean())) if members.any() else "-"
        rows.append((name, int(members.sum()), share))
    return rows
