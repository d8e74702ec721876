"""A run's state between two epochs, from which it goes on to the same bits."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import is_zipfile

import numpy as np

from neurochip.counts import Tally
from neurochip.errors import CheckpointError
from neurochip.experiment.differences import differences
from neurochip.experiment.run import Run
from neurochip.files import replacing

FORMAT = "neurochip checkpoint 2"
NAME = "checkpoint.npz"
_ARRAYS = ("spikes", "saturations", "updates", "bias_draws", "readings")


class Progress(NamedTuple):
    """What a run has done: the rows of its epochs, and the wall time of all processes that worked on it."""

    rows: list[dict[str, Any]]
    seconds: float


def settings(run: Run) -> dict[str, Any]:
    """All that decides a run's bits; with a constant learning rate the number of epochs does not."""
    experiment = run.experiment.model_dump(mode="json", exclude={"name", "description", "hardware"})
    if run.experiment.rule.schedule == "constant":
        experiment.pop("epochs")
    hardware = run.hardware.model_dump(mode="json", exclude={"name", "description", "prices"})
    samples = {name: part.sha256 for name, part in run.data.items()}
    return {"experiment": experiment, "hardware": hardware, "sha256 of data": samples}


def save(folder: Path, run: Run, progress: Progress) -> None:
    """Write the state of ``run``; an earlier checkpoint stays until this one is whole."""
    arrays: dict[str, Any] = {
        "format": FORMAT,
        "settings": json.dumps(settings(run), sort_keys=True),
        "epochs": json.dumps(progress.rows),
        "seconds": np.float64(progress.seconds),
    }
    for index, (master, bias) in enumerate(zip(run.chip.masters, run.chip.biases, strict=True)):
        arrays[f"master_{index}"], arrays[f"bias_{index}"] = master, bias
    if run.chip.cells:
        arrays |= {f"cells_{name}": value for name, value in run.chip.cells.state().items()}
    for name, tally in (("training", run.training), ("inference", run.inference)):
        arrays |= {f"{name}_{part}": getattr(tally, part) for part in _ARRAYS}
        arrays[f"{name}_done"] = np.array([tally.samples, tally.batches])
    arrays["digest"] = _digest(arrays)
    with replacing(folder / NAME) as temporary:
        np.savez_compressed(temporary, **arrays)


def restore(folder: Path, run: Run) -> Progress:
    """Bring ``run`` to the state of a checkpoint; returns what was done until then.

    Raises CheckpointError if there is none, or if it is damaged or of another experiment, chip or data.
    """
    stored = read(folder)
    try:
        return _restored(stored, run, folder / NAME)
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(f"{folder / NAME} does not hold the state of such a run ({error})") from error


def require(folder: Path) -> Path:
    """The path of a folder's checkpoint. Raises CheckpointError if there is none."""
    path = folder / NAME
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist: no epoch of a run was finished in {folder}")
    return path


def read(folder: Path) -> dict[str, Any]:
    """The arrays of a checkpoint, checked. Raises CheckpointError if it is missing or damaged."""
    path = require(folder)
    try:
        content = path.read_bytes()
        if not is_zipfile(BytesIO(content)):
            raise ValueError("not a whole archive")
        with np.load(BytesIO(content), allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        intact = str(stored["format"]) == FORMAT and str(stored.pop("digest")) == _digest(stored)
    except Exception as error:  # a damaged archive fails in many ways; each means the same to the user
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is damaged, or no checkpoint of neurochip ({reason})") from error
    if not intact:
        raise CheckpointError(f"{path} is damaged, or of another version of neurochip")
    return stored


def _restored(stored: dict[str, Any], run: Run, path: Path) -> Progress:
    _require_same(json.loads(str(stored["settings"])), settings(run), path)
    rows: list[dict[str, Any]] = json.loads(str(stored["epochs"]))
    if len(rows) > run.experiment.epochs:
        raise CheckpointError(
            f"{path} is of epoch {len(rows)}, more than the {run.experiment.epochs} asked for: "
            "give more epochs, or start in another folder"
        )
    tallies = _tally(stored, "training", run.training), _tally(stored, "inference", run.inference)
    n = len(run.network.projections)
    masters, biases = ([stored[f"{it}_{i}"] for i in range(n)] for it in ("master", "bias"))
    run.chip.load(masters, biases, _part(stored, "cells_"))
    run.training, run.inference = tallies
    run.epoch = len(rows)
    return Progress(rows, float(stored["seconds"]))


def _require_same(there: dict[str, Any], here: dict[str, Any], path: Path) -> None:
    found = differences(there, here)
    if found:
        epochs = any(line.startswith("experiment.epochs ") for line in found)
        why = " (with a cosine schedule the number of epochs sets every learning rate)" * epochs
        raise CheckpointError(f"{path} is of a run with other settings: {'; '.join(found)}{why}")


def _part(stored: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): it for name, it in stored.items() if name.startswith(prefix)}


def _tally(stored: dict[str, Any], name: str, like: Tally) -> Tally:
    """A stored tally. Raises ValueError if it is not of such a run as ``like``."""
    parts = {part: stored[f"{name}_{part}"] for part in _ARRAYS}
    for part, there in parts.items():
        here = getattr(like, part)
        if there.shape != here.shape or there.dtype != here.dtype:
            raise ValueError(
                f"{name}_{part} is {there.dtype}{[*there.shape]} there, {here.dtype}{[*here.shape]} here"
            )
    samples, batches = stored[f"{name}_done"].tolist()
    return Tally(**parts, samples=samples, batches=batches)


def _digest(arrays: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = np.asarray(arrays[name])
        digest.update(f"{name} {value.dtype.kind} {value.shape} ".encode())
        content = str(value).encode() if value.dtype.kind == "U" else np.ascontiguousarray(value).tobytes()
        digest.update(content)
    return digest.hexdigest()
