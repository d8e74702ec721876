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
    except KeyboardInterrupt:
        print("stopped; go on with the same command and --resume", file=sys.stderr)
        sys.exit(130)


def _fail(messages: list[str]) -> None:
    head = "error" if len(messages) == 1 else f"{len(messages)} errors"
    separator = ": " if len(messages) == 1 else ":\n  "
    print(head + separator + "\n  ".join(messages), file=sys.stderr)
    sys.exit(2)
