"""The network on chip: a mesh of cores, its links, and dimension-ordered (x first) paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EAST, WEST, SOUTH, NORTH = range(4)
"""Directions of a core's outgoing links: x+1, x-1, y+1, y-1."""

DIRECTIONS = 4
_STEP = ((1, 0), (-1, 0), (0, 1), (0, -1))

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Mesh:
    """A mesh of ``rows`` x ``cols`` cores (both >= 1).

    Core ``y * cols + x`` stands at column x, row y. A link is one direction of a wire between two neighbours;
    link ``core * 4 + direction`` leaves ``core``. Ids of links that would leave the mesh are never used.
    """

    rows: int
    cols: int

    @property
    def cores(self) -> int:
        return self.rows * self.cols

    @property
    def link_ids(self) -> int:
        """Length of an array indexed by link id (links that would leave the mesh included)."""
        return self.cores * DIRECTIONS

    def core(self, x: int, y: int) -> int:
        return y * self.cols + x

    def coordinates(self, core: int) -> tuple[int, int]:
        """(x, y) of a core."""
        return core % self.cols, core // self.cols

    def snake(self, band: int = 1) -> tuple[int, ...]:
        """All cores along a snake: through bands of ``band`` rows, column by column within a band.

        Successive cores are neighbours, or at most ``band`` hops apart where one band ends and the next
        begins; ``band ** 2`` successive cores of a band lie in about a square.
        """
        return tuple(self.core(x, y) for x, y in self._snake(band))

    def _snake(self, band: int) -> Iterator[tuple[int, int]]:
        for number, top in enumerate(range(0, self.rows, band)):
            down = range(top, min(top + band, self.rows))
            columns = range(self.cols) if number % 2 == 0 else reversed(range(self.cols))
            for step, x in enumerate(columns):
                yield from ((x, y) for y in (down if step % 2 == 0 else reversed(down)))

    def links(self) -> Iterator[int]:
        """Ids of all links that exist."""
        for link in range(self.link_ids):
            x, y = self.coordinates(link // DIRECTIONS)
            dx, dy = _STEP[link % DIRECTIONS]
            if 0 <= x + dx < self.cols and 0 <= y + dy < self.rows:
                yield link

    def link_ends(self, link: int) -> tuple[int, int]:
        """(core that the link leaves, core that it enters); the link must exist."""
        core, direction = divmod(link, DIRECTIONS)
        dx, dy = _STEP[direction]
        return core, core + self.core(dx, dy)

    def hops(self, source: int, target: int) -> int:
        """Links on the way from one core to another: 0 within a core."""
        return len(self.path(source, target))

    def path(self, source: int, target: int) -> tuple[int, ...]:
        """Link ids from source to target in the order of travel: first along x, then along y."""
        x, y = self.coordinates(source)
        to_x, to_y = self.coordinates(target)
        along_x = EAST if to_x > x else WEST
        along_y = SOUTH if to_y > y else NORTH
        step_x, step_y = _STEP[along_x][0], _STEP[along_y][1]
        first = [self.core(i, y) * DIRECTIONS + along_x for i in range(x, to_x, step_x)]
        then = [self.core(to_x, j) * DIRECTIONS + along_y for j in range(y, to_y, step_y)]
        return (*first, *then)

    def legs(self, source: Ints, target: Ints) -> tuple[Ints, Ints]:
        """Hops along x and along y between arrays of cores (broadcast against each other)."""
        return abs(target % self.cols - source % self.cols), abs(target // self.cols - source // self.cols)

    def hop_table(self) -> Ints:
        """Hops between all pairs of cores, [cores, cores], symmetric."""
        x, y = np.arange(self.cores) % self.cols, np.arange(self.cores) // self.cols
        return abs(x[:, None] - x) + abs(y[:, None] - y)

    def paths(self, source: Ints, target: Ints) -> tuple[Ints, Ints]:
        """The paths of many routes at once: (route index, link id) of every hop, in order of travel."""
        along_x, along_y = self.legs(source, target)
        hops = along_x + along_y
        route = np.repeat(np.arange(len(source)), hops)
        hop = np.arange(len(route)) - np.repeat(np.cumsum(hops) - hops, hops)
        step_x = np.sign(target % self.cols - source % self.cols)[route]
        step_y = np.sign(target // self.cols - source // self.cols)[route]
        done_x = np.minimum(hop, along_x[route])
        core = source[route] + done_x * step_x + (hop - done_x) * step_y * self.cols
        along_y_dir = np.where(step_y > 0, SOUTH, NORTH)
        direction = np.where(hop < along_x[route], np.where(step_x > 0, EAST, WEST), along_y_dir)
        return route, core * DIRECTIONS + direction
