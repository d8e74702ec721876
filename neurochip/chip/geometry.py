"""How a spike of a convolution finds its weights and its targets: stamps on a padded map.

Pooling is folded into the kernel: a kernel of side k and stride s behind which windows of side p are
averaged is one of side K = k + s (p - 1) and stride S = s p, whose weights are sums of up to p * p weights;
the division by p * p moves the binary point. A spike then adds a few rows of weights to a map of sums, each
row contiguous in both, channels innermost:

- up: an input at (y, x) reaches the outputs Y = floor((y + padding) / S) - (n - 1) ... floor((y + padding) /
  S), with n = ceil(K / S): a stamp of n rows of n * C_out weights, one stamp for each (channel, y mod S, x
  mod S);
- down: an output at (Y, X) reaches the inputs S Y - padding + (0 ... K - 1): a stamp of K rows of K * C_in
  weights, one stamp for each output channel.

What would fall beside the map is cut off the stamp. Only behind a max pooling, where the place of a stamp
depends on the winner, the map below is padded instead, and what falls on the padding is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.network import Projection, Shape

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Stamp:
    """One direction of a convolution.

    int32 [source neurons]: ``which``, start of a neuron's stamp in the table of weights; ``where``, where it
    falls on the map; ``rows``, how many rows it has; ``lengths``, weights in each. ``run``: weights between
    rows of the table; ``pitch``: elements between rows of the map; ``size``: elements of the map;
    ``corner``, ``valid_rows``, ``valid_run``: the part of the map that is the target population.
    """

    which: Ints
    where: Ints
    rows: Ints
    lengths: Ints
    run: int
    pitch: int
    size: int
    corner: int
    valid_rows: int
    valid_run: int


@dataclass(frozen=True)
class Folded:
    """The folded kernel of a projection: side, stride, padding, and the shapes at both ends.

    Behind a max pooling (``window`` above 1) nothing is folded: ``target`` is the shape before pooling.
    """

    side: int
    stride: int
    padding: int
    source: Shape
    target: Shape
    window: int = 1

    @classmethod
    def of(cls, projection: Projection) -> Folded:
        kernel = projection.kernel
        if kernel is None:
            raise TypeError("a dense projection has no kernel")
        source, target = projection.source_shape, projection.target_shape
        if kernel.pooling == "max":
            channels, height, width = target
            before = channels, height * kernel.window, width * kernel.window
            return cls(kernel.size, kernel.stride, kernel.padding, source, before, kernel.window)
        folded = kernel.folded()
        return cls(folded.size, folded.stride, folded.padding, source, target)

    @property
    def taps(self) -> int:
        """Outputs along a side that one input reaches."""
        return -(-self.side // self.stride)

    @property
    def words_up(self) -> int:
        """Weights in the table of upward stamps: [C_in, S, S, taps, taps, C_out]."""
        return self.source[0] * (self.stride * self.taps) ** 2 * self.target[0]

    @property
    def words_down(self) -> int:
        """Weights in the table of downward stamps: [C_out, K, K, C_in]."""
        return self.target[0] * self.side**2 * self.source[0]

    def up(self) -> Stamp:
        """Stamps of spikes of the source."""
        outputs, height, width = self.target
        y, x, c = _neurons(self.source)
        y, x = y + self.padding, x + self.padding
        stamp = (c * self.stride + y % self.stride) * self.stride + x % self.stride
        first = stamp * self.taps**2 * outputs
        rows, cols = (place // self.stride - (self.taps - 1) for place in (y, x))
        return _cut(first, rows, cols, self.taps, (outputs, height, width))

    def down(self) -> Stamp:
        """Stamps of spikes of the target, on the source's map (max pooling: of the first of each window)."""
        maps, out_height, out_width = self.target
        step = self.stride * self.window
        y, x, c = _neurons((maps, out_height // self.window, out_width // self.window))
        first = c * self.side**2 * self.source[0]
        if self.window > 1:
            return self._padded(first, y * step, x * step)
        return _cut(first, y * step - self.padding, x * step - self.padding, self.side, self.source)

    def _padded(self, first: Ints, y: Ints, x: Ints) -> Stamp:
        """Whole stamps at (y, x) of a map that is padded on all sides."""
        channels, height, width = self.source
        _, out_height, out_width = self.target
        map_width = max(width + 2 * self.padding, self.stride * (out_width - 1) + self.side)
        map_height = max(height + 2 * self.padding, self.stride * (out_height - 1) + self.side)
        return Stamp(
            which=first.astype(np.int32),
            where=((y * map_width + x) * channels).astype(np.int32),
            rows=np.full(len(y), self.side, np.int32),
            lengths=np.full(len(y), self.side * channels, np.int32),
            run=self.side * channels,
            pitch=map_width * channels,
            size=map_height * map_width * channels,
            corner=(self.padding * map_width + self.padding) * channels,
            valid_rows=height,
            valid_run=width * channels,
        )


def _cut(first: Ints, y: Ints, x: Ints, side: int, shape: Shape) -> Stamp:
    """Stamps of ``side`` x ``side`` positions from (y, x) of a map on, without what is beside the map."""
    channels, height, width = shape
    above, left = np.maximum(-y, 0), np.maximum(-x, 0)
    rows = np.minimum(side, height - y) - above
    cols = np.minimum(side, width - x) - left
    there = (rows > 0) & (cols > 0)
    which = first + (above * side + left) * channels
    where = ((y + above) * width + x + left) * channels
    return Stamp(
        which=np.where(there, which, 0).astype(np.int32),
        where=np.where(there, where, 0).astype(np.int32),
        rows=np.where(there, rows, 0).astype(np.int32),
        lengths=np.where(there, cols * channels, 0).astype(np.int32),
        run=side * channels,
        pitch=width * channels,
        size=height * width * channels,
        corner=0,
        valid_rows=height,
        valid_run=width * channels,
    )


def _neurons(shape: Shape) -> tuple[Ints, Ints, Ints]:
    """(y, x, channel) of every neuron of a population, in the order of neurons."""
    channels, height, width = shape
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return y.reshape(-1), x.reshape(-1), c.reshape(-1)
