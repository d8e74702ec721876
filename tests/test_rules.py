"""The shelf of learning rules: every rule and variant through the same properties; what each computes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.chip import Chip
from neurochip.experiment import Run, load
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import DenseLayer, Network
from neurochip.program import Phase, Program
from neurochip.rules import EP, RULES, Rule

VARIANTS: dict[str, tuple[str, ...]] = {"ep": ("symmetric", "one_sided", "random_sign")}
"""The variants of each rule that has some."""

SHELF = [(name, variant) for name in RULES for variant in VARIANTS.get(name, ("",))]
every_rule = pytest.mark.parametrize(("name", "variant"), SHELF)


def rule(name: str, variant: str, **keys: Any) -> Rule:
    chosen = {"variant": variant} if variant else {}
    return RULES[name].model_validate({"name": name, "learning_rate": 0.1, **chosen, **keys})


# --- every rule -----------------------------------------------------------------------------------------


@every_rule
def test_phases_can_be_executed_in_order(name: str, variant: str) -> None:
    """A sample starts from cleared registers; what is restored was saved; predictions come before nudges."""
    phases = rule(name, variant).program(8).phases
    assert phases[0].start == "reset"
    assert len({phase.name for phase in phases}) == len(phases)
    assert all(phase.ticks >= 1 and phase.nudge in (-1, 0, 1) for phase in phases)
    for index, phase in enumerate(phases):
        if phase.start == "restore":
            assert any(before.save for before in phases[:index])
    [readout] = [index for index, phase in enumerate(phases) if phase.readout]
    assert all(phase.nudge == 0 for phase in phases[: readout + 1])


@every_rule
def test_terms_use_banks_that_are_filled(name: str, variant: str) -> None:
    program = rule(name, variant).program(8)
    filled = {phase.bank for phase in program.phases} - {None}
    used = {bank for term in program.terms for bank in (term.bank_pre, term.bank_post)}
    assert used == filled == set(range(program.banks))
    assert all(term.sign in (-1, 1) for term in program.terms)
    assert program.gain > 0


@every_rule
def test_inference_is_the_program_up_to_the_prediction(name: str, variant: str) -> None:
    program = rule(name, variant).program(8)
    short = program.inference()
    assert [phase.name for phase in short.phases] == [p.name for p in program.phases[: len(short.phases)]]
    assert [phase.readout for phase in short.phases] == [False] * (len(short.phases) - 1) + [True]
    assert all(phase.bank is None and not phase.save for phase in short.phases)
    assert (short.flips, short.neuron, short.feedback) == (False, program.neuron, program.feedback)
    assert short.ticks < program.ticks


def test_a_restore_turns_the_neurons_time_back() -> None:
    phases = (
        Phase("a", 5, start="reset", save=True), Phase("b", 3), Phase("c", 2, start="restore", save=True),
        Phase("d", 4), Phase("e", 1, start="restore"), Phase("f", 6, start="reset"),
    )  # fmt: skip
    program = replace(rule("ep", "symmetric").program(8), phases=phases)
    assert program.times == (0, 5, 5, 7, 7, 0)
    assert program.restores
    assert not replace(program, phases=phases[:2]).restores


@every_rule
def test_rule_is_its_json(name: str, variant: str) -> None:
    it = rule(name, variant)
    assert RULES[name].model_validate_json(it.model_dump_json()) == it


@every_rule
def test_without_a_learning_rate_nothing_is_learned(name: str, variant: str) -> None:
    run = digits_run(name, variant, "experiment.rule.learning_rate=0.0")
    before = weights_and_biases(run.chip)
    run.train_epoch()
    assert run.training.updates[:, 0].all()
    assert not run.training.updates[:, 2].any()
    assert all(np.array_equal(a, b) for a, b in zip(before, weights_and_biases(run.chip), strict=True))


@every_rule
def test_each_projection_has_a_learning_rate_of_its_own(name: str, variant: str) -> None:
    for still, sets in enumerate((["[0.0, 0.1]"], ["[0.1, 0.0]"])):
        run = digits_run(name, variant, f"experiment.rule.learning_rate={sets[0]}")
        masters, biases = run.chip.masters, run.chip.biases
        run.train_epoch()
        for projection in (0, 1):
            changed = (masters[projection] != run.chip.masters[projection]).any()
            assert changed == (projection != still)
            assert (biases[projection] != run.chip.biases[projection]).any() == (projection != still)


@every_rule
def test_training_helps(name: str, variant: str) -> None:
    """Three passes over 200 digits; chance is 0.1, and an update of the wrong sign stays below it."""
    sets = [
        "experiment.data.train=200",
        "experiment.data.test=200",
        "experiment.epochs=3",
        "experiment.batch=5",
    ]
    small = "experiment.network.layers=[{kind: dense, units: 32}, {kind: dense, units: 10}]"
    run = digits_run(name, variant, *sets, small, "experiment.rule.ticks={free: 20, nudged: 10}")
    assert run.evaluate("test") < 0.3
    for _ in range(3):
        run.train_epoch()
    assert run.evaluate("test") > 0.45


def digits_run(name: str, variant: str, *sets: str) -> Run:
    chosen = [f"experiment.rule.variant={variant}"] if variant else []
    small = ["experiment.data.train=20", "experiment.epochs=1", "experiment.rule.ticks={free: 12, nudged: 6}"]
    return Run(load(f"digits_{name}", sets=[*small, *chosen, *sets]), threads=1)


def weights_and_biases(chip: Chip) -> list[Any]:
    return [*chip.masters, *chip.weights, *chip.biases]


# --- learning rates -------------------------------------------------------------------------------------


@every_rule
def test_constant_and_cosine_rates(name: str, variant: str) -> None:
    constant = rule(name, variant, learning_rate=0.3, schedule="constant")
    cosine = rule(name, variant, learning_rate=(0.4, 0.1), schedule="cosine")
    assert [constant.rates(2, epoch, 10) for epoch in range(10)] == [(0.3, 0.3)] * 10
    assert cosine.rates(2, 0, 10) == (0.4, 0.1)
    assert cosine.rates(2, 5, 10) == pytest.approx((0.2, 0.05))
    assert cosine.rates(2, 9, 10)[0] == pytest.approx(0.2 * (1 + math.cos(0.9 * math.pi)))
    first = [cosine.rates(2, epoch, 10)[0] for epoch in range(10)]
    assert first == sorted(first, reverse=True)
    assert all(rate > 0 for rate in first)
    assert cosine.rates(2, 10, 10) == cosine.rates(2, 13, 10) == (0, 0)
    assert rule(name, variant, learning_rate=1).rates(3, 0, 1) == (1, 1, 1)


@every_rule
def test_a_cosine_from_batch_to_batch_passes_through_that_of_the_epochs(name: str, variant: str) -> None:
    by_epoch, by_batch = (rule(name, variant, schedule=s) for s in ("cosine", "cosine_by_batch"))
    for epoch in range(5):
        assert by_batch.rates(2, epoch, 5) == by_epoch.rates(2, epoch, 5) == by_epoch.rates(2, epoch, 5, 0.9)
        within = [by_batch.rates(2, epoch, 5, part / 20)[0] for part in range(20)]
        assert all(a > b > by_batch.rates(2, epoch + 1, 5)[0] for a, b in pairwise(within))
    assert by_batch.rates(1, 0, 1, 0.5) == pytest.approx((0.05,))


@every_rule
def test_each_batch_is_learned_at_its_own_rate(
    name: str, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = ("experiment.batch=16", "experiment.epochs=2", "experiment.rule.schedule=cosine_by_batch")
    run = digits_run(name, variant, *sets, "experiment.data.train=40")
    asked: list[tuple[list[Rate], list[Rate]]] = []
    train = run.chip.train

    def watched(inputs: Any, targets: Any, names: Any, batch: int, rates: Any, family: int, keys: Any) -> Any:
        asked.extend(rates)
        return train(inputs, targets, names, batch, rates, family, keys)

    monkeypatch.setattr(run.chip, "train", watched)
    rows = [run.train_epoch(), run.train_epoch()]
    assert len(asked) == 6
    top = run.experiment.rule.rates(2, 0, 2)
    for found, done in zip(asked, (0.0, 0.4, 0.8, 1.0, 1.4, 1.8), strict=True):
        wanted = [rate * 0.5 * (1 + math.cos(math.pi * done / 2)) for rate in top]
        for rates, whole in zip(found, (asked[0][0], asked[0][1]), strict=True):
            for rate, one, real, first in zip(rates, whole, wanted, top, strict=True):
                assert rate.real / one.real == pytest.approx(real / first, rel=2.0**-6)
    assert [row["learning_rates"] for row in rows] == [
        pytest.approx(run.experiment.rule.rates(2, epoch, 2), rel=2.0**-6) for epoch in (0, 1)
    ]


@every_rule
def test_a_rate_on_the_chip_is_a_step_along_the_mean_update(name: str, variant: str) -> None:
    """rate x gain / batch, in steps of a master for one step of a product of banks."""
    run = digits_run(name, variant, "experiment.rule.learning_rate=[0.3, 0.07]", "experiment.batch=7")
    registers, rates = run.hardware.registers, run.rates()
    weight, bias, bank = (getattr(registers, name).format() for name in ("weight", "bias", "bank"))
    for rate, bias_rate, wanted in zip(*rates, (0.3, 0.07), strict=True):
        step = wanted * run.program.gain / 7 * bank.lsb**2
        assert rate.real * weight.lsb / 2**registers.fraction.bits == pytest.approx(step, rel=2.0**-8)
        assert bias_rate.real * bias.lsb == pytest.approx(step, rel=2.0**-8)
        assert 0 < rate.multiplier < 2**8
    assert run.train_epoch()["learning_rates"] == pytest.approx([0.3, 0.07], rel=2.0**-8)


# --- equilibrium propagation ----------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 4, 8, 16])
@given(beta=st.floats(0.01, 0.9))
@settings(deadline=None)
def test_gain_undoes_the_nudge_that_the_chip_makes(bits: int, beta: float) -> None:
    """The nudge is rounded to what the chip multiplies with; the update divides by the rounded one."""
    for variant, span in (("symmetric", 2), ("one_sided", 1), ("random_sign", 1)):
        program = EP.model_validate(
            {"name": "ep", "learning_rate": 1, "beta": beta, "variant": variant}
        ).program(bits)
        assert program.nudge == Rate.nearest(beta, bits)
        assert program.gain == pytest.approx(1 / (span * program.nudge.real))


def test_phases_of_equilibrium_propagation() -> None:
    def phases(variant: str) -> list[tuple[Any, ...]]:
        program = rule("ep", variant, ticks={"free": 30, "nudged": 7}).program(8)
        return [(p.ticks, p.nudge, p.start, p.save, p.bank) for p in program.phases]

    assert phases("symmetric") == [
        (30, 0, "reset", True, None), (7, +1, "restore", False, 0), (7, -1, "restore", False, 1),
    ]  # fmt: skip
    for variant in ("one_sided", "random_sign"):
        (ticks, nudge, start, _, bank), nudged = phases(variant)
        assert (ticks, nudge, start, bank) == (30, 0, "reset", 1)
        assert nudged == (7, +1, "continue", False, 0)
    assert [rule("ep", variant).program(8).flips for variant in VARIANTS["ep"]] == [False, False, True]
    terms = [(t.sign, t.bank_pre, t.bank_post) for t in rule("ep", "symmetric").program(8).terms]
    assert sorted(terms) == [(-1, 1, 1), (1, 0, 0)]


@pytest.mark.parametrize("beta", [0.0, 1.0, -0.5, 2.0])
def test_a_nudge_that_would_not_be_stable_is_refused(beta: float) -> None:
    with pytest.raises(ValueError, match="beta"):
        EP.model_validate({"name": "ep", "learning_rate": 1, "beta": beta})


@dataclass
class Float:
    """Equilibrium propagation in real numbers: states settle without spikes. A stranger to the chip."""

    weights: list[Any]
    biases: list[Any]

    def settle(self, states: list[Any], target: Any, nudge: float, steps: int) -> list[Any]:
        for _ in range(steps):
            new = [states[0]]
            for layer in range(1, len(states)):
                drive = states[layer - 1] @ self.weights[layer - 1] + self.biases[layer - 1]
                if layer + 1 < len(states):
                    drive = drive + states[layer + 1] @ self.weights[layer].T
                else:
                    drive = drive + nudge * (target - states[layer])
                new.append(np.clip(states[layer] + 0.5 * (drive - states[layer]), 0, 1))
            states = new
        return states

    def updates(self, inputs: Any, targets: Any, beta: float, one_sided: bool) -> tuple[list[Any], list[Any]]:
        """Updates of weights and biases, summed over the samples, without the learning rate."""
        sizes = [w.shape[1] for w in self.weights]
        free = self.settle([inputs, *(np.zeros((len(inputs), n)) for n in sizes)], targets, 0.0, 200)
        plus = self.settle(free, targets, beta, 200)
        minus = free if one_sided else self.settle(free, targets, -beta, 200)
        span = beta if one_sided else 2 * beta
        pairs = range(len(self.weights))
        weights = [(plus[i].T @ plus[i + 1] - minus[i].T @ minus[i + 1]) / span for i in pairs]
        return weights, [(plus[i + 1] - minus[i + 1]).sum(0) / span for i in pairs]


SIZES = (12, 10, 8, 5)


BIAS = 0.3


def ideal_chip(program: Program, weights: list[Any]) -> Chip:
    """A chip with wide registers, the given weights and the same bias everywhere."""
    hardware = Hardware.load(
        "ideal", ["registers.weight.rounding=nearest", "registers.bias.rounding=nearest"]
    )
    network = Network.build(
        [DenseLayer(kind="dense", units=n) for n in SIZES[1:]], (1, 1, SIZES[0]), SIZES[-1]
    )
    chip = Chip(hardware, place(network, hardware, program.feedback), program)
    chip.load_real(weights)
    chip.load(chip.masters, [np.full(n, round(BIAS * 2 ** chip.formats["bias"].frac)) for n in SIZES[1:]])
    return chip


def real_network(weights: list[Any]) -> Float:
    return Float(weights, [np.full(n, BIAS) for n in SIZES[1:]])


def problem(seed: int, samples: int) -> tuple[list[Any], Any, Any]:
    """Weights for which most states lie between 0 and 1, inputs and one-hot targets."""
    draw = np.random.default_rng(seed)
    weights = [draw.uniform(-1, 1, (a, b)) * math.sqrt(1 / (a + b)) for a, b in pairwise(SIZES)]
    return weights, draw.random((samples, SIZES[0])), np.eye(SIZES[-1])[draw.integers(0, SIZES[-1], samples)]


def updates_of_chip(chip: Chip, inputs: Any, targets: Any) -> tuple[list[Any], list[Any]]:
    """What one batch adds to weights and biases, in real units, divided by the rate."""
    formats = chip.formats
    one = 1 << formats["membrane"].frac
    arrays = np.rint(inputs * one).astype(np.int64), np.rint(targets * one).astype(np.int64)
    outcome = chip.run(*arrays, np.arange(len(inputs)), 0)
    step = 2.0 ** (formats["weight"].frac + chip.fraction - 2 * formats["bank"].frac)
    bias_step = 2.0 ** (formats["bias"].frac - 2 * formats["bank"].frac)
    rate, bias_rate = Rate.nearest(step / 64, 16), Rate.nearest(bias_step / 64, 16)
    masters, biases = chip.masters, chip.biases
    n = len(SIZES) - 1
    chip.learn(outcome.banks, [rate] * n, [bias_rate] * n, 0)
    assert not any(chip.tally.saturated().values())
    unit = chip.program.gain * 64
    scale, bias_scale = 2.0 ** (formats["weight"].frac + chip.fraction), 2.0 ** formats["bias"].frac
    return (
        [unit * (a - b.astype(np.int64)) / scale for a, b in zip(chip.masters, masters, strict=True)],
        [unit * (a.astype(np.int64) - b) / bias_scale for a, b in zip(chip.biases, biases, strict=True)],
    )


def cosine(a: Any, b: Any) -> float:
    return float((a * b).sum() / math.sqrt((a**2).sum() * (b**2).sum()))


@pytest.mark.parametrize("variant", ["symmetric", "one_sided"])
@pytest.mark.parametrize("seed", range(3))
def test_update_of_the_chip_points_along_that_in_real_numbers(variant: str, seed: int) -> None:
    """Direction and size, projection by projection, with wide registers and phases long enough to settle."""
    it = rule("ep", variant, beta=0.5, ticks={"free": 400, "nudged": 300}, neuron={"decode_shift": 5})
    weights, inputs, targets = problem(seed, 24)
    expected = real_network(weights).updates(inputs, targets, 0.5, variant == "one_sided")
    found = updates_of_chip(ideal_chip(it.program(16), weights), inputs, targets)
    for mine, real in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
        assert cosine(mine, real) > 0.95
        assert 0.85 < np.linalg.norm(mine) / np.linalg.norm(real) < 1.18


def test_prediction_of_the_chip_is_the_settled_state() -> None:
    """After a long free phase the outputs are those of the real-valued network to within a few per cent."""
    weights, inputs, targets = problem(1, 16)
    it = rule("ep", "symmetric", ticks={"free": 400, "nudged": 1}, neuron={"decode_shift": 5})
    chip = ideal_chip(it.program(16), weights)
    one = 1 << chip.formats["membrane"].frac
    outcome = chip.run(
        np.rint(inputs * one).astype(np.int64), (targets * one).astype(np.int64), np.arange(16), 0
    )
    states = [inputs, *(np.zeros((16, n)) for n in SIZES[1:])]
    free = real_network(weights).settle(states, targets, 0.0, 300)[-1]
    assert ((free > 0.02) & (free < 0.98)).mean() > 0.5
    assert abs(outcome.readout / one - free).max() < 0.05


def test_a_random_sign_is_one_of_two_one_sided_updates() -> None:
    """With either sign the update is that of a one-sided rule nudged up or down; both signs occur."""
    weights, inputs, targets = problem(2, 1)
    keys = {"beta": 0.5, "ticks": {"free": 60, "nudged": 30}}
    signed = ideal_chip(rule("ep", "random_sign", **keys).program(16), weights)
    up = ideal_chip(rule("ep", "one_sided", **keys).program(16), weights)
    both = ideal_chip(rule("ep", "symmetric", **keys).program(16), weights)
    one = 1 << up.formats["membrane"].frac
    sample = np.rint(inputs * one).astype(np.int64), np.rint(targets * one).astype(np.int64)
    seen = set()
    for name in range(12):
        plus, minus = (signed.run(*sample, np.array([name]), 0).banks[0, bank] for bank in (0, 1))
        nudged, free = up.run(*sample, np.array([name]), 0).banks[0]
        down = both.run(*sample, np.array([name]), 0).banks[0, 1]
        if np.array_equal(minus, free):
            assert np.array_equal(plus, nudged)
            seen.add("up")
        else:
            assert np.array_equal(plus, free)
            assert np.array_equal(minus, down)
            seen.add("down")
    assert seen == {"up", "down"}
