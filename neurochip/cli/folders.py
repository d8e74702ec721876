"""Where a run goes when the user names no folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from neurochip.errors import CheckpointError, NeurochipError
from neurochip.experiment import Setup, checkpoint
from neurochip.files import make_folder

RUNS = Path("runs")
COMPARISON, TRACE = "compare.json", "cycles.json"


@contextmanager
def run_folder(setup: Setup, out: Path | None, resume: bool) -> Iterator[Path]:
    """The folder of a run: ``out``, or one below ``runs``, which goes again if nothing was left in it."""
    if out is not None:
        yield out
    elif resume:
        yield _last(setup)
    else:
        with _new(setup) as folder:
            yield folder


@contextmanager
def comparison_folder(setup: Setup, out: Path | None) -> Iterator[Path]:
    """The folder of a comparison: ``out``, or one below ``runs``, which goes again if nothing was left in it.

    Raises CheckpointError if it holds one already, NeurochipError if nothing can be written there.
    """
    with _result_folder(setup, out, "compare-", COMPARISON, "comparison") as folder:
        yield folder


@contextmanager
def trace_folder(setup: Setup, out: Path | None) -> Iterator[Path]:
    """The folder of a trace, likewise."""
    with _result_folder(setup, out, "trace-", TRACE, "trace") as folder:
        yield folder


@contextmanager
def _result_folder(setup: Setup, out: Path | None, kind: str, result: str, what: str) -> Iterator[Path]:
    """A folder for what is written once: ``result`` is its file, ``what`` its name in messages."""
    if out is None:
        with _new(setup, kind) as folder:
            yield folder
    elif (out / result).exists():
        raise CheckpointError(f"{out} already holds a {what}: name another folder with --out")
    elif out.exists() and not out.is_dir():
        raise CheckpointError(f"{out} is a file: name a folder for the {what}")
    else:
        make_folder(out)
        yield out


@contextmanager
def _new(setup: Setup, kind: str = "") -> Iterator[Path]:
    folder = _made(setup, kind)
    try:
        yield folder
    finally:
        with suppress(OSError):  # it is not empty: the run left something
            folder.rmdir()


def _made(setup: Setup, kind: str) -> Path:
    """Made here and now, so that two processes started together do not choose the same."""
    for folder in _candidates(setup, kind):
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


def _candidates(setup: Setup, kind: str = "") -> Iterator[Path]:
    """``runs/experiment-hardware-seed0``, ``kind`` before it, then with ``-2``, ``-3`` ... behind it."""
    name = f"{kind}{setup.experiment.name}-{setup.hardware.name}-seed{setup.experiment.seed}"
    stem = re.sub(r"[^\w.+=-]+", "-", name).lstrip(".")
    yield RUNS / stem
    yield from (RUNS / f"{stem}-{number}" for number in count(2))
