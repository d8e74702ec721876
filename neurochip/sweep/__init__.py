"""Sweeps: the same experiment with keys changed, on all cores or a cluster, to one table.

A sweep is a YAML file (`Sweep`). `run_sweep` plans its points, runs those that a store does not have, and
writes the tables; `processes`, `dask` and `given` say where points run.
"""

from neurochip.sweep.plan import Planner, Point
from neurochip.sweep.pool import Pool, dask, given, processes
from neurochip.sweep.run import Outcome, Watch, run_sweep
from neurochip.sweep.schema import Sweep
from neurochip.sweep.store import Store
from neurochip.sweep.table import Table

__all__ = [
    "Outcome",
    "Planner",
    "Point",
    "Pool",
    "Store",
    "Sweep",
    "Table",
    "Watch",
    "dask",
    "given",
    "processes",
    "run_sweep",
]
