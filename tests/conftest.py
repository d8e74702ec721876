"""What several test files need."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from commands import Command, Result

from neurochip.cli import main


@pytest.fixture
def neurochip(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line in this process."""

    def run(*words: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["neurochip", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return Result(int(stopped.value.code or 0), *capsys.readouterr())

    return run
