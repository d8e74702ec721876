"""Start-up: importing, asking for help, compiling, and starting again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from statistics import median
from time import perf_counter

from speed.table import Table

RUN = """
from neurochip import Run, load
Run(load('digits_ep', sets=['experiment.data.train=20']), threads=1).warm_up()
"""


def measure(table: Table) -> None:
    """Part g."""
    table.add(
        "g", "import neurochip", _seconds("import neurochip") - _seconds("pass"), "s", "beyond Python itself"
    )
    table.add(
        "g",
        "neurochip --help",
        _seconds("import sys; sys.argv = ['neurochip', '--help']; from neurochip.cli import main; main()"),
        "s",
    )
    with tempfile.TemporaryDirectory() as cache:
        first = _seconds(RUN, 1, cache)
        table.add("g", "first use: all kernels are compiled", first, "s", "once on a machine")
        table.add("g", "later use: kernels from the cache", _seconds(RUN, 3, cache), "s")


def _seconds(program: str, times: int = 5, cache: str | None = None) -> float:
    spent = []
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    for _ in range(times):
        began = perf_counter()
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
        spent.append(perf_counter() - began)
    return median(spent)
