"""The float references against theory: adjoint maps, exact gradients, the theorem of EP."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.errors import ConfigError, NeurochipError
from neurochip.network import ConvLayer, DenseLayer, Network, Pool
from neurochip.reference import TWINS, Coding, Timeline, Twin, Weights, bptt, differences
from neurochip.reference.ep import EP
from neurochip.reference.sigma_delta import State
from neurochip.reference.synapses import synapses_of
from neurochip.reference.wiring import wiring_of

RULES: dict[str, dict[str, Any]] = {
    "ep": {
        "variant": "symmetric",
        "beta": 0.5,
        "ticks": {"free": 40, "nudged": 20},
        "neuron": {"decode_shift": 2, "step_shift": 1, "spikes": "signed"},
    }
}
"""Constants for every twin of the shelf."""

CODINGS: tuple[Coding, ...] = ("spikes", "rates")


def dense(*sizes: int) -> Network:
    layers = [DenseLayer(kind="dense", units=units) for units in sizes[1:]]
    return Network.build(layers, (1, 1, sizes[0]), sizes[-1])


def conv() -> Network:
    layers = [
        ConvLayer(kind="conv", channels=2, kernel=3, padding=1, pool=Pool(kind="average", window=2)),
        ConvLayer(kind="conv", channels=3, kernel=2),
        DenseLayer(kind="dense", units=4),
    ]
    return Network.build(layers, (1, 6, 5), 4)


NETWORKS = {"dense": dense(6, 9, 4), "deep": dense(6, 7, 7, 4), "conv": conv()}


def weights_of(network: Network, seed: int, gain: float = 0.8) -> Weights:
    rng = np.random.default_rng(seed)
    biases = [rng.uniform(0.1, 0.3, p.target_shape[0]) for p in network.projections]
    return Weights.of(network, network.initial_weights(seed, gain), biases)


def data(network: Network, seed: int, batch: int = 5) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed + 100)
    outputs = network.populations[-1].size
    return rng.uniform(size=(batch, network.populations[0].size)), np.eye(outputs)[np.arange(batch) % outputs]


def settled(**changes: Any) -> dict[str, Any]:
    return {**RULES["ep"], "ticks": {"free": 200, "nudged": 150}, "beta": 0.001, **changes}


def cosines(a: Weights, b: Weights) -> list[float]:
    pairs = zip([*a.matrices, *a.biases], [*b.matrices, *b.biases], strict=True)
    return [float((x * y).sum() / np.linalg.norm(x) / np.linalg.norm(y)) for x, y in pairs]


def relative(a: Weights, b: Weights) -> float:
    first, second = (np.concatenate([m.reshape(-1) for m in w.matrices]) for w in (a, b))
    return float(np.linalg.norm(first - second) / np.linalg.norm(second))


# -- maps ---------------------------------------------------------------------------------------------------


@st.composite
def projections(draw: st.DrawFn) -> Any:
    side, size = draw(st.tuples(st.integers(4, 8), st.integers(4, 8))), draw(st.integers(1, 4))
    pool = draw(st.sampled_from([None, 2, 4]))
    layer = ConvLayer(
        kind="conv",
        channels=draw(st.integers(1, 3)),
        kernel=size,
        stride=draw(st.integers(1, 3)),
        padding=draw(st.integers(0, 2)),
        pool=None if pool is None else Pool(kind="average", window=pool),
    )
    return layer.project(0, (draw(st.integers(1, 3)), *side))


@settings(deadline=None, max_examples=60)
@given(projections())
def test_moved_kernels_are_the_synapses_that_the_definition_lists(projection: Any) -> None:
    if min(projection.target_shape) < 1:
        return
    rng = np.random.default_rng(0)
    weights = rng.normal(size=projection.weight_shape)
    lower, upper = rng.normal(size=(3, projection.n_pre)), rng.normal(size=(3, projection.n_post))
    maps, synapses = wiring_of(projection), synapses_of(projection)
    full = synapses.spread(weights)
    np.testing.assert_allclose(maps.forward(weights, lower), lower @ full, atol=1e-12)
    np.testing.assert_allclose(maps.backward(weights, upper), upper @ full.T, atol=1e-12)
    gathered = synapses.gather(lower.T @ upper, projection.weight_shape)
    np.testing.assert_allclose(maps.outer(lower, upper), gathered, atol=1e-12)


@pytest.mark.parametrize("projection", [p for network in NETWORKS.values() for p in network.projections])
def test_the_three_maps_are_derivatives_of_one_form(projection: Any) -> None:
    rng = np.random.default_rng(1)
    weights = rng.normal(size=projection.weight_shape)
    lower, upper = rng.normal(size=(2, projection.n_pre)), rng.normal(size=(2, projection.n_post))
    maps = wiring_of(projection)
    energy = (maps.forward(weights, lower) * upper).sum()
    assert (maps.backward(weights, upper) * lower).sum() == pytest.approx(energy)
    assert (maps.outer(lower, upper) * weights).sum() == pytest.approx(energy)


def test_max_pooling_is_refused() -> None:
    layer = ConvLayer(kind="conv", channels=2, kernel=3, pool=Pool(kind="max", window=2))
    with pytest.raises(ConfigError, match=r"pool.kind must be average for the float references, not max"):
        wiring_of(layer.project(0, (1, 8, 8)))


# -- every twin ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(("name", "kind"), TWINS.items())
class TestEveryTwin:
    def test_learning_lowers_the_loss(
        self, name: str, kind: type[Twin], coding: Coding, network: Network
    ) -> None:
        inputs, targets = data(network, 0)
        twin = kind.of(network, RULES[name], weights_of(network, 0), coding)
        before = ((twin.outputs(inputs) - targets) ** 2).sum()
        for _ in range(30):
            twin.learn(twin.estimate(inputs, targets)[0], [0.3] * len(network.projections))
        assert ((twin.outputs(inputs) - targets) ** 2).sum() < 0.6 * before

    def test_its_weights_are_its_own(
        self, name: str, kind: type[Twin], coding: Coding, network: Network
    ) -> None:
        inputs, targets = data(network, 0)
        given = weights_of(network, 0)
        twin = kind.of(network, RULES[name], given, coding)
        twin.learn(twin.estimate(inputs, targets)[0], [1.0] * len(network.projections))
        for mine, theirs in zip(given.matrices, weights_of(network, 0).matrices, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        assert not np.array_equal(twin.weights.matrices[0], given.matrices[0])

    def test_an_epoch_is_its_batches_in_the_order_given(
        self, name: str, kind: type[Twin], coding: Coding, network: Network
    ) -> None:
        inputs, targets = data(network, 0)
        labels, order = targets.argmax(1), np.array([3, 0, 4, 2, 1])

        def rates(part: float) -> list[float]:
            return [0.2 - 0.1 * part] * len(network.projections)

        whole, parts = (kind.of(network, RULES[name], weights_of(network, 0), coding) for _ in range(2))
        whole.train_epoch(inputs, labels, order, 2, rates)
        for chosen, part in (([3, 0], 0.0), ([4, 2], 0.4), ([1], 0.8)):
            parts.learn(parts.estimate(inputs[chosen], targets[chosen])[0], rates(part))
        for a, b in zip(whole.weights.matrices, parts.weights.matrices, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize(("name", "kind"), TWINS.items())
def test_what_a_twin_records_follows_its_own_equations(name: str, kind: type[Twin], network: Network) -> None:
    inputs, targets = data(network, 0)
    twin = kind.of(network, RULES[name], weights_of(network, 0))
    found = twin.record(inputs[0], targets[0])
    expected = twin.expected(found, inputs[0], targets[0])
    for register in found:
        np.testing.assert_allclose(found[register], expected[register], atol=1e-13)


# -- gradients ----------------------------------------------------------------------------------------------


def test_back_propagation_equals_finite_differences() -> None:
    network = Network.build(
        [
            ConvLayer(kind="conv", channels=2, kernel=2, pool=Pool(kind="average", window=2)),
            DenseLayer(kind="dense", units=3),
        ],
        (1, 5, 5),
        3,
    )
    weights, (inputs, targets) = weights_of(network, 3), data(network, 3, 2)
    rule = {**RULES["ep"], "ticks": {"free": 12, "nudged": 1}}

    def loss(trial: Weights) -> float:
        outputs = EP.of(network, rule, trial, "rates").outputs(inputs)
        return float(0.5 * ((outputs - targets) ** 2).sum() / len(inputs))

    slow = differences.gradients(loss, weights)
    exact, value = bptt.gradients(network, weights, inputs, targets, [0.5] * 12)
    assert value == pytest.approx(loss(weights), rel=1e-12)
    for a, b in zip([*slow.matrices, *slow.biases], [*exact.matrices, *exact.biases], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("variant", ["symmetric", "one_sided"])
@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_the_theorem_at_small_beta_the_estimate_is_the_gradient(network: Network, variant: str) -> None:
    inputs, targets = data(network, 3)
    twin = EP.of(network, settled(variant=variant), weights_of(network, 3, 0.5), "rates")
    estimate, exact = twin.estimate(inputs, targets)[0], twin.exact(inputs, targets)
    assert min(cosines(estimate, exact)) > 0.999
    assert relative(estimate, exact) < 0.01


@pytest.mark.parametrize(("variant", "power"), [("symmetric", 2), ("one_sided", 1)])
def test_the_bias_of_the_estimate_shrinks_with_its_power_of_beta(variant: str, power: int) -> None:
    network = NETWORKS["deep"]
    inputs, targets = data(network, 3)
    errors = []
    for beta in (0.01, 0.001):
        twin = EP.of(network, settled(variant=variant, beta=beta), weights_of(network, 3, 0.5), "rates")
        errors.append(relative(twin.estimate(inputs, targets)[0], twin.exact(inputs, targets)))
    assert np.log10(errors[0] / errors[1]) == pytest.approx(power, abs=0.15)


def test_a_missing_autograd_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "autograd", None)
    network = NETWORKS["dense"]
    twin = EP.of(network, RULES["ep"], weights_of(network, 0), "rates")
    with pytest.raises(NeurochipError, match="bptt needs the package autograd: pip install autograd"):
        twin.exact(*data(network, 0))


# -- the rule's phases --------------------------------------------------------------------------------------


def test_a_symmetric_sample_goes_back_to_the_end_of_the_free_phase() -> None:
    timeline = Timeline.of("symmetric", 0.5, 3, 2)
    assert [tick.before for tick in timeline.ticks] == [-1, 0, 1, 2, 3, 2, 5]
    assert [tick.time for tick in timeline.ticks] == [0, 1, 2, 3, 4, 3, 4]
    assert [tick.nudge for tick in timeline.ticks] == [0, 0, 0, 0.5, 0.5, -0.5, -0.5]
    assert (timeline.free, timeline.plus, timeline.minus) == (2, 4, 6)
    assert timeline.phases == [("free", 3), ("nudged+", 2), ("nudged-", 2)]


def test_a_random_sign_exchanges_nudge_and_ends() -> None:
    network = NETWORKS["dense"]
    inputs, targets = data(network, 0, 2)
    twin = EP.of(network, {**RULES["ep"], "variant": "random_sign"}, weights_of(network, 0))
    up = EP.of(network, {**RULES["ep"], "variant": "one_sided"}, weights_of(network, 0))
    down = EP.of(network, {**RULES["ep"], "variant": "one_sided", "beta": -0.5}, weights_of(network, 0))
    mixed = twin.estimate(inputs, targets, np.array([1.0, -1.0]))[0]
    first, second = up.estimate(inputs[:1], targets[:1])[0], down.estimate(inputs[1:], targets[1:])[0]
    for a, b, c in zip(mixed.matrices, first.matrices, second.matrices, strict=True):
        np.testing.assert_allclose(a, (b + c) / 2, atol=1e-12)


def test_schedules_anneal_and_restart_with_the_neurons_time() -> None:
    network = NETWORKS["dense"]
    rule = {
        **RULES["ep"],
        "neuron": {"decode_shift": [[0, 1], [10, 2], [50, 3]], "step_shift": 1, "spikes": "signed"},
    }
    twin = EP.of(network, rule, weights_of(network, 0))
    rates = [twin.constants.decode[tick.time] for tick in twin.timeline.ticks]
    assert rates[9:11] == [0.5, 0.25]
    assert rates[40:60] == rates[60:80] == [0.25] * 10 + [0.125] * 10


def test_without_the_quantiser_spikes_are_rates() -> None:
    """What the encoder holds back is sent as well; the decoder then gives exactly the state of the sender."""
    network = NETWORKS["conv"]
    inputs, targets = data(network, 0)
    analog = EP.of(network, RULES["ep"], weights_of(network, 0), "spikes")
    rates = EP.of(network, RULES["ep"], weights_of(network, 0), "rates")

    def send_all(_: int, state: State) -> None:
        state.spikes = state.spikes + state.residual
        state.residual = np.zeros_like(state.residual)

    ours = analog.record(inputs[0], targets[0], watch=send_all)["membrane"]
    np.testing.assert_allclose(ours, rates.record(inputs[0], targets[0])["membrane"], atol=1e-12)
