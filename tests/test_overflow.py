"""Values that do not fit their register: an error that says where, a count, or a wrap, as declared."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from reference_chip import Overflow, ReferenceChip

from neurochip.chip import Chip
from neurochip.errors import RegisterOverflow
from neurochip.experiment import execute, load
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import DenseLayer, Network
from neurochip.neurons.registers import STATE
from neurochip.rules import EP

RULE = EP.model_validate({"name": "ep", "ticks": {"free": 8, "nudged": 4}, "learning_rate": 0.1})

RUNNING = {
    "current": {"bits": 8},
    "partial": {"bits": 8},
    "decoded": {"bits": 8, "whole": 0},
    "residual": {"bits": 10, "whole": 1},
    "bank": {"bits": 8, "whole": 0},
}
"""Registers that a run writes, made narrow."""

UPDATING = ("accumulator", "weight", "bias")
"""Registers that only the update unit writes."""


def machine(register: str, overflow: str = "error", threads: int = 1, **narrow: int) -> Chip:
    """A 9-6-4 chip with large weights on 16 small crossbars, in which one register is narrow."""
    sets = [f"registers.{register}.{key}={value}" for key, value in {"overflow": overflow, **narrow}.items()]
    shape = ["crossbar.rows=4", "crossbar.cols=4", "core.crossbars=3", "core.neurons=5", "core.axons=64"]
    hardware = Hardware.load("digital_28nm", [*shape, *sets])
    network = Network.build([DenseLayer(kind="dense", units=n) for n in (6, 4)], (1, 1, 9), 4)
    chip = Chip(hardware, place(network, hardware, True), RULE.program(8), threads)
    chip.load_real([np.full(p.weight_shape, 0.9) for p in network.projections])
    return chip


def samples(chip: Chip) -> tuple[Any, Any, Any]:
    """Five samples: the first two are dark, the others bright."""
    one = 1 << chip.formats["membrane"].frac
    inputs = np.array([[0] * 9] * 2 + [[one] * 9] * 3)
    return inputs, np.zeros((5, 4), np.int64), np.arange(5)


@pytest.mark.parametrize("register", RUNNING)
def test_strict_register_of_a_run(register: str) -> None:
    """The error names what the machine written a second time finds, and the core of the neuron."""
    chip = machine(register, **RUNNING[register])
    inputs, targets, names = samples(chip)
    masters, biases = chip.masters, chip.biases
    slow = ReferenceChip(chip.hardware, chip.placement, chip.program, masters, biases)
    for name in (0, 1):
        slow.run(name, inputs[name], targets[name], 0)
    with pytest.raises(Overflow) as expected:
        slow.run(2, inputs[2], targets[2], 0)
    found, sample, tick = expected.value.args
    assert (found, sample) == (register, 2)
    with pytest.raises(
        RegisterOverflow, match=rf"^register {register} overflowed on core \d+ at tick \d+"
    ) as caught:
        chip.run(inputs, targets, names, 0)
    found = re.search(
        r"core (\d+) at tick (\d+) of phase '(\S+)': neuron (\d+) of (\w+), sample (\d+) of the batch; "
        rf"widen registers.{register} or let it saturate$",
        str(caught.value),
    )
    assert found
    core, at, phase, neuron, population, which = found.groups()
    began = {"free": 0, "nudged+": RULE.ticks.free}[phase]
    assert (int(at), phase, int(which)) == (tick - began, expected_phase(register), sample)
    index = [p.name for p in chip.network.populations].index(population)
    homes = [g.core for g in chip.placement.groups if g.population == index and int(neuron) in g.neurons]
    assert homes == [int(core)]


def expected_phase(register: str) -> str:
    """A bank of EP is first written at the end of the phase nudged up; the others overflow before."""
    return "nudged+" if register == "bank" else "free"


@pytest.mark.parametrize("register", RUNNING)
def test_the_error_of_a_run_is_the_same_for_any_number_of_threads(register: str) -> None:
    messages = set()
    for threads in (1, 2, 3, 5):
        chip = machine(register, threads=threads, **RUNNING[register])
        with pytest.raises(RegisterOverflow, match="sample 2 of the batch") as caught:
            chip.run(*samples(chip), 0)
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_a_chip_goes_on_after_an_error() -> None:
    """A later batch without an overflow runs, and is what it would have been."""
    chip, fresh = (machine("current", **RUNNING["current"]) for _ in range(2))
    inputs, targets, names = samples(chip)
    with pytest.raises(RegisterOverflow):
        chip.run(inputs, targets, names, 0)
    dark = inputs[:2], targets[:2], names[:2]
    assert np.array_equal(chip.run(*dark, 0).banks, fresh.run(*dark, 0).banks)


@pytest.mark.parametrize("register", RUNNING)
def test_strict_registers_that_are_wide_enough_change_nothing(register: str) -> None:
    strict, usual = machine(register), machine(register, "saturate")
    wide = {"bank": ("bank", 16, 3), "residual": ("residual", 24, 9)}.get(register)
    if wide:
        extra = {"bits": wide[1], "whole": wide[2]}
        strict, usual = machine(register, **extra), machine(register, "saturate", **extra)
    assert np.array_equal(strict.run(*samples(strict), 0).banks, usual.run(*samples(usual), 0).banks)
    assert not any(usual.tally.saturated().values())


# --- the update unit ------------------------------------------------------------------------------------


def update(chip: Chip, register: str) -> None:
    """One update in which only the synapse 7 -> 5, or neuron 5, of the first projection overflows."""
    banks = np.zeros((4, 2, chip.units), np.int32)
    banks[:, 0, [7, 9 + 5]] = chip.formats["bank"].hi
    small, large = Rate(1, 40), Rate(1, -8)
    weight, bias = (large if register == name else small for name in ("weight", "bias"))
    chip.learn(banks, [weight, small], [bias, small], 0)


NARROW_UPDATE = {"accumulator": {"bits": 21}, "weight": {}, "bias": {}}
PLACES = {
    "accumulator": "bias of neuron 5 of hidden1",
    "weight": r"synapse of row 7 and column 5 of input-hidden1 \(9x6\)",
    "bias": "bias of neuron 5 of hidden1",
}


@pytest.mark.parametrize("register", UPDATING)
def test_strict_register_of_the_update_unit(register: str) -> None:
    messages = set()
    for threads in (1, 2, 3, 5):
        chip = machine(register, threads=threads, **NARROW_UPDATE[register])
        last = RULE.program(8).ticks - 1
        said = f"^register {register} overflowed in the update of batch 1, after tick {last}, on core "
        with pytest.raises(RegisterOverflow, match=said) as caught:
            update(chip, register)
        messages.add(str(caught.value))
    assert len(messages) == 1
    found = re.search(
        rf"core (\d+): {PLACES[register]}; widen registers.{register} or let it saturate$", messages.pop()
    )
    assert found
    if "synapse" in PLACES[register]:
        cores = [b.core for b in chip.placement.blocks if b.projection == 0 and 7 in b.rows and 5 in b.cols]
    else:
        cores = [g.core for g in chip.placement.groups if g.population == 1 and 5 in g.neurons]
    assert cores == [int(found[1])]


@pytest.mark.parametrize("register", UPDATING)
def test_registers_of_the_update_unit_saturate_and_wrap(register: str) -> None:
    saturating, wrapping = (
        machine(register, mode, **NARROW_UPDATE[register]) for mode in ("saturate", "wrap")
    )
    before = saturating.masters[0][7, 5], 0
    for chip in (saturating, wrapping):
        update(chip, register)
        assert {name for name, n in chip.tally.saturated().items() if n} == {register}
    after = [(int(chip.masters[0][7, 5]), int(chip.biases[0][5])) for chip in (saturating, wrapping)]
    if register == "weight":
        assert after[0][0] > before[0]
        assert saturating.weights[0][7, 5] == saturating.formats["weight"].hi
        assert after[1][0] != after[0][0]
    elif register == "bias":
        assert after[0][1] == saturating.formats["bias"].hi
        assert after[1][1] != after[0][1]


# --- saturate and wrap in a run -------------------------------------------------------------------------


@pytest.mark.parametrize("register", RUNNING)
def test_saturations_are_counted_one_by_one(register: str) -> None:
    """As many as the machine written a second time counts, whatever the number of threads."""
    for threads in (1, 3):
        chip = machine(register, "saturate", threads, **RUNNING[register])
        slow = ReferenceChip(chip.hardware, chip.placement, chip.program, chip.masters, chip.biases)
        arrays = samples(chip)
        chip.run(*arrays, 0)
        for value, target, name in zip(*arrays, strict=True):
            slow.run(int(name), value, target, 0)
        assert slow.registers.overflows[register] > 0
        assert {name: n for name, n in chip.tally.saturated().items() if n} == dict(slow.registers.overflows)


def test_a_bank_that_wraps() -> None:
    """1.0 is one step more than a bank of range -1 .. 127/128 holds."""
    for mode, value in (("saturate", 127), ("wrap", -128)):
        chip = machine("bank", mode, **RUNNING["bank"])
        banks = chip.run(*samples(chip), 0).banks
        assert (banks[2:, :, :9] == value).all()
        assert (banks[:2, :, :9] == 0).all()


def test_a_current_that_wraps() -> None:
    """Nine spikes through weights of 115/128 are 1035 steps: 127 when clipped, 11 modulo 256."""
    for mode, value in (("saturate", 127), ("wrap", 1035 - 4 * 256)):
        chip = machine("current", mode, **RUNNING["current"])
        inputs, targets, names = (part[2:3] for part in samples(chip))
        trace = chip.run(inputs, targets, names, 0, probe=np.array([9])).trace
        assert trace[1, 1 + STATE.index("current")].tolist() == [value]
        assert chip.tally.saturated()["current"] > 0


def test_saturations_are_in_the_record() -> None:
    sets = ["experiment.data.train=20", "experiment.data.test=20", "experiment.epochs=1"]
    sets += [
        "hardware.registers.bank.bits=8",
        "hardware.registers.bank.whole=0",
        "hardware.registers.current.bits=8",
    ]
    sets += ["experiment.network.gain=8.0"]
    found = execute(load("digits_ep", sets=sets))["saturations"]
    assert set(found) >= {*RUNNING, *UPDATING}
    assert found["bank"] > 0
    assert found["current"] > 0
    assert found["accumulator"] == found["bias"] == 0


def test_a_strict_run_of_an_experiment_stops() -> None:
    sets = ["experiment.data.train=20", "experiment.epochs=1", "hardware.registers.bank.overflow=error"]
    sets += ["hardware.registers.bank.bits=8", "hardware.registers.bank.whole=0"]
    with pytest.raises(
        RegisterOverflow, match=r"register bank overflowed on core \d+ at tick \d+ of phase 'nudged\+'"
    ):
        execute(load("digits_ep", sets=sets))
