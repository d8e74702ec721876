"""Which neurons a part of a convolution's kernel connects: what a spike reads of it, and what it adds up for.

A *tap* is one use of a kernel element: a neuron that drives it at a position that it serves. Positions before
pooling count each by themselves; a folded kernel has none. What would fall outside the map is no tap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurochip.mapping.plan import Role
from neurochip.network import Kernel, Projection

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Footprint:
    """Uses of some rows of a kernel at some positions.

    ``units``: neurons that may drive the rows; ``lines``: int64 [units], rows that a spike of each reads.
    For each position that is served, int64 [positions], ``columns``: times that the rows of a column are read
    together (before pooling, a window has several), ``taps``: taps of one column.
    """

    units: range
    lines: Ints
    columns: Ints
    taps: Ints


def footprint(projection: Projection, role: Role, rows: range, positions: range) -> Footprint:
    """The footprint of ``rows`` of a convolution's matrix in a copy that serves ``positions``.

    Rows are (channel, y, x) of the driving population's channels and the kernel. A forward matrix serves
    positions of the target; a mirror serves those of the source.
    """
    kernel = projection.kernel
    if kernel is None:
        raise TypeError("a dense projection has no kernel")
    forward = role == "forward"
    channels, height, width = projection.source_shape if forward else projection.target_shape
    lines = np.zeros((height * width, channels), np.int64)
    taps = np.zeros(len(positions), np.int64)
    used: Bools = np.zeros((len(positions), kernel.window**2 if forward else 1), np.bool_)
    for elements, those in _by_elements(rows, kernel.size**2):
        reach = _up if forward else _down
        driver, inside = reach(projection, kernel, _numbers(positions), _numbers(elements))
        lines[:, those] += np.bincount(driver[inside], minlength=len(lines))[:, None]
        taps += len(those) * inside.sum((1, 2))
        used |= inside.any(2)
    driving = np.flatnonzero(lines.any(1))
    first, last = (int(driving[0]), int(driving[-1]) + 1) if len(driving) else (0, 0)
    units = range(first * channels, last * channels)
    return Footprint(units, lines[first:last].reshape(-1), used.sum(1), taps)


def own_rows(projection: Projection, held: Projection, rows: range) -> range:
    """Rows of a projection's own matrix that are kept with ``rows`` of its folded one, ``held``.

    Element (y, x) of a kernel is kept with element (y, x) of the folded one, which is larger.
    """
    if projection.kernel is None or held.kernel is None:
        return rows
    small, large = projection.kernel.size, held.kernel.size

    def before(row: int) -> int:
        channel, element = divmod(row, large**2)
        y, x = divmod(element, large)
        return (channel * small + min(y, small)) * small + (min(x, small) if y < small else 0)

    return range(before(rows.start), before(rows.stop))


def _numbers(span: range) -> Ints:
    return np.arange(span.start, span.stop)


def _by_elements(rows: range, size: int) -> list[tuple[range, list[int]]]:
    """Rows as (elements of the kernel, channels that have just these): at most three groups."""
    groups: dict[range, list[int]] = {}
    for channel in range(rows.start // size, -(-rows.stop // size)):
        first = channel * size
        elements = range(max(rows.start - first, 0), min(rows.stop - first, size))
        groups.setdefault(elements, []).append(channel)
    return list(groups.items())


def _up(projection: Projection, kernel: Kernel, served: Ints, elements: Ints) -> tuple[Ints, Bools]:
    """Source position of each tap, and whether it is on the map: [served, window positions, elements]."""
    _, height, width = projection.source_shape
    step = kernel.stride * kernel.window
    above = np.stack(np.divmod(served, projection.target_shape[2])) * step - kernel.padding
    window = np.arange(kernel.window) * kernel.stride
    element = np.stack(np.divmod(elements, kernel.size))
    y = above[0][:, None, None, None] + window[:, None, None] + element[0]
    x = above[1][:, None, None, None] + window[None, :, None] + element[1]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    shape = len(served), kernel.window**2, len(elements)
    return (y * width + x).reshape(shape), inside.reshape(shape)


def _down(projection: Projection, kernel: Kernel, served: Ints, elements: Ints) -> tuple[Ints, Bools]:
    """Target position of each tap, and whether it is on the map: [served, 1, elements]."""
    _, height, width = projection.target_shape
    below = np.stack(np.divmod(served, projection.source_shape[2]))
    shift = below[:, :, None] + kernel.padding - np.stack(np.divmod(elements, kernel.size))[:, None, :]
    y, x = shift // kernel.stride
    inside = (shift % kernel.stride == 0).all(0) & (y >= 0) & (y < height * kernel.window)
    inside &= (x >= 0) & (x < width * kernel.window)
    driver = y // kernel.window * width + x // kernel.window
    return driver[:, None, :], inside[:, None, :]
