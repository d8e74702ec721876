"""The sums that cores send in a tick, and the columns of arrays that are added up in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock.tables import fine_bits, offsets, pool_bits, pools
from neurochip.mapping import BACKWARD, FORWARD, Placement
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]

Parts = dict[tuple[int, int], list[tuple[int, ...]]]
"""Parts of each sum, by its unit and where it goes (``S_TO``)."""

NOWHERE = -1
"""Position of a column that is read for no position."""


class Column(NamedTuple):
    """A column of an array: its accumulator; the position for which it is read and its number in the
    projection's matrix (a row's, if it is read downwards)."""

    accumulator: int
    place: int
    number: int


def sums(placement: Placement, program: Program, blocks: Ints, hubs: Ints) -> tuple[Ints, Ints]:
    """For each core the sums that it sends, those of other cores' neurons first, and their parts."""
    table: list[list[int]] = []
    of_all: list[tuple[int, ...]] = []
    home, parts, partials = _contributions(placement, program, blocks)
    for core, mine in enumerate(parts):
        order = sorted(mine, key=lambda it: (home[it[0]] == core, it))
        hubs[core, col.SUM_LOCAL] = len(table) + sum(home[unit] != core for unit, _ in order)
        for unit, to in order:
            table.append([unit, home[unit], len(of_all), partials[core, to], to])
            hubs[home[unit], col.EXPECTED] += home[unit] != core
            of_all += mine[unit, to]
        hubs[core + 1, col.SUM_0] = len(table)
    table.append([0, 0, len(of_all), 0, 0])
    return np.array(table, np.int64), np.array(of_all, np.int64).reshape(-1, 6)


def _contributions(
    placement: Placement, program: Program, blocks: Ints
) -> tuple[dict[int, int], list[Parts], dict[tuple[int, int], int]]:
    """Home of each unit; for each core the parts of each sum; for (core, where a sum goes) the arrays in
    it."""
    first, finest = offsets(placement.network), fine_bits(placement.network, program)
    names, home = _reads(placement), dict[int, int]()
    parts: list[Parts] = [defaultdict(list) for _ in range(placement.mesh.cores)]
    pool = pools(placement.network).tolist()
    partials: dict[tuple[int, int], int] = defaultdict(int)
    for number, block, way in placement.sums.tolist():
        segment, row = placement.segments[number], blocks[block]
        projection, core = int(row[col.B_PROJECTION]), int(row[col.B_CORE])
        shift = finest[segment.population] - pool_bits(placement.network.projections[projection])
        down = way == BACKWARD and not row[col.B_MIRROR]
        name = names[projection, way, int(row[col.COL_0] if down else row[col.ROW_0])]
        slot, places = pool[segment.population] if way == FORWARD else (0, 1)
        for neuron in range(segment.neurons.start, segment.neurons.stop):
            unit = first[segment.population] + neuron
            home[unit] = placement.groups[segment.group].core
            columns = list(_down(row, neuron) if down else _up(row, neuron))
            for place in range(places):
                to = unit if places == 1 else first[-1] + slot + neuron * places + place
                mine = columns if places == 1 else columns[place : place + 1]
                partials[core, to] += 1
                parts[core][unit, to] += [(at, shift, unit, name, where, k) for at, where, k in mine]
    return home, parts, partials


def _reads(placement: Placement) -> dict[tuple[int, int, int], int]:
    """Numbers of the reads of a tick, by projection, way and the first of the lines that are read together:
    projection by projection, upwards before downwards."""
    mirrored = {it.projection for it in placement.blocks if it.role == "mirror"}
    back, found = bool((placement.sums[:, 2] == BACKWARD).any()), set[tuple[int, int, int]]()
    for block in placement.blocks:
        index = block.projection
        found.add((index, BACKWARD if block.role == "mirror" else FORWARD, block.rows.start))
        if back and index not in mirrored and placement.network.projections[index].source:
            found.add((index, BACKWARD, block.cols.start))
    return {key: number for number, key in enumerate(sorted(found))}


def _up(row: Ints, neuron: int) -> Iterator[Column]:
    """Where the columns of a block add up for a neuron."""
    if not row[col.B_CONV]:
        yield Column(int(row[col.ACC_UP]) + neuron - int(row[col.COL_0]), NOWHERE, neuron)
        return
    channels = int(row[col.C_IN] if row[col.B_MIRROR] else row[col.C_OUT])
    position, channel = divmod(neuron, channels)
    for part in range(int(row[col.APART])):
        sum_of = (position - int(row[col.POS_0])) * int(row[col.APART]) + part
        at = int(row[col.ACC_UP]) + sum_of * int(row[col.COLS_N]) + channel - int(row[col.COL_0])
        yield Column(at, _place(row, position, part), channel)


def _place(row: Ints, position: int, part: int) -> int:
    """A place of a position's window among all places before pooling."""
    window, width = int(row[col.WINDOW]), int(row[col.OUT_WIDTH])
    top, left = position // width * window + part // window, position % width * window + part % window
    return top * width * window + left


def _down(row: Ints, neuron: int) -> Iterator[Column]:
    """Where the rows of a block add up for a neuron below, when columns are read."""
    if not row[col.B_CONV]:
        yield Column(int(row[col.ACC_DOWN]) + neuron - int(row[col.ROW_0]), NOWHERE, neuron)
    elif row[col.CONVERTS]:
        yield from _taps(row, neuron)
    else:
        yield Column(int(row[col.ACC_DOWN]) + neuron - int(row[col.DOWN_0]), NOWHERE, neuron)


def _taps(row: Ints, neuron: int) -> Iterator[Column]:
    """One sum for each place before pooling from which a row of a kernel reaches the neuron."""
    size, window, width = int(row[col.SIZE]), int(row[col.WINDOW]), int(row[col.OUT_WIDTH])
    stride, first = int(row[col.STRIDE]), int(row[col.ROW_0])
    place, channel = divmod(neuron, int(row[col.C_IN]))
    y, x = (side + int(row[col.PADDING]) for side in divmod(place, int(row[col.WIDTH])))
    for number in range(
        max(first, channel * size**2), min(first + int(row[col.ROWS_N]), (channel + 1) * size**2)
    ):
        up, left = y - number // size % size, x - number % size
        if up < 0 or left < 0 or up % stride or left % stride:
            continue
        top, side = up // stride, left // stride
        position = top // window * width + side // window - int(row[col.POS_0])
        inside = top < int(row[col.OUT_HEIGHT]) * window and side < width * window
        if inside and 0 <= position < int(row[col.POS_N]):
            sum_of = position * window**2 + top % window * window + side % window
            at = int(row[col.ACC_DOWN]) + sum_of * int(row[col.ROWS_N]) + number - first
            yield Column(at, top * width * window + side, number)
