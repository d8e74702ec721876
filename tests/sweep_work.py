"""What workers do in tests of sweeps, and small sweep files."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from small_runs import TINY

from neurochip.sweep import Outcome, given, run_sweep

Json = dict[str, Any]


def text(*lines: str, strategy: str = "grid", name: str = "small", sets: tuple[str, ...] = TINY) -> str:
    """A sweep file of the small experiment; ``lines`` are its axes and whatever else it has."""
    head = [f"name: {name}", "experiment: digits_ep", f"strategy: {strategy}"]
    return "\n".join([*head, f"sets: {json.dumps(sets)}", *lines]) + "\n"


def bits(values: str = "[4, 6, 8]", name: str = "weight_bits") -> str:
    """The axis of weight bits."""
    return f"  {name}: {{keys: [hardware.registers.weight.bits], values: {values}}}"


def made_up(task: Json) -> Json:
    """A result that follows from the point's name alone, at once."""
    digest = hashlib.sha256(task["key"].encode()).digest()
    row = {"test_accuracy": digest[0] / 255, "training_energy_nj": 1000.0 + digest[1]}
    here = {"seconds": 0.0, "host": "here", "pid": os.getpid()}
    return {"key": task["key"], "status": "ok", "reason": "", "row": row, **here}


def slow(task: Json) -> Json:
    """The same after a moment; leaves a line in the log when it begins."""
    with Path(os.environ["SWEEP_LOG"]).open("a", encoding="utf-8") as log:
        log.write(task["key"] + "\n")
    time.sleep(0.01)
    return made_up(task)


def killed_once(task: Json) -> Json:
    """The first worker that comes here is killed; ``data_dir`` of the task is where that is remembered."""
    try:
        (Path(task["data_dir"]) / "killed").mkdir()
    except FileExistsError:
        return made_up(task)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def deadly(task: Json) -> Json:
    """Every worker that runs a point with 4-bit weights is killed."""
    if task["hardware"]["registers"]["weight"]["bits"] == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return made_up(task)


def in_threads(path: Path, out: Path, work: Any = made_up, **keys: Any) -> Outcome:
    """A sweep whose points run in two threads of this process: quick, for what does not need processes."""
    with ThreadPoolExecutor(2) as executor, given(executor, 2) as pool:
        return run_sweep(path, out, pool, work=work, **keys)


def child(path: str, out: str, log: str) -> None:
    """A process that sweeps, to be killed."""
    os.environ["SWEEP_LOG"] = log
    in_threads(Path(path), Path(out), slow, resume=True)
