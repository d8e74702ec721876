"""What shall be learned: populations of neurons, projections between them, initial weights. No chip in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurochip.config import Model
from neurochip.errors import ConfigError, Problem
from neurochip.fixed import uniform

Shape = tuple[int, int, int]
"""(channels, height, width)."""


class DenseLayer(Model):
    """A population of ``units`` neurons, each connected to every neuron of the population before it."""

    kind: Literal["dense"] = Field(description="every neuron sees every neuron of the layer before")
    units: int = Field(ge=1, le=1 << 20, description="number of neurons")

    def shape(self, _source: Shape) -> Shape:
        """Shape of the layer's population."""
        return self.units, 1, 1

    def weight_shape(self, source: Shape) -> tuple[int, ...]:
        """Shape of the weights from a population of shape ``source``: (n_pre, n_post)."""
        return prod(source), self.units


Layer = DenseLayer
"""One item of ``layers``: records told apart by their ``kind``, each with ``shape`` and ``weight_shape``."""


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
class Projection:
    """All synapses from population ``source`` to population ``target`` (indices of populations)."""

    source: int
    target: int
    kind: str
    n_pre: int
    n_post: int
    weight_shape: tuple[int, ...]


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
            source = populations[-1]
            name = "output" if index == len(layers) - 1 else f"hidden{index + 1}"
            target = Population(name, layer.shape(source.shape))
            populations.append(target)
            weights = layer.weight_shape(source.shape)
            projections.append(Projection(index, index + 1, layer.kind, source.size, target.size, weights))
        _require_output(populations[-1], classes, len(layers) - 1)
        return cls(tuple(populations), tuple(projections))

    @property
    def name(self) -> str:
        """Sizes of all populations: ``784-256-10``."""
        return "-".join(str(population.size) for population in self.populations)

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
        """Weights of each projection, uniform in ± gain * sqrt(6 / (n_pre + n_post)), of its weight shape.

        Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
        networks", AISTATS 2010, eq. 16. Biases start at 0. The same seed gives the same weights, whatever
        else is drawn.
        """
        return [_glorot(projection, seed, stream, gain) for stream, projection in enumerate(self.projections)]


def _glorot(projection: Projection, seed: int, stream: int, gain: float) -> NDArray[np.float64]:
    bound = gain * sqrt(6.0 / (projection.n_pre + projection.n_post))
    draws = uniform(seed, stream, prod(projection.weight_shape))
    return ((2.0 * draws - 1.0) * bound).reshape(projection.weight_shape)


def _require_output(output: Population, classes: int, layer: int) -> None:
    if output.size != classes:
        key = f"network.layers.{layer}.units"
        message = f"{key} must be {classes}, one output neuron for each class, not {output.size}"
        raise ConfigError([Problem(message, key)])
