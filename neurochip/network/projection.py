"""Projections between populations: dense ones, and convolutions with the pooling behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Literal

from neurochip.errors import ConfigError, Problem

Shape = tuple[int, int, int]
"""(channels, height, width)."""

Pooling = Literal["none", "average", "max"]


@dataclass(frozen=True)
class Kernel:
    """Geometry of a convolution and of the pooling behind it (``window`` 1: none), alike along both axes."""

    size: int
    stride: int
    padding: int
    window: int = 1
    pooling: Pooling = "none"

    def unpooled(self, side: int) -> int:
        """Positions before pooling along a side of the maps below; 0 or less: the kernel does not fit."""
        return (side + 2 * self.padding - self.size) // self.stride + 1

    def positions(self, side: int) -> int:
        """Positions of the neurons along a side of the maps below."""
        return self.unpooled(side) // self.window

    def folded(self) -> Kernel:
        """The kernel that does at once what this one and an average pooling behind it do."""
        return Kernel(self.size + self.stride * (self.window - 1), self.stride * self.window, self.padding)


@dataclass(frozen=True)
class Projection:
    """All synapses from population ``source`` into the next one.

    ``weight_shape``: (rows, columns) of the weights as a matrix. Dense: rows are the source's neurons,
    columns the target's. Convolution: row ``(channel * size + y) * size + x`` of the kernel, columns are the
    target's channels.
    """

    source: int
    kind: Literal["dense", "conv"]
    source_shape: Shape
    target_shape: Shape
    weight_shape: tuple[int, int]
    kernel: Kernel | None = None

    @property
    def target(self) -> int:
        """Index of the target population."""
        return self.source + 1

    @property
    def n_pre(self) -> int:
        """Neurons of the source."""
        return prod(self.source_shape)

    @property
    def n_post(self) -> int:
        """Neurons of the target."""
        return prod(self.target_shape)

    @property
    def fans(self) -> tuple[int, int]:
        """Weights into a position of the target, and out of a neuron of the source."""
        if self.kernel is None:
            return self.weight_shape
        return self.weight_shape[0], self.weight_shape[1] * self.kernel.size**2

    @property
    def pool_bits(self) -> int:
        """Fraction bits that the mean of an average pooling adds to a current; the window is a power of 2."""
        if self.kernel is None or self.kernel.pooling != "average":
            return 0
        return 2 * (self.kernel.window.bit_length() - 1)

    def folded(self) -> Projection:
        """This projection with an average pooling folded into its kernel, whose weights are sums of weights.

        Raises ConfigError for a max pooling.
        """
        if self.kernel is None or self.kernel.window == 1:
            return self
        if self.kernel.pooling != "average":
            key, layer = "placement.fold_pooling", f"network.layers.{self.source}"
            rule = f"must be false: {layer} has {self.kernel.pooling} pooling, and only an average folds"
            raise ConfigError([Problem(f"{key} {rule}", key)])
        kernel = self.kernel.folded()
        rows = self.source_shape[0] * kernel.size**2
        return replace(self, weight_shape=(rows, self.weight_shape[1]), kernel=kernel)
