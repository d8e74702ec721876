"""Both engines behind max pooling: equal registers, spikes, winners, weights and counts."""

from __future__ import annotations

from math import ceil

import numpy as np
import pytest
from clock_pair import Pair, program, with_keys
from conv_cases import chip, chips, conv, dense, networks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import compiled

from neurochip.experiment import Run, load
from neurochip.experiment.clocked import clocked
from neurochip.network import ConvLayer, Network, Pool
from neurochip.timing import Packets
from neurochip.timing.estimate import estimate

pytestmark = compiled


def largest(channels: int, kernel: int, window: int, stride: int = 1, padding: int = 0) -> ConvLayer:
    pool = Pool(kind="max", window=window)
    return ConvLayer(kind="conv", channels=channels, kernel=kernel, stride=stride, padding=padding, pool=pool)


TWO = Network.build([largest(4, 3, 2, padding=1), largest(5, 2, 3), dense(3)], (1, 8, 8), 3)
MIXED = Network.build([conv(3, 3, 1, 1, 2), largest(4, 2, 2, padding=1), conv(3, 2), dense(3)], (2, 8, 9), 3)
CHIPS = [((1, 1), 999, (64, 64)), ((3, 3), 30, (10, 3)), ((4, 5), 20, (7, 2))]


@pytest.mark.parametrize("network", [TWO, MIXED], ids=["two", "mixed"])
@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize(("mesh", "neurons", "array"), CHIPS)
def test_networks(
    network: Network, feedback: str, mesh: tuple[int, int], neurons: int, array: tuple[int, int]
) -> None:
    pair = Pair(network, chip(mesh, array, feedback, neurons=neurons), program())
    for family in range(2):
        pair.learn(pair.run(2, family), family)
        assert pair.won is not None
        assert len(np.unique(pair.won)) > 2
    events = pair.compare_counts()
    assert (events.total("replica_words") > 0) == (neurons < 100)
    assert (events.total("column_reads") > 0) == (feedback == "transposed")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_network_on_any_chip(data: st.DataObject) -> None:
    """Every pooling of a random network a maximum or an average; small buffers and packets of bytes."""
    built = data.draw(networks())
    layers = []
    for it in built.projections:
        kernel, channels = it.kernel, it.target_shape[0]
        if kernel is None:
            layers.append(dense(channels))
        elif kernel.window > 1 and data.draw(st.booleans()):
            layers.append(largest(channels, kernel.size, kernel.window, kernel.stride, kernel.padding))
        else:
            layers.append(conv(channels, kernel.size, kernel.stride, kernel.padding, kernel.window))
    network = Network.build(layers, built.populations[0].shape, built.populations[-1].size)
    hardware = with_keys(
        data.draw(chips(network)),
        noc={"flit_bits": data.draw(st.sampled_from([8, 32])), "fifo_flits": data.draw(st.integers(1, 4))},
        core={"fifo_depth": data.draw(st.integers(1, 6)), "lanes": data.draw(st.integers(1, 9))},
        crossbar={"column_adders": data.draw(st.integers(1, 8))},
    )
    variant = data.draw(st.sampled_from(["symmetric", "one_sided", "random_sign"]))
    pair = Pair(network, hardware, program(variant, 4, 3), seed=data.draw(st.integers(0, 99)))
    pair.learn(pair.run(2))
    pair.compare_counts()


def test_threads_and_batches() -> None:
    pair = Pair(TWO, chip((3, 3), (10, 3), neurons=30), program())
    pair.batches()


def test_winners_are_needed_and_matter() -> None:
    pair = Pair(TWO, chip((1, 1), (64, 64)), program())
    banks = pair.run(2)
    with pytest.raises(ValueError, match="behind max pooling, won of shape"):
        pair.clock.learn(banks, [], [], 0)
    pair.fast.learn(banks, *([pair.rule.nudge] * 3 for _ in range(2)), 0, pair.won)
    pair.clock.learn(banks, *([pair.rule.nudge] * 3 for _ in range(2)), 0, np.zeros_like(pair.won))
    one, other = pair.fast.weights, pair.clock.weights
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize("network", [TWO, MIXED], ids=["two", "mixed"])
@pytest.mark.parametrize(("mesh", "neurons", "array"), CHIPS)
def test_the_estimate(
    network: Network, feedback: str, mesh: tuple[int, int], neurons: int, array: tuple[int, int]
) -> None:
    """Each place of a window is a sum of its own: sums and neurons are exact, spikes as ever."""
    pair = Pair(network, chip(mesh, array, feedback, neurons=neurons), program(), scale=0.2)
    inputs, targets = pair.data(3)
    outcome = pair.fast.run(inputs, targets, np.arange(3), 1, loads=True)
    pair.clock.run(inputs, targets, np.arange(3), 1)
    pair.won = outcome.won
    pair.learn(outcome.banks)
    cycles = pair.clock.take_timing()
    found = estimate(pair.fast.placement, pair.hardware, pair.rule, outcome.loads, [3])
    np.testing.assert_array_equal(found.neurons, cycles.neurons)
    np.testing.assert_array_equal(found.links, cycles.links)
    assert abs(found.samples / cycles.samples - 1).max() < 0.10
    assert abs(found.updates / cycles.updates - 1).max() < 0.03


def test_cycles_of_a_window_by_hand() -> None:
    """2 x 2 neurons of 2 maps with windows of 3 x 3, and 2 outputs that send back: 72 + 2 + 8 sums.

    The feedback into the maps is a sum beside those of the window.
    """
    network = Network.build([largest(2, 1, 3), dense(2)], (1, 6, 6), 2)
    hardware = chip((1, 1), (64, 64))
    pair = Pair(network, hardware, program())
    pair.run(1)
    timing, core, events = pair.clock.take_timing(), hardware.core, pair.compare_counts()
    groups = ceil((36 + 8 + 2) / core.lanes)
    sums = ceil((8 * 9 + 2 + 8) / hardware.crossbar.column_adders)
    assert (timing.neurons == sums + groups * core.neuron_cycles).all()
    assert events.total("partial_sums") == (8 * 9 + 2 + 8) * 12


def test_a_spike_carries_its_winner() -> None:
    hardware = with_keys(chip((3, 3), (10, 3)), noc={"flit_bits": 8})
    average = Network.build([conv(4, 3, window=2), dense(3)], (1, 8, 8), 3)
    one, more = Packets.of(hardware, average), Packets.of(hardware, TWO)
    bits = 2 + 4 + 20 + 1
    assert (one.spike, more.spike) == (ceil(bits / 8), ceil((bits + 4) / 8))


def test_an_experiment() -> None:
    layers = (
        "experiment.network.layers=[{kind: conv, channels: 4, kernel: 3, padding: 1, "
        "pool: {kind: max, window: 2}}, {kind: dense, units: 10}]"
    )
    found = clocked(Run(load("digits_ep", sets=[layers]), threads=1), 2)
    assert found.differences == ()
    assert abs(found.errors).max() < 0.10
