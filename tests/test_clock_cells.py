"""Both engines behind column converters and on cells that are not exact: equal in everything."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
import pytest
from clock_pair import Pair, program, with_keys
from conv_cases import chip, chips, conv, dense, networks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import compiled
from test_engine import network as dense_network

from neurochip.clock import Clock, convert
from neurochip.clock import columns as col
from neurochip.cost import from_averages
from neurochip.devices import Adc, Resistive
from neurochip.errors import ConfigError, RegisterOverflow
from neurochip.experiment import Run, load
from neurochip.experiment.clocked import clocked
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import Network
from neurochip.neurons import registers as reg

pytestmark = compiled

SMALL = Network.build([conv(4, 3, window=2), conv(4, 2), dense(3)], (1, 8, 8), 3)
IMPERFECT = {"spread": 0.1, "stuck_off": 0.05, "stuck_on": 0.05, "drift": 0.1, "read_noise": 0.3}
KINDS: dict[str, dict[str, Any]] = {
    "adc": {"adc": Adc(bits=4, range_cells=1)},
    "ideal": {"device": "resistive"},
    "levels": {
        "device": "resistive",
        "adc": Adc(bits=6, range_cells=1),
        "cell": Resistive(**IMPERFECT, levels=20, programming_noise=0.03, endurance_writes=2),
    },
    "pulses": {
        "device": "resistive",
        "cell": Resistive(
            **IMPERFECT, write="pulses", pairing="single", pulse_noise=0.4, nonlinearity_up=0.3, asymmetry=0.2
        ),
    },
    "pulses of pairs": {
        "device": "resistive",
        "adc": Adc(bits=5, range_cells=1),
        "cell": Resistive(**IMPERFECT, write="pulses", levels=9, nonlinearity_down=0.5),
    },
}


def with_cells(hardware: Hardware, kind: str) -> Hardware:
    return with_keys(hardware, crossbar=KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize(("mesh", "array"), [((1, 1), (64, 64)), ((2, 3), (4, 3))])
def test_dense_layers(kind: str, feedback: str, mesh: tuple[int, int], array: tuple[int, int]) -> None:
    hardware = with_cells(chip(mesh, array, feedback), kind)
    pair = Pair(dense_network(9, 7, 6, 4), hardware, program(), scale=1.0)
    for family in range(3):
        pair.learn(pair.run(2, family), family)
    events = pair.compare_counts()
    assert events.total("weight_writes") > 0
    assert events.saturations[reg.PARTIAL] > 0 or "adc" not in KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("mesh", "neurons", "array"), [((1, 1), 999, (64, 64)), ((3, 3), 40, (10, 3)), ((3, 3), 20, (7, 2))]
)
def test_convolutions(kind: str, mesh: tuple[int, int], neurons: int, array: tuple[int, int]) -> None:
    """Average pooling is converted place by place; replicas only of cells that are exact."""
    hardware = with_cells(chip(mesh, array, neurons=neurons), kind)
    if neurons == 20 and kind != "adc":
        with pytest.raises(ConfigError, match=r"core\.neurons must hold all neurons"):
            Clock(hardware, place(SMALL, hardware, True), program())
        return
    pair = Pair(SMALL, hardware, program())
    for family in range(2):
        pair.learn(pair.run(2, family), family)
    events = pair.compare_counts()
    assert events.total("column_reads") > 0
    assert (events.total("replica_words") > 0) == (neurons == 20)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_network_on_any_cells(data: st.DataObject) -> None:
    network = data.draw(st.one_of(networks(), st.just(dense_network(5, 6, 4)), st.just(dense_network(8, 3))))
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    hardware = with_keys(
        data.draw(chips(network)),
        crossbar={**KINDS[kind], "column_adders": data.draw(st.integers(1, 8))},
        noc={"fifo_flits": data.draw(st.integers(1, 4))},
    )
    kernels = [index for index, it in enumerate(network.projections) if it.kernel]
    if kernels[-1:] > [0]:
        hardware = with_keys(hardware, crossbar={"feedback": "transposed"})
    if kernels and kind != "adc":
        hardware = with_keys(hardware, core={"neurons": 1 << 16})
    variant = data.draw(st.sampled_from(["symmetric", "one_sided", "random_sign"]))
    pair = Pair(network, hardware, program(variant, 4, 3), seed=data.draw(st.integers(0, 99)))
    pair.learn(pair.run(2))
    pair.learn(pair.run(1, 8), 8)
    pair.compare_counts()


@pytest.mark.parametrize("kind", ["levels", "pulses"])
def test_threads_and_batches(kind: str) -> None:
    pair = Pair(dense_network(9, 7, 4), with_cells(chip((2, 3), (4, 3)), kind), program())
    pair.batches()


def test_a_state_of_cells_is_taken_over() -> None:
    """Cells that have worn go on as they are; new ones for the same weights would be others."""
    pair = Pair(dense_network(9, 7, 4), with_cells(chip((1, 1), (64, 64)), "pulses of pairs"), program())
    pair.learn(pair.run(2))
    assert pair.fast.cells is not None
    other = Clock(pair.hardware, pair.fast.placement, pair.rule)
    other.load(pair.fast.masters, pair.fast.biases, pair.fast.cells.state())
    np.testing.assert_array_equal(other.memories.cells, pair.clock.memories.cells)
    other.load(pair.fast.masters, pair.fast.biases)
    assert not np.array_equal(other.memories.cells, pair.clock.memories.cells)
    with pytest.raises(ValueError, match="cells have aim of shape"):
        other.load(pair.fast.masters, pair.fast.biases, {**pair.fast.cells.state(), "aim": np.zeros(3)})


def test_a_wrong_draw_is_noticed() -> None:
    pair = Pair(dense_network(9, 7, 4), with_cells(chip((1, 1), (64, 64)), "levels"), program())
    pair.clock.converter[convert.NOISE] -= pair.clock.converter[convert.NOISE] // 2
    with pytest.raises(AssertionError):
        pair.run(1)


def test_a_strict_register_ends_the_run_of_both() -> None:
    """A clipped code is an overflow of `partial`; both say so in the same tick."""
    sets = ["registers.partial.overflow=error", "crossbar.adc={bits: 4, range_cells: 1}"]
    pair = Pair(dense_network(16, 12, 4), Hardware.load("tiny", sets), program(), scale=1.0)
    inputs, targets = pair.data(1)
    found = []
    for it in (pair.fast, pair.clock):
        with pytest.raises(RegisterOverflow, match=r"register partial overflowed.* at tick") as caught:
            it.run(inputs, targets, np.array([0]), 1)
        found.append(str(caught.value).partition(" at ")[2].partition("'free'")[0])
    assert found[0] == found[1] == "tick 1 of phase "


def test_cycles_of_conversions_by_hand() -> None:
    """11 columns (4 and 3 up, 4 rows down) by 2 converters of 3 cycles, then sums and neurons as ever."""
    hardware = with_keys(
        chip((1, 1), (8, 8)), crossbar={**KINDS["adc"], "column_adders": 2, "access_cycles": 3}
    )
    pair = Pair(dense_network(5, 4, 3), hardware, program())
    pair.run(2)
    timing, lanes = pair.clock.take_timing(), hardware.core.lanes
    assert (
        timing.neurons == ceil(11 / 2) * 3 + ceil(7 / 2) + ceil(12 / lanes) * hardware.core.neuron_cycles
    ).all()
    assert timing.machines["convert"].tolist() == [ceil(11 / 2) * 3 * 12 * 2]
    counts, digital = pair.derived(pair.fast.take_tally()), with_keys(hardware, crossbar={"adc": None})
    averages = [from_averages(counts, it).cycles.sum() for it in (hardware, digital)]
    assert averages[0] - averages[1] == pytest.approx(11 / 2 * 3 * 12 * 2)


@pytest.mark.parametrize("kind", ["adc", "levels"])
@pytest.mark.parametrize(("layers", "neurons"), [("dense", 999), ("conv", 999), ("conv", 40), ("conv", 20)])
def test_the_estimate(kind: str, layers: str, neurons: int) -> None:
    """The second part of a tick is exact, with cores that begin to send at different times."""
    if (kind, neurons) == ("levels", 20):
        neurons = 50
    network = SMALL if layers == "conv" else dense_network(24, 12, 9, 4)
    hardware = with_keys(chip((3, 3), (10, 3), neurons=neurons), crossbar={**KINDS[kind], "access_cycles": 2})
    pair = Pair(network, hardware, program(), scale=0.2)
    found, cycles = pair.timed()
    np.testing.assert_array_equal(found.neurons, cycles.neurons)
    assert cycles.machines["convert"].sum() > 0
    assert not pair.clock.machines.registers[:, [col.LOAD, col.FIFO_N, col.ARRIVED, col.WAIT]].any()


@pytest.mark.parametrize(
    "sets", [(), ("cell.write=pulses", "cell.stuck_on=0.05", "cell.read_noise=0.2", "cell.levels=64")]
)
def test_an_experiment(sets: tuple[str, ...]) -> None:
    run = Run(load("digits_ep", "rram_crossbar", [f"hardware.crossbar.{it}" for it in sets]), threads=1)
    found = clocked(run, 2)
    assert found.differences == ()
    assert abs(found.errors).max() < 0.10
