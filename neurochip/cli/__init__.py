"""The command line. Commands import what they use, so that ``neurochip --help`` is quick."""

from __future__ import annotations

import sys

from neurochip.cli.app import app
from neurochip.errors import ConfigError, NeurochipError

__all__ = ["main"]


def main() -> None:
    """Entry point: run a command; a mistake of the user is one message on standard error and exit code 2."""
    try:
        app()
    except ConfigError as error:
        _fail([str(problem) for problem in error.problems])
    except NeurochipError as error:
        _fail([str(error)])
    except OSError as error:
        _fail([f"{error.filename}: {error.strerror}" if error.filename else str(error)])
    except MemoryError as error:
        _fail([f"not enough memory for this network on this machine {error}".rstrip()])


def _fail(messages: list[str]) -> None:
    head = "error: " if len(messages) == 1 else f"{len(messages)} errors:\n  "
    print(head + "\n  ".join(messages), file=sys.stderr)
    sys.exit(2)
