"""Networks: shapes and names of dense layers, refusals, initial weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.config import Source, build
from neurochip.errors import ConfigError
from neurochip.network import DenseLayer, Network, NetworkConfig, Population

unhurried = settings(deadline=None)


def dense(*units: int) -> list[DenseLayer]:
    return [DenseLayer(kind="dense", units=n) for n in units]


def test_dense_network() -> None:
    network = Network.build(dense(256, 128, 10), (1, 28, 28), classes=10)
    assert network.name == "784-256-128-10"
    assert [p.name for p in network.populations] == ["input", "hidden1", "hidden2", "output"]
    assert [p.shape for p in network.populations] == [(1, 28, 28), (256, 1, 1), (128, 1, 1), (10, 1, 1)]
    assert [(p.source, p.target, p.n_pre, p.n_post) for p in network.projections] == [
        (0, 1, 784, 256),
        (1, 2, 256, 128),
        (2, 3, 128, 10),
    ]
    assert [p.weight_shape for p in network.projections] == [(784, 256), (256, 128), (128, 10)]
    assert network.neurons == 784 + 256 + 128 + 10
    assert network.synapses == 784 * 256 + 256 * 128 + 128 * 10
    assert network.label(0) == "input-hidden1 (784x256)"


def test_input_of_several_channels() -> None:
    network = Network.build(dense(10), (3, 32, 32), classes=10)
    assert network.populations[0] == Population("input", (3, 32, 32))
    assert network.projections[0].n_pre == 3072


def test_refuses_an_output_that_is_not_one_neuron_per_class() -> None:
    with pytest.raises(ConfigError, match=r"network\.layers\.1\.units must be 10, .* not 12"):
        Network.build(dense(256, 12), (1, 28, 28), classes=10)


def test_refuses_a_network_without_layers() -> None:
    with pytest.raises(ConfigError, match=r"network\.layers must have 1 layer or more, not 0"):
        Network.build([], (1, 28, 28), classes=10)


def section(text: str) -> NetworkConfig:
    return build(Source.parse(f"layers: {text}", "run.yaml"), NetworkConfig)


def test_section_of_an_experiment() -> None:
    layers = section("[{kind: dense, units: 128}, {kind: dense, units: 10}]").layers
    assert list(layers) == dense(128, 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "layers"),
        ("[{kind: dense}]", r"layers\.0\.units"),
        ("[{units: 10}]", r"layers\.0\.kind"),
        ("[{kind: dense, units: 0}]", r"layers\.0\.units must be 1\.\.1048576, not 0"),
        ("[{kind: dense, units: 2.5}]", r"layers\.0\.units .*not 2\.5"),
        ("[{kind: dense, units: 10, neurons: 3}]", r"layers\.0\.neurons"),
        ("[{kind: lens, units: 10}]", r"layers\.0\.kind must be dense, not 'lens'"),
    ],
)
def test_section_is_strict(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        section(text)


@unhurried
@given(seed=st.integers(0, 2**64 - 1), gain=st.floats(0.1, 4.0), units=st.integers(1, 40))
def test_weights_stay_within_the_bound_and_repeat(seed: int, gain: float, units: int) -> None:
    network = Network.build(dense(units, 3), (1, 4, 4), classes=3)
    weights = network.initial_weights(seed, gain)
    assert [w.shape for w in weights] == [(16, units), (units, 3)]
    assert all(w.dtype == np.float64 for w in weights)
    bounds = [gain * np.sqrt(6 / (16 + units)), gain * np.sqrt(6 / (units + 3))]
    assert all(np.abs(w).max() <= bound for w, bound in zip(weights, bounds, strict=True))
    again = network.initial_weights(seed, gain)
    assert all(np.array_equal(w, v) for w, v in zip(weights, again, strict=True))


def test_weights_are_uniform_and_projections_and_seeds_differ() -> None:
    network = Network.build(dense(100, 100), (1, 10, 10), classes=100)
    first, second = network.initial_weights(seed=1, gain=2.0)
    bound = 2.0 * np.sqrt(6 / 200)
    assert abs(first.mean()) < 0.05 * bound
    assert first.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05
    other = network.initial_weights(seed=2, gain=2.0)[0]
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.05
