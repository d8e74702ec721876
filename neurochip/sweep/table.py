"""The table of a sweep: a row for each point, and over the seeds of a setting mean and spread."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurochip.files import replacing
from neurochip.sweep.plan import Point
from neurochip.sweep.row import COLUMNS, Cell
from neurochip.sweep.stats import spread
from neurochip.sweep.work import Result

Row = dict[str, Cell]
SHORT = 16
"""Characters of a point's name in the table."""


@dataclass(frozen=True)
class Table:
    """``axes``: names of the axes; ``metrics``: columns of results that some row has, in order."""

    axes: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: list[Row]

    @property
    def columns(self) -> list[str]:
        """All columns, in order."""
        return ["setting", *self.axes, "seed", "status", "reason", *self.metrics, "point"]

    @property
    def numbers(self) -> list[str]:
        """The metrics that are numbers."""
        return [name for name in self.metrics if COLUMNS[name].unit]

    def write(self, folder: Path) -> list[str]:
        """Write ``table`` and ``summary`` as CSV, and as Parquet if pyarrow is there; returns the names."""
        return [
            *write_table(folder / "table", self.columns, self.rows),
            *write_table(folder / "summary", self.summary_columns, self.summary()),
        ]

    @property
    def summary_columns(self) -> list[str]:
        """Columns of the summary."""
        return ["setting", *self.axes, "metric", "n", "mean", "sd", "ci95_low", "ci95_high"]

    def summary(self) -> list[Row]:
        """A row for each setting and metric: how many seeds, mean, standard deviation, 95 % interval."""
        found: list[Row] = []
        for rows in self.by_setting().values():
            head = {name: rows[0][name] for name in ("setting", *self.axes)}
            for metric in self.numbers:
                values = _numbers(rows, metric)
                if values:
                    n, mean, sd, low, high = spread(values)
                    numbers = {"n": n, "mean": mean, "sd": sd, "ci95_low": low, "ci95_high": high}
                    found.append({**head, "metric": metric, **numbers})
        return found

    def by_setting(self) -> dict[int, list[Row]]:
        """The rows of each setting, in order."""
        found: dict[int, list[Row]] = {}
        for row in self.rows:
            found.setdefault(int(row["setting"] or 0), []).append(row)
        return found

    def means(self) -> list[Row]:
        """A row for each setting: its axes, the status of the first seed that is not ok, mean metrics."""
        found: list[Row] = []
        for rows in self.by_setting().values():
            bad = next((row for row in rows if row["status"] != "ok"), rows[0])
            row: Row = {name: bad[name] for name in ("setting", *self.axes, "status", "reason")}
            for metric in self.numbers:
                values = _numbers(rows, metric)
                if values:
                    row[metric] = spread(values).mean
            found.append(row)
        return found


def _numbers(rows: Iterable[Row], metric: str) -> list[float]:
    """The metric of the rows that have it."""
    return [float(value) for row in rows if (value := row.get(metric)) is not None]


def table_of(axes: Iterable[str], points: Sequence[Point], results: Mapping[str, Result]) -> Table:
    """The table of all points; a point that is not valid has a row, too."""
    rows = [_row(point, results) for point in points]
    metrics = tuple(name for name in COLUMNS if any(name in row for row in rows))
    return Table(tuple(axes), metrics, rows)


def write_table(stem: Path, columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """Write ``stem.csv`` and, if pyarrow is installed, ``stem.parquet``; returns the names written."""
    path = stem.with_suffix(".csv")
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[_text(row.get(name)) for name in columns] for row in rows])
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        return [path.name]
    arrays = {name: _column([row.get(name) for row in rows]) for name in columns}
    with replacing(stem.with_suffix(".parquet")) as temporary:
        parquet.write_table(pyarrow.table(arrays), temporary)
    return [path.name, stem.with_suffix(".parquet").name]


def plain(value: Any) -> Cell:
    """A value of an axis as a cell: lists and mappings as JSON."""
    return json.dumps(value) if isinstance(value, list | tuple | dict | bool) else value


def _row(point: Point, results: Mapping[str, Result]) -> Row:
    refused: Result = {"status": "invalid", "reason": point.refusal, "row": {}}
    result = results[point.key] if point.key else refused
    values = {name: plain(value) for name, value in point.values.items()}
    head: Row = {"setting": point.setting, **values, "seed": point.seed}
    outcome: Row = {"status": result["status"], "reason": result["reason"]}
    return {**head, **outcome, **result["row"], "point": point.key[:SHORT]}


def _text(value: Cell) -> str:
    """Shortest text that reads back as the same number; nothing for None."""
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _column(values: list[Cell]) -> list[Any]:
    """One type for all: integers beside reals become reals, anything beside text becomes text."""
    kinds = {type(value) for value in values if value is not None}
    if str in kinds and len(kinds) > 1:
        return [None if value is None else _text(value) for value in values]
    if float in kinds:
        return [None if value is None else float(value) for value in values]
    return values
