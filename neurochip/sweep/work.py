"""What a worker does: run one point, whatever becomes of it, and send back its row."""

from __future__ import annotations

import json
import os
import platform
import signal
import threading
from contextlib import suppress
from multiprocessing import parent_process
from time import perf_counter
from typing import Any

from neurochip.errors import ConfigError, DataError, DoesNotFit, NeurochipError, RegisterOverflow
from neurochip.experiment import Experiment, Run, Setup, execute, price
from neurochip.hardware import Hardware
from neurochip.sweep.identity import code_version, prices_version
from neurochip.sweep.row import row_of

Task = dict[str, Any]
Result = dict[str, Any]
"""``key``, ``status``, ``reason``, ``row``; and of the machine ``seconds``, ``host``, ``pid``."""


def run_point(task: Task) -> Result:
    """Run the point of a task (see `plan.task_of`); never raises an Exception."""
    began = perf_counter()
    status, reason, row = "ok", "", dict[str, Any]()
    try:
        if task["code"] != code_version():
            raise DataError("this worker has other sources of neurochip than the process that sent the point")
        setup = setup_of(task)
        if task["prices"] != prices_version(setup.hardware.prices):
            raise DataError("this worker has another price table than the process that sent the point")
        status, reason, row = _priced(execute(setup, threads=task["threads"], data_dir=task["data_dir"]))
    except Exception as error:  # one point must not end the others
        status, reason = _status(error), _words(error)
    return {
        "key": task["key"],
        "status": status,
        "reason": reason,
        "row": row,
        "seconds": round(perf_counter() - began, 3),
        "host": platform.node(),
        "pid": os.getpid(),
    }


def _priced(record: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Status, reason and row of a run; what cannot be priced keeps all that it has without."""
    try:
        return "ok", "", row_of(record, price(record))
    except ConfigError as error:
        return "not_priced", _words(error), row_of(record)


def setup_of(task: Task) -> Setup:
    """The checked records of a task."""
    experiment = Experiment.model_validate_json(json.dumps(task["experiment"]))
    return Setup(experiment, Hardware.model_validate_json(json.dumps(task["hardware"])))


def warm_up(task: Task) -> bool:
    """Compile the kernels of a point, or load them, so that workers find them in the disk cache.

    False if the point cannot run; its row will say why.
    """
    with suppress(Exception):
        Run(setup_of(task), 1, task["data_dir"]).warm_up()
        return True
    return False


def enter_worker() -> None:
    """First thing in a worker process: leave Ctrl-C to the parent, and end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _words(error: Exception) -> str:
    """One line, and the kind of the error where its message alone would puzzle."""
    text = "; ".join(line.strip() for line in str(error).splitlines()).replace(":; ", ": ")
    return text if isinstance(error, NeurochipError) else f"{type(error).__name__}: {text}".rstrip(": ")


def _status(error: Exception) -> str:
    """``error``: it may go well on another day; anything else is a property of the point."""
    kinds = ((DoesNotFit, "does_not_fit"), (ConfigError, "invalid"), (RegisterOverflow, "failed"))
    return next((status for kind, status in kinds if isinstance(error, kind)), "error")
