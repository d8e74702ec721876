"""The operation table: what is read in a tick, in each direction, and how it is added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import columns as col
from neurochip.chip.geometry import Folded, Stamp
from neurochip.chip.memory import Memory
from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format
from neurochip.mapping import Block, Placement
from neurochip.network import Network, Projection
from neurochip.program import Program

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Operations:
    """The operation table, and the stamps of convolutions: int32 [4, source neurons], where each is in the
    table of weights, where it falls, its rows and the weights in each. ``places``: where column converters
    read, in all operations."""

    table: Ints
    stamps: NDArray[np.int32]
    largest_map: int
    places: int = 0


def operations(
    placement: Placement, memory: Memory, program: Program, formats: Mapping[str, Format]
) -> Operations:
    """One operation for each matrix that is read in a tick, in each direction.

    A matrix that is cut over row blocks is still one operation as long as no block's sum can leave the
    partial-sum register; otherwise each range of rows is an operation of its own that checks it. Raises
    ConfigError where that is not possible: in a convolution the partial-sum register must hold all sums.
    """
    network, rows, stamps = placement.network, list[list[int]](), list[Stamp]()
    for index, projection in enumerate(network.projections):
        if projection.kernel is None:
            blocks = [block for block in placement.blocks if block.projection == index]
            rows += _dense(network, projection, memory, blocks, program.feedback, formats)
            continue
        _require_partial(network, index, formats["weight"], formats["partial"])
        for row, stamp in _conv(network, projection, memory, program.feedback, formats["weight"].bits):
            row[col.FIRST_STAMP] = sum(len(it.which) for it in stamps)
            rows.append(row)
            stamps.append(stamp)
    fields = [np.stack([stamp.which, stamp.where, stamp.rows, stamp.lengths]) for stamp in stamps]
    return Operations(
        np.array(rows, np.int64),
        np.concatenate([np.zeros((4, 0), np.int32), *fields], axis=1).astype(np.int32),
        max((stamp.size for stamp in stamps), default=0),
    )


def _dense(
    network: Network, it: Projection, memory: Memory, blocks: list[Block], feedback: bool,
    formats: Mapping[str, Format],
) -> list[list[int]]:  # fmt: skip
    """Operations of a dense projection, upwards and, if there is feedback to its source, downwards."""
    matrix, ends = memory.matrices[it.source], (it.source, it.target)
    up = [col.DENSE, *ends, matrix.forward, matrix.stride, network.extra_bits(it.target, feedback)]
    cuts = {block.rows for block in blocks if block.role == "forward"}
    rows = _reads([*up, memory.group], it.n_pre, it.n_post, cuts, formats)
    if feedback and it.source != 0:
        shift = network.extra_bits(it.source, True)
        down = [col.DENSE, *ends[::-1], matrix.back, matrix.back_stride, shift, memory.group]
        rows += _reads(down, it.n_post, it.n_pre, back_rows(blocks), formats)
    return rows


def _conv(
    network: Network, it: Projection, memory: Memory, feedback: bool, weight_bits: int
) -> Iterator[tuple[list[int], Stamp]]:
    """Operations of a convolution and their stamps; where its first stamp is, is left open."""
    matrix, folded = memory.matrices[it.source], Folded.of(it)
    pools = it.kernel is not None and it.kernel.pooling == "max"
    ways = [(it.source, it.target, matrix.up, folded.up(), col.POOL)]
    if feedback and it.source != 0:
        ways.append((it.target, it.source, matrix.down, folded.down(), col.UNPOOL))
    for source, target, base, stamp, kind in ways:
        group = memory.spikes_in_a_sum(weight_bits, it, up=source == it.source)
        shift = network.extra_bits(target, feedback) - it.pool_bits
        row = _stamp_row(source, target, base, shift, stamp, group)
        if pools:
            row[col.KIND] = kind
            row[col.WINDOW : col.NAME] = _window(folded, stamp)
        yield row, stamp


def _stamp_row(source: int, target: int, base: int, shift: int, stamp: Stamp, group: int) -> list[int]:
    row = [0] * col.OP_COLUMNS
    row[: col.GROUP + 1] = [col.STAMP, source, target, base, 0, shift, group]
    row[col.RUN], row[col.PITCH] = stamp.run, stamp.pitch
    row[col.MAP_SIZE], row[col.CORNER] = stamp.size, stamp.corner
    row[col.VALID_ROWS], row[col.VALID_RUN] = stamp.valid_rows, stamp.valid_run
    return row


def _window(folded: Folded, stamp: Stamp) -> tuple[int, int, int, int]:
    """The columns of an operation that take part in max pooling."""
    right = folded.stride * folded.source[0]
    return folded.window, folded.target[0], folded.stride * stamp.pitch, right


def back_rows(blocks: list[Block]) -> set[range]:
    """Ranges of the upper population's neurons whose feedback is summed on one crossbar."""
    mirrors = {block.rows for block in blocks if block.role == "mirror"}
    return mirrors or {block.cols for block in blocks}


def _reads(
    ends: list[int], n_rows: int, n_cols: int, cuts: set[range], formats: Mapping[str, Format]
) -> list[list[int]]:
    """One operation for all rows, or one that checks its sums for each cut."""
    rest = [0] * (col.OP_COLUMNS - col.CHECKED - 1)
    if max(len(cut) for cut in cuts) * -formats["weight"].lo <= formats["partial"].hi:
        return [[*ends, 0, n_rows, 0, n_cols, col.FREE, *rest]]
    ordered = sorted(cuts, key=lambda cut: cut.start)
    return [[*ends, cut.start, cut.stop, 0, n_cols, col.HELD, *rest] for cut in ordered]


def _require_partial(network: Network, index: int, weight: Format, partial: Format) -> None:
    projection = network.projections[index]
    rows, columns = projection.weight_shape
    kernel = projection.kernel
    window = kernel.window if kernel and kernel.pooling == "average" else 1
    needed = (
        max(rows, columns * rows // projection.source_shape[0]) * window**2 * -weight.lo
    ).bit_length() + 1
    if partial.bits < needed:
        message = (
            f"registers.partial.bits must be {needed} or more for the convolution {network.label(index)}"
        )
        raise ConfigError([Problem(f"{message}, not {partial.bits}", "hardware.registers.partial")])
