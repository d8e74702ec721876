"""A run's state between two epochs, from which it goes on to the same bits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from neurochip.counts import Tally
from neurochip.errors import CheckpointError
from neurochip.experiment.run import Run
from neurochip.files import replacing

FORMAT = "neurochip checkpoint 1"
NAME = "checkpoint.npz"
_TALLY = ("spikes", "saturations", "updates")


def fingerprint(run: Run) -> str:
    """SHA-256 of all that decides a run's bits; with a constant learning rate the number of epochs does not."""
    experiment = run.experiment.model_dump(mode="json", exclude={"name", "description", "hardware"})
    if run.experiment.rule.schedule == "constant":
        experiment.pop("epochs")
    parts = [experiment, run.hardware.model_dump(mode="json", exclude={"name", "description"})]
    parts += [{name: part.sha256 for name, part in run.data.items()}]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def save(folder: Path, run: Run, rows: list[dict[str, Any]]) -> None:
    """Write the state of ``run`` and the rows of its epochs; an earlier checkpoint stays until this one is whole."""
    arrays: dict[str, Any] = {"format": FORMAT, "fingerprint": fingerprint(run), "epochs": json.dumps(rows)}
    for index, (master, bias) in enumerate(zip(run.chip.masters, run.chip.biases, strict=True)):
        arrays[f"master_{index}"], arrays[f"bias_{index}"] = master, bias
    for name, tally in (("training", run.training), ("inference", run.inference)):
        arrays |= {f"{name}_{part}": getattr(tally, part) for part in _TALLY}
        arrays[f"{name}_done"] = np.array([tally.samples, tally.batches])
    arrays["digest"] = _digest(arrays)
    with replacing(folder / NAME) as temporary:
        np.savez_compressed(temporary, **arrays)


def restore(folder: Path, run: Run) -> list[dict[str, Any]]:
    """Bring ``run`` to the state of a checkpoint; returns the rows of the epochs done.

    Raises CheckpointError if there is none, if it is damaged, or if it is of another experiment, chip or data.
    """
    stored = read(folder)
    if str(stored["fingerprint"]) != fingerprint(run):
        raise CheckpointError(
            f"{folder / NAME} is of another experiment, hardware or data: start in another folder, or give the same "
            "settings again (a run with schedule cosine cannot be given other epochs)"
        )
    n = len(run.network.projections)
    run.chip.load([stored[f"master_{i}"] for i in range(n)], [stored[f"bias_{i}"] for i in range(n)])
    run.training, run.inference = (_tally(stored, name) for name in ("training", "inference"))
    rows: list[dict[str, Any]] = json.loads(str(stored["epochs"]))
    run.epoch = len(rows)
    return rows


def read(folder: Path) -> dict[str, Any]:
    """The arrays of a checkpoint, checked. Raises CheckpointError if it is missing or damaged."""
    path = folder / NAME
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist: there is nothing to resume in {folder}")
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        intact = str(stored["format"]) == FORMAT and str(stored.pop("digest")) == _digest(stored)
    except Exception as error:  # a damaged archive fails in many ways; each means the same to the user
        raise CheckpointError(f"{path} is damaged or no checkpoint of neurochip ({error}): delete it") from error
    if not intact:
        raise CheckpointError(f"{path} is damaged or of another version of neurochip: delete it and start again")
    return stored


def _tally(stored: dict[str, Any], name: str) -> Tally:
    samples, batches = stored[f"{name}_done"].tolist()
    return Tally(*(stored[f"{name}_{part}"] for part in _TALLY), samples=samples, batches=batches)


def _digest(arrays: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = np.asarray(arrays[name])
        digest.update(f"{name} {value.dtype.kind} {value.shape} ".encode())
        digest.update(str(value).encode() if value.dtype.kind == "U" else np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
