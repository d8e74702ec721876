"""What is to be cut, and for what: a network as crossbars hold it, copies of kernels, a chip's limits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Literal

from neurochip.hardware import Hardware
from neurochip.network import Network, Projection

Feedback = Literal["transposed", "mirrored"] | None
Role = Literal["forward", "mirror"]


@dataclass(frozen=True)
class Limits:
    """The size of a chip: its mesh, its crossbars, and what one core has of each resource."""

    chip: str
    mesh_rows: int
    mesh_cols: int
    rows: int
    cols: int
    crossbars: int
    neurons: int
    axons: int
    weight_bits: int

    @classmethod
    def of(cls, hardware: Hardware) -> Limits:
        core, mesh, crossbar = hardware.core, hardware.mesh, hardware.crossbar
        sizes = mesh.rows, mesh.cols, crossbar.rows, crossbar.cols
        bits = hardware.registers.weight.bits
        return cls(hardware.name, *sizes, core.crossbars, core.neurons, core.axons, bits)

    @property
    def cores(self) -> int:
        return self.mesh_rows * self.mesh_cols


@dataclass(frozen=True)
class Matrix:
    """The synapses of a projection as lines of crossbars, and the copies that there are of them.

    ``replicas``: the positions that each copy serves, of the population that its columns add up for; a dense
    matrix has one copy, for (None,).
    """

    role: Role
    n_rows: int
    n_cols: int
    replicas: tuple[range | None, ...]


@dataclass(frozen=True)
class Plan:
    """A network to be placed on a chip of some size.

    ``feedback``: spikes also drive the population below, through the same blocks (``transposed``) or through
    blocks of their own (``mirrored``). ``fold``: crossbars hold kernels with the average pooling in them.
    """

    network: Network
    limits: Limits
    feedback: Feedback
    fold: bool = False

    @cached_property
    def held(self) -> tuple[Projection, ...]:
        """Projections as crossbars hold them. Raises ConfigError when a max pooling is to be folded."""
        return (self.network.folded() if self.fold else self.network).projections

    def has_feedback(self, projection: int) -> bool:
        """Whether spikes also go down a projection; the input hears nothing."""
        return self.feedback is not None and self.held[projection].source != 0

    def both_ways(self, projection: int) -> bool:
        """Whether a projection's blocks are also read by column."""
        return self.feedback == "transposed" and self.has_feedback(projection)

    def matrices(self, projection: int) -> tuple[Matrix, ...]:
        """What crossbars hold of a projection: the forward matrix and, if any, the mirror."""
        it = self.held[projection]
        rows, cols = it.weight_shape
        serving: tuple[range | None, ...] = (None,)
        forward = Matrix("forward", rows, cols, self.replicas(it.target) if it.kernel else serving)
        if self.feedback != "mirrored" or not self.has_feedback(projection):
            return (forward,)
        if it.kernel is None:
            return forward, Matrix("mirror", cols, rows, serving)
        rows = cols * it.kernel.size**2
        return forward, Matrix("mirror", rows, it.source_shape[0], self.replicas(it.source))

    def replicas(self, population: int) -> tuple[range, ...]:
        """Positions of a population in the fewest, about equal parts whose neurons a core can hold."""
        channels, height, width = self.network.populations[population].shape
        positions = height * width
        if population == 0 or self.held[population - 1].kernel is None:
            return (range(positions),)
        parts = ceil(positions / max(1, self.limits.neurons // channels))
        return tuple(range(positions * i // parts, positions * (i + 1) // parts) for i in range(parts))

    def cell_bits(self, projection: int) -> int:
        """Width of a cell: a weight's, and two bits more for each doubling of a folded pooling window."""
        kernel = self.network.projections[projection].kernel
        window = kernel.window if kernel and self.fold else 1
        return self.limits.weight_bits + 2 * (window.bit_length() - 1)
