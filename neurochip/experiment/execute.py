"""Running an experiment into a folder, to its end, from wherever it stands."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from neurochip.cost import PriceTable
from neurochip.datasets.base import Folder
from neurochip.errors import CheckpointError
from neurochip.experiment import checkpoint, pricing, record
from neurochip.experiment.checkpoint import Progress
from neurochip.experiment.compiling import announcing
from neurochip.experiment.load import Setup
from neurochip.experiment.observer import Observer
from neurochip.experiment.run import Run
from neurochip.experiment.timed import timed
from neurochip.files import make_folder


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

    With ``out`` the folder gets the checkpoint, the record and the table of epochs after every epoch, and at
    the end what the run cost; with ``resume`` the run goes on from the checkpoint in it, to the same bits as
    a run that was never stopped.
    Raises ConfigError, DataError, DoesNotFit, RegisterOverflow; CheckpointError if ``out`` holds a run and
    ``resume`` was not asked for, or it was and cannot be; NeurochipError if a file cannot be written.
    """
    began = perf_counter()
    folder = Path(out) if out is not None else None
    _require_free(folder, resume)
    PriceTable.load(setup.hardware.prices)  # what is wrong with it is better said now than after the training
    run = Run(setup, threads, data_dir)
    done = checkpoint.restore(folder, run) if folder and resume else Progress([], 0.0)
    if folder and run.epoch >= run.experiment.epochs:
        return _finished(folder, run, done)
    if folder:
        make_folder(folder)
    observer = observer or Observer()
    observer.started(_facts(run, folder))
    with announcing(observer.compiling):
        run.warm_up()
        while run.epoch < run.experiment.epochs:
            done.rows.append(_epoch(run, observer))
            now = Progress(done.rows, done.seconds + perf_counter() - began)
            timing = timed(run) if run.epoch >= run.experiment.epochs else None
            found = record.build(run, now, timing)
            if folder:
                checkpoint.save(folder, run, now)
                record.write(folder, found)
            observer.epoch(done.rows[-1], run.experiment.epochs)
    if folder:
        pricing.write(folder, pricing.cost_of(run, timing=timing))
    return found


def _epoch(run: Run, observer: Observer) -> dict[str, Any]:
    """One epoch and its evaluations; returns its row of the record."""
    row = run.train_epoch(observer)
    for part in ("test", "validation"):
        if part in run.data:
            row[f"{part}_accuracy"] = run.evaluate(part, observer)
    return row


def _finished(folder: Path, run: Run, done: Progress) -> dict[str, Any]:
    """The record of a run with nothing left to train; written again only if it is missing or not right."""
    found = record.build(run, done, timed(run))
    try:
        there = record.read(folder)
    except CheckpointError:
        there = {}
    compared = ("experiment", "epochs", "counts", "timing", "weights_sha256")
    same = all(there.get(key) == found[key] for key in compared)
    if not same or not (folder / pricing.COST).exists():
        pricing.write(folder, pricing.cost_of(run, timing=found["timing"]))
    if same and (folder / record.CURVES).exists():
        return there
    record.write(folder, found)
    return found


def _require_free(folder: Path | None, resume: bool) -> None:
    """Refuse a folder that cannot take the run, before anything else is done."""
    if folder is None:
        if resume:
            raise CheckpointError("there is nothing to resume from: name the folder of the run")
        return
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"{folder} is a file: name a folder for the run")
    if resume:
        checkpoint.require(folder)
    elif any((folder / name).exists() for name in (record.RECORD, checkpoint.NAME)):
        raise CheckpointError(f"{folder} already holds a run: resume it (--resume), or name another folder")


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
