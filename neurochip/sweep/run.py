"""A sweep from its file to its tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from neurochip.errors import CheckpointError
from neurochip.experiment import provenance
from neurochip.files import make_folder, write_json
from neurochip.sweep.analysis import Influence, front, influences
from neurochip.sweep.drive import Driver, Happenings
from neurochip.sweep.identity import code_version
from neurochip.sweep.plan import Planner, Point
from neurochip.sweep.pool import Pool
from neurochip.sweep.schema import Sweep
from neurochip.sweep.search import search
from neurochip.sweep.store import Store
from neurochip.sweep.table import Row, Table, table_of, write_table
from neurochip.sweep.work import Result, run_point

SUMMARY = "sweep.json"
SCHEMA = "neurochip sweep 1"
_STORE = "store"


@dataclass(frozen=True)
class Outcome:
    """What a sweep gave: ``means`` has a row for each setting, ``best`` the numbers of those on the front."""

    planner: Planner
    points: list[Point]
    table: Table
    means: list[Row]
    best: list[int]
    influences: list[Influence]
    account: dict[str, Any]


class Watch:
    """Hears of a sweep's progress and does nothing; another object with these methods may replace it."""

    def planned(self, points: int) -> None:
        """``points`` (more) are to be found or run."""

    def compiling(self) -> None:
        """Kernels are being compiled, before workers start."""

    def point(self, point: Point, result: Result, found: bool) -> None:
        """A point has a result: ``found`` in the store, or run."""


def run_sweep(
    path: str | Path,
    out: str | Path,
    pool: Pool,
    *,
    resume: bool = False,
    store: str | Path | None = None,
    data_dir: str | Path | None = None,
    watch: Watch | None = None,
    work: Callable[[Any], Result] = run_point,
) -> Outcome:
    """Run the sweep of a YAML file on ``pool`` and leave its tables in ``out``.

    Finished points are kept in ``store`` (default: in ``out``) and never run again; ``resume`` allows an
    ``out`` that holds a sweep. ``work`` is what workers call. Raises ConfigError for the file, DataError for
    missing data, CheckpointError for a folder that is taken, NeurochipError if files cannot be written.
    """
    began, folder, watch = perf_counter(), Path(out), watch or Watch()
    _require_free(folder, resume)
    planner = Planner(path, data_dir)
    _require_same(folder, planner.sweep.name)
    points = _planned(planner)
    make_folder(folder)
    shelf = Store(Path(store) if store is not None else folder / _STORE)
    shelf.prepare()
    if not (folder / SUMMARY).exists():
        begun = {"schema": SCHEMA, "complete": False, "sweep": {"name": planner.sweep.name}}
        write_json(folder / SUMMARY, begun)
    driver = Driver(shelf, pool, data_dir, watch.point, watch.compiling, work)
    if planner.sweep.is_search:
        points, results = _searched(planner, driver, folder, watch)
    else:
        watch.planned(len(points))
        results = driver.run(points)
    table = table_of(planner.sweep.axes, points, results)
    means = table.means()
    best = front(means, goals(planner.sweep))
    found = influences(means, table.axes, [planner.sweep.accuracy, planner.sweep.cost])
    account = _account(planner, driver, table, perf_counter() - began)
    account["files"] = [*table.write(folder), *_write_analysis(folder, table, means, best, found)]
    write_json(folder / SUMMARY, account)
    return Outcome(planner, points, table, means, best, found, account)


def goals(sweep: Sweep) -> dict[str, str]:
    """Columns of the Pareto front: a search's objectives, else accuracy and cost."""
    return dict(sweep.objectives or {sweep.accuracy: "maximise", sweep.cost: "minimise"})


def _planned(planner: Planner) -> list[Point]:
    """The points, of a search none yet; refuses what is wrong before there is a folder."""
    if planner.sweep.is_search:
        planner.probe()
        return []
    return planner.points()


def _searched(
    planner: Planner, driver: Driver, folder: Path, watch: Watch
) -> tuple[list[Point], Mapping[str, Result]]:
    watch.planned((planner.sweep.points or 0) * len(planner.sweep.seeds))
    results: dict[str, Result] = {}

    def evaluate(points: Any) -> Mapping[str, Result]:
        results.update(driver.run(points))
        return results

    return search(planner, evaluate, folder), results


def _require_free(folder: Path, resume: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"{folder} is a file: name a folder for the sweep")
    if not resume and (folder / SUMMARY).exists():
        raise CheckpointError(f"{folder} already holds a sweep: resume it (--resume), or name another folder")


def _require_same(folder: Path, name: str) -> None:
    """A folder that is resumed holds a sweep of this name, or one that was not begun well."""
    try:
        held = json.loads((folder / SUMMARY).read_bytes())["sweep"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if held != name:
        raise CheckpointError(f"{folder} holds the sweep {held!r}, not {name!r}: name another folder")


def _account(planner: Planner, driver: Driver, table: Table, seconds: float) -> dict[str, Any]:
    happened: Happenings = driver.happenings
    return {
        "schema": SCHEMA,
        "complete": True,
        "neurochip_version": provenance.neurochip_version(),
        "commit": provenance.commit(),
        "code": code_version(),
        "software": provenance.software(),
        "sweep": planner.sweep.model_dump(mode="json"),
        "points": len(table.rows),
        "settings": len(table.by_setting()),
        "statuses": dict(Counter(str(row["status"]) for row in table.rows)),
        "where": driver.pool.where,
        "workers": driver.pool.workers,
        "threads": driver.pool.threads,
        "found": happened.found,
        "ran": happened.ran,
        "lost": happened.lost,
        "restarts": happened.restarts,
        "lost_workers": driver.pool.lost_workers(),
        "damaged": sorted(path.name for path in driver.store.damaged),
        "point_seconds": round(happened.seconds, 3),
        "wall_seconds": round(seconds, 3),
    }


def _write_analysis(
    folder: Path, table: Table, means: list[Row], best: list[int], found: list[Influence]
) -> list[str]:
    columns = ["setting", *table.axes, *table.numbers]
    rows: list[Row] = [it._asdict() for it in found]
    return [
        *write_table(folder / "pareto", columns, [means[index] for index in best]),
        *write_table(folder / "sensitivity", list(Influence._fields), rows),
    ]
