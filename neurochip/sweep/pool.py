"""Where points run: processes on this machine, a Dask cluster, or any executor."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from neurochip.errors import NeurochipError
from neurochip.sweep.work import enter_worker

PATIENCE = "20s"
"""How long a cluster may take to answer."""
_OLD_S = 5.0
AHEAD = 2
"""Points given to an executor for each worker: one to run, one so that it need not wait."""


@dataclass
class Pool:
    """An executor that can be replaced when it breaks.

    ``workers``: how many points run side by side; ``threads``: of each; ``where``: in words; ``grown``: how
    many workers there are now, where that may change.
    """

    make: Callable[[], Executor]
    workers: int
    threads: int
    where: str
    lost_workers: Callable[[], int] = lambda: 0
    grown: Callable[[], int] = lambda: 0
    replaceable: bool = True
    _executor: Executor | None = field(default=None, init=False)

    @property
    def room(self) -> int:
        """How many points the executor is given at a time."""
        return AHEAD * max(self.workers, self.grown())

    def submit(self, work: Callable[[Any], Any], task: Any) -> Future[Any]:
        """Give a task to a worker; the first starts the executor. Raises BrokenExecutor."""
        if self._executor is None:
            self._executor = self.make()
        return self._executor.submit(work, task)

    def renew(self) -> None:
        """Leave an executor that is broken; the next task starts another, or NeurochipError is raised."""
        if not self.replaceable:
            raise NeurochipError(f"{self.where} broke; what is finished is kept: go on with another one")
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = None

    def close(self) -> None:
        """End without waiting for points that run."""
        if self._executor is not None:
            children = dict(getattr(self._executor, "_processes", None) or {})
            self._executor.shutdown(wait=not children, cancel_futures=True)
            for child in children.values():
                child.terminate()
        self._executor = None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def processes(workers: int | None = None, threads: int | None = None) -> Iterator[Pool]:
    """Processes on this machine; threads inside each so that there are no more than cores."""
    number = _counted("workers", cores() if workers is None else workers)
    threads = max(1, cores() // number) if threads is None else _counted("threads", threads)
    pool = Pool(lambda: _processes(number), number, threads, _words(number, "process", "processes"))
    try:
        yield pool
    finally:
        pool.close()


@contextmanager
def dask(address: str, workers: int | None = None, threads: int | None = None) -> Iterator[Pool]:
    """The workers of a Dask cluster at ``address``, or of one started here with the address ``local``.

    Raises NeurochipError if Dask is missing or the cluster cannot be reached.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise NeurochipError("--cluster needs Dask: pip install 'neurochip[cluster]'") from None
    local = None
    threads = None if threads is None else _counted("threads", threads)
    _require_address(address)
    if address == "local":
        number = _counted("workers", cores() if workers is None else workers)
        start: Callable[..., Any] = LocalCluster
        local = start(number, threads_per_worker=1, processes=True, dashboard_address=None)
        threads = max(1, cores() // number) if threads is None else threads
    try:
        with _client(Client, local or address) as client:
            slots = sum(client.nthreads().values())
            where = _words(slots, "worker", "workers") + f" of the Dask cluster {client.scheduler.address}"
            before = _removed(client)
            lost, grown = (
                lambda: _removed(client) - before,
                _now_and_then(lambda: sum(client.nthreads().values())),
            )
            yield Pool(client.get_executor, max(slots, 1), threads or 1, where, lost, grown)
    finally:
        if local is not None:
            local.close()


def _require_address(address: str) -> None:
    if address != "local" and ":" not in address:
        raise NeurochipError(
            f"--cluster must be local or an address such as tcp://host:8786, not {address!r}"
        )


@contextmanager
def given(executor: Executor, workers: int, threads: int = 1) -> Iterator[Pool]:
    """Somebody's own executor, which is not shut down here and not replaced when it breaks."""
    yield Pool(lambda: executor, workers, threads, type(executor).__name__, replaceable=False)


def _processes(workers: int) -> ProcessPoolExecutor:
    """Forked off a server that has imported the package, which is quick and safe beside threads."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["neurochip.sweep.work"])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=enter_worker)


@contextmanager
def _client(kind: Any, where: Any) -> Iterator[Any]:
    try:
        client = kind(where, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise NeurochipError(f"the Dask cluster {where} cannot be reached: {error}") from error
    try:
        yield client
    finally:
        client.close()


def _now_and_then(ask: Callable[[], int]) -> Callable[[], int]:
    """The answer of a few seconds ago at the oldest: asking takes a while."""
    told = [(perf_counter(), ask())]

    def answer() -> int:
        if perf_counter() - told[0][0] > _OLD_S:
            told[0] = (perf_counter(), ask())
        return told[0][1]

    return answer


def _removed(client: Any) -> int:
    """Workers that the cluster lost without having been told to end them."""
    events = [event for _, event in client.get_events("all") or ()]
    gone = [it for it in events if isinstance(it, dict) and it.get("action") == "remove-worker"]
    return sum(not it.get("expected", False) for it in gone)


def _counted(name: str, number: int) -> int:
    if not 1 <= number <= 1024:
        raise NeurochipError(f"{name} must be 1..1024, not {number}")
    return number


def _words(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
