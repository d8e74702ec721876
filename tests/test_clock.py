"""The cycle engine against the fast one: every register, spike, weight and count."""

from __future__ import annotations

import numpy as np
import pytest
from clock_pair import Pair, program, with_keys
from conv_cases import chip, chips, conv, dense, networks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import compiled
from test_engine import build
from test_engine import network as dense_network

from neurochip.clock import Clock
from neurochip.clock import columns as col
from neurochip.counts import ACTIONS
from neurochip.errors import ConfigError, RegisterOverflow
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import Network
from neurochip.noc import Mesh

pytestmark = compiled

SMALL = Network.build([conv(4, 3, window=2), conv(4, 2), dense(3)], (1, 8, 8), 3)


def test_a_case_of_each_kind_learns_the_same() -> None:
    """Random machines of the fast engine's own tests: narrow registers, all roundings, all variants."""
    overflows = np.zeros(11, np.int64)
    for number in range(0, 48, 4):
        case = build(number)
        pair = Pair(dense_network(*case.sizes), case.hardware, case.rule.program(8), seed=number)
        for family in range(2):
            pair.learn(pair.run(case.samples, family), family)
        overflows += pair.clock.memories.over[0]
        events = pair.compare_counts()
        assert events.total("packets") == 0 or pair.fast.placement.mesh.cores > 1
    assert (overflows > 0).sum() >= 5


@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize(
    ("mesh", "neurons", "array"), [((3, 3), 20, (10, 3)), ((1, 1), 999, (64, 64)), ((2, 5), 33, (9, 2))]
)
def test_convolutions_with_pooling_and_replicas(
    feedback: str, fold: bool, mesh: tuple[int, int], neurons: int, array: tuple[int, int]
) -> None:
    pair = Pair(SMALL, chip(mesh, array, feedback, neurons=neurons), program(), fold)
    for family in range(2):
        pair.learn(pair.run(2, family), family)
    events = pair.compare_counts()
    assert events.total("synaptic_ops") > 0
    assert (events.total("replica_words") > 0) == (neurons < 100)
    assert (events.total("column_reads") > 0) == (feedback == "transposed")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_network_on_any_chip(data: st.DataObject) -> None:
    """Buffers of one entry, flits that hold a byte, odd numbers of lanes and adders: equal bits and
    counts."""
    network = data.draw(networks())
    hardware = with_keys(
        data.draw(chips(network)),
        noc={
            "flit_bits": data.draw(st.sampled_from([8, 32, 128])),
            "fifo_flits": data.draw(st.integers(1, 4)),
            "router_cycles": data.draw(st.integers(1, 3)),
            "link_cycles": data.draw(st.integers(1, 2)),
        },
        core={
            "fifo_depth": data.draw(st.integers(1, 6)),
            "lanes": data.draw(st.integers(1, 9)),
            "neuron_cycles": data.draw(st.integers(1, 3)),
        },
        crossbar={"column_adders": data.draw(st.integers(1, 8))},
        update_unit={"lanes": data.draw(st.integers(1, 5))},
    )
    variant = data.draw(st.sampled_from(["symmetric", "one_sided", "random_sign"]))
    pair = Pair(
        network, hardware, program(variant, 4, 3), data.draw(st.booleans()), data.draw(st.integers(0, 99))
    )
    pair.learn(pair.run(2))
    pair.compare_counts()
    timing = pair.clock.take_timing()
    each = np.stack(list(timing.machines.values()))
    assert (each.max(0) <= timing.busy).all()
    assert (timing.busy <= each.sum(0)).all()
    assert timing.idle.min() >= 0
    assert not pair.clock.machines.registers[:, [col.LOAD, col.FIFO_N, col.ARRIVED]].any()


def test_the_clock_changes_time_and_nothing_else() -> None:
    """Slower parts take more cycles to the same bits, and every count stays as it was."""
    base = chip((2, 3), (10, 3), neurons=40)
    slower = {
        "as it is": {},
        "adders": {"crossbar": {"column_adders": 1}},
        "reads": {"crossbar": {"access_cycles": 3}},
        "lanes": {"core": {"lanes": 1}},
        "neurons": {"core": {"neuron_cycles": 9}},
        "routers": {"noc": {"router_cycles": 9}},
        "links": {"noc": {"link_cycles": 9}},
        "flits": {"noc": {"flit_bits": 8}},
        "buffers": {"noc": {"fifo_flits": 1}},
        "tree": {"barrier": {"cycles_per_level": 50}},
        "update": {"update_unit": {"lanes": 1}},
    }
    of_sizes = {"word_reads", "flits", "flit_hops"}
    cycles, totals = {}, set()
    for name, keys in slower.items():
        pair = Pair(SMALL, with_keys(base, **keys), program())
        pair.learn(pair.run(1))
        events = pair.compare_counts()
        totals.add(tuple(events.total(action) for action in sorted(ACTIONS.keys() - of_sizes)))
        assert events.total("flits") >= events.total("packets")
        cycles[name] = pair.clock.take_timing().total
    assert len(totals) == 1
    assert all(cycles[name] > cycles["as it is"] for name in slower if name != "as it is"), cycles


def test_flits_on_links_are_the_hops_of_packets() -> None:
    hardware = with_keys(chip((3, 3), (10, 3), neurons=20), noc={"flit_bits": 1024})
    pair = Pair(SMALL, hardware, program())
    pair.learn(pair.run(1))
    events, timing = pair.compare_counts(), pair.clock.take_timing()
    assert timing.links.sum() == events.total("hops") == events.total("flit_hops") > 0
    assert events.total("flits") == events.total("packets")
    mesh = Mesh(3, 3)
    assert set(np.flatnonzero(timing.links)) <= set(mesh.links())


def test_copies_and_mirrors_hold_what_they_should() -> None:
    pair = Pair(SMALL, chip((3, 3), (10, 3), "mirrored", neurons=20), program())
    pair.learn(pair.run(2))
    store, weights = pair.clock.store, pair.fast.weights
    for index in range(3):
        for replica in range(pair.fast.placement.replicas(index)):
            np.testing.assert_array_equal(store.matrix(store.weights, index, replica), weights[index])


def test_a_wrong_cell_is_noticed() -> None:
    pair = Pair(SMALL, chip((1, 1), (64, 64)), program())
    pair.clock.memories.cells[:] += 1
    with pytest.raises(AssertionError):
        pair.run(1)


def test_finer_events() -> None:
    """Words and cells of reads, states at the edges of phases, writes: by plain arithmetic."""
    hardware = with_keys(chip((1, 1), (8, 8), "mirrored"), crossbar={"column_adders": 3})
    pair = Pair(dense_network(5, 4, 3), hardware, program())
    pair.learn(pair.run(5))
    spikes, events = pair.fast.tally.spikes.sum(0), pair.compare_counts()
    each = spikes[:5].sum(), spikes[5:9].sum(), spikes[9:].sum()
    assert events.total("word_reads") == each[0] * 2 + each[1] + each[2] * 2
    assert events.total("cell_reads") == each[0] * 4 + each[1] * 3 + each[2] * 4
    assert events.total("cell_reads") == events.total("synaptic_ops")
    assert events.per_core["state_resets"][:, 0].tolist() == [12 * 5, 0, 0, 0]
    assert events.per_core["state_saves"][:, 0].tolist() == [12 * 5, 0, 0, 0]
    assert events.per_core["state_restores"][:, 0].tolist() == [0, 12 * 5, 12 * 5, 0]
    assert events.total("bias_additions") == 7 * 5 * 2
    assert events.total("bias_updates") == 7
    assert events.total("master_writes") == events.total("updates") - events.total("lost_updates")
    assert events.total("mirror_writes") == events.updates[1, 2] > 0
    assert events.total("weight_writes") == events.updates[:, 2].sum()


@pytest.mark.parametrize("sizes", [(3, 1), (1, 3), (1, 1)])
def test_batches_of_one_sample(sizes: tuple[int, ...]) -> None:
    pair = Pair(dense_network(5, 4, 3), chip((1, 1), (8, 8)), program())
    for size in sizes:
        pair.learn(pair.run(size))
    assert (pair.compare_counts().total("accumulations") > 0) == (max(sizes) > 1)


def test_nothing_happens_in_a_silent_tick_but_sums_and_neurons() -> None:
    pair = Pair(dense_network(4, 3, 2), Hardware.load("tiny"), program())
    nothing = np.zeros((1, 4), np.int64), np.zeros((1, 2), np.int64), np.array([0]), 1
    pair.clock.load(
        [np.zeros(p.weight_shape, np.int64) for p in pair.network.projections], [np.zeros(3), np.zeros(2)]
    )
    pair.clock.run(*nothing)
    events, timing = pair.clock.take_events(), pair.clock.take_timing()
    assert events.total("spikes") == events.total("row_reads") == events.total("hops") == 0
    assert events.total("barriers") == 12
    assert (timing.spikes == 1).all()
    assert events.total("neuron_updates") == 12 * 5


def test_a_strict_register_ends_the_run() -> None:
    hardware = Hardware.load(
        "tiny", [f"registers.decoded.{it}" for it in ("bits=8", "whole=0", "overflow=error")]
    )
    pair = Pair(dense_network(16, 12, 4), hardware, program(), scale=1.0)
    inputs, targets = pair.data(1)
    with pytest.raises(
        RegisterOverflow, match=r"register decoded overflowed at tick \d+ of phase 'free', sample 0"
    ):
        pair.clock.run(inputs, targets, np.array([0]), 1)


def test_what_is_refused() -> None:
    narrow = Hardware.load("digital_28nm", ["registers.partial.bits=8"])
    with pytest.raises(
        ConfigError, match=r"registers\.partial\.bits must hold \d+ weights of the convolution"
    ):
        Clock(narrow, place(SMALL, narrow, True), program())
