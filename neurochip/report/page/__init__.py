"""What a run cost and learned, on one page that needs nothing else, and the same as JSON, CSV and PNG."""

from __future__ import annotations

from neurochip.report.page.summary import SCHEMA, summary
from neurochip.report.page.write import FILES, write_report

__all__ = ["FILES", "SCHEMA", "summary", "write_report"]
