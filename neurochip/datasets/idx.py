"""Strict reader of idx files of unsigned bytes, plain or gzip-compressed.

Format: 0, 0, 0x08 (unsigned byte), number of axes; size of each axis (32 bits, big-endian); the values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from neurochip.datasets.base import Bytes
from neurochip.errors import DataError

CONTENTS = {1: "labels", 3: "images"}


def read(path: Path, axes: int) -> Bytes:
    """Read-only uint8 array with ``axes`` axes (1: labels, 3: images [n, height, width]) in an idx file.

    The file is taken for gzip if its name ends in ``.gz``.
    Raises DataError naming the file if it cannot be read, is of another kind, empty, too short or too long.
    """
    content = _content(path)
    start = bytes((0, 0, 8, axes))
    if content[:4] != start:
        raise DataError(
            f"{path}: must start with 0x{start.hex()} (idx, {CONTENTS[axes]}), not 0x{content[:4].hex()}; "
            "is it the right file?"
        )
    header = 4 + 4 * axes
    if len(content) < header:
        raise DataError(f"{path}: is truncated within its header of {header} bytes; get the file again")
    sizes = tuple(int(size) for size in np.frombuffer(content, ">u4", axes, offset=4))
    needed = header + math.prod(sizes)
    if len(content) != needed:
        fault = "is truncated" if len(content) < needed else "is too long"
        raise DataError(
            f"{path}: {fault}: sizes {sizes} need {needed} bytes, not {len(content)}; get the file again"
        )
    if 0 in sizes:
        raise DataError(f"{path}: holds no {CONTENTS[axes]}, its sizes are {sizes}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(sizes)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: is damaged as a gzip file ({error}); get the file again") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
