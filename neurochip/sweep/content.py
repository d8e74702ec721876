"""What a page about a sweep shows, as plain data."""

from __future__ import annotations

from typing import Any

from neurochip.sweep.row import COLUMNS
from neurochip.sweep.run import Outcome
from neurochip.sweep.table import Table

MOST_LEVELS = 24
"""Values of an axis of a heat map."""


def content(outcome: Outcome) -> dict[str, Any]:
    """Everything that the explorer needs: axes, columns, rows, and the command of each setting."""
    planner, table = outcome.planner, outcome.table
    sweep = planner.sweep
    columns = ["setting", *table.axes, "seed", "status", "reason", *table.metrics]
    commands = {point.setting: planner.command(point.values) for point in outcome.points}
    return {
        "name": sweep.name,
        "description": sweep.description,
        "axes": [{"name": name, "keys": list(sweep.axes[name].keys)} for name in table.axes],
        "metrics": [{"name": name, **COLUMNS[name]._asdict()} for name in table.metrics],
        "columns": columns,
        "rows": [[row.get(name) for name in columns] for row in table.rows],
        "commands": [commands[number] for number in sorted(commands)],
        "seeds": list(sweep.seeds),
        "heat": heat_axes(outcome),
        "accuracy": sweep.accuracy,
        "cost": sweep.cost,
        "foot": f"neurochip {outcome.account['neurochip_version']}, sources {outcome.account['code'][:12]}. "
        "Accuracies are those of the emulated chip; results follow from configuration and seed alone.",
    }


def heat_axes(outcome: Outcome) -> list[str]:
    """The axes of heat maps, across and up: those of the sweep's file, or those with most values.

    An axis with more values than a map has room for comes last.
    """
    sweep, table = outcome.planner.sweep, outcome.table
    if sweep.heat is not None:
        return list(sweep.heat)
    number = {name: len(_levels(table, name)) for name in table.axes}
    names = sorted(table.axes, key=lambda name: (number[name] > MOST_LEVELS, -number[name]))
    return names[:2] if len(names) > 1 else [names[0], names[0]]


def mapped(outcome: Outcome) -> bool:
    """Whether heat maps can be drawn: two axes, neither with more values than there is room for."""
    across, up = heat_axes(outcome)
    return across != up and all(len(_levels(outcome.table, name)) <= MOST_LEVELS for name in (across, up))


def _levels(table: Table, name: str) -> set[str]:
    return {repr(row[name]) for row in table.rows}
