"""How names and values are worded in messages about a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

Loc = tuple[str | int, ...]
"""Where a value is in a document: keys and list indices from the root."""

_LONGEST_SHOWN = 60
_CONSTANTS = {None: "null", True: "true", False: "false"}


def dotted(loc: Iterable[str | int]) -> str:
    """The key as written in messages and in ``--set``: ``layers.0.units``."""
    return ".".join(str(step) for step in loc)


def show(value: object) -> str:
    """A value as a reader of YAML knows it, cut when it is long."""
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def number(value: float) -> str:
    """A bound without a needless ``.0``."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def must_be(noun: str, value: object, hint: str = "") -> str:
    """The rule of all rules: ``must be 1..64, not 0``."""
    return f"must be {noun}, not {show(value)}{hint}"


def choice(names: Sequence[object]) -> str:
    """``one of a, b`` (or just ``a``), for ``must_be``."""
    words = [name if isinstance(name, str) else show(name) for name in names]
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def suggestion(word: object, known: Iterable[object]) -> str:
    """``; did you mean rows?`` when a known name is close to ``word``, else an empty string."""
    names = [name for name in known if isinstance(name, str)]
    close = get_close_matches(word, names, n=1) if isinstance(word, str) else []
    return f"; did you mean {close[0]}?" if close else ""


def choose_from(value: object, names: Sequence[object]) -> str:
    """The rule for a choice: ``must be one of a, b, not 'x'``, with a suggestion when one is close."""
    return must_be(choice(names), value, suggestion(value, names) if len(names) > 1 else "")
