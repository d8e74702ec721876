"""Files that are either the old one or the new one, whole, at any moment."""

from __future__ import annotations

import glob
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from uuid import uuid4

from neurochip.errors import NeurochipError

FORGOTTEN = 3600.0
"""Seconds after which an untouched temporary file has no writer any more: no file takes so long."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path``, with the same suffix; it replaces ``path`` when the block ends well.

    When the block raises, ``path`` is as before and nothing is left behind. What a killed writer of ``path``
    left behind is removed by a later one, `FORGOTTEN` seconds after. The folder is made if missing.
    Raises NeurochipError when the file cannot be written (no permission, no space ...).
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}.{uuid4().hex}{target.suffix}")
    try:
        with _writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            _remove_forgotten(target)
            yield temporary
            _flush(temporary)
            temporary.replace(target)
    finally:
        with suppress(OSError):  # a folder that cannot be reached holds nothing to remove
            temporary.unlink(missing_ok=True)


def write_text_atomic(path: str | Path, text: str) -> None:
    """Writes UTF-8 text with ``\\n`` line ends."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, obj: Any) -> None:
    """Writes ``obj`` as indented JSON; NaN and infinities, which JSON has not, are a ValueError."""
    write_text_atomic(path, json.dumps(obj, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def make_folder(folder: str | Path) -> None:
    """Make a folder if there is none, and try to write in it. Raises NeurochipError if that fails."""
    target = Path(folder)
    with _writing(target):
        target.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=target):
            pass


def _remove_forgotten(target: Path) -> None:
    """Remove temporary files of ``target`` that nobody has touched for long."""
    pattern = f".{glob.escape(target.stem)}.{'[0-9a-f]' * 32}{glob.escape(target.suffix)}"
    for left in target.parent.glob(pattern):
        with suppress(OSError):  # another writer removes it, too
            if time.time() - left.stat().st_mtime > FORGOTTEN:
                left.unlink()


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise NeurochipError(f"{target} cannot be written: {reason}") from error


def _flush(path: Path) -> None:
    """Bring a file to the disk, so that not even a power cut leaves an empty one under the final name."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
