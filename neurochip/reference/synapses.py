"""Every synapse of a projection by itself: which neuron, which neuron, which weight, what share of it.

This is the geometry of `neurochip.reference.wiring` written a second time, from the definition of a
convolution, for the references that want single synapses or full matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.network import Kernel, Projection
from neurochip.reference.wiring import Reals

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Synapses:
    """Synapse k joins neuron ``pre[k]`` to ``post[k]`` by ``share[k]`` times the flat matrix's ``weight[k]``.

    Two neurons may be joined more than once. Arrays are [synapses]; ``n_pre`` and ``n_post`` are the
    populations' sizes.
    """

    pre: Ints
    post: Ints
    weight: Ints
    share: Reals
    n_pre: int
    n_post: int

    def strengths(self, weights: Reals) -> Reals:
        """What each synapse adds for a spike."""
        strengths: Reals = self.share * weights.reshape(-1)[self.weight]
        return strengths

    def spread(self, weights: Reals) -> Reals:
        """The full matrix [n_pre, n_post]."""
        cells = self.pre * self.n_post + self.post
        full = np.asarray(np.bincount(cells, self.strengths(weights), self.n_pre * self.n_post), np.float64)
        return full.reshape(self.n_pre, self.n_post)

    def gather(self, full: Reals, shape: tuple[int, int]) -> Reals:
        """The adjoint of `spread`: for each weight the sum of ``full`` over its synapses, by their share."""
        each = self.share * full[self.pre, self.post]
        return np.asarray(np.bincount(self.weight, each, shape[0] * shape[1]), np.float64).reshape(shape)


def synapses_of(projection: Projection) -> Synapses:
    """All synapses of a projection (max pooling: as if it were the mean)."""
    if projection.kernel is None:
        return _all_to_all(projection)
    return _moved(projection, projection.kernel)


def _all_to_all(projection: Projection) -> Synapses:
    pre, post = (index.reshape(-1) for index in np.indices((projection.n_pre, projection.n_post)))
    return Synapses(
        pre, post, pre * projection.n_post + post, np.ones(len(pre)), projection.n_pre, projection.n_post
    )


def _moved(projection: Projection, kernel: Kernel) -> Synapses:
    """Through (wy, wx) of its window and (ky, kx) of the kernel a target at (oy, ox) sees one position."""
    channels, height, width = projection.source_shape
    outputs, rows, cols = projection.target_shape
    axes = (rows, cols, kernel.window, kernel.window, kernel.size, kernel.size, channels, outputs)
    oy, ox, wy, wx, ky, kx, c, o = np.indices(axes, sparse=True)
    y = (oy * kernel.window + wy) * kernel.stride - kernel.padding + ky
    x = (ox * kernel.window + wx) * kernel.stride - kernel.padding + kx
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)

    def flat(values: Any) -> Ints:
        every: Ints = np.broadcast_to(values, axes)[np.broadcast_to(inside, axes)]
        return every

    pre = flat((y * width + x) * channels + c)
    post = flat((oy * cols + ox) * outputs + o)
    weight = flat(((c * kernel.size + ky) * kernel.size + kx) * outputs + o)
    return Synapses(
        pre, post, weight, np.full(len(pre), kernel.window**-2), projection.n_pre, projection.n_post
    )
