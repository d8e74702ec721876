"""``neurochip sweep``: many runs, one table, pictures and a page to explore them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neurochip.cli.run import INTERRUPTED
from neurochip.cli.tables import console, facts, percent, say, table
from neurochip.cli.watch import COMPILING
from neurochip.config import Source
from neurochip.report import explorer, heat_map, sensitivity, trade_off
from neurochip.sweep import Outcome, Pool, Watch, dask, processes, run_sweep
from neurochip.sweep.content import content, heat_axes, mapped
from neurochip.sweep.row import COLUMNS
from neurochip.sweep.run import SUMMARY, goals

PAGE = "index.html"
_FRONT = 12
"""Rows of the Pareto front that are printed."""
_FEW = 8
"""Axes that a row about a point names."""


def sweep_file(
    path: Path,
    workers: int | None,
    cluster: str | None,
    out: Path | None,
    resume: bool,
    store: Path | None,
    threads: int | None,
    data_dir: Path | None,
) -> None:
    """Run a sweep into a folder; exit code 130 if interrupted, 1 if some points have no result."""
    folder = out or _folder(path, resume)
    try:
        with _pool(workers, cluster, threads) as pool, Progressing() as watch:
            say(f"{path}: {pool.where}, {_counted(pool.threads, 'thread')} each, folder {folder}")
            outcome = run_sweep(
                path, folder, pool, resume=resume, store=store, data_dir=data_dir, watch=watch
            )
    except KeyboardInterrupt:
        print(f"stopped; finished points are kept in {folder}. Go on with --resume", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    pictures = [*draw(outcome, folder), PAGE]
    explorer(content(outcome), folder / PAGE)
    _close(outcome, folder, pictures)
    if outcome.account["statuses"].keys() & {"crashed", "error"}:
        raise typer.Exit(1)


class Progressing(Watch):
    """A bar on a terminal; in a pipe or file, a line for each point that was run. Use it as a context."""

    def __init__(self) -> None:
        self.bar = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=None), MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console, transient=True, expand=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task("points", total=None)
        self.total = self.done = 0

    def __enter__(self) -> Progressing:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def planned(self, points: int) -> None:
        self.total += points
        self.bar.update(self.task, total=self.total)

    def compiling(self) -> None:
        say(COMPILING)

    def point(self, point: Any, result: Mapping[str, Any], found: bool) -> None:
        self.done += 1
        self.bar.update(self.task, completed=self.done)
        if not found and not console.is_terminal:
            accuracy = result["row"].get("test_accuracy")
            what = result["status"] if accuracy is None else f"test {percent(accuracy)}"
            where = " ".join(f"{name}={value}" for name, value in list(point.values.items())[:_FEW])
            say(f"{self.done}/{self.total}  {where} seed={point.seed}  {what}  {result['seconds']:.1f} s")


def draw(outcome: Outcome, folder: Path) -> list[str]:
    """The pictures of a sweep; returns the names of their files. None where no point has a result."""
    sweep, means, axes = outcome.planner.sweep, outcome.means, outcome.table.axes
    drawn: list[str] = []
    across, up = heat_axes(outcome)
    there = {name for row in means for name in row if name in outcome.table.numbers}
    for metric in dict.fromkeys(sweep.maps):
        if metric in there and mapped(outcome) and not sweep.is_search:
            drawn.append(f"map_{metric}.png")
            unit = COLUMNS[metric].unit
            title = f"{sweep.name}: {metric}, mean of {_counted(len(sweep.seeds), 'seed')}"
            heat_map(means, axes, across, up, metric, folder / drawn[-1], title, unit)
    ways = list(goals(sweep))
    accuracy = next((name for name in ways if name.endswith("accuracy")), sweep.accuracy)
    for cost in (name for name in ways if name != accuracy and {accuracy, name} <= there):
        drawn.append(f"front_{cost}.png")
        pair = (accuracy, cost, folder / drawn[-1], sweep.name, COLUMNS[cost].unit)
        trade_off(means, outcome.best, axes, *pair)
    if outcome.influences:
        drawn.append("sensitivity.png")
        sensitivity([it._asdict() for it in outcome.influences], folder / drawn[-1], sweep.name)
    return drawn


def _pool(workers: int | None, cluster: str | None, threads: int | None) -> AbstractContextManager[Pool]:
    return processes(workers, threads) if cluster is None else dask(cluster, workers, threads)


def _folder(path: Path, resume: bool) -> Path:
    """``runs/sweep-NAME``, the first that is free; with ``resume`` the last that is there."""
    name = re.sub(r"[^\w.+=-]+", "-", str(Source.read(path).data.get("name", path.stem)))
    first = folder = Path("runs") / f"sweep-{name}"
    number, last = 1, first
    while (folder / SUMMARY).exists():
        number, last = number + 1, folder
        folder = first.with_name(f"{first.name}-{number}")
    return last if resume else folder


def _close(outcome: Outcome, folder: Path, pictures: Sequence[str]) -> None:
    account = outcome.account
    console.print()
    _show_front(outcome)
    rows = [
        (
            "points",
            f"{account['points']:,}: " + ", ".join(f"{n:,} {s}" for s, n in account["statuses"].items()),
        ),
        ("found finished", f"{account['found']:,}"),
        ("run", f"{account['ran']:,} in {account['wall_seconds']:,.1f} s by {account['where']}"),
        *happened(account),
        ("tables", ", ".join(account["files"])),
        ("pictures", ", ".join(pictures)),
        ("folder", str(folder)),
    ]
    facts(f"sweep {account['sweep']['name']}", rows)


def happened(account: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What went wrong on the way, in words; nothing if all went well."""
    rows: list[tuple[str, str]] = []
    lost = account["lost"]
    if lost:
        again = {it["key"] for it in lost if not it["given_up"]} - {
            it["key"] for it in lost if it["given_up"]
        }
        words = f"{_counted(account['restarts'], 'time')} a worker was killed and the workers started anew"
        rows.append(
            ("lost", f"{words}; {_counted(len(again), 'point')} in flight or waiting there ran again")
        )
    if account["lost_workers"]:
        words = f"{_counted(account['lost_workers'], 'worker')} of the cluster ended unasked"
        rows.append(("lost", f"{words}; the cluster ran their points elsewhere"))
    given_up = [it for it in lost if it["given_up"]]
    if given_up:
        rows.append(("given up", f"{_counted(len(given_up), 'point')} that ended workers, also when alone"))
    if account["damaged"]:
        rows.append(("damaged", f"{_counted(len(account['damaged']), 'file')} of the store, run again"))
    return rows


def _show_front(outcome: Outcome) -> None:
    columns = [*outcome.table.axes, *goals(outcome.planner.sweep)]
    best = [outcome.means[index] for index in outcome.best]
    cells = [[_cell(name, row[name]) for name in columns] for row in best[:_FRONT]]
    if cells:
        more = f" ({_FRONT} of {len(best)}; all in pareto.csv)" if len(best) > _FRONT else ""
        table(f"settings that no other beats{more}", columns, cells, left=len(outcome.table.axes))


def _cell(name: str, value: Any) -> Any:
    return percent(value) if name in COLUMNS and COLUMNS[name].unit == "fraction" else value


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" + "s" * (number != 1)
