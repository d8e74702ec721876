"""Networks: shapes and names of layers, folded pooling, refusals, initial weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.config import Source, build
from neurochip.errors import ConfigError
from neurochip.network import ConvLayer, DenseLayer, Kernel, Network, NetworkConfig, Pool, Population

unhurried = settings(deadline=None)


def dense(*units: int) -> list[DenseLayer]:
    return [DenseLayer(kind="dense", units=n) for n in units]


def conv(channels: int, kernel: int, stride: int = 1, padding: int = 0, window: int = 1) -> ConvLayer:
    pool = Pool(kind="average", window=window) if window > 1 else None
    return ConvLayer(kind="conv", channels=channels, kernel=kernel, stride=stride, padding=padding, pool=pool)


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


def test_convolutional_network() -> None:
    layers = [conv(16, 5, window=2), conv(32, 3, stride=2, padding=1), *dense(10)]
    network = Network.build(layers, (1, 28, 28), classes=10)
    assert network.name == "1x28x28-16c5p2-32c3s2-10"
    assert [p.shape for p in network.populations] == [(1, 28, 28), (16, 12, 12), (32, 6, 6), (10, 1, 1)]
    assert [(p.n_pre, p.n_post) for p in network.projections] == [(784, 2304), (2304, 1152), (1152, 10)]
    assert [p.weight_shape for p in network.projections] == [(25, 16), (144, 32), (1152, 10)]
    assert [p.fans for p in network.projections] == [(25, 400), (144, 288), (1152, 10)]
    assert network.synapses == 25 * 16 + 144 * 32 + 11520
    assert network.label(1) == "hidden1-hidden2 (2304x1152)"


@pytest.mark.parametrize(
    ("kernel", "side", "positions"),
    [
        (Kernel(5, 1, 0), 28, 24),
        (Kernel(5, 1, 0, 2, "average"), 28, 12),
        (Kernel(3, 2, 1), 28, 14),
        (Kernel(3, 1, 0, 2, "max"), 9, 3),
        (Kernel(5, 1, 0, 4, "average"), 7, 0),
        (Kernel(5, 1, 0), 3, -1),
    ],
)
def test_positions_along_a_side(kernel: Kernel, side: int, positions: int) -> None:
    assert kernel.positions(side) == positions


def applied(kernel: Kernel, weights: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Sums over the windows of a kernel's positions, [positions, positions], one channel, by plain loops."""
    padded = np.pad(maps, kernel.padding)
    side, step = kernel.positions(len(maps)), kernel.stride
    sums = np.zeros((side, side), int)
    for y, x in np.ndindex(side * kernel.window, side * kernel.window):
        seen = padded[y * step : y * step + kernel.size, x * step : x * step + kernel.size]
        sums[y // kernel.window, x // kernel.window] += (seen * weights).sum()
    return sums


@unhurried
@given(
    size=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    window=st.sampled_from([2, 4]),
    side=st.integers(8, 14),
)
def test_a_folded_kernel_does_the_same(size: int, stride: int, padding: int, window: int, side: int) -> None:
    kernel = Kernel(size, stride, padding, window, "average")
    folded = kernel.folded()
    assert folded.positions(side) == kernel.positions(side)
    draws = np.random.default_rng(size)
    weights, maps = draws.integers(-9, 9, (size, size)), draws.integers(-9, 9, (side, side))
    sums = np.zeros((folded.size, folded.size), int)
    for dy, dx in np.ndindex(window, window):
        sums[dy * stride : dy * stride + size, dx * stride : dx * stride + size] += weights
    if kernel.positions(side) > 0:
        assert (applied(kernel, weights, maps) == applied(folded, sums, maps)).all()


def test_folding_a_network() -> None:
    network = Network.build([conv(16, 5, window=2), conv(32, 3), *dense(10)], (1, 28, 28), classes=10)
    folded = network.folded()
    assert [p.weight_shape for p in folded.projections] == [(36, 16), (144, 32), (3200, 10)]
    assert folded.projections[1:] == network.projections[1:]
    assert folded.populations == network.populations


def test_refuses_to_fold_the_largest_of_a_window() -> None:
    layer = ConvLayer(kind="conv", channels=4, kernel=3, pool=Pool(kind="max", window=3))
    network = Network.build([layer, *dense(10)], (1, 28, 28), classes=10)
    expected = (
        r"placement\.fold_pooling must be false: network\.layers\.0 has max pooling, and only an average"
    )
    with pytest.raises(ConfigError, match=expected):
        network.folded()


def test_refuses_a_kernel_that_leaves_no_position() -> None:
    expected = r"network\.layers\.1 must leave a position or more after kernel and pooling; .* before are 3x4"
    with pytest.raises(ConfigError, match=expected):
        Network.build([conv(2, 3), conv(2, 3, window=2), *dense(10)], (1, 5, 6), classes=10)


def test_refuses_an_output_that_is_not_one_neuron_per_class() -> None:
    with pytest.raises(ConfigError, match=r"network\.layers\.1\.units must be 10, .* not 12"):
        Network.build(dense(256, 12), (1, 28, 28), classes=10)
    with pytest.raises(ConfigError, match=r"network\.layers\.0 must be 10, .* not 6760"):
        Network.build([conv(10, 3)], (1, 28, 28), classes=10)
    assert Network.build([conv(10, 28)], (1, 28, 28), classes=10).populations[-1].size == 10


def test_refuses_a_network_without_layers() -> None:
    with pytest.raises(ConfigError, match=r"network\.layers must have 1 layer or more, not 0"):
        Network.build([], (1, 28, 28), classes=10)


def section(text: str) -> NetworkConfig:
    return build(Source.parse(f"layers: {text}", "run.yaml"), NetworkConfig)


def test_section_of_an_experiment() -> None:
    layers = section("[{kind: dense, units: 128}, {kind: dense, units: 10}]").layers
    assert list(layers) == dense(128, 10)
    text = (
        "[{kind: conv, channels: 4, kernel: 5, pool: {kind: average, window: 2}}, {kind: dense, units: 10}]"
    )
    assert list(section(text).layers) == [conv(4, 5, window=2), *dense(10)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "layers"),
        ("[{kind: dense}]", r"layers\.0\.units"),
        ("[{units: 10}]", r"layers\.0\.kind"),
        ("[{kind: dense, units: 0}]", r"layers\.0\.units must be 1\.\.1048576, not 0"),
        ("[{kind: dense, units: 2.5}]", r"layers\.0\.units .*not 2\.5"),
        ("[{kind: dense, units: 10, neurons: 3}]", r"layers\.0\.neurons"),
        ("[{kind: lens, units: 10}]", r"^layers\.0\.kind must be one of dense, conv, not 'lens'; [^\n]*$"),
        ("[{kind: conv, kernel: 3}]", r"missing key layers\.0\.channels"),
        ("[{kind: conv, channels: 1, kernel: 0}]", r"layers\.0\.kernel must be 1\.\.32, not 0"),
        ("[{kind: conv, channels: 1, kernel: 3, units: 2}]", r"unknown key layers\.0\.units"),
        (
            "[{kind: conv, channels: 1, kernel: 3, pool: {kind: average, window: 3}}]",
            r"layers\.0\.pool\.window must be 2, 4 or 8 for an average, .* not 3",
        ),
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
