"""Running one kernel in several threads: kernels release Python's global lock, so plain threads run side by
side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache


def side_by_side(work: Callable[[int], None], threads: int) -> None:
    """Call ``work(0) ... work(threads - 1)``, each in a thread of its own; thread 0 is the caller's.

    Returns when all have returned; an exception of any of them is raised.
    """
    others = [_pool(threads - 1).submit(work, thread) for thread in range(1, threads)]
    try:
        work(0)
    finally:
        for other in others:
            other.result()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="neurochip")
