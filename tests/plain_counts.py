"""Counts of a placed network by plain loops over every weight, position and unit, as they are defined.

Of a placement only the network and where blocks and groups are is used: none of its tables.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import Any, NamedTuple

from neurochip.counts import Packets, Tally
from neurochip.hardware import Hardware
from neurochip.mapping import Block, Placement
from neurochip.network import Projection
from neurochip.program import Program

Table = dict[str, Counter[tuple[int, int]]]
"""Events by action and (phase, core)."""


Cores = dict[tuple[int, int], set[int]]
"""Cores by (population, neuron)."""


class Use(NamedTuple):
    """A weight used between two neurons: the driver, its line, the place of use, the neuron it adds to."""

    driver: int
    line: int
    place: tuple[int, ...]
    served: int
    col: int


def uses(placement: Placement, block: Block) -> Iterator[Use]:
    """Every use of every weight of a block."""
    it = placement.network.projections[block.projection]
    if it.kernel is None:
        yield from (Use(row, row, (), col, col) for row in block.rows for col in block.cols)
    elif block.role == "forward":
        yield from _up(it, block, placement.folded)
    else:
        yield from _down(it, block, placement.folded)


def _steps(it: Projection, folded: bool) -> tuple[int, range]:
    """Side of the kernel on the crossbar, and the places of a window that it is applied at."""
    kernel = it.kernel
    assert kernel
    if folded:
        return kernel.size + kernel.stride * (kernel.window - 1), range(1)
    return kernel.size, range(kernel.window)


def _up(it: Projection, block: Block, folded: bool) -> Iterator[Use]:
    kernel, (side, window) = it.kernel, _steps(it, folded)
    (c_in, height, width), (c_out, _, across) = it.source_shape, it.target_shape
    assert kernel
    assert block.positions
    for position in block.positions:
        top, left = position // across, position % across
        for dy in window:
            for dx in window:
                for row in block.rows:
                    c, ky, kx = row // side**2, row // side % side, row % side
                    y = (top * kernel.window + dy) * kernel.stride + ky - kernel.padding
                    x = (left * kernel.window + dx) * kernel.stride + kx - kernel.padding
                    if 0 <= y < height and 0 <= x < width:
                        pre = (y * width + x) * c_in + c
                        for col in block.cols:
                            yield Use(pre, row, (position, dy, dx), position * c_out + col, col)


def _down(it: Projection, block: Block, folded: bool) -> Iterator[Use]:
    kernel, (side, window) = it.kernel, _steps(it, folded)
    (c_in, _, width), (c_out, tall, across) = it.source_shape, it.target_shape
    assert kernel
    assert block.positions
    for position in block.positions:
        y, x = position // width, position % width
        for top in range(tall):
            for left in range(across):
                for dy in window:
                    for dx in window:
                        ky = y + kernel.padding - (top * kernel.window + dy) * kernel.stride
                        kx = x + kernel.padding - (left * kernel.window + dx) * kernel.stride
                        if not (0 <= ky < side and 0 <= kx < side):
                            continue
                        for c in range(c_out):
                            row = (c * side + ky) * side + kx
                            if row in block.rows:
                                post = (top * across + left) * c_out + c
                                for col in block.cols:
                                    yield Use(
                                        post, row, (position, top, left, dy, dx), position * c_in + col, col
                                    )


def plain_writes(
    placement: Placement,
    weights: list[Any],
    masters: list[Any],
    new_weights: list[Any],
    new_masters: list[Any],
) -> dict[str, Counter[int]]:
    """Writes of a dense network by core, from the weights and masters before and after."""
    found: dict[str, Counter[int]] = {
        name: Counter() for name in ("master_writes", "weight_writes", "mirror_writes")
    }
    for block in placement.blocks:
        index, mirror = block.projection, block.role == "mirror"
        for row in block.rows:
            for col in block.cols:
                at = (col, row) if mirror else (row, col)
                changed = weights[index][at] != new_weights[index][at]
                found["mirror_writes" if mirror else "weight_writes"][block.core] += int(changed)
                if not mirror:
                    found["master_writes"][block.core] += int(masters[index][at] != new_masters[index][at])
    return {name: Counter({core: n for core, n in cores.items() if n}) for name, cores in found.items()}


def plain_counts(
    tally: Tally, placement: Placement, program: Program, hardware: Hardware, feedback: str | None
) -> Table:
    """Events that depend on where things are; ``hardware``: the adders of a crossbar, the size of flits."""
    return _Plain(tally, placement, program, hardware, feedback).table


class _Plain:
    def __init__(
        self, tally: Tally, placement: Placement, program: Program, hardware: Hardware, feedback: str | None
    ) -> None:
        self.tally, self.placement, self.feedback = tally, placement, feedback
        self.adders = hardware.crossbar.column_adders
        self.packets = Packets.of(hardware, placement.network)
        self.table: Table = defaultdict(Counter)
        sizes = [population.size for population in placement.network.populations]
        self.offsets = [sum(sizes[:index]) for index in range(len(sizes))]
        self.home = {(g.population, n): g.core for g in placement.groups for n in g.neurons}
        reached: Cores = defaultdict(set)
        summed: Cores = defaultdict(set)
        ticks = [phase.ticks * tally.samples for phase in program.phases]
        for block in placement.blocks:
            self.block(block, ticks, reached, summed)
        for phase, number in enumerate(ticks):
            for (population, neuron), home in self.home.items():
                spikes = self.spikes(phase, population, neuron)
                self.table["spikes"][phase, home] += spikes
                for core in reached[population, neuron]:
                    self.table["axon_lookups"][phase, core] += spikes
                    self.send(phase, home, core, spikes, self.packets.spike)
                for core in summed[population, neuron]:
                    self.send(phase, core, home, number, self.packets.sum)
        self.update = len(program.phases)
        self.learning(len(program.terms))

    def spikes(self, phase: int, population: int, neuron: int) -> int:
        return int(self.tally.spikes[phase, self.offsets[population] + neuron])

    def send(self, phase: int, source: int, target: int, words: int, flits: int) -> None:
        cols = self.placement.mesh.cols
        hops = abs(source % cols - target % cols) + abs(source // cols - target // cols)
        self.table["packets"][phase, source] += words * (hops > 0)
        self.table["hops"][phase, source] += words * hops
        self.table["flits"][phase, source] += words * (hops > 0) * flits
        self.table["flit_hops"][phase, source] += words * hops * flits

    def block(self, block: Block, ticks: list[int], reached: Cores, summed: Cores) -> None:
        """Reads and sums of one block, both ways."""
        it = self.placement.network.projections[block.projection]
        found = list(uses(self.placement, block))
        up = block.role == "forward"
        below, above = (it.source, it.target) if up else (it.target, it.source)
        by_row = {(use.driver, use.line, use.place) for use in found}
        by_column = {(use.served, use.col, use.place) for use in found}
        self.reads("row_reads", block, below, [line[0] for line in by_row], [use.driver for use in found])
        ends = [(below, {use.driver for use in found}, above, {use.served for use in found})]
        if self.feedback == "transposed" and it.source > 0:
            self.reads("column_reads", block, above, [c[0] for c in by_column], [use.served for use in found])
            ends.append((above, ends[0][3], below, ends[0][1]))
        for driving, drivers, serving, served in ends:
            for neuron in drivers:
                reached[driving, neuron].add(block.core)
            for neuron in served:
                summed[serving, neuron].add(block.core)
            for phase, number in enumerate(ticks):
                self.table["partial_sums"][phase, block.core] += len(served) * number

    def reads(self, action: str, block: Block, population: int, lines: list[int], ops: list[int]) -> None:
        cells = len(block.cols if action == "row_reads" else block.rows)
        for phase in range(len(self.tally.spikes)):
            read, added = (
                sum(self.spikes(phase, population, neuron) for neuron in neurons) for neurons in (lines, ops)
            )
            events = {action: read, "cell_reads": read * cells, "synaptic_ops": added}
            events["word_reads"] = read * ceil(cells / self.adders)
            for name, number in events.items():
                self.table[name][phase, block.core] += number

    def learning(self, terms: int) -> None:
        """The update unit: every weight of the unfolded kernel, at every position before pooling."""
        for block in self.placement.blocks:
            if block.role == "forward":
                self.learn(block, terms)
        for it in self.placement.network.projections:
            if it.kernel:
                self.biases(it)

    def learn(self, block: Block, terms: int) -> None:
        it, tally, core = self.placement.network.projections[block.projection], self.tally, block.core
        rows = self.kept(it, block)
        whole = replace(block, rows=range(it.weight_shape[0]))
        every = _up(it, whole, folded=False) if it.kernel else uses(self.placement, block)
        products = sum(use.line in rows for use in every)
        self.table["update_multiplies"][self.update, core] += products * terms * tally.samples
        if tally.samples > tally.batches:
            self.table["accumulations"][self.update, core] += len(rows) * len(block.cols) * tally.samples
        if block.replica > 0:
            first = next(
                b.core
                for b in self.placement.blocks
                if (b.projection, b.role, b.replica) == (block.projection, "forward", 0)
                and b.rows.start <= block.rows.start < b.rows.stop
                and b.cols.start <= block.cols.start < b.cols.stop
            )
            self.exchange(core, first, len(rows) * len(block.cols) * tally.batches)

    def kept(self, it: Projection, block: Block) -> set[int]:
        """Rows of the kernel that a block keeps: those whose place in the crossbar's kernel it holds."""
        if it.kernel is None:
            return set(block.rows)
        size, (side, _) = it.kernel.size, _steps(it, self.placement.folded)
        return {
            (c * size + y) * size + x
            for c in range(it.source_shape[0])
            for y in range(size)
            for x in range(size)
            if (c * side + y) * side + x in block.rows
        }

    def biases(self, it: Projection) -> None:
        """One word for each map and core that has neurons of it but not its first, and one back."""
        for channel in range(it.target_shape[0]):
            first = self.home[it.target, channel]
            cores = {self.home[it.target, n] for n in range(channel, it.n_post, it.target_shape[0])}
            for core in cores - {first}:
                self.exchange(core, first, self.tally.batches)

    def exchange(self, core: int, first: int, words: int) -> None:
        for source, target in ((core, first), (first, core)):
            self.table["replica_words"][self.update, source] += words
            self.send(self.update, source, target, words, self.packets.word)
