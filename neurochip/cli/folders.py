"""Where a run goes when the user names no folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from neurochip.errors import CheckpointError, NeurochipError
from neurochip.experiment import Setup, checkpoint

RUNS = Path("runs")


@contextmanager
def run_folder(setup: Setup, out: Path | None, resume: bool) -> Iterator[Path]:
    """The folder of a run: ``out``, or one below ``runs``, which goes again if nothing was left in it."""
    if out is not None:
        yield out
    elif resume:
        yield _last(setup)
    else:
        folder = _new(setup)
        try:
            yield folder
        finally:
            with suppress(OSError):  # it is not empty: the run left something
                folder.rmdir()


def _new(setup: Setup) -> Path:
    """Made here and now, so that two processes started together do not choose the same."""
    for folder in _candidates(setup):
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise NeurochipError(f"{folder} cannot be made: {error.strerror}; give --out") from error
        return folder
    raise AssertionError("there is always another number")


def _last(setup: Setup) -> Path:
    """The last folder of such runs that has a checkpoint. Raises CheckpointError if there is none."""
    found = None
    for folder in _candidates(setup):
        if not folder.exists():
            break
        found = folder if (folder / checkpoint.NAME).is_file() else found
    if found is None:
        first = next(_candidates(setup))
        raise CheckpointError(f"there is nothing to resume in {first}; name the folder of the run with --out")
    return found


def _candidates(setup: Setup) -> Iterator[Path]:
    """``runs/experiment-hardware-seed0``, then with ``-2``, ``-3`` ... behind it."""
    name = f"{setup.experiment.name}-{setup.hardware.name}-seed{setup.experiment.seed}"
    stem = re.sub(r"[^\w.+=-]+", "-", name).lstrip(".")
    yield RUNS / stem
    yield from (RUNS / f"{stem}-{number}" for number in count(2))
