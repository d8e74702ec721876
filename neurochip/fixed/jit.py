"""Compiling kernels, with a disk cache that notices every change.

Numba's own cache looks only at the file that defines a kernel: after an edit of a function that the kernel
calls from another file it would go on running the old code. Here a cached kernel is valid for one state of
all kernel files.

Kernels allocate nothing: they are compiled without Numba's reference counts, whose atomic steps on every
slice would take longer than a small population's tick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from numba import njit

PACKAGE = Path(__file__).resolve().parents[1]
KERNEL_FOLDERS = ("fixed", "neurons", "devices", "chip", "clock")


def kernel(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile ``function`` with Numba (``options``: those of ``njit``) and keep the machine code on disk.

    A kernel that allocates an array is refused by Numba when it is compiled.
    """
    if function is None:
        return lambda it: kernel(it, **options)
    dispatcher = njit(**{"cache": True, "_nrt": False, "no_cfunc_wrapper": True, **options})(function)
    index = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if index is not None:
        index._source_stamp = (fingerprint(), index._source_stamp)
    return dispatcher


@cache
def fingerprint() -> str:
    """SHA-256 of all files that kernels are made of."""
    digest = hashlib.sha256()
    for folder in KERNEL_FOLDERS:
        for path in sorted((PACKAGE / folder).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
