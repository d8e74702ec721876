"""A folder of finished points, one file each, named by what decides them; sweeps may share it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurochip.files import make_folder, write_json
from neurochip.sweep.identity import FORMAT

LASTING = ("ok", "not_priced", "does_not_fit", "invalid", "failed")
"""Statuses that would be the same again; what was lost or went wrong outside the chip is tried again."""


@dataclass
class Store:
    """Finished points below ``folder``, as ``ab/abcdef....json``; a file is there whole or not at all.

    ``damaged``: the files that are no finished points; their points are run again.
    """

    folder: Path
    damaged: set[Path] = field(default_factory=set)

    def prepare(self) -> None:
        """Make the folder. Raises NeurochipError if it cannot be written."""
        make_folder(self.folder)

    def path(self, key: str) -> Path:
        """Where the point of this name is, or would be."""
        return self.folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> dict[str, Any] | None:
        """The result of a finished point; None if there is none that can be used."""
        try:
            text = self.path(key).read_bytes()
        except OSError:
            return None
        try:
            found = json.loads(text)
            if found["format"] == FORMAT and found["key"] == key and _sound(found):
                return dict(found)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        self.damaged.add(self.path(key))
        return None

    def put(self, result: dict[str, Any], settings: dict[str, Any]) -> None:
        """Keep a result if it is lasting; ``settings``: what decided it, for readers of the file."""
        if result["status"] in LASTING:
            write_json(self.path(result["key"]), {"format": FORMAT, **result, "settings": settings})


def _sound(found: dict[str, Any]) -> bool:
    """Whether it is a result that a table can be made of. Raises KeyError."""
    kinds = isinstance(found["row"], dict) and isinstance(found["reason"], str)
    return kinds and found["status"] in LASTING
