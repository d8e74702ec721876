"""What the crossbars hold: kept weights with their masters, and the cells that spikes read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.clock import update as up
from neurochip.clock.analog import Analog
from neurochip.clock.tables import offsets, pool_bits
from neurochip.fixed import Rate
from neurochip.mapping import Block, Placement
from neurochip.mapping.footprint import own_rows
from neurochip.network import Projection

Ints = NDArray[np.integer[Any]]

LONGEST_SHIFT = 62
"""Of a 64-bit sum: a rate with a larger shift moves nothing."""


@dataclass
class Store:
    """The memories of all crossbars and biases, as flat arrays of 64-bit words.

    ``kept``: the table of `update`. ``values``: masters of the kept weights, then the copies of biases;
    ``weights``: what of a master a cell shows. ``copy_of``: for each unit its copy of a bias (-1: an input).
    ``biases``: first copies. ``words``, ``word_of``: what copies send, by core; ``back``, ``back_of``:
    answers. ``analog``: the cells, None where they hold a weight exactly.
    """

    placement: Placement
    blocks: Ints
    kept: Ints
    values: Ints
    weights: Ints
    copy_of: Ints
    biases: Ints
    words: Ints
    word_of: Ints
    back: Ints
    back_of: Ints
    analog: Analog | None = None

    @classmethod
    def of(cls, placement: Placement, blocks: Ints, analog: Analog | None) -> Store:
        """Memories of zeros for a placed network."""
        kept = _kept(placement)
        size = int((kept[:, up.U_ROWS] * kept[:, up.U_COLS]).sum())
        copy_of, biases, bias_words = _bias_copies(placement, size)
        words = [*_weight_words(placement, kept), *bias_words]
        cores, total = placement.mesh.cores, int(copy_of.max()) + 1
        there, of = _by_core(words, cores)
        back, back_of = _by_core([(to, place, core, at) for core, at, to, place in words], cores)
        values = np.zeros(total, np.int64)
        return cls(
            placement,
            blocks,
            kept,
            values,
            np.zeros(size, np.int64),
            copy_of,
            biases,
            there,
            of,
            back,
            back_of,
            analog,
        )

    def load(self, masters: Sequence[Ints], biases: Sequence[Ints], half: int, fraction: int) -> None:
        """Write masters and biases, of the shapes of `network`, into every copy."""
        for row in self.kept:
            whole = np.asarray(masters[int(row[up.U_PROJECTION])], np.int64)
            self._of(self.values, row)[:] = whole[_rows(row), self._cols(row)]
        self.weights[:] = (self.values[: len(self.weights)] + half) >> fraction
        first = offsets(self.placement.network)
        for it, bias in zip(self.placement.network.projections, biases, strict=True):
            copies = self.copy_of[first[it.target] : first[it.target + 1]]
            self.values[copies] = np.tile(np.asarray(bias, np.int64), it.n_post // it.weight_shape[1])

    def place_cells(self, fraction: int, state: Mapping[str, Ints] | None) -> None:
        """New cells for the weights, or those of a ``state`` of the fast engine's cells."""
        if self.analog and state is not None:
            self.analog.restore(state)
        elif self.analog:
            self.analog.now = 0
            for index in range(len(self.placement.network.projections)):
                self.analog.place(index, self.matrix(self.weights, index))
        self.settle(0, fraction)

    def settle(self, samples: int, fraction: int) -> None:
        """Write the weights into cells that are not exact, ``samples`` after the last time; masters go on
        from what they then hold."""
        if self.analog is None:
            return
        self.analog.now += samples
        for index in range(len(self.placement.network.projections)):
            told = self.matrix(self.weights, index)
            change = self.analog.write(index, told) - told
            for row in self.kept[self.kept[:, up.U_PROJECTION] == index]:
                part = change[_rows(row), self._cols(row)]
                self._of(self.weights, row)[:] += part
                self._of(self.values, row)[:] += part << fraction

    def matrix(self, memory: Ints, projection: int, replica: int = 0) -> Ints:
        """A projection's weights or masters as one matrix of its weight shape, as one copy holds them."""
        found = np.zeros(self.placement.network.projections[projection].weight_shape, np.int64)
        for row in self.kept:
            block = self.placement.blocks[int(row[up.U_BLOCK])]
            if (block.projection, block.replica) == (projection, replica):
                found[_rows(row), self._cols(row)] = self._of(memory, row)
        return found

    def bias(self) -> Ints:
        """The bias of every unit, 0 for inputs."""
        return np.where(self.copy_of >= 0, self.values[self.copy_of], 0)

    def fill(self, cells: Ints) -> None:
        """Write the cells of all crossbars from the kept weights; folding and mirrors follow from them."""
        for number, block in enumerate(self.placement.blocks):
            replica = block.replica if block.role == "forward" else 0
            it = self.placement.network.projections[block.projection]
            matrix = self.matrix(self.weights, block.projection, replica)
            if self.analog:
                copy = int(block.role == "mirror")
                matrix = self.analog.matrix(block.projection, copy, it.weight_shape)
            if self.placement.folded and it.kernel:
                matrix = _folded(matrix, it)
                it = it.folded()
            if block.role == "mirror":
                matrix = _mirrored(matrix, it)
            part = matrix[block.rows.start : block.rows.stop, block.cols.start : block.cols.stop]
            start = int(self.blocks[number, col.CELLS])
            cells[start : start + part.size] = part.reshape(-1)

    def mirrored_changes(self, changed: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """(core, how many) for each mirror: kept weights that have ``changed`` and that it holds, too."""
        cores, numbers = [], []
        for block in self.placement.blocks:
            if block.role == "mirror":
                it = self.placement.network.projections[block.projection]
                rows = own_rows(it, it.folded(), block.rows) if self.placement.folded else block.rows
                whole = _mirrored(self.matrix(changed.astype(np.int64), block.projection), it)
                cores.append(block.core)
                numbers.append(whole[rows.start : rows.stop, block.cols.start : block.cols.stop].sum())
        return np.array(cores, np.int64), np.array(numbers, np.int64)

    def set_rates(self, rates: Sequence[Rate], bias_rates: Sequence[Rate]) -> None:
        """Write the rates of an update into the tables."""
        network = self.placement.network
        for row in self.kept:
            index = int(row[up.U_PROJECTION])
            rate, extra = rates[index], pool_bits(network.projections[index])
            row[[up.U_RATE_M, up.U_RATE_K]] = _rate(rate.multiplier, rate.shift + extra)
        first = offsets(network)
        for row in self.biases:
            index = int(np.searchsorted(first, row[5], side="right")) - 2
            row[3:5] = _rate(bias_rates[index].multiplier, bias_rates[index].shift)

    def _of(self, memory: Ints, row: Ints) -> Ints:
        shape = int(row[up.U_ROWS]), int(row[up.U_COLS])
        return memory[int(row[up.U_AT]) :][: shape[0] * shape[1]].reshape(shape)

    def _cols(self, row: Ints) -> slice:
        cols = self.placement.blocks[int(row[up.U_BLOCK])].cols
        return slice(cols.start, cols.stop)


def _rate(multiplier: int, shift: int) -> tuple[int, int]:
    return (multiplier, shift) if shift <= LONGEST_SHIFT else (0, 0)


def _rows(row: Ints) -> slice:
    return slice(int(row[up.U_ROW]), int(row[up.U_ROW] + row[up.U_ROWS]))


def _kept(placement: Placement) -> Ints:
    """The table of kept weights."""
    network, rows, at = placement.network, [], 0
    first = np.cumsum([0, *(it.weight_shape[0] * it.weight_shape[1] for it in network.projections)]).tolist()
    for number, block in enumerate(placement.blocks):
        if block.role == "forward":
            it = network.projections[block.projection]
            own = own_rows(it, it.folded(), block.rows) if placement.folded else block.rows
            pitch = it.weight_shape[1]
            name = first[block.projection] + own.start * pitch + block.cols.start
            kernel = it.kernel
            geometry = [kernel.size, kernel.window, kernel.stride, kernel.padding] if kernel else [1, 1, 1, 0]
            place = [number, own.start, len(own), len(block.cols), at, name, pitch, block.replica == 0]
            rows.append([*place, *geometry, 0, 0, block.projection])
            at += len(own) * len(block.cols)
    return np.array(rows, np.int64)


def _weight_words(placement: Placement, kept: Ints) -> list[tuple[int, int, int, int]]:
    """(core, place, core of the first copy, place there) of every weight of which there are copies."""
    home = {_identity(placement.blocks[row[up.U_BLOCK]]): row for row in kept if row[up.U_FIRST]}
    words = []
    for row in kept:
        block = placement.blocks[int(row[up.U_BLOCK])]
        if not row[up.U_FIRST]:
            first = home[_identity(block)]
            to = placement.blocks[int(first[up.U_BLOCK])].core
            for n in range(int(row[up.U_ROWS] * row[up.U_COLS])):
                words.append((block.core, int(row[up.U_AT]) + n, to, int(first[up.U_AT]) + n))
    return words


def _identity(block: Block) -> tuple[int, range, range]:
    return block.projection, block.rows, block.cols


def _bias_copies(placement: Placement, start: int) -> tuple[Ints, Ints, list[tuple[int, int, int, int]]]:
    """Each unit's copy of a bias, the table of first copies, and the words between copies."""
    network, first = placement.network, offsets(placement.network)
    synapses = sum(it.weight_shape[0] * it.weight_shape[1] for it in network.projections)
    copy_of, biases, words = np.full(first[-1], -1, np.int64), [], []
    number: dict[tuple[int, int, int], int] = {}
    home = {}
    for group in sorted(placement.groups, key=lambda it: (it.population, it.neurons.start)):
        if group.population == 0:
            continue
        channels = network.projections[group.population - 1].weight_shape[1]
        for neuron in range(group.neurons.start, group.neurons.stop):
            channel, unit = neuron % channels, first[group.population] + neuron
            key = group.population, channel, group.core
            if key not in number:
                number[key] = start + len(number)
                if neuron == channel:
                    biases.append([number[key], group.core, synapses + unit, 0, 0, unit])
                    home[group.population, channel] = group.core, number[key]
                else:
                    words.append((group.core, number[key], *home[group.population, channel]))
            copy_of[unit] = number[key]
    return copy_of, np.array(biases, np.int64).reshape(-1, 6), words


def _by_core(words: list[tuple[int, int, int, int]], cores: int) -> tuple[Ints, Ints]:
    """Words [n, (place, core, place there)] by sending core, and where each core's begin."""
    table = np.array(words, np.int64).reshape(-1, 4)
    order = np.argsort(table[:, 0], kind="stable")
    return table[order, 1:].copy(), np.searchsorted(table[order, 0], np.arange(cores + 1))


def _folded(matrix: Ints, it: Projection) -> Ints:
    """The kernel with the sums over the pooling window in it: a spike of a place is one of every tap."""
    kernel, channels = it.kernel, it.source_shape[0]
    if kernel is None or kernel.window == 1:
        return matrix
    side = kernel.folded().size
    found = np.zeros((channels, side, side, matrix.shape[1]), np.int64)
    whole = matrix.reshape(channels, kernel.size, kernel.size, -1)
    for dy in range(0, kernel.window * kernel.stride, kernel.stride):
        for dx in range(0, kernel.window * kernel.stride, kernel.stride):
            found[:, dy : dy + kernel.size, dx : dx + kernel.size] += whole
    return found.reshape(-1, matrix.shape[1])


def _mirrored(matrix: Ints, it: Projection) -> Ints:
    """The matrix of the second array: source and target exchanged, kernel elements in place."""
    if it.kernel is None:
        return matrix.T
    channels, elements = it.source_shape[0], it.kernel.size**2
    return matrix.reshape(channels, elements, -1).transpose(2, 1, 0).reshape(-1, channels)
