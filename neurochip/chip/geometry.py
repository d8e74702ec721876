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

Maps are padded so that no stamp leaves them; what falls on the padding is dropped.
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

    A stamp has ``rows`` rows of ``run`` weights. ``which``: int32 [source neurons], start of a neuron's
    stamp in the table of weights; ``where``: int32 [source neurons], where it falls on the map; ``pitch``:
    elements between rows of the map; ``size``: elements of the map; ``corner``, ``valid_rows``,
    ``valid_run``: the part of the map that is the target population.
    """

    rows: int
    run: int
    which: Ints
    where: Ints
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
        outputs, out_height, out_width = self.target
        y, x, c = _neurons(self.source)
        y, x = y + self.padding, x + self.padding
        rows, cols = y // self.stride, x // self.stride
        map_width = self.taps - 1 + max(out_width, int(cols.max()) + 1)
        map_height = self.taps - 1 + max(out_height, int(rows.max()) + 1)
        stamp = (c * self.stride + y % self.stride) * self.stride + x % self.stride
        return Stamp(
            rows=self.taps,
            run=self.taps * outputs,
            which=(stamp * self.taps**2 * outputs).astype(np.int32),
            where=((rows * map_width + cols) * outputs).astype(np.int32),
            pitch=map_width * outputs,
            size=map_height * map_width * outputs,
            corner=((self.taps - 1) * map_width + self.taps - 1) * outputs,
            valid_rows=out_height,
            valid_run=out_width * outputs,
        )

    def down(self) -> Stamp:
        """Stamps of spikes of the target, on the source's map (max pooling: of the first of each window)."""
        channels, height, width = self.source
        maps, out_height, out_width = self.target
        step = self.stride * self.window
        y, x, c = _neurons((maps, out_height // self.window, out_width // self.window))
        map_width = max(width + 2 * self.padding, self.stride * (out_width - 1) + self.side)
        map_height = max(height + 2 * self.padding, self.stride * (out_height - 1) + self.side)
        return Stamp(
            rows=self.side,
            run=self.side * channels,
            which=(c * self.side**2 * channels).astype(np.int32),
            where=((y * step * map_width + x * step) * channels).astype(np.int32),
            pitch=map_width * channels,
            size=map_height * map_width * channels,
            corner=(self.padding * map_width + self.padding) * channels,
            valid_rows=height,
            valid_run=width * channels,
        )


def _neurons(shape: Shape) -> tuple[Ints, Ints, Ints]:
    """(y, x, channel) of every neuron of a population, in the order of neurons."""
    channels, height, width = shape
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return y.reshape(-1), x.reshape(-1), c.reshape(-1)
