"""From a placed network to the wiring of the cycle engine."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock.state import Wiring
from neurochip.clock.tables import fine_bits, offsets, pool_bits
from neurochip.mapping import BACKWARD, Block, Placement
from neurochip.network import Projection
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


def wiring(placement: Placement, program: Program, parameters: Ints) -> Wiring:
    """All tables of a placed network."""
    blocks = _blocks(placement)
    axons = _axons(placement)
    slots = _slots(placement)
    lanes = _lanes(placement, int(parameters[col.P_LANES]))
    encoders = np.diff(slots[0])
    first = offsets(placement.network)[1]
    neurons = np.array(
        [(slots[1][a:b] >= first).sum() for a, b in zip(slots[0][:-1], slots[0][1:], strict=True)], np.int64
    )
    groups = -(-encoders // parameters[col.P_LANES])
    return Wiring(
        parameters, blocks, *axons, *_sums(placement, program, blocks), *slots, *lanes, groups, encoders, neurons
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
    return int(max(np.bincount(wiring.axon_core), default=1)) if len(wiring.axon_core) else 1


def most_lines(wiring: Wiring) -> int:
    """A bound on the lines that a spike reads on a core."""
    blocks, reads = wiring.blocks[wiring.read_block], np.diff(wiring.read_of)
    each = np.where(blocks[:, col.B_CONV] != 0, (blocks[:, col.SIZE] * blocks[:, col.WINDOW]) ** 2, 1)
    running = np.concatenate([[0], np.cumsum(each)])
    return int((running[wiring.read_of[1:]] - running[wiring.read_of[:-1]]).max()) if len(reads) else 1


def _blocks(placement: Placement) -> Ints:
    """The block table, with one more row whose first accumulator is the number of all."""
    rows, cells, acc, first = [], 0, 0, offsets(placement.network)
    for number, block in enumerate(placement.blocks):
        it = held(placement, block)
        up, mirror = block.role == "forward", block.role == "mirror"
        places = len(block.positions) if block.positions is not None else 1
        down_0, down_n = (0, 0) if mirror else _rows_that_feed_back(placement, number)
        row = [0] * 26
        row[col.B_PROJECTION], row[col.B_CORE] = block.projection, block.core
        row[col.B_CONV], row[col.B_MIRROR] = it.kernel is not None, mirror
        row[col.ROW_0], row[col.ROWS_N] = block.rows.start, len(block.rows)
        row[col.COL_0], row[col.COLS_N] = block.cols.start, len(block.cols)
        row[col.CELLS], row[col.ACC_UP], row[col.DOWN_0] = cells, acc, down_0
        row[col.ACC_DOWN] = acc + places * len(block.cols)
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
        acc += places * len(block.cols) + down_n
    end = [0] * 26
    end[col.ACC_UP] = acc
    return np.array([*rows, end], np.int64)


def _rows_that_feed_back(placement: Placement, number: int) -> tuple[int, int]:
    """First of the neurons for which a block's columns are read, and how many there are from it to the last."""
    mine = placement.sums[(placement.sums[:, 1] == number) & (placement.sums[:, 2] == BACKWARD), 0]
    block = placement.blocks[number]
    if block.role == "mirror" or not len(mine):
        return 0, 0
    spans = [placement.segments[segment].neurons for segment in mine.tolist()]
    first = min(span.start for span in spans)
    return first, max(span.stop for span in spans) - first


def _axons(placement: Placement) -> tuple[Ints, ...]:
    """For each unit its axons (one for each core that it reaches) and the reads behind them."""
    reads: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for segment, block, way in placement.reads.tolist():
        reads[segment][placement.blocks[block].core].append((block, way))
    first = offsets(placement.network)
    of, cores, units, ends, blocks, ways = [0], [], [], [0], [], []
    for number, segment in sorted(enumerate(placement.segments), key=_by_unit):
        for unit in range(segment.neurons.start, segment.neurons.stop):
            for core in sorted(reads[number]):
                cores.append(core)
                units.append(first[segment.population] + unit)
                blocks += [block for block, _ in reads[number][core]]
                ways += [way for _, way in reads[number][core]]
                ends.append(len(blocks))
            of.append(len(cores))
    return tuple(np.array(it, np.int64) for it in (of, cores, units, ends, blocks, ways))


def _by_unit(numbered: Any) -> tuple[int, int]:
    return numbered[1].population, numbered[1].neurons.start


def _sums(placement: Placement, program: Program, blocks: Ints) -> tuple[Ints, ...]:
    """For each core the sums that it sends, those of other cores' neurons first, and their parts."""
    first, finest = offsets(placement.network), fine_bits(placement.network, program)
    parts: list[dict[int, list[tuple[int, int]]]] = [defaultdict(list) for _ in range(placement.mesh.cores)]
    home = {}
    for number, block, way in placement.sums.tolist():
        segment, row = placement.segments[number], blocks[block]
        it = placement.network.projections[int(row[col.B_PROJECTION])]
        shift = finest[segment.population] - pool_bits(it)
        down = way == BACKWARD and not row[col.B_MIRROR]
        for neuron in range(segment.neurons.start, segment.neurons.stop):
            unit = first[segment.population] + neuron
            home[unit] = placement.groups[segment.group].core
            parts[int(row[col.B_CORE])][unit].append((_accumulator(row, neuron, down), shift))
    of, local, units, homes, ends, accs, shifts = [0], [], [], [], [0], [], []
    expected = np.zeros(placement.mesh.cores, np.int64)
    for core, mine in enumerate(parts):
        order = sorted(mine, key=lambda unit: (home[unit] == core, unit))
        local.append(len(units) + sum(home[unit] != core for unit in order))
        for unit in order:
            units.append(unit)
            homes.append(home[unit])
            expected[home[unit]] += home[unit] != core
            accs += [acc for acc, _ in mine[unit]]
            shifts += [shift for _, shift in mine[unit]]
            ends.append(len(accs))
        of.append(len(units))
    tables = (np.array(it, np.int64) for it in (of, local, units, homes, ends, accs, shifts))
    return (*tables, expected)


def _accumulator(row: Ints, neuron: int, down: bool) -> int:
    """Where a block sums up for a neuron."""
    if down:
        return int(row[col.ACC_DOWN]) + neuron - int(row[col.DOWN_0])
    if not row[col.B_CONV]:
        return int(row[col.ACC_UP]) + neuron - int(row[col.COL_0])
    channels = int(row[col.C_IN] if row[col.B_MIRROR] else row[col.C_OUT])
    place, channel = neuron // channels - int(row[col.POS_0]), neuron % channels - int(row[col.COL_0])
    return int(row[col.ACC_UP]) + place * int(row[col.COLS_N]) + channel


def _slots(placement: Placement) -> tuple[Ints, Ints]:
    """The units of each core, group by group."""
    first = offsets(placement.network)
    mine: list[list[int]] = [[] for _ in range(placement.mesh.cores)]
    for group in placement.groups:
        start = first[group.population]
        mine[group.core] += range(start + group.neurons.start, start + group.neurons.stop)
    ends = np.cumsum([0, *(len(units) for units in mine)])
    return ends, np.array([unit for units in mine for unit in units], np.int64)


def _lanes(placement: Placement, lanes: int) -> tuple[Ints, Ints]:
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
    ends = np.cumsum([0, *(len(mine) for mine in rows)])
    return ends, np.array([row for mine in rows for row in mine], np.int64).reshape(-1, 4)
