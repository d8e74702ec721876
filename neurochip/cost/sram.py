"""Energy, leakage, access time and area of an SRAM array, from points that CACTI 7 computed.

The points (`cacti7_sram.csv`, made with CACTI 7, cache type ram, 300 K) are a grid over the process node (22
to 90 nm), the array's size (2 KB to 1 MB) and the word (32, 64, 256 bits). Between them every quantity is a
power law of each: linear interpolation of logarithms. Below 2 KB and 32 bits, and above 1 MB, the power law
of the nearest two points goes on; a word of more than 256 bits is read from arrays side by side.
Low-standby-power cells have points of 64-bit words only; other words differ from those as
high-performance cells' words do.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import product
from math import ceil, exp, log
from pathlib import Path
from typing import Literal, NamedTuple

Cells = Literal["itrs-hp", "itrs-lstp"]
Quantity = Literal["read_pj", "write_pj", "access_ns", "leakage_mw", "area_mm2"]

POINTS = Path(__file__).with_name("cacti7_sram.csv")
WIDEST = 256
"""Bits of the widest word that there are points of."""
BASE_WORD = 64
SMALLEST_NODE, LARGEST_NODE = 22.0, 90.0


class Point(NamedTuple):
    """An array: its node in nm, its size in bytes and its word in bits."""

    node: float
    size: float
    word: float


@cache
def points(cells: Cells, quantity: Quantity) -> dict[Point, float]:
    """All known values of a quantity."""
    with POINTS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["cell"] == cells]
    return {
        Point(float(row["tech"]), float(row["size"]), float(row["word"])): _value(row, quantity)
        for row in rows
    }


def _value(row: dict[str, str], quantity: Quantity) -> float:
    if quantity == "area_mm2":
        height, width = row["h_w"].split(" x ")
        return float(height) * float(width)
    column = {"read_pj": "read_nJ", "write_pj": "write_nJ", "access_ns": "access_ns", "leakage_mw": "leak_mW"}
    return float(row[column[quantity]]) * (1000.0 if quantity.endswith("_pj") else 1.0)


def of_array(cells: Cells, quantity: Quantity, node: float, bits: int, word: int) -> float:
    """A quantity of one array of ``bits`` bits that is read ``word`` bits at a time; 0 for one of no bits."""
    if not bits or not word:
        return 0.0
    beside = ceil(word / WIDEST)
    at = Point(node, bits / 8 / beside, word / beside)
    one = interpolated(points("itrs-hp", quantity), at)
    if cells != "itrs-hp":
        base = at._replace(word=BASE_WORD)
        one *= interpolated(points(cells, quantity), base) / interpolated(points("itrs-hp", quantity), base)
    return one if quantity == "access_ns" else one * beside


def interpolated(known: dict[Point, float], at: Point) -> float:
    """The value at a point: the power law through the nearest known ones along each axis of a full grid."""
    axes = [sorted({point[axis] for point in known}) for axis in range(3)]
    ends = [_nearest(axis, place) for axis, place in zip(axes, at, strict=True)]
    return exp(
        sum(
            weight * log(known[Point(*corner)])
            for corner, weight in (_corner(parts) for parts in product(*ends))
            if weight
        )
    )


def _corner(parts: Sequence[tuple[float, float]]) -> tuple[list[float], float]:
    weight = 1.0
    for _, part in parts:
        weight *= part
    return [place for place, _ in parts], weight


def _nearest(axis: list[float], place: float) -> list[tuple[float, float]]:
    """Two known places and their weights; outside of the axis one weight is negative."""
    if len(axis) == 1:
        return [(axis[0], 1.0)]
    below = min(max(bisect_right(axis, place) - 1, 0), len(axis) - 2)
    low, high = axis[below], axis[below + 1]
    part = log(place / low) / log(high / low)
    return [(low, 1.0 - part), (high, part)]
