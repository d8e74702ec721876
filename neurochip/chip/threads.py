"""Running one kernel in several threads: kernels release Python's global lock, so plain threads run side by
side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from math import prod
from threading import Barrier, Lock
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

APART = 128
"""Bytes between memories of two threads: they share no cache line, nor a pair of lines."""


def per_thread(threads: int, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Cleared [threads, *shape] in which each thread's part is contiguous and apart from the others'."""
    kind = np.dtype(dtype)
    pitch = (-(-prod(shape) * kind.itemsize // APART) + 1) * APART
    strides = (pitch, *np.empty(shape, kind).strides)
    return np.ndarray((threads, *shape), kind, cleared((threads * pitch,), np.uint8).data, strides=strides)


def cleared(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that begin with a cache line, so that whole vectors of them do not lie across two."""
    kind = np.dtype(dtype)
    memory = np.zeros(prod(shape) * kind.itemsize + APART, np.uint8)
    first = -memory.ctypes.data % APART
    return np.ndarray(shape, kind, memory.data, first)


def side_by_side(
    work: Callable[[int], None], threads: int, abandon: Callable[[], None] | None = None
) -> None:
    """Call ``work(0) ... work(threads - 1)``, each in a thread of its own; thread 0 is the caller's.

    Returns when all have returned; an exception of any of them is raised. ``abandon``: called if thread 0
    ends with one, before the others are waited for.
    """
    others: list[Future[None]] = []
    try:
        with _one_by_one:
            for thread in range(1, threads):
                others.append(_pool(threads - 1).submit(work, thread))
        work(0)
    except BaseException:
        if abandon:
            abandon()
        raise
    finally:
        wait(others)
        for other in others:
            other.result()


_one_by_one = Lock()
"""Threads of one call are asked for together, before those of the next: they may wait for each other."""


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """A pool all of whose threads are there: one that makes them as it finds it needs them may make too few
    for threads that wait for each other."""
    pool, all_here = ThreadPoolExecutor(threads, thread_name_prefix="neurochip"), Barrier(threads)
    try:
        for each in [pool.submit(all_here.wait) for _ in range(threads)]:
            each.result()
    except BaseException:
        all_here.abort()
        raise
    return pool
