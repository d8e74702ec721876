"""Which software made a result."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from neurochip import __version__


@cache
def software() -> dict[str, str]:
    """Versions of what a run's results or speed may depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in ("numpy", "numba")}}


@cache
def commit() -> str | None:
    """Commit of the repository that the package runs from, with ``-dirty``; None if there is none."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def neurochip_version() -> str:
    """The version of the code that runs (an editable install may carry the number of an older one)."""
    return __version__


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
