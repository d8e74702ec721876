"""What shall be learned: populations of neurons, projections between them, initial weights. No chip in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from neurochip.config import Model, broken
from neurochip.errors import ConfigError, Problem
from neurochip.fixed import uniform

Shape = tuple[int, int, int]
"""(channels, height, width)."""

Pooling = Literal["none", "average", "max"]


class DenseLayer(Model):
    """A population of ``units`` neurons, each connected to every neuron of the population before it."""

    kind: Literal["dense"] = Field(description="every neuron sees every neuron of the layer before")
    units: int = Field(ge=1, le=1 << 20, description="number of neurons")

    def project(self, source: int, shape: Shape) -> Projection:
        """The projection into this layer from population ``source``, of shape ``shape``."""
        return Projection(source, "dense", shape, (self.units, 1, 1), (prod(shape), self.units))


class Pool(Model):
    """How the positions of a convolution are summed up to those of its neurons."""

    kind: Literal["average", "max"] = Field(
        description="average: the mean of each window; max: the largest of each window, which spikes make wrong"
    )
    window: int = Field(ge=2, le=8, description="side of the square window, which is also its stride")

    @model_validator(mode="after")
    def _mean_is_a_shift(self) -> Pool:
        if self.kind == "average" and self.window not in (2, 4, 8):
            raise broken(("window", f"must be 2, 4 or 8 for an average, which the chip takes by a shift, not {self.window}"))
        return self


class ConvLayer(Model):
    """A population of ``channels`` maps; every neuron sees a square of all maps of the population before it.

    With ``pool`` the neurons stand behind the pooling: a neuron's current is the pooled current of a window of positions.
    Positions that do not fill a window at the right or lower edge are left out.
    """

    kind: Literal["conv"] = Field(description="every neuron sees a square of the maps of the layer before")
    channels: int = Field(ge=1, le=1 << 16, description="number of maps")
    kernel: int = Field(ge=1, le=32, description="side of the square that a position sees")
    stride: int = Field(1, ge=1, le=32, description="distance of neighbouring positions")
    padding: int = Field(0, ge=0, le=31, description="silent rows and columns around the maps before")
    pool: Pool | None = Field(None, description="pooling behind the convolution; null: none")

    def project(self, source: int, shape: Shape) -> Projection:
        """The projection into this layer from population ``source``, of shape ``shape``."""
        kernel = Kernel(self.kernel, self.stride, self.padding, self.pool.window if self.pool else 1, self._pooling)
        height, width = (kernel.positions(side) for side in shape[1:])
        rows = shape[0] * self.kernel**2
        return Projection(source, "conv", shape, (self.channels, height, width), (rows, self.channels), kernel)

    @property
    def _pooling(self) -> Pooling:
        return self.pool.kind if self.pool else "none"


Layer = Annotated[DenseLayer | ConvLayer, Field(discriminator="kind")]
"""One item of ``layers``: records told apart by their ``kind``, each with ``project``."""


class NetworkConfig(Model):
    """The ``network`` section of an experiment."""

    layers: tuple[Layer, ...] = Field(
        min_length=1, description="layers from the first hidden one to the output"
    )
    gain: float = Field(1.0, ge=0, le=100, description="factor on the range of the initial weights")


@dataclass(frozen=True)
class Population:
    """Neurons of one layer. Neuron ``(y * width + x) * channels + c`` has channel c and position (y, x)."""

    name: str
    shape: Shape

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Kernel:
    """Geometry of a convolution and of the pooling behind it (``window`` 1: none), the same in both directions."""

    size: int
    stride: int
    padding: int
    window: int = 1
    pooling: Pooling = "none"

    def unpooled(self, side: int) -> int:
        """Positions of the convolution along a side of the maps before, before pooling; 0 or less: it does not fit."""
        return (side + 2 * self.padding - self.size) // self.stride + 1

    def positions(self, side: int) -> int:
        """Positions of the neurons along a side of the maps before."""
        return self.unpooled(side) // self.window


@dataclass(frozen=True)
class Projection:
    """All synapses from population ``source`` into the next one.

    ``weight_shape``: (rows, columns) of the weights as a matrix. Dense: rows are the source's neurons, columns the target's.
    Convolution: row ``(channel * size + y) * size + x`` of the kernel, columns are the target's channels.
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


@dataclass(frozen=True)
class Network:
    """Populations, the input first and the output last, and the projections between them, lowest first."""

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]

    @classmethod
    def build(cls, layers: Sequence[Layer], input_shape: Shape, classes: int) -> Network:
        """The network of ``layers`` on inputs of ``input_shape``; its output has one neuron for each class.

        Raises ConfigError when there is no layer, or when the output's size is not ``classes``.
        """
        if not layers:
            raise ConfigError([Problem("network.layers must have 1 layer or more, not 0", "network.layers")])
        populations = [Population("input", input_shape)]
        projections = []
        for index, layer in enumerate(layers):
            projection = layer.project(index, populations[-1].shape)
            _require_positions(projection, index)
            name = "output" if index == len(layers) - 1 else f"hidden{index + 1}"
            populations.append(Population(name, projection.target_shape))
            projections.append(projection)
        _require_output(populations[-1], classes, len(layers) - 1)
        return cls(tuple(populations), tuple(projections))

    @property
    def name(self) -> str:
        """Sizes of all populations, ``784-256-10``; convolutions as ``1x28x28-16c5p2-32c5p2-10``."""
        first = self.populations[0]
        convolutional = any(projection.kernel for projection in self.projections)
        start = "x".join(map(str, first.shape)) if convolutional else str(first.size)
        return "-".join([start, *(_layer_name(projection) for projection in self.projections)])

    @property
    def neurons(self) -> int:
        """Neurons of all populations, the input included."""
        return sum(population.size for population in self.populations)

    @property
    def synapses(self) -> int:
        """Weights of all projections."""
        return sum(prod(projection.weight_shape) for projection in self.projections)

    def label(self, projection: int) -> str:
        """How messages and tables name a projection: ``input-hidden1 (784x256)``."""
        it = self.projections[projection]
        ends = f"{self.populations[it.source].name}-{self.populations[it.target].name}"
        return f"{ends} ({it.n_pre}x{it.n_post})"

    def initial_weights(self, seed: int, gain: float = 1.0) -> list[NDArray[np.float64]]:
        """Weights of each projection, uniform in ± gain * sqrt(6 / (fan in + fan out)), of its weight shape.

        Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS 2010, eq. 16. Biases start at 0. The same seed gives the same weights, whatever
        else is drawn.
        """
        return [_glorot(projection, seed, stream, gain) for stream, projection in enumerate(self.projections)]


def _glorot(projection: Projection, seed: int, stream: int, gain: float) -> NDArray[np.float64]:
    bound = gain * sqrt(6.0 / sum(projection.fans))
    draws = uniform(seed, stream, prod(projection.weight_shape))
    return ((2.0 * draws - 1.0) * bound).reshape(projection.weight_shape)


def _layer_name(projection: Projection) -> str:
    kernel = projection.kernel
    if kernel is None:
        return str(projection.n_post)
    stride = f"s{kernel.stride}" if kernel.stride > 1 else ""
    pool = f"{'m' if kernel.pooling == 'max' else 'p'}{kernel.window}" if kernel.window > 1 else ""
    return f"{projection.target_shape[0]}c{kernel.size}{stride}{pool}"


def _require_positions(projection: Projection, layer: int) -> None:
    _, height, width = projection.target_shape
    if min(height, width) < 1:
        key = f"network.layers.{layer}.kernel"
        _, below, across = projection.source_shape
        message = f"{key} must leave a position or more after pooling, but the maps before are {below}x{across}"
        raise ConfigError([Problem(message, key)])


def _require_output(output: Population, classes: int, layer: int) -> None:
    if output.size != classes:
        key = f"network.layers.{layer}.units"
        message = f"{key} must be {classes}, one output neuron for each class, not {output.size}"
        raise ConfigError([Problem(message, key)])
