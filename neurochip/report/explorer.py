"""One page to explore a sweep: a single HTML file with everything in it, which fetches nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from neurochip.files import write_text_atomic

_PARTS = ("explorer.css", "explorer.js")


def explorer(content: Mapping[str, Any], path: str | Path) -> None:
    """Write the page of a sweep; ``content``: see `neurochip.sweep.content`. Raises NeurochipError."""
    here = files("neurochip.report")
    page = (here / "explorer.html").read_text(encoding="utf-8")
    style, script = ((here / name).read_text(encoding="utf-8") for name in _PARTS)
    # A script element ends at "</script", wherever it stands: no "<" goes into the data.
    data = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    filled = {"TITLE": escape(str(content["name"])), "STYLE": style, "SCRIPT": script, "DATA": data}
    for name, text in filled.items():
        page = page.replace(f"@@{name}@@", text, 1)
    write_text_atomic(path, page)
