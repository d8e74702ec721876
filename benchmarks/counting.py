"""What exact counts cost: training as it is beside the same engine with its counters taken out.

    python benchmarks/counting.py [--data-dir DIR] [--rounds N] [--check]

Copies the package to a temporary folder, takes the lines out that only count (arrivals of spikes, overflows,
updates, writes), and trains both in turns, one thread, each in a process of its own. --check ends with an
error if counting takes 15 % or more of the speed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
GOAL = 0.15
COUNTERS = {
    "chip/tick.py": [r"_deliver\(pops, arriving, n_arriving, sent\)", r"over\[0, reg\.\w+\] \+= \w+"],
    "chip/learn.py": [r"(updates|lost) \+= 1", r"done\[\w+\] \+= .*", r"over\[0, reg\.\w+\] \+= 1"],
    "neurons/sigma_delta_kernels.py": [
        r"\w_over = word\(\w_over \+ .*\)",
        r"over\[0, reg\.\w+\] \+= \w+",
        r"lost\[t\] \+= .*",
    ],
}
"""Lines that do nothing but count, by file."""

NETS = {
    "digits 64-128-10": ("digits_ep", []),
    "dense 784-512-10": ("mnist_ep_dense", ["network.layers.0.units=512", "data.train=400", "data.test=10"]),
    "conv 1-32-64": (
        "mnist_ep_conv",
        [
            *("network.layers.0.channels=32", "network.layers.1.channels=64"),
            *("batch=20", "data.train=100", "data.test=10"),
        ],
    ),
}


def without_counters(folder: Path) -> None:
    """A copy of the package in ``folder`` that does not count."""
    for part in ("neurochip", "hw_configs", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name, patterns in COUNTERS.items():
        path = folder / "neurochip" / name
        text = path.read_text(encoding="utf-8")
        for pattern in patterns:
            text, found = re.subn(rf"(?m)^( +){pattern}$", r"\1pass", text)
            if not found:
                raise SystemExit(f"{path.name} has no line like {pattern}: bring COUNTERS up to date")
        path.write_text(text, encoding="utf-8")


def trainer(package: Path, preset: str, sets: list[str], data: Path | None) -> subprocess.Popen[str]:
    """A process that trains, says "ready", and for every line that it is sent trains two epochs more and says
    how many seconds the quicker one took."""
    keys = [f"experiment.{key}" for key in (*sets, "rule.schedule=constant")]  # for any number of epochs
    code = (
        "import sys; from neurochip import Run, load\n"
        f"run = Run(load({preset!r}, sets={keys!r}), 1, {data and str(data)!r}); run.warm_up()\n"
        "run.train_epoch(); run.train_epoch(); print('ready', flush=True)\n"
        "for _ in sys.stdin: print(min(run.train_epoch()['seconds'] for _ in range(2)), flush=True)\n"
    )
    given = {**os.environ, "PYTHONPATH": str(package)}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=package, env=given, stdin=pipe, stdout=pipe, text=True
    )


def seconds(process: subprocess.Popen[str]) -> float:
    """Of one more epoch of a `trainer`."""
    if process.stdin is None or process.stdout is None:
        raise SystemExit("no pipes")
    process.stdin.write("again\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def share(package: Path, preset: str, sets: list[str], data: Path | None, rounds: int) -> float:
    """Part of the time that counting takes: the median of the rounds."""
    counting, plain = (trainer(path, preset, sets, data) for path in (ROOT, package))
    try:
        for process in (counting, plain):
            if process.stdout is None or "ready" not in process.stdout.readline():
                raise SystemExit("training did not start")
        return median(1 - seconds(plain) / seconds(counting) for _ in range(rounds))
    finally:
        for process in (counting, plain):
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    data = given.data_dir and given.data_dir.resolve()
    with tempfile.TemporaryDirectory() as name:
        without_counters(Path(name))
        shares = {}
        for net, (preset, sets) in NETS.items():
            shares[net] = share(Path(name), preset, sets, data, given.rounds)
            print(
                f"{net:18} counting takes {100 * shares[net]:5.1f} % of training (goal: under 15 %)",
                flush=True,
            )
    if given.check and max(shares.values()) >= GOAL:
        sys.exit("a goal is missed")


if __name__ == "__main__":
    main()
