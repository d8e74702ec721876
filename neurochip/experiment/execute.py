"""Running an experiment into a folder, to its end, from wherever it stands."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from neurochip.datasets.base import Folder
from neurochip.errors import CheckpointError
from neurochip.experiment import checkpoint, record
from neurochip.experiment.compiling import announcing
from neurochip.experiment.load import Setup
from neurochip.experiment.observer import Observer
from neurochip.experiment.run import Run


def execute(
    setup: Setup,
    out: str | Path | None = None,
    *,
    threads: int | None = None,
    data_dir: Folder | None = None,
    resume: bool = False,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Train ``setup`` to its last epoch and return its record.

    With ``out`` the folder gets the checkpoint, the record and the curves after every epoch; with ``resume`` the run goes on
    from the checkpoint in it, to the same bits as a run that was never stopped.
    Raises ConfigError, DataError, DoesNotFit, RegisterOverflow, or CheckpointError: ``out`` already holds a run and
    ``resume`` was not asked for, or it was and cannot be.
    """
    observer = observer or Observer()
    folder = Path(out) if out is not None else None
    if folder and not resume:
        _refuse_taken(folder)
    began = perf_counter()
    run = Run(setup, threads, data_dir)
    rows = checkpoint.restore(folder, run) if folder and resume else []
    observer.started(_facts(run, folder))
    with announcing(observer.compiling):
        while run.epoch < run.experiment.epochs:
            row = run.train_epoch(observer)
            for part in ("test", "validation"):
                if part in run.data:
                    row[f"{part}_accuracy"] = run.evaluate(part, observer)
            rows.append(row)
            if folder:
                checkpoint.save(folder, run, rows)
                record.write(folder, record.build(run, rows, perf_counter() - began))
            observer.epoch(row, run.experiment.epochs)
    found = record.build(run, rows, perf_counter() - began)
    if folder:
        record.write(folder, found)
    return found


def _refuse_taken(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"{folder} is a file: name a folder for the run")
    if any((folder / name).exists() for name in (record.RECORD, checkpoint.NAME)):
        raise CheckpointError(f"{folder} already holds a run: resume it with --resume, or name another folder")


def _facts(run: Run, folder: Path | None) -> dict[str, Any]:
    return {
        "experiment": run.experiment.name,
        "hardware": run.hardware.name,
        "network": run.network.name,
        "synapses": run.network.synapses,
        "samples": len(run.data["train"]),
        "epochs": run.experiment.epochs,
        "epoch": run.epoch,
        "threads": run.threads,
        "seed": run.experiment.seed,
        "placement": run.placement.summary(),
        "out": str(folder) if folder else None,
    }
