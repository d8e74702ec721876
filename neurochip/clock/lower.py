"""From a placed network to the wiring of the cycle engine."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock.parts import sums
from neurochip.clock.state import Wiring
from neurochip.clock.tables import offsets, pools, takes_largest
from neurochip.mapping import BACKWARD, Block, Placement
from neurochip.network import Projection
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


def wiring(placement: Placement, program: Program, parameters: Ints) -> Wiring:
    """All tables of a placed network."""
    blocks = _blocks(placement, bool(parameters[col.P_CONVERTS]))
    units, axons, reads = _axons(placement)
    hubs = np.zeros((placement.mesh.cores + 1, 8), np.int64)
    summed, parts = sums(placement, program, blocks, hubs)
    slots = _slots(placement, hubs)
    lanes = _lanes(placement, int(parameters[col.P_LANES]), hubs)
    return Wiring(
        parameters, blocks, units, axons, reads, hubs, summed, parts, slots, lanes, pools(placement.network)
    )


def held(placement: Placement, block: Block) -> Projection:
    """The projection of a block with the kernel as crossbars hold it."""
    it = placement.network.projections[block.projection]
    return it.folded() if placement.folded else it


def sizes(blocks: Ints) -> tuple[int, int]:
    """(cells, accumulators) of all blocks."""
    cells = int((blocks[:, col.ROWS_N] * blocks[:, col.COLS_N]).sum())
    return cells, int(blocks[-1, col.ACC_UP]) if len(blocks) else 0


def most_axons(wiring: Wiring) -> int:
    """The most spikes that can come to a core in a tick."""
    return int(max(np.bincount(wiring.axons[:-1, col.A_CORE]))) if len(wiring.axons) > 1 else 1


def most_lines(wiring: Wiring) -> int:
    """A bound on the lines that a spike reads on a core."""
    blocks, first = wiring.blocks[wiring.reads[:, col.R_BLOCK]], wiring.axons[:, col.A_READ]
    each = np.where(blocks[:, col.B_CONV] != 0, (blocks[:, col.SIZE] * blocks[:, col.WINDOW]) ** 2, 1)
    running = np.concatenate([[0], np.cumsum(each)])
    return int(np.diff(running[first]).max()) if len(first) > 1 else 1


def _blocks(placement: Placement, converts: bool) -> Ints:
    """The block table, with one more row whose first accumulator is the number of all."""
    rows, cells, acc, first = [], 0, 0, offsets(placement.network)
    for number, block in enumerate(placement.blocks):
        it = held(placement, block)
        up, mirror = block.role == "forward", block.role == "mirror"
        places = len(block.positions) if block.positions is not None else 1
        down_0, down_n = (0, 0) if mirror else _rows_that_feed_back(placement, number)
        row = [0] * col.BLOCK_COLUMNS
        row[col.B_PROJECTION], row[col.B_CORE] = block.projection, block.core
        row[col.B_CONV], row[col.B_MIRROR] = it.kernel is not None, mirror
        row[col.ROW_0], row[col.ROWS_N] = block.rows.start, len(block.rows)
        row[col.COL_0], row[col.COLS_N] = block.cols.start, len(block.cols)
        row[col.CELLS], row[col.ACC_UP], row[col.DOWN_0] = cells, acc, down_0
        most = takes_largest(it)
        apart = it.kernel.window**2 if it.kernel and not mirror and (converts or most) else 1
        row[col.CONVERTS], row[col.APART], row[col.LARGEST] = converts, apart, most
        row[col.ACC_DOWN] = acc + places * apart * len(block.cols)
        row[col.POS_0], row[col.POS_N] = (block.positions.start if block.positions else 0), places
        ends = (it.source, it.target) if up else (it.target, it.source)
        row[col.DRIVER_0], row[col.SERVED_0] = first[ends[0]], first[ends[1]]
        row[col.C_IN], row[col.HEIGHT], row[col.WIDTH] = it.source_shape
        row[col.C_OUT], row[col.OUT_HEIGHT], row[col.OUT_WIDTH] = it.target_shape
        if it.kernel:
            row[col.SIZE], row[col.STRIDE] = it.kernel.size, it.kernel.stride
            row[col.PADDING], row[col.WINDOW] = it.kernel.padding, it.kernel.window
        rows.append(row)
        cells += block.cells
        if converts and it.kernel and down_n:
            down_n = places * apart * len(block.rows)
        acc += places * apart * len(block.cols) + down_n
    end = [0] * col.BLOCK_COLUMNS
    end[col.ACC_UP] = acc
    return np.array([*rows, end], np.int64)


def _rows_that_feed_back(placement: Placement, number: int) -> tuple[int, int]:
    """First of the neurons for which a block's columns are read, and how many there are from it to the
    last."""
    mine = placement.sums[(placement.sums[:, 1] == number) & (placement.sums[:, 2] == BACKWARD), 0]
    block = placement.blocks[number]
    if block.role == "mirror" or not len(mine):
        return 0, 0
    spans = [placement.segments[segment].neurons for segment in mine.tolist()]
    first = min(span.start for span in spans)
    return first, max(span.stop for span in spans) - first


def _axons(placement: Placement) -> tuple[Ints, Ints, Ints]:
    """For each unit its first axon (it has one for each core that it reaches), the axon table, the read
    table."""
    reads: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for segment, block, way in placement.reads.tolist():
        reads[segment][placement.blocks[block].core].append((block, way))
    first = offsets(placement.network)
    units, axons = [0], list[list[int]]()
    table: list[tuple[int, int]] = []
    for number, segment in sorted(enumerate(placement.segments), key=_by_unit):
        for unit in range(segment.neurons.start, segment.neurons.stop):
            for core in sorted(reads[number]):
                axons.append([core, first[segment.population] + unit, len(table)])
                table += reads[number][core]
            units.append(len(axons))
    axons.append([0, 0, len(table)])
    pairs = np.array(table, np.int64).reshape(-1, 2)
    return np.array(units, np.int64), np.array(axons, np.int64), pairs


def _by_unit(numbered: Any) -> tuple[int, int]:
    return numbered[1].population, numbered[1].neurons.start


def _slots(placement: Placement, hubs: Ints) -> Ints:
    """The units of each core, group by group."""
    first = offsets(placement.network)
    mine: list[list[int]] = [[] for _ in range(placement.mesh.cores)]
    for group in placement.groups:
        start = first[group.population]
        mine[group.core] += range(start + group.neurons.start, start + group.neurons.stop)
    hubs[1:, col.SLOT_0] = np.cumsum([len(units) for units in mine])
    hubs[:-1, col.ENCODERS] = [len(units) for units in mine]
    hubs[:-1, col.NEURONS] = [sum(unit >= first[1] for unit in units) for units in mine]
    return np.array([unit for units in mine for unit in units], np.int64)


def _lanes(placement: Placement, lanes: int, hubs: Ints) -> Ints:
    """Runs of units that the lanes of a core take together: neighbours of one population."""
    first = offsets(placement.network)
    rows: list[list[list[int]]] = [[] for _ in range(placement.mesh.cores)]
    taken = [0] * placement.mesh.cores
    for group in placement.groups:
        unit, left = first[group.population] + group.neurons.start, len(group.neurons)
        while left:
            number, used = divmod(taken[group.core], lanes)
            n = min(left, lanes - used)
            rows[group.core].append([number, group.population, unit, n])
            taken[group.core], unit, left = taken[group.core] + n, unit + n, left - n
    hubs[1:, col.LANE_0] = np.cumsum([len(mine) for mine in rows])
    hubs[:-1, col.GROUPS] = [-(-units // lanes) for units in taken]
    return np.array([row for mine in rows for row in mine], np.int64).reshape(-1, 4)
