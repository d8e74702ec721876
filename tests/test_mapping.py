"""Placing networks: nothing lost or doubled, no core overfull, the search helps, refusals say everything."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.errors import DoesNotFit
from neurochip.hardware import Hardware
from neurochip.mapping import BACKWARD, FORWARD, Placement, Segment, place, spike_routes, sum_routes, traffic
from neurochip.mapping.limits import demand
from neurochip.mapping.plan import Feedback, Limits, Plan
from neurochip.mapping.tile import tile
from neurochip.mapping.traffic import DEFAULT_ACTIVITY, Layout, Nets
from neurochip.network import DenseLayer, Network
from neurochip.noc import Mesh

unhurried = settings(deadline=None)

TINY = Hardware.load("tiny")


def chip(
    mesh: tuple[int, int], array: tuple[int, int], feedback: str = "transposed", **core: int
) -> Hardware:
    return TINY.model_copy(
        update={
            "name": "test",
            "mesh": TINY.mesh.model_copy(update={"rows": mesh[0], "cols": mesh[1]}),
            "core": TINY.core.model_copy(update={"axons": 4096, **core}),
            "crossbar": TINY.crossbar.model_copy(
                update={"rows": array[0], "cols": array[1], "feedback": feedback}
            ),
        }
    )


def dense(*sizes: int) -> Network:
    layers = [DenseLayer(kind="dense", units=units) for units in sizes[1:]]
    return Network.build(layers, (1, 1, sizes[0]), sizes[-1])


@st.composite
def placements(draw: st.DrawFn) -> tuple[Placement, bool, Hardware]:
    """A placement of a random network on a random chip with room for it, and whether it has feedback."""
    sizes = draw(st.lists(st.integers(1, 30), min_size=2, max_size=4))
    array = draw(st.integers(3, 9)), draw(st.integers(3, 9))
    kind, feedback = draw(st.sampled_from(["transposed", "mirrored"])), draw(st.booleans())
    mesh = draw(st.integers(5, 7)), draw(st.integers(5, 7))
    hardware = chip(mesh, array, kind, crossbars=draw(st.integers(20, 24)), neurons=draw(st.integers(5, 40)))
    return place(dense(*sizes), hardware, feedback), feedback, hardware


@unhurried
@given(placements())
def test_every_synapse_is_in_one_forward_block_and_one_mirror(case: tuple[Placement, bool, Hardware]) -> None:
    placement, feedback, hardware = case
    mirrored = feedback and hardware.crossbar.feedback == "mirrored"
    for index, projection in enumerate(placement.network.projections):
        forward = np.zeros((projection.n_pre, projection.n_post), int)
        mirror = np.zeros((projection.n_post, projection.n_pre), int)
        for block in placement.blocks:
            if block.projection == index:
                held = forward if block.role == "forward" else mirror
                held[block.rows.start : block.rows.stop, block.cols.start : block.cols.stop] += 1
        assert (forward == 1).all()
        assert (mirror == (mirrored and projection.source > 0)).all()


@unhurried
@given(placements())
def test_every_neuron_is_in_one_group_and_one_segment(case: tuple[Placement, bool, Hardware]) -> None:
    placement = case[0]
    every = Counter((i, n) for i, p in enumerate(placement.network.populations) for n in range(p.size))
    assert Counter((g.population, n) for g in placement.groups for n in g.neurons) == every
    assert Counter((s.population, n) for s in placement.segments for n in s.neurons) == every
    for segment in placement.segments:
        group = placement.groups[segment.group]
        assert group.population == segment.population
        assert set(segment.neurons) <= set(group.neurons)


@unhurried
@given(placements())
def test_no_core_is_overfull_and_no_crossbar_is_used_twice(case: tuple[Placement, bool, Hardware]) -> None:
    placement, feedback, hardware = case
    core, crossbar = hardware.core, hardware.crossbar
    crossbars, cells, neurons, axons = (Counter[int]() for _ in range(4))
    for block in placement.blocks:
        below = placement.network.projections[block.projection].source
        both_ways = feedback and crossbar.feedback == "transposed" and below > 0
        assert len(block.rows) <= crossbar.rows
        assert len(block.cols) <= crossbar.cols
        assert 0 <= block.slot < core.crossbars
        crossbars[block.core] += 1
        cells[block.core] += len(block.rows) * len(block.cols)
        axons[block.core] += len(block.rows) + both_ways * len(block.cols)
    for group in placement.groups:
        neurons[group.core] += len(group.neurons)
    assert len({(block.core, block.slot) for block in placement.blocks}) == len(placement.blocks)
    recounted = {"crossbars": crossbars, "cells": cells, "neurons": neurons, "axons": axons}
    for index in range(placement.mesh.cores):
        assert placement.core(index) == {
            name: (used[index], placement.available[name]) for name, used in recounted.items()
        }
        assert all(used <= available for used, available in placement.core(index).values())
    totals = placement.summary()
    assert totals["cores"] == (len(set(crossbars) | set(neurons)), placement.mesh.cores)
    assert all(totals[name].used == used.total() for name, used in recounted.items())
    assert totals["cells"].available == placement.mesh.cores * core.crossbars * crossbar.rows * crossbar.cols


def all_or_none(segment: Segment, population: int, neurons: range) -> bool:
    """Whether the segment's neurons are among ``neurons``; it must not be so for only some of them."""
    common = set(segment.neurons) & set(neurons) if segment.population == population else set()
    assert len(common) in (0, len(segment.neurons))
    return bool(common)


@unhurried
@given(placements())
def test_spikes_and_sums_reach_everything_that_needs_them(case: tuple[Placement, bool, Hardware]) -> None:
    placement, feedback, hardware = case
    reads, sums = ([tuple(row) for row in table.tolist()] for table in (placement.reads, placement.sums))
    expected_reads, expected_sums = set(), set()
    for b, block in enumerate(placement.blocks):
        projection = placement.network.projections[block.projection]
        ends = projection.source, projection.target
        drives, feeds = ends if block.role == "forward" else ends[::-1]
        way, back = (FORWARD, BACKWARD) if block.role == "forward" else (BACKWARD, FORWARD)
        transposed = feedback and hardware.crossbar.feedback == "transposed" and projection.source > 0
        for s, segment in enumerate(placement.segments):
            if all_or_none(segment, drives, block.rows):
                expected_reads.add((s, b, way))
                expected_sums |= {(s, b, back)} if transposed else set()
            if all_or_none(segment, feeds, block.cols):
                expected_sums.add((s, b, way))
                expected_reads |= {(s, b, back)} if transposed else set()
    assert sorted(reads) == sorted(expected_reads)
    assert sorted(sums) == sorted(expected_sums)


@unhurried
@given(placements())
def test_search_never_makes_it_worse_and_its_cost_is_that_of_the_routes(
    case: tuple[Placement, bool, Hardware],
) -> None:
    placement = case[0]
    assert placement.traffic.improved <= placement.traffic.constructed
    spikes, sums = spike_routes(placement), sum_routes(placement)
    expected = DEFAULT_ACTIVITY * (spikes.neurons @ spikes.hops) + sums.neurons @ sums.hops
    assert placement.traffic.improved == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(placements())
def test_routes_agree_with_the_blocks_and_the_links(case: tuple[Placement, bool, Hardware]) -> None:
    placement = case[0]
    mesh, home = placement.mesh, placement.home.tolist()
    for routes, pairs in (
        (spike_routes(placement), placement.reads),
        (sum_routes(placement), placement.sums),
    ):
        ways: dict[tuple[int, int], int] = {}
        for segment, block, way in pairs.tolist():
            key = segment, placement.blocks[block].core
            ways[key] = ways.get(key, 0) | way
        is_spike = pairs is placement.reads
        home_end, far_end = (routes.source, routes.target) if is_spike else (routes.target, routes.source)
        assert home_end.tolist() == [home[segment] for segment in routes.segment]
        rows = zip(routes.segment.tolist(), far_end.tolist(), routes.way.tolist(), strict=True)
        assert [((segment, core), way) for segment, core, way in rows] == sorted(ways.items())
        crossed = [set(routes.crossing(link).tolist()) for link in range(mesh.link_ids)]
        for route, (source, target) in enumerate(
            zip(routes.source.tolist(), routes.target.tolist(), strict=True)
        ):
            path = mesh.path(source, target)
            assert routes.hops[route] == len(path)
            assert {link for link in range(mesh.link_ids) if route in crossed[link]} == set(path)
        load = [int(routes.neurons[list(over)].sum()) for over in crossed]
        assert routes.neurons_per_link(mesh.link_ids).tolist() == load


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_foretold_costs_are_those_of_the_moves(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "_CHUNK", chunk)
    tiling = tile(Plan(dense(20, 12, 9), Limits.of(chip((2, 3), (8, 5))), "transposed"), 8)
    nets, hops = Nets.of(tiling, DEFAULT_ACTIVITY), Mesh(2, 3).hop_table().astype(float)
    block_core, group_core = np.arange(len(tiling.blocks)) // 4 % 6, np.arange(len(tiling.groups)) % 6
    layout = Layout(nets, hops, block_core, group_core)
    for costs, core_of, move in (
        (layout.block_costs(), layout.block_core, layout.move_block),
        (layout.group_costs(), layout.group_core, layout.move_group),
    ):
        for (piece, core), cost in np.ndenumerate(costs):
            before, home = layout.cost(), core_of[piece]
            change = move(piece, core)
            assert change == layout.cost() - before == cost - costs[piece, home]
            assert move(piece, home) == -change


@pytest.mark.parametrize("feedback", [True, False])
@pytest.mark.parametrize("kind", ["transposed", "mirrored"])
def test_same_input_same_placement(kind: str, feedback: bool) -> None:
    hardware = chip((4, 4), (37, 53), kind, crossbars=9, neurons=128)
    first, second = (place(dense(784, 256, 64, 10), hardware, feedback) for _ in range(2))
    assert first.blocks == second.blocks
    assert first.groups == second.groups
    assert first.traffic == second.traffic


@unhurried
@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=4),
    rows=st.integers(1, 20),
    cols=st.integers(1, 20),
    way_back=st.sampled_from(["transposed", "mirrored", None]),
)
def test_demand_foretells_the_tiling(sizes: list[int], rows: int, cols: int, way_back: Feedback) -> None:
    network = dense(*sizes)
    plan = Plan(network, Limits.of(chip((2, 2), (rows, cols))), way_back)
    tiling = tile(plan, max(rows, cols))
    for index in range(len(network.projections)):
        mine = [i for i, block in enumerate(tiling.blocks) if block.projection == index]
        told = demand(plan, index)
        assert told.crossbars == len(mine)
        assert told.mirrors == sum(tiling.blocks[i].role == "mirror" for i in mine)
        assert told.axons == tiling.axons[mine].sum()
        assert told.block_axons == tiling.axons[mine].max()


def test_improvement_is_real() -> None:
    placement = place(dense(784, 256, 10), chip((8, 8), (37, 53), crossbars=4, neurons=128), feedback=True)
    assert placement.traffic.improved < 0.95 * placement.traffic.constructed


def test_a_network_for_one_core_stays_there_and_sends_nothing() -> None:
    placement = place(dense(20, 10), chip((4, 4), (32, 32), crossbars=2, neurons=64), feedback=True)
    assert placement.summary()["cores"] == (1, 16)
    assert placement.traffic == (0.0, 0.0)
    assert spike_routes(placement).link.size == 0


def test_partial_sums_of_row_blocks_on_one_core_travel_as_one() -> None:
    placement = place(dense(64, 8), chip((1, 2), (8, 8), crossbars=4, neurons=64), feedback=False)
    assert {block.core for block in placement.blocks} == {0, 1}
    assert sorted(sum_routes(placement).hops) == [0, 1]


def test_groups_are_cut_further_when_they_do_not_pack() -> None:
    placement = place(dense(5, 18, 2), chip((1, 5), (8, 3), crossbars=8, neurons=5), feedback=True)
    assert placement.summary()["neurons"] == (25, 25)
    assert max(len(group.neurons) for group in placement.groups) == 2


def test_rows_of_the_table_of_layers() -> None:
    rows = place(dense(784, 256, 10), Hardware.load("digital_28nm"), feedback=True).layers()
    assert [(row.projection, row.blocks, row.mirror_blocks, row.cells) for row in rows] == [
        ("input-hidden1 (784x256)", 4, 0, 784 * 256),
        ("hidden1-output (256x10)", 1, 0, 2560),
    ]
    mirrored = Hardware.load("digital_28nm", ["crossbar.feedback=mirrored"])
    assert place(dense(784, 256, 10), mirrored, feedback=True).layers()[1].mirror_blocks == 1


def test_refusal_lists_everything_needed_and_available() -> None:
    with pytest.raises(DoesNotFit) as caught:
        place(dense(784, 256, 10), chip((4, 4), (37, 53), crossbars=4, neurons=64, axons=256), feedback=True)
    assert str(caught.value).splitlines() == [
        "network 784-256-10 does not fit test (mesh 4x4):",
        "  needs 117 crossbars of 37x53 but the chip has 64 (16 cores x core.crossbars 4);"
        " largest: projection 0 input-hidden1 (784x256) needs 110;"
        " raise core.crossbars to 8 or the mesh to 30 cores",
        "  needs 1050 neuron slots but the chip has 1024 (16 cores x core.neurons 64);"
        " largest: population input needs 784; raise core.neurons to 66 or the mesh to 17 cores",
        "  needs 4246 axons but the chip has 4096 (16 cores x core.axons 256);"
        " largest: projection 0 input-hidden1 (784x256) needs 3920;"
        " raise core.axons to 266 or the mesh to 17 cores",
    ]


def test_refusal_tells_what_is_enough_and_counts_mirrors() -> None:
    hardware = chip((4, 4), (37, 53), "mirrored", crossbars=7, neurons=128)
    with pytest.raises(
        DoesNotFit, match=r"needs 122 crossbars of 37x53 \(5 of them mirrors\) .* has 112"
    ) as caught:
        place(dense(784, 256, 10), hardware, feedback=True)
    assert "enough neuron slots: 1050 of 2048 (16 cores x core.neurons 128)" in str(caught.value)
    with pytest.raises(DoesNotFit, match="needs 117 crossbars of 37x53 but the chip has 112"):
        place(dense(784, 256, 10), hardware, feedback=False)


def test_refuses_a_block_with_more_lines_than_a_core_has_axons() -> None:
    hardware = chip((8, 8), (32, 16), crossbars=4, axons=40)
    place(dense(64, 64, 10), hardware, feedback=False)
    expected = (
        r"one block of projection 1 hidden1-output \(64x16\) needs 48 axons .* but core\.axons is 40; raise"
    )
    with pytest.raises(DoesNotFit, match=expected):
        place(dense(64, 64, 16), hardware, feedback=True)


def test_refuses_blocks_that_fit_in_total_but_not_on_cores() -> None:
    hardware = chip((1, 3), (32, 32), crossbars=4, neurons=256, axons=50)
    assert 4 * 32 <= 3 * 50
    with pytest.raises(
        DoesNotFit, match=r"needs 4 cores for 4 blocks but the chip has 3: .*raise core\.axons to 128"
    ):
        place(dense(128, 32), hardware, feedback=False)
