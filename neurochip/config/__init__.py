"""YAML documents and the frozen records made of them; knows nothing of chips or experiments.

``Source`` is a parsed document that remembers the line of every key, ``build`` makes a ``Model`` of it or
names everything that is wrong with it at once, ``find_preset`` turns a preset's name into its file.
"""

from __future__ import annotations

from neurochip.config.model import Model, broken, require_one_of
from neurochip.config.preset_files import find_preset, presets
from neurochip.config.records import build, problems
from neurochip.config.source import Source

__all__ = ["Model", "Source", "broken", "build", "find_preset", "presets", "problems", "require_one_of"]
