"""``section.key=value`` overrides: which document each is for, and their application to it."""

from __future__ import annotations

from collections.abc import Iterable

from neurochip.config import Source
from neurochip.errors import ConfigError, Problem
from neurochip.experiment.documents import MODELS


def by_section(sets: Iterable[str], found: list[Problem]) -> dict[str, list[str]]:
    """Overrides by section, without its name; what is wrong with the form of others is added to ``found``."""
    split: dict[str, list[str]] = {section: [] for section in MODELS}
    for item in sets:
        key, sign, text = (part.strip() for part in item.partition("="))
        section, dot, below = key.partition(".")
        if not sign or not key:
            found.append(Problem(f"--set needs section.key=value, not {item!r}", f"--set {item}"))
        elif section in split and dot:
            split[section].append(f"{below}={text}")
        else:
            message = f"{key} must begin with hardware. or experiment.{_hint(key)}"
            found.append(Problem(message, f"--set {key}"))
    return split


def apply(source: Source, section: str, items: Iterable[str], found: list[Problem]) -> Source:
    """The document after ``key=value`` overrides; what is wrong with them is added to ``found``."""
    for item in items:
        key, _, text = item.partition("=")
        try:
            source = source.override(key, text, f"--set {section}.{key}")
        except ConfigError as error:
            found += error.problems
    return source


def _hint(key: str) -> str:
    if key in MODELS:
        return "; --hardware replaces the whole chip" if key == "hardware" else ""
    first = key.partition(".")[0]
    sections = [section for section, model in MODELS.items() if first in model.model_fields]
    return f"; did you mean {sections[-1]}.{key}?" if sections else ""
