"""The leaky integrate-and-fire neuron on the chip against plain integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurochip.chip import Chip
from neurochip.errors import ConfigError
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import DenseLayer, Network
from neurochip.neurons import LIF
from neurochip.program import Phase, Program, Term

TICKS = 60
LAYERS = [DenseLayer(kind="dense", units=11), DenseLayer(kind="dense", units=3)]


def program(neuron: LIF) -> Program:
    phases = (Phase("free", TICKS, start="reset", readout=True),)
    return Program(neuron, phases, (Term(1, 0, 0),), Rate(0, 0), gain=1.0, feedback=False)


def traced(neuron: LIF, *sets: str) -> tuple[Chip, Any, Any]:
    """(chip, inputs, trace of all units) of a random network."""
    hardware = Hardware.load("digital_28nm", sets)
    network = Network.build(LAYERS, (1, 1, 20), classes=3)
    chip = Chip(hardware, place(network, hardware, feedback=False), program(neuron))
    chip.load_real(network.initial_weights(seed=4, gain=3.0))
    chip.load(chip.masters, [np.arange(11) * 40 - 100, np.full(3, 90)])
    inputs = np.random.default_rng(0).integers(0, chip.formats["membrane"].hi // 8, (1, 20))
    outcome = chip.run(inputs, np.zeros((1, 3), int), np.array([0]), 3, probe=np.arange(network.neurons))
    return chip, inputs, outcome.trace


def shifted(value: int, by: int, rounding: str) -> int:
    return (value + ((1 << by) // 2 if rounding == "nearest" else 0)) >> by


@pytest.mark.parametrize("leak", [None, 1, 3])
@pytest.mark.parametrize("rounding", ["nearest", "floor"])
@pytest.mark.parametrize("membrane", ["{bits: 16, whole: 3}", "{bits: 9, whole: 2}", "{bits: 24, whole: 3}"])
def test_ticks_are_those_of_plain_integers(leak: int | None, rounding: str, membrane: str) -> None:
    sets = f"registers.membrane={membrane[:-1]}, signed: true, overflow: saturate, rounding: {rounding}}}"
    chip, _, trace = traced(LIF(leak_shift=leak, threshold=0.75), sets)
    m, b, c = (chip.formats[name] for name in ("membrane", "bias", "current"))
    fine, threshold = max(m.frac, b.frac, c.frac), round(0.75 * 2**m.frac)
    state, fired = np.zeros(14, int), 0
    offsets = [0, 20, 31]
    for tick in range(TICKS):
        spikes = trace[tick - 1, 0] if tick else np.zeros(34, int)
        for layer, weights in enumerate(chip.weights):
            for j, u in enumerate(spikes[offsets[layer] :][: weights.shape[0]] @ weights):
                unit = (0, 11)[layer] + j
                pull = (int(u) << (fine - c.frac)) + (int(chip.biases[layer][j]) << (fine - b.frac))
                k = leak or 0
                pull = (pull << k) - ((int(state[unit]) << (fine - m.frac)) if leak else 0)
                after = int(state[unit]) + shifted(pull, k + fine - m.frac, rounding)
                after = min(max(after, m.lo), m.hi)
                spike = after >= threshold
                state[unit] = after - spike * threshold
                fired += spike
                assert trace[tick, 0, 20 + unit] == spike
        np.testing.assert_array_equal(trace[tick, 3, 20:], state)
    assert 20 < fired < TICKS * 14


def test_plain_and_general_path_give_the_same_bits() -> None:
    """A residual that wraps, though it never does, takes a chip off the plain path."""
    _, _, plain = traced(LIF())
    _, _, general = traced(LIF(), "registers.residual.overflow=wrap")
    np.testing.assert_array_equal(plain, general)


def test_an_input_of_x_sends_a_train_of_rate_x() -> None:
    chip, inputs, trace = traced(LIF())
    sent, one = trace[:, 0, :20].sum(0), 1 << chip.formats["membrane"].frac
    assert np.abs(sent - TICKS * inputs[0] / one).max() <= 1


def test_unwatched_runs_are_the_same() -> None:
    chip, inputs, trace = traced(LIF())
    outcome = chip.run(inputs, np.zeros((1, 3), int), np.array([0]), 3)
    np.testing.assert_array_equal(outcome.readout[0], trace[-1, 3, 31:])


def test_a_threshold_outside_of_the_membrane_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"registers\.membrane must hold the threshold 99"):
        traced(LIF(threshold=99.0))
