"""What somebody who watches a run is told."""

from __future__ import annotations

from typing import Any


class Observer:
    """Hears of a run's progress and does nothing; another object with these methods may replace it."""

    def compiling(self) -> None:
        """Kernels are being compiled; this happens once on a machine and takes up to a minute."""

    def started(self, facts: dict[str, Any]) -> None:
        """The run is about to train: name, network, chip, samples, epochs, threads, and where it resumes."""

    def batch(self, done: int, samples: int, correct: int) -> None:
        """``done`` of an epoch's samples have been learned, ``correct`` of them were classified rightly."""

    def evaluated(self, done: int, samples: int) -> None:
        """``done`` of a part's samples have been classified."""

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        """An epoch has ended; its row of the record."""
