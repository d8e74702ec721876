"""Layers as an experiment's YAML describes them; each makes the projection into itself."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

from pydantic import Field, model_validator

from neurochip.config import Model, broken
from neurochip.network.projection import Kernel, Projection, Shape


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
        description="average: the mean of each window; max: its largest, which single spikes do not show"
    )
    window: int = Field(ge=2, le=8, description="side of the square window, which is also its stride")

    @model_validator(mode="after")
    def _mean_is_a_shift(self) -> Pool:
        if self.kind == "average" and self.window not in (2, 4, 8):
            rule = f"must be 2, 4 or 8 for an average, which the chip takes by a shift, not {self.window}"
            raise broken(("window", rule))
        return self


class ConvLayer(Model):
    """A population of ``channels`` maps; every neuron sees a square of all maps of the population before it.

    With ``pool`` the neurons stand behind the pooling: a neuron's current is the pooled current of a window
    of positions. Positions that do not fill a window at the right or lower edge are left out.
    """

    kind: Literal["conv"] = Field(description="every neuron sees a square of the maps of the layer before")
    channels: int = Field(ge=1, le=1 << 16, description="number of maps")
    kernel: int = Field(ge=1, le=32, description="side of the square that a position sees")
    stride: int = Field(default=1, ge=1, le=32, description="distance of neighbouring positions")
    padding: int = Field(default=0, ge=0, le=31, description="silent rows and columns around the maps before")
    pool: Pool | None = Field(default=None, description="pooling behind the convolution; null: none")

    def project(self, source: int, shape: Shape) -> Projection:
        """The projection into this layer from population ``source``, of shape ``shape``."""
        kernel = self._geometry()
        height, width = (kernel.positions(side) for side in shape[1:])
        target, rows = (self.channels, height, width), shape[0] * self.kernel**2
        return Projection(source, "conv", shape, target, (rows, self.channels), kernel)

    def _geometry(self) -> Kernel:
        sizes = self.kernel, self.stride, self.padding
        return Kernel(*sizes, self.pool.window, self.pool.kind) if self.pool else Kernel(*sizes)


Layer = Annotated[DenseLayer | ConvLayer, Field(discriminator="kind")]
"""One item of ``layers``: records told apart by their ``kind``, each with ``project``."""


class NetworkConfig(Model):
    """The ``network`` section of an experiment."""

    layers: tuple[Layer, ...] = Field(
        min_length=1, description="layers from the first hidden one to the output"
    )
    gain: float = Field(default=1.0, ge=0, le=100, description="factor on the range of the initial weights")
