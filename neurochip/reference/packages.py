"""The packages of others that references stand on, imported where they are used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurochip.errors import NeurochipError


def brian2() -> Any:
    """The package brian2. Raises NeurochipError if it cannot be imported."""
    try:
        import brian2
    except ImportError as error:
        raise NeurochipError(
            f"brian2 cannot be imported ({error}): pip install neurochip installs a fitting version"
        ) from None
    return brian2


def autograd() -> Any:
    """The package autograd. Raises NeurochipError if it is not installed."""
    try:
        import autograd
    except ImportError:
        raise NeurochipError("bptt needs the package autograd: pip install autograd") from None
    return autograd


NEEDED: dict[str, Callable[[], Any]] = {"bptt": autograd, "brian2": brian2}
"""What each reference needs beside this package; those that are missing need nothing."""


def require(*references: str) -> None:
    """Import what the named references need. Raises NeurochipError for what is missing."""
    for name in references:
        if name in NEEDED:
            NEEDED[name]()
