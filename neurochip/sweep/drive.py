"""Running points on a pool until each has a result, whatever is killed on the way."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from neurochip.errors import NeurochipError
from neurochip.experiment.compiling import announcing
from neurochip.sweep.plan import Point, task_of
from neurochip.sweep.pool import Pool
from neurochip.sweep.store import Store
from neurochip.sweep.work import Result, run_point, warm_up

WARMED = 24
"""Points that are tried in order to compile all kernels before workers start."""
_LOOKED_AT = 2000
DOUBTED = 2
"""A point that was lost so often runs alone, so that it is known who ends the workers."""


@dataclass
class Happenings:
    """What became of the points of this process: an account for the end of the sweep."""

    found: int = 0
    ran: int = 0
    lost: list[dict[str, Any]] = field(default_factory=list)
    restarts: int = 0
    seconds: float = 0.0


@dataclass
class Driver:
    """Runs points of a sweep on ``pool`` and keeps results in ``store``.

    ``tell`` hears of every result with its point; ``work`` is what runs in the workers.
    """

    store: Store
    pool: Pool
    data_dir: str | Path | None = None
    tell: Callable[[Point, Result, bool], None] = lambda point, result, found: None
    compiling: Callable[[], None] = lambda: None
    work: Callable[[Any], Result] = run_point
    happenings: Happenings = field(default_factory=Happenings)
    _warm: set[str] = field(default_factory=set)
    _tries: int = 0
    _results: dict[str, Result] = field(default_factory=dict)
    _waiting: deque[Point] = field(default_factory=deque)
    _doubted: deque[Point] = field(default_factory=deque)
    _flying: dict[Future[Result], Point] = field(default_factory=dict)
    _losses: Counter[str] = field(default_factory=Counter)

    def run(self, points: Iterable[Point]) -> dict[str, Result]:
        """The results of all points that are valid, by key, found or run. Raises NeurochipError."""
        for point in points:
            if point.key and point.key not in self._results:
                self._look_up(point)
        if self.work is run_point:
            self._warm_up(list(self._waiting))
        while self._waiting or self._doubted or self._flying:
            self._fill()
            if self._flying:
                done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
                self._settle(done)
        return self._results

    def _look_up(self, point: Point) -> None:
        result = self.store.get(point.key)
        if result is None:
            self._waiting.append(point)
            self._results[point.key] = {}
        else:
            self._keep(point, result, found=True)

    def _keep(self, point: Point, result: Result, found: bool) -> None:
        self._results[point.key] = result
        if found:
            self.happenings.found += 1
        else:
            self.happenings.ran += 1
            self.happenings.seconds += result["seconds"]
            self.store.put(result, _settings(point))
        self.tell(point, result, found)

    def _warm_up(self, points: Sequence[Point]) -> None:
        """Compile for each new kind of chip, in this process, before there are workers.

        Of a kind whose first point does not fit the next is tried; after so many tries the workers compile
        what is missing.
        """
        with announcing(self.compiling):
            for point in islice(points, _LOOKED_AT):
                kind = _kernels(point)
                if kind not in self._warm and self._tries < WARMED:
                    self._tries += 1
                    if warm_up(task_of(point, 1, self.data_dir)):
                        self._warm.add(kind)

    def _fill(self) -> None:
        """Give the pool what it can take; a doubted point only when nothing else is left."""
        while self._waiting and len(self._flying) < self.pool.room:
            if not self._submit(self._waiting.popleft(), self._waiting):
                return
        if not self._flying and not self._waiting and self._doubted:
            self._submit(self._doubted.popleft(), self._doubted)

    def _submit(self, point: Point, queue: deque[Point]) -> bool:
        """Whether the pool took the point, or another sweep finished it meanwhile."""
        result = self.store.get(point.key)
        if result is not None:
            self._keep(point, result, found=True)
            return True
        try:
            task = task_of(point, self.pool.threads, self.data_dir)
            self._flying[self.pool.submit(self.work, task)] = point
        except BrokenExecutor:
            queue.appendleft(point)
            if not self._flying:
                self._renew()
            return False
        return True

    def _settle(self, done: Iterable[Future[Result]]) -> None:
        broken = False
        for future in done:
            point = self._flying.pop(future)
            try:
                self._keep(point, future.result(), found=False)
            except BrokenExecutor as error:
                broken = True
                self._lose(point, error)
            except CancelledError as error:
                raise NeurochipError("the executor gave up its points; go on with --resume") from error
            except Exception as error:
                if type(error).__name__ != "KilledWorker":  # of Dask, which may not be installed
                    raise
                self._lose(point, error)
        if broken:
            self._settle_the_rest()
            self._renew()

    def _settle_the_rest(self) -> None:
        """A broken executor ends all of its futures."""
        done = wait(self._flying).done
        rest = dict(self._flying)
        self._flying.clear()
        for future in done:
            error = future.exception()
            if error is None:
                self._keep(rest[future], future.result(), found=False)
            else:
                self._lose(rest[future], error)

    def _lose(self, point: Point, error: BaseException) -> None:
        alone = self._losses[point.key] >= DOUBTED
        self._losses[point.key] += 1
        account = {"key": point.key, "values": point.values, "seed": point.seed, "how": type(error).__name__}
        self.happenings.lost.append({**account, "given_up": alone})
        if alone:
            self._keep(point, _crashed(point, self._losses[point.key]), found=False)
        elif self._losses[point.key] >= DOUBTED:
            self._doubted.append(point)
        else:
            self._waiting.append(point)

    def _renew(self) -> None:
        self.happenings.restarts += 1
        self.pool.renew()


def _kernels(point: Point) -> str:
    """What decides which kernels a point needs: registers give their types, and what neither network nor chip
    has is left out."""
    chip, layers = json.loads(point.hardware), json.loads(point.experiment)["network"]["layers"]
    array, convolves = chip["crossbar"], any(layer["kind"] == "conv" for layer in layers)
    return json.dumps(
        [chip["registers"], array["device"], array["feedback"], array["adc"] is None, convolves]
    )


def _crashed(point: Point, times: int) -> Result:
    reason = f"its worker was killed {times} times, at last with no other point running"
    return {
        "key": point.key, "status": "crashed", "reason": reason, "row": {},
        "seconds": 0.0, "host": "", "pid": 0,
    }  # fmt: skip


def _settings(point: Point) -> dict[str, Any]:
    return {
        "experiment": json.loads(point.experiment),
        "hardware": json.loads(point.hardware),
        "seed": point.seed,
    }
