"""Shares: every weight is in the share of the crossbars that hold it, and its updates are counted there."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from conv_cases import PROGRAM, chip, chips, conv, dense, networks
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import compiled

from neurochip.chip import Chip
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import NONE, Placement, Shares, place
from neurochip.network import Network


def holder(placement: Placement, index: int, role: str, row: int, col: int) -> int:
    """The block of a first copy that holds a weight, by its own coordinates; NONE if there is none.

    A folded kernel keeps element (y, x) at the same place of a larger square. A mirror has a row for each
    output and element, a column for each input channel.
    """
    it = placement.network.projections[index]
    held = (placement.network.folded() if placement.folded else placement.network).projections[index]
    if it.kernel and held.kernel:
        size, side = it.kernel.size, held.kernel.size
        channel, y, x = row // size**2, row // size % size, row % size
        row = (channel * side + y) * side + x
        at = (row, col) if role == "forward" else ((col * side + y) * side + x, channel)
    else:
        at = (row, col) if role == "forward" else (col, row)
    for number, block in enumerate(placement.blocks):
        mine = (block.projection, block.role, block.replica) == (index, role, 0)
        if mine and at[0] in block.rows and at[1] in block.cols:
            return number
    return NONE


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_every_weight_is_in_the_share_of_its_crossbars(data: st.DataObject) -> None:
    network = data.draw(networks())
    placement = place(network, data.draw(chips(network)), True, data.draw(st.booleans()))
    shares = Shares.of(placement)
    for index, it in enumerate(network.projections):
        rows, cols = it.weight_shape
        for row in range(rows):
            at = shares.first_row[index] + row
            found = shares.cuts[shares.row_cuts[at] : shares.row_cuts[at + 1]]
            assert found[-1, 0] == cols
            for col in range(cols):
                share = found[np.searchsorted(found[:, 0], col, side="right"), 1]
                assert shares.projection[share] == index
                assert shares.forward[share] == holder(placement, index, "forward", row, col)
                assert shares.mirror[share] == holder(placement, index, "mirror", row, col)


@compiled
@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_updates_are_counted_in_the_share_of_the_weight(feedback: str, fold: bool, threads: int) -> None:
    network = Network.build([conv(5, 3, window=2), conv(4, 2), dense(3)], (2, 8, 8), 3)
    crossbars = ["crossbar.rows=7", "crossbar.cols=3", f"crossbar.feedback={feedback}"]
    hardware = Hardware.load("digital_28nm", [*crossbars, "core.crossbars=64", "registers.fraction.bits=4"])
    machine = Chip(hardware, place(network, hardware, True, fold), PROGRAM, threads)
    machine.load_real(network.initial_weights(1))
    before, masters = machine.weights, machine.masters
    banks = np.random.default_rng(2).integers(0, 500, (2, 2, network.neurons)).astype(np.int32)
    machine.learn(banks, [Rate(1, 9)] * 3, [Rate(1, 9)] * 3, 1)
    written: Counter[int] = Counter()
    changed: Counter[int] = Counter()
    shares = machine.shares
    for index in range(3):
        for row, col in np.argwhere(masters[index] != machine.masters[index]).tolist():
            block = holder(machine.placement, index, "forward", row, col)
            changed[block] += 1
            written[block] += int(before[index][row, col] != machine.weights[index][row, col])
    for column, expected in ((2, written), (slice(0, 2), changed)):
        tally = machine.tally.updates[:, column]
        numbers = tally if tally.ndim == 1 else tally[:, 0] - tally[:, 1]
        found = Counter[int]()
        for block, number in zip(shares.forward.tolist(), numbers.tolist(), strict=True):
            found[block] += number
        assert +found == +expected
    assert sum(written.values()) > 20


def test_a_large_matrix_is_divided_in_pieces() -> None:
    """Rows are looked at a million weights at a time."""
    network = Network.build([dense(1200), dense(2)], (1, 1, 1000), 2)
    placement = place(network, chip((4, 4), (128, 128), "mirrored"), True)
    shares = Shares.of(placement)
    assert len(shares.row_cuts) == 1000 + 1200 + 1
    assert len(shares.forward) == 8 * 10 + 10
    assert (shares.mirror[shares.projection == 0] == NONE).all()
