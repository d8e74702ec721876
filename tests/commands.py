"""The command line in a test's own process; the fixture ``neurochip`` runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Result(NamedTuple):
    """What a command left: exit code, standard output and error."""

    code: int
    out: str
    err: str


Command = Callable[..., Result]
