"""What a projection does to real numbers: currents in both directions, and the product of its two ends.

Every kind of projection is the trilinear form ``sum of w s_lower s_upper`` over its synapses; its three
methods are the derivatives of that form, so each is the adjoint of the others. Neurons are numbered as in
`neurochip.network.Population`: channels innermost.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from neurochip.errors import ConfigError, Problem
from neurochip.network import Kernel, Network, Projection, Shape

Reals = NDArray[np.float64]


class Wiring(ABC):
    """One projection as maps of batches; ``weights`` has the projection's weight shape."""

    @abstractmethod
    def forward(self, weights: Reals, lower: Reals) -> Reals:
        """Currents [batch, n_post] of the target from values [batch, n_pre] of the source."""

    @abstractmethod
    def backward(self, weights: Reals, upper: Reals) -> Reals:
        """Currents [batch, n_pre] of the source from values [batch, n_post] of the target."""

    @abstractmethod
    def outer(self, lower: Reals, upper: Reals) -> Reals:
        """Sum over batch and positions of lower times upper value, one number for each weight."""


@dataclass(frozen=True)
class Dense(Wiring):
    """Every neuron of the source with every neuron of the target."""

    def forward(self, weights: Reals, lower: Reals) -> Reals:
        return lower @ weights

    def backward(self, weights: Reals, upper: Reals) -> Reals:
        return upper @ weights.T

    def outer(self, lower: Reals, upper: Reals) -> Reals:
        return lower.T @ upper


@dataclass(frozen=True)
class Convolution(Wiring):
    """A kernel moved over padded maps, with the mean over windows of positions behind it."""

    source: Shape
    target: Shape
    kernel: Kernel

    def forward(self, weights: Reals, lower: Reals) -> Reals:
        return (self._patches(lower) @ weights).reshape(len(lower), -1)

    def backward(self, weights: Reals, upper: Reals) -> Reals:
        channels, height, width = self.source
        _, rows, cols = self.target
        size, stride, window = self.kernel.size, self.kernel.stride, self.kernel.window
        pulled = upper.reshape(len(upper), rows, cols, -1) @ weights.T / window**2
        pulled = pulled.repeat(window, axis=1).repeat(window, axis=2)
        pulled = pulled.reshape(*pulled.shape[:3], channels, size, size)
        padding = self.kernel.padding
        maps = np.zeros((len(upper), height + 2 * padding, width + 2 * padding, channels))
        reach = (stride * rows * window, stride * cols * window)
        for y in range(size):
            for x in range(size):
                maps[:, y : y + reach[0] : stride, x : x + reach[1] : stride] += pulled[..., y, x]
        return maps[:, padding : padding + height, padding : padding + width].reshape(len(upper), -1)

    def outer(self, lower: Reals, upper: Reals) -> Reals:
        patches = self._patches(lower)
        return patches.reshape(-1, patches.shape[-1]).T @ upper.reshape(-1, self.target[0])

    def _patches(self, lower: Reals) -> Reals:
        """What each target position sees, [batch, rows, columns, weights of a channel]: window means."""
        channels, height, width = self.source
        _, rows, cols = self.target
        size, stride, window, p = (
            self.kernel.size,
            self.kernel.stride,
            self.kernel.window,
            self.kernel.padding,
        )
        maps = np.pad(lower.reshape(-1, height, width, channels), ((0, 0), (p, p), (p, p), (0, 0)))
        seen = sliding_window_view(sliding_window_view(maps, size, axis=1), size, axis=2)
        seen = seen[:, ::stride, ::stride][:, : rows * window, : cols * window]
        if window > 1:
            seen = seen.reshape(len(lower), rows, window, cols, window, channels, size, size).mean((2, 4))
        patches: Reals = seen.reshape(len(lower), rows, cols, -1)
        return patches


def wiring_of(projection: Projection) -> Wiring:
    """The maps of a projection. Raises ConfigError for max pooling, which has no energy."""
    if projection.kernel is None:
        return Dense()
    if projection.kernel.pooling == "max":
        message = "pool.kind must be average for the float references, not max: they need an energy"
        raise ConfigError([Problem(message, f"network.layers.{projection.source}.pool")])
    return Convolution(projection.source_shape, projection.target_shape, projection.kernel)


@dataclass(frozen=True)
class Weights:
    """Real weights, of the projections' weight shapes, and biases, one for each channel of the targets."""

    matrices: list[Reals]
    biases: list[Reals]

    @classmethod
    def of(cls, network: Network, matrices: list[Reals], biases: list[Reals] | None = None) -> Weights:
        """Copies of ``matrices`` and ``biases`` (None: zeros)."""
        channels = [p.target_shape[0] for p in network.projections]
        given = biases if biases is not None else [np.zeros(n) for n in channels]
        return cls([np.array(m, np.float64) for m in matrices], [np.array(b, np.float64) for b in given])

    def unit_biases(self, network: Network) -> Reals:
        """The bias of every neuron of the network, [units]; 0 for inputs."""
        parts = [np.zeros(network.populations[0].size)]
        for projection, bias in zip(network.projections, self.biases, strict=True):
            parts.append(np.tile(bias, projection.n_post // len(bias)))
        return np.concatenate(parts)

    def copy(self) -> Weights:
        """An independent copy."""
        return Weights([m.copy() for m in self.matrices], [b.copy() for b in self.biases])


@dataclass(frozen=True)
class Circuit:
    """All projections of a network at once, on values of all units, [batch, units]."""

    network: Network
    wires: tuple[Wiring, ...]
    slices: tuple[slice, ...]

    @classmethod
    def of(cls, network: Network) -> Circuit:
        """Raises ConfigError for what has no energy; see `wiring_of`."""
        return cls(network, tuple(wiring_of(p) for p in network.projections), tuple(slices(network)))

    @property
    def first(self) -> slice:
        """The inputs."""
        return self.slices[0]

    @property
    def last(self) -> slice:
        """The outputs."""
        return self.slices[-1]

    def currents(self, weights: Weights, values: Reals) -> Reals:
        """What all units receive, by the same weights up and down, when each sends its value."""
        found = np.zeros_like(values)
        for wire, matrix, projection in zip(
            self.wires, weights.matrices, self.network.projections, strict=True
        ):
            below, above = self.slices[projection.source], self.slices[projection.target]
            found[:, above] += wire.forward(matrix, values[:, below])
            if projection.source != 0:
                found[:, below] += wire.backward(matrix, values[:, above])
        return found

    def products(self, states: Reals) -> Weights:
        """For each weight the sum over the batch of lower times upper state, for each bias of the state."""
        matrices, biases = [], []
        for wire, projection in zip(self.wires, self.network.projections, strict=True):
            upper = states[:, self.slices[projection.target]]
            matrices.append(wire.outer(states[:, self.slices[projection.source]], upper))
            biases.append(upper.reshape(-1, projection.target_shape[0]).sum(0))
        return Weights(matrices, biases)


def slices(network: Network) -> list[slice]:
    """Where each population's neurons are among the units of the network."""
    ends = np.cumsum([0, *(population.size for population in network.populations)]).tolist()
    return [slice(start, stop) for start, stop in itertools.pairwise(ends)]
