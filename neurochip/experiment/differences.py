"""What differs between the settings of two runs, in words."""

from __future__ import annotations

from typing import Any

from neurochip.config.text import dotted, show

_MOST = 4


def differences(there: Any, here: Any) -> list[str]:
    """One line for each of the first settings that differ: ``experiment.batch is 20 there, 10 here``.

    Where one has a section and the other none, the keys of the section are told.
    """
    before, now = _leaves(there), _leaves(here)
    missing = object()
    every = dict.fromkeys([*before, *now])
    keys = [key for key in every if before.get(key, missing) != now.get(key, missing)]
    keys = [key for key in keys if not any(other.startswith(f"{key}.") for other in keys)]
    lines = [f"{key} is {_shown(before, key)} there, {_shown(now, key)} here" for key in keys[:_MOST]]
    return [*lines, f"and {len(keys) - _MOST} more"] if len(keys) > _MOST else lines


def _leaves(value: Any, loc: tuple[str | int, ...] = ()) -> dict[str, Any]:
    """Every scalar (or empty list) in nested mappings and lists, by its dotted key."""
    if isinstance(value, dict) and (value or not loc):
        items: list[tuple[str | int, Any]] = list(value.items())
    elif isinstance(value, list) and value:
        items = list(enumerate(value))
    else:
        return {dotted(loc): value}
    return {key: leaf for step, below in items for key, leaf in _leaves(below, (*loc, step)).items()}


def _shown(leaves: dict[str, Any], key: str) -> str:
    if key not in leaves:
        return "absent"
    value = leaves[key]
    return value[:12] + "..." if isinstance(value, str) and len(value) == 64 else show(value)
