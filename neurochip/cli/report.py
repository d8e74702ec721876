"""``neurochip report``: one page about a finished run."""

from __future__ import annotations

from pathlib import Path

from neurochip.cli.tables import say
from neurochip.experiment import pricing, record
from neurochip.report.page import FILES, write_report


def report_run(folder: Path, prices: str | None, out: Path | None) -> None:
    """Price the run and write its report into its folder, or into ``out``."""
    found = record.read(folder)
    target = out or folder
    page = write_report(target, found, pricing.price(found, prices))
    say(f"{page}: open it in a browser; beside it {', '.join(FILES[1:])}")
