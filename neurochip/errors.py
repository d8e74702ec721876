"""Everything the library raises on purpose. The library raises; only the command line prints (exit code
2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class NeurochipError(Exception):
    """Base of all errors that a user can mend; the message says what, where and what to do."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a configuration: the message, and the place as ``file:line`` or ``--set key``."""

    message: str
    place: str

    def __str__(self) -> str:
        return f"{self.message} ({self.place})"


class ConfigError(NeurochipError):
    """A configuration is not valid; ``problems`` lists everything found wrong with it, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DoesNotFit(NeurochipError):
    """The network needs more of the chip than there is; the message lists needed and available."""


class DataError(NeurochipError):
    """A data set is missing, truncated or damaged."""


class CheckpointError(NeurochipError):
    """A run directory or checkpoint is missing, damaged, or belongs to another run."""


class RegisterOverflow(NeurochipError):
    """A register declared ``overflow: error`` received a value that it cannot hold.

    The message names register, core, neuron or synapse, and tick.
    """
