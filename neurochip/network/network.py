"""Networks: populations and the projections between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from neurochip.errors import ConfigError, Problem
from neurochip.fixed import uniform
from neurochip.network.layers import Layer
from neurochip.network.projection import Projection, Shape


@dataclass(frozen=True)
class Population:
    """Neurons of one layer. Neuron ``(y * width + x) * channels + c`` has channel c and position (y, x)."""

    name: str
    shape: Shape

    @property
    def size(self) -> int:
        return prod(self.shape)


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
        _require_output(projections[-1], classes)
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

    @property
    def max_pooled(self) -> bool:
        """Whether any projection ends in a max pooling."""
        return any(it.kernel is not None and it.kernel.pooling == "max" for it in self.projections)

    def extra_bits(self, population: int, feedback: bool) -> int:
        """Fraction bits of a population's currents below those of a weight: the most that any of its
        projections brings."""
        into = [it for it in self.projections if it.target == population]
        back = [it for it in self.projections if feedback and it.source == population != 0]
        return max((it.pool_bits for it in (*into, *back)), default=0)

    def label(self, projection: int) -> str:
        """How messages and tables name a projection: ``input-hidden1 (784x256)``."""
        it = self.projections[projection]
        ends = f"{self.populations[it.source].name}-{self.populations[it.target].name}"
        return f"{ends} ({it.n_pre}x{it.n_post})"

    def folded(self) -> Network:
        """This network with every average pooling folded into its kernel; ConfigError for a max pooling."""
        return replace(self, projections=tuple(it.folded() for it in self.projections))

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
    draws *= 2.0
    draws -= 1.0
    draws *= bound
    return draws.reshape(projection.weight_shape)


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
        key = f"network.layers.{layer}"
        _, below, across = projection.source_shape
        rule = f"must leave a position or more after kernel and pooling; the maps before are {below}x{across}"
        raise ConfigError([Problem(f"{key} {rule}", key)])


def _require_output(projection: Projection, classes: int) -> None:
    if projection.n_post != classes:
        key = f"network.layers.{projection.source}" + ".units" * (projection.kind == "dense")
        rule = f"must be {classes}, one output neuron for each class, not {projection.n_post}"
        raise ConfigError([Problem(f"{key} {rule}", key)])
