"""Placing convolutions: kernels whole in every replica, every position served once, folding, refusals."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from conv_cases import chip, chips, conv, dense, networks
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_counts import uses

from neurochip.errors import ConfigError, DoesNotFit
from neurochip.hardware import Hardware
from neurochip.mapping import BACKWARD, FORWARD, Placement, place, spike_routes, sum_routes
from neurochip.mapping.footprint import own_rows
from neurochip.mapping.limits import demand
from neurochip.mapping.plan import Limits, Plan
from neurochip.mapping.tile import tile
from neurochip.mapping.traffic import DEFAULT_ACTIVITY
from neurochip.network import ConvLayer, Network, Pool

unhurried = settings(deadline=None, max_examples=40)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Placement, Hardware, str | None]:
    """A placement of a random network with convolutions, its chip, and the way of its feedback."""
    network = draw(networks())
    hardware, feedback = draw(chips(network)), draw(st.booleans())
    placement = place(network, hardware, feedback, draw(st.booleans()))
    return placement, hardware, hardware.crossbar.feedback if feedback else None


def lenet(fold: bool = False, *sets: str, feedback: bool = True) -> Placement:
    network = Network.build([conv(16, 5, window=2), conv(32, 5, window=2), dense(10)], (1, 28, 28), 10)
    return place(network, Hardware.load("digital_28nm", sets), feedback, fold)


@unhurried
@given(cases())
def test_every_element_of_a_kernel_serves_every_position_once(
    case: tuple[Placement, Hardware, str | None],
) -> None:
    placement, hardware, feedback = case
    for index, it in enumerate(placement.network.projections):
        if it.kernel is None:
            continue
        held = it.folded() if placement.folded else it
        side, (c_in, height, width), (c_out, tall, across) = (
            held.kernel.size,
            it.source_shape,
            it.target_shape,
        )
        mirrored = feedback == "mirrored" and it.source > 0
        forward = np.zeros((c_in * side**2, c_out, tall * across), int)
        mirror = np.zeros((c_out * side**2, c_in, height * width), int)
        for block in placement.blocks:
            if block.projection == index:
                array = forward if block.role == "forward" else mirror
                rows, cols, at = block.rows, block.cols, block.positions
                assert at is not None
                assert len(rows) <= hardware.crossbar.rows
                assert len(cols) <= hardware.crossbar.cols
                array[rows.start : rows.stop, cols.start : cols.stop, at.start : at.stop] += 1
        assert (forward == 1).all()
        assert (mirror == mirrored).all()


@unhurried
@given(cases())
def test_neurons_are_grouped_by_replica_and_cores_are_not_overfull(
    case: tuple[Placement, Hardware, str | None],
) -> None:
    placement = case[0]
    every = Counter((i, n) for i, p in enumerate(placement.network.populations) for n in range(p.size))
    assert Counter((g.population, n) for g in placement.groups for n in g.neurons) == every
    assert Counter((s.population, n) for s in placement.segments for n in s.neurons) == every
    for segment in placement.segments:
        assert set(segment.neurons) <= set(placement.groups[segment.group].neurons)
    for block in placement.blocks:
        it = placement.network.projections[block.projection]
        if block.role == "forward" and block.positions:
            channels = it.target_shape[0]
            served = range(block.positions.start * channels, block.positions.stop * channels)
            mine = [g.neurons for g in placement.groups if g.population == it.target]
            assert all(set(group) <= set(served) or not set(group) & set(served) for group in mine)
    for core in range(placement.mesh.cores):
        assert all(used <= available for used, available in placement.core(core).values())


@unhurried
@given(cases())
def test_fans_are_the_lines_that_spikes_read(case: tuple[Placement, Hardware, str | None]) -> None:
    placement, _, feedback = case
    for index, block in enumerate(placement.blocks):
        it = placement.network.projections[block.projection]
        found = list(uses(placement, block))
        rows, columns = np.zeros(it.n_pre, int), np.zeros(it.n_post, int)
        up = block.role == "forward"
        driven = rows if up else columns
        for driver, *_ in {(use.driver, use.line, use.place) for use in found}:
            driven[driver] += 1
        if up and feedback == "transposed" and it.source > 0:
            for served, *_ in {(use.served, use.col, use.place) for use in found}:
                columns[served] += 1
        if up:
            assert placement.fan(index).tolist() == rows.tolist()
        assert placement.fan(index, BACKWARD).tolist() == columns.tolist()


@unhurried
@given(cases())
def test_search_never_makes_it_worse_and_its_cost_is_that_of_the_routes(
    case: tuple[Placement, Hardware, str | None],
) -> None:
    placement = case[0]
    assert placement.traffic.improved <= placement.traffic.constructed
    spikes, sums = spike_routes(placement), sum_routes(placement)
    expected = DEFAULT_ACTIVITY * (spikes.neurons @ spikes.hops) + sums.neurons @ sums.hops
    assert placement.traffic.improved == pytest.approx(expected, rel=1e-9, abs=1e-9)


@unhurried
@given(st.data())
def test_demand_foretells_the_tiling(data: st.DataObject) -> None:
    network = data.draw(networks())
    way_back = data.draw(st.sampled_from(["transposed", "mirrored", None]))
    plan = Plan(network, Limits.of(data.draw(chips(network))), way_back, data.draw(st.booleans()))
    tiling = tile(plan, plan.limits.neurons)
    for index in range(len(network.projections)):
        mine = [i for i, block in enumerate(tiling.blocks) if block.projection == index]
        told = demand(plan, index)
        assert told.crossbars == len(mine)
        assert told.mirrors == sum(tiling.blocks[i].role == "mirror" for i in mine)
        assert told.axons == tiling.axons[mine].sum()
        assert told.block_axons == tiling.axons[mine].max()
        assert told.replicas == 1 + max(
            tiling.blocks[i].replica for i in mine if tiling.blocks[i].role == "forward"
        )


def test_replicas_are_as_few_as_neurons_allow_and_about_equal() -> None:
    placement = lenet(False, "core.neurons=512")
    replicas = [block.positions for block in placement.blocks if block.projection == 0]
    assert [(r.start, r.stop) for r in replicas if r] == [(0, 28), (28, 57), (57, 86), (86, 115), (115, 144)]
    assert [placement.replicas(index) for index in range(3)] == [5, 1, 1]
    assert [row.replicas for row in placement.layers()] == [5, 1, 1]


def test_a_replica_and_its_neurons_share_a_core_when_nothing_pulls_them_apart() -> None:
    placement = lenet(False, "core.neurons=512", feedback=False)
    homes = {g.neurons: g.core for g in placement.groups if g.population == 1}
    for block in placement.blocks:
        if block.projection == 0 and block.positions:
            assert homes[range(block.positions.start * 16, block.positions.stop * 16)] == block.core


def test_a_spike_goes_only_to_replicas_that_see_it() -> None:
    placement = lenet(False, "core.neurons=512")
    fans = np.stack([placement.fan(index) for index in range(5)]).reshape(5, 28, 28)
    assert fans.sum() == 25 * 24 * 24
    assert fans[:, 0, 0].tolist() == [1, 0, 0, 0, 0]
    reached = fans.any(axis=2)
    assert [np.flatnonzero(rows).tolist() for rows in reached] == [
        list(range(first, last)) for first, last in ((0, 10), (4, 14), (8, 20), (14, 24), (18, 28))
    ]


def test_folding_gives_larger_kernels_of_wider_cells() -> None:
    plain, folded = lenet(False).layers(), lenet(True).layers()
    assert [row.cell_bits for row in plain] == [8, 8, 8]
    assert [row.cell_bits for row in folded] == [10, 10, 8]
    for copies, before, after in zip((3, 1, 1), plain, folded, strict=True):
        assert after.replicas == copies
        assert after.cells * 25 == before.cells * (36 if before.cell_bits != after.cell_bits else 25)


def test_folding_and_mirrors_agree_on_what_is_read() -> None:
    network = Network.build([conv(4, 3, padding=1), conv(6, 3, window=2), dense(3)], (1, 8, 8), 3)
    for fold in (False, True):
        column, mirror = (
            place(network, chip((2, 2), (256, 64), kind), feedback=True, fold=fold)
            for kind in ("transposed", "mirrored")
        )
        ops = [
            {way: placement.ops[placement.reads[:, 2] == way].sum() for way in (FORWARD, BACKWARD)}
            for placement in (column, mirror)
        ]
        assert ops[0][FORWARD] == ops[1][FORWARD]
        spikes = [total(placement, BACKWARD) for placement in (column, mirror)]
        assert spikes[0] == spikes[1] == (36 if not fold else 16) * 9 * 4 * 6 + 3 * 54


def total(placement: Placement, way: int) -> int:
    """Operations of one spike of every neuron on a way."""
    lengths = np.array([len(segment.neurons) for segment in placement.segments])
    mine = placement.reads[:, 2] == way
    return int((lengths[placement.reads[mine, 0]] * placement.ops[mine]).sum())


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 2), st.lists(st.integers(1, 200), max_size=5))
def test_rows_of_the_kernel_are_kept_once_wherever_the_folded_one_is_cut(
    channels: int, kernel: int, stride: int, cuts: list[int]
) -> None:
    it = conv(2, kernel, stride, window=2).project(0, (channels, 20, 20))
    held = it.folded()
    rows = held.weight_shape[0]
    ends = sorted({0, rows, *(cut for cut in cuts if cut < rows)})
    kept = [own_rows(it, held, range(a, b)) for a, b in pairwise(ends)]
    assert [row for part in kept for row in part] == list(range(it.weight_shape[0]))


def test_refuses_to_fold_a_max_pooling() -> None:
    layer = ConvLayer(kind="conv", channels=2, kernel=3, pool=Pool(kind="max", window=3))
    network = Network.build([conv(2, 3, window=2), layer, dense(3)], (1, 12, 12), 3)
    place(network, chip((1, 1), (64, 64)), feedback=True)
    with pytest.raises(
        ConfigError, match=r"placement\.fold_pooling must be false: network\.layers\.1 has max pooling"
    ):
        place(network, chip((1, 1), (64, 64)), feedback=True, fold=True)


def test_refuses_more_channels_than_a_core_has_neurons() -> None:
    network = Network.build([conv(40, 3), dense(3)], (1, 6, 6), 3)
    with pytest.raises(
        DoesNotFit,
        match=r"one position of projection 0 input-hidden1 \(36x640\) needs 40 neuron slots, one for each"
        r" channel, but core\.neurons is 32; raise core\.neurons to 40",
    ):
        place(network, chip((8, 8), (16, 16), neurons=32), feedback=True)


def test_refusal_of_crossbars_tells_of_replicas() -> None:
    network = Network.build([conv(16, 3), conv(16, 3), dense(3)], (1, 10, 10), 3)
    with pytest.raises(DoesNotFit) as caught:
        place(network, chip((5, 5), (4, 4), neurons=200, crossbars=4), feedback=False)
    assert str(caught.value).splitlines()[:2] == [
        "network 1x10x10-16c3-16c3-3 does not fit test (mesh 5x5):",
        "  needs 648 crossbars of 4x4 but the chip has 100 (25 cores x core.crossbars 4);"
        " largest: projection 1 hidden1-hidden2 (1024x576) needs 432 in 3 replicas, fewer with a larger"
        " core.neurons; raise core.crossbars to 26 or the mesh to 162 cores",
    ]


def test_refuses_a_block_with_more_lines_than_a_core_has_axons() -> None:
    network = Network.build([conv(4, 3), conv(8, 3), dense(3)], (1, 8, 8), 3)
    place(network, chip((4, 4), (40, 8), axons=44), feedback=False)
    with pytest.raises(DoesNotFit, match=r"one block of projection 1 .* needs 44 axons .* core\.axons is 40"):
        place(network, chip((4, 4), (40, 8), axons=40), feedback=True)


def test_what_no_kernel_reads_and_rows_that_see_only_padding_are_placed() -> None:
    network = Network.build([conv(2, 1, stride=2, padding=2), dense(2)], (1, 5, 5), 2)
    placement = place(network, chip((6, 5), (2, 1), neurons=3), feedback=True)
    assert placement.summary()["neurons"].used == 25 + 50 + 2
    assert sum(placement.fan(i).sum() for i, b in enumerate(placement.blocks) if b.projection == 0) == 2 * 9


def test_same_input_same_placement() -> None:
    first, second = lenet(True), lenet(True)
    assert first.blocks == second.blocks
    assert first.groups == second.groups
    assert first.traffic == second.traffic
