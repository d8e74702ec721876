"""Cycles: rules of the state machines worked out by hand, the estimate against the cycle engine."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from clock_pair import Pair, program, with_keys
from conv_cases import chip, conv, dense
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import compiled
from test_engine import network as dense_network

from neurochip.clock import columns as col
from neurochip.clock import update
from neurochip.clock.state import Log, Machines
from neurochip.experiment import Run, load
from neurochip.experiment.clocked import clocked
from neurochip.hardware import Hardware
from neurochip.network import Network
from neurochip.noc import Mesh
from neurochip.timing import Packets, barrier_cycles
from neurochip.timing.flits import travel
from neurochip.timing.routes import Path

pytestmark = compiled

TINY = Hardware.load("tiny")
SMALL = Network.build([conv(4, 3, window=2), conv(4, 2), dense(3)], (1, 8, 8), 3)
ON_A_MESH = (
    "hardware.crossbar.rows=32",
    "hardware.crossbar.cols=32",
    "hardware.core.crossbars=2",
    "hardware.core.neurons=32",
    "hardware.mesh.rows=4",
    "hardware.mesh.cols=5",
)
"""Overrides of digital_28nm that spread the digits' network over seven cores."""

LARGER = (
    "hardware.mesh.rows=6",
    "hardware.mesh.cols=6",
    "hardware.core.crossbars=8",
    "hardware.crossbar.rows=16",
    "hardware.crossbar.cols=16",
)
"""Overrides of tiny that make room for it."""


def exchanged(
    mesh: Mesh, path: Path, length: int, sending: list[list[int]]
) -> tuple[int, np.ndarray, np.ndarray]:
    """Cycles, what came in, and flits of each link, when the cycle engine's cores send each other words."""
    parameters = np.zeros(14, np.int64)
    parameters[[col.P_MESH_COLS, col.P_ROUTER, col.P_LINK, col.P_WORD]] = (
        mesh.cols,
        path.router,
        path.link,
        length,
    )
    it, values = Machines.of(mesh.cores, path.buffers, 1, 1, 1), np.arange(100, 100 + mesh.cores)
    words = np.array(
        [[core, to, to] for core, all_to in enumerate(sending) for to in all_to], np.int64
    ).reshape(-1, 3)
    of = np.cumsum([0, *map(len, sending)])
    memory, counts = np.zeros(mesh.cores, np.int64), np.zeros((mesh.cores, len(col.EVENTS)), np.int64)
    cycles = update.exchange(
        parameters, it.registers, it.ports, it.flits, it.links, it.busy, words, of, True, memory, values, 0,
        counts, *Log.of(0, 0),
    )  # fmt: skip
    assert counts[:, col.PACKETS].tolist() == [len(to) for to in sending]
    return cycles, memory, it.links


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_two_meshes_written_apart_take_the_same_cycles(data: st.DataObject) -> None:
    """Routers in Numba, by registers, and in plain Python, by objects: any traffic, any sizes."""
    mesh = Mesh(data.draw(st.integers(1, 4)), data.draw(st.integers(2, 4)))
    path = Path(data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 5)))
    cores, length = st.integers(0, mesh.cores - 1), data.draw(st.integers(1, 4))
    sending = [
        [to for to in data.draw(st.lists(cores, max_size=12)) if to != core] for core in range(mesh.cores)
    ]
    cycles, memory, links = exchanged(mesh, path, length, sending)
    sent, received = travel(mesh, path, length, sending)
    assert cycles == max(received)
    assert max(sent) <= max(received)
    expected, crossed = np.zeros(mesh.cores, np.int64), np.zeros(mesh.link_ids, np.int64)
    for core, all_to in enumerate(sending):
        for to in all_to:
            expected[to] += 100 + core
            crossed[list(mesh.path(core, to))] += length
    np.testing.assert_array_equal(memory, expected)
    np.testing.assert_array_equal(links, crossed)


@pytest.mark.parametrize(("router", "link", "length", "hops"), [(1, 1, 1, 1), (2, 1, 2, 4), (3, 2, 5, 3)])
def test_a_lone_packet_takes_its_latency(router: int, link: int, length: int, hops: int) -> None:
    """A router for every core on the way, a link for every hop, a cycle for each further flit, one to be
    seen."""
    mesh, path = Mesh(1, 5), Path(router, link, 16)
    cycles, _, _ = exchanged(mesh, path, length, [[hops], [], [], [], []])
    assert cycles == (hops + 1) * router + hops * link + length - 1 + 1
    assert cycles == path.latency(np.array(hops), length) + 1


@pytest.mark.parametrize(("buffers", "rate"), [(1, 1 / 4), (2, 1 / 2), (3, 3 / 4), (4, 1), (9, 1)])
def test_a_buffer_bounds_the_rate_of_a_link(buffers: int, rate: float) -> None:
    """Router 2 and link 1: a place is taken for four cycles."""
    n, mesh = 400, Mesh(1, 2)
    cycles, _, _ = exchanged(mesh, Path(2, 1, buffers), 1, [[1] * n, []])
    assert cycles == pytest.approx(n / rate, rel=0.03)
    assert Path(2, 1, buffers).crossing == pytest.approx(1 / rate)


def test_packets_and_the_tree() -> None:
    """digital_28nm: 64 cores (6 bits), 16,384 axons (14), 1,024 neurons (10), 8 crossbars (3) of 65,536
    cells."""
    packets = Packets.of(Hardware.load("digital_28nm"), dense_network(4, 3, 2))
    assert packets.spike == ceil((2 + 6 + 14 + 1) / 32) == 1
    assert packets.sum == ceil((2 + 6 + 10 + 24 + 3) / 32) == 2
    assert packets.word == ceil((2 + 6 + 19 + 32) / 32) == 2
    assert barrier_cycles(Hardware.load("digital_28nm")) == 6 * 2
    assert barrier_cycles(TINY) == 2 * 2
    assert barrier_cycles(chip((1, 1), (4, 4))) == 0


def test_a_tick_on_one_core_by_hand() -> None:
    """Rows of 3 columns by 2 adders take two cycles, columns of 4 rows too: all reads one after the other."""
    hardware = with_keys(
        chip((1, 1), (8, 8)), crossbar={"column_adders": 2}, core={"lanes": 4, "neuron_cycles": 3}
    )
    pair = Pair(dense_network(5, 4, 3), hardware, program())
    inputs, targets = pair.data(2)
    loads = pair.fast.run(inputs, targets, np.arange(2), 1, loads=True).loads
    pair.clock.run(inputs, targets, np.arange(2), 1)
    timing = pair.clock.take_timing()
    n_input, n_hidden, n_output = loads[..., 0], loads[..., 1], loads[..., 2]
    work = n_input * ceil(4 / 2) + n_hidden * ceil(3 / 2) + n_output * ceil(4 / 2)
    np.testing.assert_array_equal(timing.spikes, np.where(work > 0, work + 2, 1))
    assert (timing.neurons == ceil(7 / 2) + ceil(12 / 4) * 3).all()
    assert timing.edges.tolist() == [[2 * 3, 2 * 3, 2 * 3]] * 2
    assert timing.barrier == 0


def test_an_update_on_one_core_by_hand() -> None:
    """Two terms of five samples: products of 5 rows of 4 and 4 rows of 3 in two lanes; sums of 7 biases."""
    hardware = with_keys(chip((1, 1), (8, 8)), update_unit={"lanes": 2})
    pair = Pair(dense_network(5, 4, 3), hardware, program())
    pair.learn(pair.run(5))
    rows = 5 * ceil(4 / 2) + 4 * ceil(3 / 2)
    assert pair.clock.take_timing().updates.tolist() == [(rows + ceil(7 / 2)) * 2 * 5 + rows + ceil(7 / 2)]


def test_spikes_by_tick_add_up_to_those_by_phase() -> None:
    pair = Pair(SMALL, chip((3, 3), (10, 3), neurons=20), program())
    inputs, targets = pair.data(3)
    pair.fast.threads = 2
    loads = pair.fast.run(inputs, targets, np.arange(3), 1, loads=True).loads
    spikes = pair.fast.take_tally().spikes
    assert loads.shape == (3, 12, len(pair.fast.placement.segments))
    for phase, ticks in enumerate((slice(0, 6), slice(6, 9), slice(9, 12))):
        assert loads[:, ticks].sum() == spikes[phase].sum()
    assert len(pair.fast.run(inputs, targets, np.arange(3), 1).loads) == 0


@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize("noc", [{}, {"flit_bits": 16, "fifo_flits": 2, "router_cycles": 3}])
def test_the_estimate_of_convolutions(feedback: str, noc: dict[str, int]) -> None:
    hardware = with_keys(chip((3, 3), (10, 3), feedback, neurons=20), noc=noc)
    pair = Pair(SMALL, hardware, program(), scale=0.2)
    found, cycles = pair.timed()
    assert cycles.spikes.max() > 20
    np.testing.assert_array_equal(found.edges, cycles.edges)
    assert found.critical_link == cycles.critical_link


@pytest.mark.parametrize(
    ("hardware", "sets"),
    [("digital_28nm", ()), ("digital_28nm", ON_A_MESH), ("tiny", LARGER)],
    ids=["one core", "seven cores", "many small cores"],
)
def test_the_estimate_of_the_digits(hardware: str, sets: tuple[str, ...]) -> None:
    """The promise: within 10 % for each sample and 3 % on average; engines that agree in everything."""
    run = Run(load("digits_ep", hardware, sets), threads=1)
    found = clocked(run, 8)
    assert found.differences == ()
    assert abs(found.errors).max() < 0.10
    assert abs(found.errors.mean()) < 0.03
    assert found.estimated.critical_core == found.cycles.critical_core
    ticks = found.estimated.ticks / found.cycles.ticks
    assert abs(ticks - 1).max() < 0.2
    record = found.as_json()
    assert record["equal"]
    assert record["cycles"]["total_cycles"] == sum(record["cycles"]["phases"].values())
    assert (
        sum(record["cycles"]["samples"]) + sum(record["cycles"]["updates"])
        == record["cycles"]["total_cycles"]
    )


def test_the_estimate_is_not_always_right() -> None:
    """What it leaves out: spikes that queue behind those of other cores. A fixed case, so that it is seen."""
    sets = [
        *ON_A_MESH,
        "hardware.noc.flit_bits=16",
        "hardware.noc.fifo_flits=2",
        "hardware.noc.router_cycles=3",
    ]
    found = clocked(Run(load("digits_ep", sets=sets), threads=1), 2)
    assert found.differences == ()
    assert 0 < abs(found.errors).max() < 0.10
