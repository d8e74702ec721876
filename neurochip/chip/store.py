"""What a chip has learned: weights, masters and biases, in all the forms in which they are held and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import convolution
from neurochip.chip.cells import Cells, converter_table
from neurochip.chip.convert import FINE
from neurochip.chip.lower import conv_table, offsets
from neurochip.chip.memory import Memory
from neurochip.chip.threads import cleared
from neurochip.devices import Resistive
from neurochip.devices.resistive_tables import HELD_BITS
from neurochip.hardware import Hardware
from neurochip.network import Network

Ints = NDArray[np.integer[Any]]

PIECE = 1 << 16
"""Weights that are converted at a time when a store is loaded."""


def held_bits(hardware: Hardware) -> int:
    """Bits of a weight as the columns of a crossbar read it."""
    return hardware.registers.weight.bits if hardware.crossbar.cells.exact else HELD_BITS


@dataclass
class Store:
    """The contents of a chip's memories, laid out as ``memory`` says.

    ``held``: what columns read, and ``told``: what the cells were told to hold, the same array where cells
    are exact; both of the weight memory. ``stamps``: convolutions' kernels, folded, of the kernel memory.
    ``masters``: weight and fraction as one integer. ``bias``: [units]. ``cells``: None where exact.
    ``word``: type of a neuron's registers. ``convs``, ``converter``: see `convolution` and `convert`.
    """

    hardware: Hardware
    network: Network
    memory: Memory
    word: type[np.signedinteger[Any]]
    convs: Ints
    converter: Ints
    held: Ints
    told: Ints
    stamps: Ints
    masters: Ints
    bias: Ints
    cells: Cells | None

    @classmethod
    def of(
        cls, hardware: Hardware, network: Network, memory: Memory, word: type[np.signedinteger[Any]]
    ) -> Store:
        """A store whose weights and biases are 0."""
        weight, held = hardware.registers.formats()["weight"], cleared((memory.words,), memory.weight_type)
        cells = _cells(hardware, network, memory)
        return cls(
            hardware, network, memory, word,
            convs=conv_table(network, memory),
            converter=converter_table(hardware.crossbar, weight),
            held=held,
            told=cleared(held.shape, held.dtype) if cells else held,
            stamps=cleared((memory.kernel_words,), memory.sum_type),
            masters=cleared((memory.masters,), memory.master_type),
            bias=cleared((network.neurons,), word),
            cells=cells,
        )  # fmt: skip

    # -- written ---------------------------------------------------------------------------------------

    def load(self, masters: Sequence[Ints], biases: Sequence[Ints], cells: Mapping[str, Ints] | None) -> None:
        """See `Chip.load`."""
        bias = self.hardware.registers.formats()["bias"]
        shapes = [projection.weight_shape for projection in self.network.projections]
        _require("masters", masters, shapes, *self._master_range)
        _require("biases", biases, [shape[1:] for shape in shapes], bias.lo, bias.hi)
        for index, values in enumerate(masters):
            for rows in self._pieces(index):
                self._write(index, rows, values[rows])
        self._finish(biases, cells)

    def load_real(self, weights: Sequence[NDArray[np.float64]]) -> None:
        """See `Chip.load_real`."""
        weight, fraction = self.hardware.registers.formats()["weight"], self.hardware.registers.fraction.bits
        lo, hi = self._master_range
        scale = 2.0 ** (weight.frac + fraction)
        for index, real in enumerate(weights):
            for rows in self._pieces(index):
                self._write(index, rows, np.clip(np.rint(real[rows] * scale), lo, hi).astype(np.int64))
        self._finish([np.zeros(p.weight_shape[1], np.int64) for p in self.network.projections], None)

    @property
    def stamped(self) -> Ints:
        """Rows of ``convs`` that are read as stamps: all convolutions, but for those behind converters."""
        those = self.convs[:, convolution.SIZE] > 0
        return self.convs[those & (not self.hardware.crossbar.converts)]

    def stamp_kernels(self) -> None:
        """Bring the kernels of all convolutions into their stamps."""
        for conv in self.stamped:
            row = np.zeros(conv[convolution.C_OUT], np.int32)
            convolution.stamp(0, 1, conv, self.held, self.stamps, row)

    # -- read ------------------------------------------------------------------------------------------

    def weights_told(self) -> list[Ints]:
        """Copies of the weights that the cells were told to hold, of the weight shape for each projection."""
        return [self._forward(self.told, index).copy() for index in range(len(self.memory.matrices))]

    def weights_held(self) -> list[NDArray[np.float64]]:
        """The weights as columns see them, in steps of the weight."""
        step = 2.0 ** -int(self.converter[FINE])
        each = range(len(self.memory.matrices))
        return [self._forward(self.held, index).astype(np.float64) * step for index in each]

    def each_master(self) -> list[Ints]:
        """Copies of the masters, of the weight shape for each projection."""
        shapes = [projection.weight_shape for projection in self.network.projections]
        each = zip(self.memory.matrices, shapes, strict=True)
        return [self.masters[m.master :][: prod(shape)].reshape(shape).copy() for m, shape in each]

    def each_bias(self) -> list[Ints]:
        """Copies of the biases, one for each column of a projection's matrix."""
        first = offsets(self.network)
        targets = [(first[p.target], p.weight_shape[1]) for p in self.network.projections]
        return [self.bias[start : start + columns].copy() for start, columns in targets]

    # -- inside ----------------------------------------------------------------------------------------

    @property
    def _master_range(self) -> tuple[int, int]:
        """The masters that round to a weight."""
        weight, fraction = self.hardware.registers.formats()["weight"], self.hardware.registers.fraction.bits
        return (weight.lo << fraction) - self._half, (weight.hi << fraction) + max(self._half - 1, 0)

    @property
    def _half(self) -> int:
        fraction = self.hardware.registers.fraction.bits
        return 1 << (fraction - 1) if fraction else 0

    def _pieces(self, index: int) -> list[slice]:
        """A projection's rows in pieces that take little memory while they are converted."""
        rows, cols = self.network.projections[index].weight_shape
        step = max(1, PIECE // cols)
        return [slice(first, min(first + step, rows)) for first in range(0, rows, step)]

    def _write(self, index: int, rows: slice, masters: Ints) -> None:
        """Write some rows of a projection's masters, and the weights that follow from them."""
        matrix = self.memory.matrices[index]
        height, cols = self.network.projections[index].weight_shape
        at = matrix.master + rows.start * cols
        self.masters[at : at + masters.size] = masters.reshape(-1)
        fraction = self.hardware.registers.fraction.bits
        told = (masters.reshape(-1, cols).astype(np.int64) + self._half) >> fraction
        self._forward(self.told, index)[rows] = told
        if matrix.back >= 0:
            back = self.told[matrix.back : matrix.back + cols * matrix.back_stride]
            back.reshape(cols, -1)[:, :height][:, rows] = told.T

    def _finish(self, biases: Sequence[Ints], cells: Mapping[str, Ints] | None) -> None:
        """Write biases, what cells hold of the weights that have been written, and their stamps."""
        first = offsets(self.network)
        for projection, bias in zip(self.network.projections, biases, strict=True):
            start = first[projection.target]
            of_each = np.tile(bias, projection.n_post // projection.weight_shape[1])
            self.bias[start : start + projection.n_post] = of_each
        if self.cells:
            if cells is None:
                self.cells.place(self.told, self.masters, self.held)
            else:
                self.cells.restore(cells, self.told, self.masters, self.held)
        self.stamp_kernels()

    def _forward(self, weights: Ints, index: int) -> Ints:
        """View of one matrix in a weight memory."""
        matrix = self.memory.matrices[index]
        rows, cols = self.network.projections[index].weight_shape
        block = weights[matrix.forward : matrix.forward + rows * matrix.stride]
        return block.reshape(rows, -1)[:, :cols]


def _cells(hardware: Hardware, network: Network, memory: Memory) -> Cells | None:
    crossbar, registers = hardware.crossbar, hardware.registers
    if not isinstance(crossbar.cells, Resistive):
        return None
    mirrored = crossbar.feedback == "mirrored"
    weight = registers.formats()["weight"]
    return Cells.of(crossbar.cells, network, memory, weight, registers.fraction.bits, mirrored)


def _require(name: str, given: Sequence[Ints], shapes: Sequence[tuple[int, ...]], lo: int, hi: int) -> None:
    """Raise ValueError where arrays are not integers lo..hi of these shapes."""
    if [it.shape for it in given] != list(shapes):
        raise ValueError(f"{name} must have the shapes {[*shapes]}, not {[it.shape for it in given]}")
    for index, it in enumerate(given):
        if it.dtype.kind not in "iu":
            raise ValueError(f"{name} of projection {index} must be integers, not {it.dtype}")
        if it.size and not lo <= it.min() <= it.max() <= hi:
            raise ValueError(f"{name} of projection {index} must be {lo}..{hi}, not {it.min()}..{it.max()}")
