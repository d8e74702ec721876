"""How quick sweeps are: workers side by side, overhead per point, planning of ten thousand points.

    python benchmarks/sweep.py [--check]

Wants an idle machine with two cores or more; takes a few minutes. ``--check`` ends with an error if a figure
misses its goal: two workers 1.8 times as fast as one, less than 150 ms per point beyond training and testing,
ten thousand points planned and 9,999 of them found in less than 5 s. Where a point itself takes longer while
another runs beside it, as on two hardware threads of one core, the goal is for what the workers make of that.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

from neurochip import Run
from neurochip.sweep import Planner, Store, processes, run_sweep
from neurochip.sweep.plan import Point, task_of
from neurochip.sweep.work import Task, setup_of

GOALS = {"speed-up": 1.8, "overhead_ms": 150.0, "planning_s": 5.0}

LONG = """
name: long
experiment: digits_ep
sets: [experiment.epochs=6]
strategy: grid
axes:
  batch: {keys: [experiment.batch], values: [10, 20]}
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
"""
SHORT = """
name: short
experiment: digits_ep
sets:
  - experiment.data.train=60
  - experiment.data.test=40
  - experiment.network.layers.0.units=8
  - experiment.epochs=1
strategy: grid
axes:
  batch: {keys: [experiment.batch], low: 1, high: 20, step: 1}
seeds: SEEDS
"""
MANY = """
name: many
experiment: digits_ep
strategy: grid
axes:
  bits: {keys: [hardware.registers.weight.bits], low: 3, high: 12, step: 1}
  rows: {keys: [hardware.crossbar.rows], low: 16, high: 25, step: 1}
  batch: {keys: [experiment.batch], low: 1, high: 100, step: 1}
"""


def swept(text: str, folder: Path, workers: int) -> dict[str, Any]:
    """The account of a sweep in a new folder, one thread in each worker."""
    path = folder / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory() as out, processes(workers, 1) as pool:
        return run_sweep(path, out, pool).account


def speed_up(folder: Path) -> tuple[float, float]:
    """Wall time of 20 runs with one worker over that with two, starting the workers included; and how many
    times as long a run takes with another beside it."""
    swept(LONG, folder, 2)  # kernels, files and the server of workers are warm afterwards
    one, two = (swept(LONG, folder, workers) for workers in (1, 2))
    slower = two["point_seconds"] / one["point_seconds"]
    return float(one["wall_seconds"] / two["wall_seconds"]), float(slower)


def overhead_ms(folder: Path) -> float:
    """Time per point beyond training and testing: what 200 points take more than 100, per point, less what an
    epoch and its test take in a process that does nothing else."""
    few, many = (swept(SHORT.replace("SEEDS", str(list(range(n)))), folder, 1) for n in (5, 10))
    wall = (many["wall_seconds"] - few["wall_seconds"]) / (many["points"] - few["points"])
    points = Planner(folder / "sweep.yaml").points()[::10]  # a seed of each setting
    return 1000 * (wall - fmean(map(run_seconds, points)))


def run_seconds(point: Point) -> float:
    """Seconds of an epoch and its test, with one thread and kernels compiled."""
    run = Run(setup_of(task_of(point, 1, None)), threads=1)
    run.warm_up()
    began = perf_counter()
    run.train_epoch()
    run.evaluate("test")
    return perf_counter() - began


def nothing(task: Task) -> dict[str, Any]:
    """A result as small as a real one is."""
    row = {f"column_{number}": 0.5 for number in range(30)} | {"test_accuracy": 0.5}
    return {
        "key": task["key"],
        "status": "ok",
        "reason": "",
        "row": row,
        "seconds": 0.0,
        "host": "",
        "pid": 0,
    }


def planning_s(folder: Path) -> float:
    """Time of a sweep of 10,000 points of which one is missing in the store."""
    path = folder / "sweep.yaml"
    path.write_text(MANY, encoding="utf-8")
    points, out = Planner(path).points(), folder / "out"
    assert len(points) == 10_000
    store = Store(out / "store")
    for point in points[1:]:
        store.put(nothing({"key": point.key}), {"experiment": point.experiment, "hardware": point.hardware})
    with processes(1, 1) as pool:
        pool.submit(nothing, {"key": ""}).result()
        began = perf_counter()
        account = run_sweep(path, out, pool, resume=True, work=nothing).account
        seconds = perf_counter() - began
    assert (account["found"], account["ran"]) == (9_999, 1)
    return seconds


def main(check: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        planning, overhead = planning_s(folder), overhead_ms(folder)
        ratio, slower = speed_up(folder)
    print(f"10,000 points planned, 9,999 found: {planning:.2f} s (goal: under {GOALS['planning_s']:g})")
    print(f"overhead per point: {overhead:.0f} ms (goal: under {GOALS['overhead_ms']:g})")
    print(f"a run beside another takes {slower:.2f} times as long as alone: the machine's share")
    print(
        f"two workers against one: {ratio:.2f}, times that {ratio * slower:.2f} (goal: {GOALS['speed-up']:g})"
    )
    good = ratio * max(1.0, slower) >= GOALS["speed-up"]
    good &= overhead < GOALS["overhead_ms"] and planning < GOALS["planning_s"]
    if check and not good:
        sys.exit("a goal is missed")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
