"""The pieces that a network is cut into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurochip.mapping.plan import Role

FORWARD, BACKWARD = 1, 2
"""Ways of a spike or a sum, as bits: up the network, or back down it."""

UNPLACED = -1

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """The part of a projection's matrix that one crossbar holds.

    ``rows`` and ``cols`` are neurons of the population whose spikes drive the crossbar's rows and of the one
    that its columns add up for: source and target of the projection; for a mirror (the transposed matrix)
    target and source. Of a convolution, ``rows`` are (channel, y, x) of these channels and of the kernel
    as the crossbar holds it (pooling folded in or not), ``cols`` are channels, and the block serves
    ``positions`` of the population that it adds up for; ``replica`` numbers the copies of the kernel.
    """

    projection: int
    role: Role
    rows: range
    cols: range
    core: int = UNPLACED
    slot: int = UNPLACED
    positions: range | None = None
    replica: int = 0

    @property
    def cells(self) -> int:
        """Cells of the crossbar that the block takes."""
        return len(self.rows) * len(self.cols)


@dataclass(frozen=True)
class Group:
    """Neurons of one population whose registers are on one core: their home."""

    population: int
    neurons: range
    core: int = UNPLACED


@dataclass(frozen=True)
class Segment:
    """Neurons of one group that read equally much of the same blocks and are summed up by the same ones."""

    population: int
    group: int
    neurons: range


@dataclass(frozen=True, eq=False)
class Tiling:
    """All pieces of a network and who talks to whom.

    ``reads``: one row (segment, block, way) for each block of which a spike of the segment reads lines, with
    ``lines``, how many, and ``ops``, the weights that they add to currents. ``sums``: one row (segment,
    block, way) for each block that adds up currents for the segment. int64 [n, 3] and [n], ways ``FORWARD``
    or ``BACKWARD``. For each block, int64 [blocks], ``axons``: lines that spikes may drive; ``weights``:
    weights that are updated here; ``products``: products of two banks that their update takes, for each
    sample and term.
    """

    blocks: tuple[Block, ...]
    groups: tuple[Group, ...]
    segments: tuple[Segment, ...]
    reads: Ints
    lines: Ints
    ops: Ints
    sums: Ints
    axons: Ints
    weights: Ints
    products: Ints
