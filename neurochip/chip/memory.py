"""Layout of the weight memory: where each projection's weights are, in all the forms in which they are
read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from neurochip.chip.geometry import Folded
from neurochip.network import Network, Projection

LANES = 32
"""Rows of the weight memory are padded to a multiple of this many weights: whole vectors, no remainder
loop."""

NONE = -1


@dataclass(frozen=True)
class Matrix:
    """Where one projection's weights start, in words; ``NONE``: not held.

    ``forward``: the matrix as the crossbars hold it, rows ``stride`` apart. ``back``: its transpose, rows
    ``back_stride`` apart (dense, if there is feedback). ``up``, ``down``: stamps in the kernel memory
    (convolution). ``master``: weight and fraction as one. ``sums``: sums of a batch's update over the folded
    kernel (convolution).
    """

    forward: int
    stride: int
    back: int
    back_stride: int
    up: int
    down: int
    master: int
    sums: int


@dataclass(frozen=True)
class Memory:
    """The memories of the chip, in words.

    Where a weight has up to 8 bits and no window is larger than 4, weights are int8, sums of their rows and
    stamps int16; else all are twice as wide. ``group``: how many rows a narrow sum holds. ``widest``:
    longest padded row.
    """

    matrices: tuple[Matrix, ...]
    words: int
    kernel_words: int
    masters: int
    sums: int
    weight_type: type[np.signedinteger[Any]]
    master_type: type[np.signedinteger[Any]]
    sum_type: type[np.signedinteger[Any]]
    group: int
    widest: int

    @classmethod
    def of(
        cls, network: Network, weight_bits: int, fraction_bits: int, feedback: bool, held_bits: int = 0
    ) -> Memory:
        """The layout for ``network``; ``feedback``: weights are also read from the target to the source.

        ``held_bits``: of a weight as it is read, where that is more than ``weight_bits``.
        """
        at, matrices = _Cursor(), []
        for projection in network.projections:
            matrices.append(at.place(projection, feedback and projection.source != 0))
        narrow = max(weight_bits, held_bits) <= 8 and all(
            p.kernel is None or p.kernel.window <= 4 for p in network.projections
        )
        types = (np.int8, np.int16, 252) if narrow else (np.int16, np.int32, 65_532)
        widest = max(max(matrix.stride, matrix.back_stride) for matrix in matrices)
        weight_type, sum_type, group = types
        master_type = np.int32 if weight_bits + fraction_bits <= 31 else np.int64
        sizes = at.words, at.kernels, at.masters, at.sums
        return cls(tuple(matrices), *sizes, weight_type, master_type, sum_type, group, widest)

    def spikes_in_a_sum(self, weight_bits: int, projection: Projection, up: bool) -> int:
        """Stamps of a convolution that may be summed before a narrow sum could overflow.

        No bound is needed if all weights that a place can ever receive together fit.
        """
        kernel = projection.kernel
        window, size = (kernel.window, kernel.size) if kernel else (1, 1)
        largest, room = 1 << (weight_bits - 1), int(np.iinfo(self.sum_type).max)
        reached = projection.source_shape[0] * window**2 if up else projection.target_shape[0]
        if reached * size**2 * largest <= room:
            return 1 << 62
        return room // (window**2 * largest)


class _Cursor:
    """The ends of the memories while they are laid out."""

    def __init__(self) -> None:
        self.words = self.kernels = self.masters = self.sums = 0

    def place(self, projection: Projection, feedback: bool) -> Matrix:
        rows, cols = projection.weight_shape
        stride, back_stride = padded(cols), padded(rows)
        forward, self.words = self.words, self.words + rows * stride
        master, self.masters = self.masters, self.masters + rows * cols
        back = up = down = sums = NONE
        if projection.kernel is not None:
            folded = Folded.of(projection)
            up, self.kernels = self.kernels, self.kernels + folded.words_up
            if feedback:
                down, self.kernels = self.kernels, self.kernels + folded.words_down
            sums, self.sums = self.sums, self.sums + folded.side**2 * rows // projection.kernel.size**2 * cols
        elif feedback:
            back, self.words = self.words, self.words + cols * back_stride
        return Matrix(forward, stride, back, back_stride, up, down, master, sums)


def padded(n: int) -> int:
    """``n`` rounded up to whole vectors."""
    return -(-n // LANES) * LANES
