"""Readings: which lines of a matrix column converters read at once, and which conversions that takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurochip.mapping.pieces import BACKWARD, FORWARD, Block, Ints
from neurochip.mapping.placement import Placement
from neurochip.network import Kernel, Projection


@dataclass(frozen=True, eq=False)
class Reading:
    """Lines ``cut`` of a projection that are summed before a conversion, on ``way``.

    Lines are those that spikes drive: on the way up rows; on the way back neurons of the target, of a
    convolution its maps. ``places``: numbers of this reading at each place where it is made, in a row: of a
    convolution its positions before pooling, else one. ``blocks``: int64 [n], the blocks that hold the lines;
    ``conversions``: int64 [n, places], what one reading at a place takes of each.
    """

    projection: int
    way: int
    cut: range
    places: range
    blocks: Ints
    conversions: Ints


def readings(placement: Placement, feedback: bool) -> tuple[Reading, ...]:
    """All readings of a placed network: projection by projection, upwards before downwards, by first line.

    ``feedback``: whether spikes also drive the population below, if that is not the input.
    """
    found: list[Reading] = []
    for index, it in enumerate(placement.network.projections):
        for way in (FORWARD, BACKWARD) if feedback and it.source != 0 else (FORWARD,):
            for cut, blocks in _cuts(placement, index, way):
                made = np.stack([_conversions(it, placement.blocks[block], way) for block in blocks])
                first = found[-1].places.stop if found else 0
                places = range(first, first + made.shape[1])
                found.append(Reading(index, way, cut, places, np.array(blocks, np.int64), made))
    return tuple(found)


def _cuts(placement: Placement, projection: int, way: int) -> Iterator[tuple[range, list[int]]]:
    """Lines that are summed at once, rising, and the blocks that hold them."""
    mine = {number: it for number, it in enumerate(placement.blocks) if it.projection == projection}
    mirrors = {number: it.rows for number, it in mine.items() if it.role == "mirror"}
    if way == FORWARD:
        lines = {number: it.rows for number, it in mine.items() if it.role == "forward"}
    else:
        lines = mirrors or {number: it.cols for number, it in mine.items()}
    for cut in sorted(set(lines.values()), key=lambda cut: cut.start):
        yield cut, [number for number, held in lines.items() if held == cut]


def _conversions(it: Projection, block: Block, way: int) -> Ints:
    """Conversions of a block in one reading at each place, int64 [places]."""
    if it.kernel is None or block.positions is None:
        return np.array(
            [len(block.cols if way == FORWARD or block.role == "mirror" else block.rows)], np.int64
        )
    served, inside = _positions(it, it.kernel, block.positions)
    if way == FORWARD:
        return served * len(block.cols)
    rows = np.arange(block.rows.start, block.rows.stop) % it.kernel.size**2
    return served * (inside @ np.bincount(rows, minlength=it.kernel.size**2))


def _positions(it: Projection, kernel: Kernel, served: range) -> tuple[Ints, Ints]:
    """Of each position before pooling: 1 if its neuron is ``served``, else 0, int64 [positions]; and the same
    of each of the kernel's elements, if it is on the map there, int64 [positions, elements]."""
    _, height, width = it.source_shape
    _, tall, across = it.target_shape
    y, x = np.divmod(np.arange(tall * across * kernel.window**2), across * kernel.window)
    neuron = y // kernel.window * across + x // kernel.window
    ky, kx = np.divmod(np.arange(kernel.size**2), kernel.size)
    at_y = y[:, None] * kernel.stride + ky - kernel.padding
    at_x = x[:, None] * kernel.stride + kx - kernel.padding
    inside = (at_y >= 0) & (at_y < height) & (at_x >= 0) & (at_x < width)
    here = (neuron >= served.start) & (neuron < served.stop)
    return here.astype(np.int64), inside.astype(np.int64)
