"""Float twin and Brian2: the same spikes in every tick, states within 1e-9."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from neurochip.errors import NeurochipError
from neurochip.network import ConvLayer, DenseLayer, Network, Pool
from neurochip.reference import REGISTERS, Weights
from neurochip.reference.ep import EP

brian2 = pytest.importorskip("brian2")


def dense(*sizes: int) -> Network:
    layers = [DenseLayer(kind="dense", units=units) for units in sizes[1:]]
    return Network.build(layers, (1, 1, sizes[0]), sizes[-1])


CONV = Network.build(
    [
        ConvLayer(kind="conv", channels=3, kernel=3, padding=1, pool=Pool(kind="average", window=2)),
        ConvLayer(kind="conv", channels=4, kernel=2, stride=2),
        DenseLayer(kind="dense", units=5),
    ],
    (2, 8, 6),
    5,
)

RULE: dict[str, Any] = {
    "variant": "symmetric",
    "beta": 0.5,
    "ticks": {"free": 40, "nudged": 20},
    "neuron": {"decode_shift": 2, "step_shift": 1, "spikes": "signed"},
}

ANNEALED = {"decode_shift": [[0, 1], [10, 2], [45, 3]], "step_shift": [[0, 1], [30, 2]], "spikes": "unsigned"}

CASES = [
    pytest.param(dense(16, 12, 4), 0, {}, 1.0, id="small"),
    pytest.param(dense(64, 128, 10), 1, {}, 1.0, id="digits"),
    pytest.param(dense(20, 15, 10, 5), 2, {"neuron": ANNEALED}, 1.0, id="deep, annealed, unsigned"),
    pytest.param(dense(16, 12, 4), 3, {"variant": "random_sign"}, -1.0, id="random sign"),
    pytest.param(CONV, 0, {}, 1.0, id="conv"),
    pytest.param(CONV, 1, {"variant": "one_sided", "beta": 0.25}, 1.0, id="conv, one-sided"),
]


def sample(network: Network, seed: int) -> tuple[Weights, Any, Any]:
    """Weights with biases, pixels in steps of 1/255 (many of which make phi meet 1/2 exactly), a target."""
    rng = np.random.default_rng(seed)
    biases = [rng.uniform(-0.1, 0.2, p.target_shape[0]) for p in network.projections]
    weights = Weights.of(network, network.initial_weights(seed, 1.0), biases)
    pixels = rng.integers(0, 256, network.populations[0].size) / 255
    return weights, pixels, np.eye(network.populations[-1].size)[seed % network.populations[-1].size]


@pytest.mark.parametrize(("network", "seed", "changes", "sign"), CASES)
def test_brian2_and_the_twin_are_the_same(
    network: Network, seed: int, changes: dict[str, Any], sign: float
) -> None:
    weights, inputs, target = sample(network, seed)
    twin = EP.of(network, {**RULE, **changes}, weights)
    ours, theirs = twin.record(inputs, target, sign), twin.brian2(inputs, target, sign)
    np.testing.assert_array_equal(theirs["spikes"], ours["spikes"])
    assert np.count_nonzero(ours["spikes"][:, network.populations[0].size :]) > 50
    for register in REGISTERS:
        np.testing.assert_allclose(theirs[register], ours[register], rtol=0, atol=1e-9)


def test_a_run_leaves_brian2_as_it_was() -> None:
    before = brian2.prefs.codegen.target
    network = dense(4, 3, 2)
    weights, inputs, target = sample(network, 0)
    EP.of(network, {**RULE, "ticks": {"free": 2, "nudged": 1}}, weights).brian2(inputs, target)
    assert brian2.prefs.codegen.target == before


def test_a_missing_brian2_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brian2", None)
    network = dense(4, 3, 2)
    weights, inputs, target = sample(network, 0)
    with pytest.raises(NeurochipError, match="brian2 cannot be imported"):
        EP.of(network, RULE, weights).brian2(inputs, target)
