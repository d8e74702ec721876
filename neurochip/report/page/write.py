"""Putting a report into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurochip.files import replacing, write_json, write_text_atomic
from neurochip.report.page.flat import write_csv
from neurochip.report.page.picture import picture
from neurochip.report.page.render import html
from neurochip.report.page.summary import summary

HTML, JSON, CSV, PNG = FILES = ("report.html", "report.json", "report.csv", "report.png")
"""What a report leaves."""


def write_report(folder: Path, record: dict[str, Any], cost: dict[str, Any]) -> Path:
    """Write the report of a run as HTML, JSON, CSV and PNG; returns the page's path.

    Raises NeurochipError if a file cannot be written.
    """
    report = summary(record, cost)
    write_json(folder / JSON, report)
    write_text_atomic(folder / HTML, html(report))
    with replacing(folder / CSV) as temporary:
        write_csv(temporary, report)
    picture(report, folder / PNG)
    return folder / HTML
