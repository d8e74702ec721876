"""The fast engine against the machine written a second time: all registers, spikes and weights."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from reference_chip import UPDATED, ReferenceChip

from neurochip.chip import Chip
from neurochip.errors import ConfigError
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import DenseLayer, Network
from neurochip.neurons.registers import STATE
from neurochip.program import Program
from neurochip.rules import EP

CASES = 48
"""Random machines that are compared; `test_the_cases_reach_every_corner` says whether they are enough."""

RULE = EP.model_validate({"name": "ep", "ticks": {"free": 5, "nudged": 3}, "learning_rate": 0.1})
PROGRAM = RULE.program(8)

NARROW = ("partial", "current", "decoded", "residual", "bank")


@dataclass(frozen=True)
class Case:
    """One machine, drawn from a number."""

    sizes: tuple[int, ...]
    hardware: Hardware
    rule: EP
    samples: int
    weight_scale: float
    seed: int


@cache
def build(number: int) -> Case:
    """Case ``number``: the rarely combined settings go round in turn, the others are drawn."""
    draw = random.Random(number)
    overflow = ("saturate", "wrap")[number % 2]
    narrow = set(draw.sample(NARROW, draw.randint(0, 3))) | {NARROW[(number + number // 5) % 5]}
    weight_bits = (2, 4, 8, 12, 16)[number % 5]
    if narrow & {"partial", "current"}:
        weight_bits = draw.choice((8, 12, 16))
    rows, cols = ((3, 5), (8, 8), (256, 256))[number % 3]
    if "partial" in narrow:
        rows, cols = draw.choice(((3, 5), (8, 8)))
    sets = {
        "crossbar.rows": rows,
        "crossbar.cols": cols,
        "crossbar.feedback": ("transposed", "mirrored")[number // 2 % 2],
        "core.crossbars": 64,
        "registers.fraction.bits": (0, 4, 16 if weight_bits < 16 else 15, 1)[number // 3 % 4],
        "registers.weight.bits": weight_bits,
        "registers.current.bits": 16 if weight_bits < 8 else 24,
    }
    modes = ("floor", "nearest", "stochastic")[: 2 if number % 4 == 0 else 3]
    for name in ("weight", "bias", "decoded", "membrane", "residual", "bank"):
        sets[f"registers.{name}.rounding"] = draw.choice(modes)
    for name in ("weight", "bias", "accumulator", *NARROW):
        sets[f"registers.{name}.overflow"] = overflow
    sets |= widths(narrow, weight_bits, draw)
    rule = {
        "name": "ep",
        "variant": draw.choice(("symmetric", "one_sided", "random_sign")),
        "beta": draw.choice((0.5, 0.3, 0.97)),
        "ticks": {"free": draw.randint(1, 9), "nudged": draw.randint(1, 6)},
        "neuron": {
            "decode_shift": draw.choice((2, 0, 4, ((0, 1), (3, 3), (8, 2)))),
            "step_shift": draw.choice((1, 1, 3, ((0, 0), (4, 2)))),
            "spikes": draw.choice(("signed", "signed", "unsigned")),
        },
        "learning_rate": 0.1,
    }
    preset = draw.choice(("tiny", "digital_28nm"))
    hardware = Hardware.load(preset, [f"{key}={value}" for key, value in sets.items()])
    sizes = draw.choice(((5, 7, 3), (16, 12, 4), (4, 6, 5, 3), (6, 4)))
    samples, weight_scale = draw.choice((1, 4)), draw.choice((1.0, 0.3))
    return Case(sizes, hardware, EP.model_validate(rule), samples, weight_scale, number)


def widths(narrow: set[str], weight_bits: int, draw: random.Random) -> dict[str, int]:
    """Registers so narrow that they overflow, and others with unusual binary points."""
    found: dict[str, int] = {}
    for name in sorted(narrow & {"partial", "current"}):
        found[f"registers.{name}.bits"] = max(8, weight_bits + draw.choice((0, 0, 2)))
    if "decoded" in narrow:
        found |= {"registers.decoded.bits": draw.choice((8, 11)), "registers.decoded.whole": 0}
    if "residual" in narrow:
        found |= {"registers.residual.bits": draw.choice((8, 12)), "registers.residual.whole": 1}
    if "bank" in narrow:
        found |= {"registers.bank.bits": draw.choice((4, 8, 12)), "registers.bank.whole": 0}
    if draw.random() < 0.3:
        found |= {"registers.membrane.bits": 10, "registers.membrane.whole": 0}
    elif weight_bits > 8 and draw.random() < 0.6:
        found["registers.membrane.bits"] = draw.randint(9, 20)
        found["registers.membrane.whole"] = draw.randint(0, 2)
        if "residual" not in narrow:
            found |= {"registers.residual.bits": draw.randint(9, 22), "registers.residual.whole": 6}
        if "decoded" not in narrow:
            found |= {"registers.decoded.bits": draw.randint(9, 20), "registers.decoded.whole": 4}
    if draw.random() < 0.3:
        found |= {"registers.bias.bits": 6, "registers.bias.whole": 1}
    if draw.random() < 0.3 and "bank" not in narrow and weight_bits > 8:
        found |= {"registers.bank.bits": 16, "registers.bank.whole": 1}
    return found


def network(*sizes: int) -> Network:
    return Network.build([DenseLayer(kind="dense", units=n) for n in sizes[1:]], (1, 1, sizes[0]), sizes[-1])


class Pair:
    """A chip and its reference, loaded with the same random masters and biases, and data for both."""

    def __init__(self, case: Case) -> None:
        draw = np.random.default_rng(case.seed)
        net = network(*case.sizes)
        program = case.rule.program(case.hardware.update_unit.rate_bits)
        placement = place(net, case.hardware, program.feedback)
        self.chip = Chip(case.hardware, placement, program, threads=2 if case.seed % 4 == 3 else 1)
        weight, bias, self.fraction = (
            self.chip.formats["weight"],
            self.chip.formats["bias"],
            self.chip.fraction,
        )
        scale = 2**self.fraction * case.weight_scale
        masters = [
            np.rint(draw.uniform(weight.lo, weight.hi, p.weight_shape) * scale).astype(int)
            for p in net.projections
        ]
        ends = [draw.choice([bias.lo, bias.hi], p.n_post) for p in net.projections]
        biases = [np.where(draw.random(len(e)) < 0.2, e, draw.integers(-9, 9, len(e))) for e in ends]
        self.chip.load(masters, biases)
        self.reference = ReferenceChip(case.hardware, placement, program, masters, biases)
        self.one = self.reference.one
        self.inputs = self.states(draw, (case.samples, case.sizes[0]))
        self.targets = self.states(draw, (case.samples, case.sizes[-1]))
        self.names = draw.permutation(case.samples) + 7

    def states(self, draw: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """Random states, with as many at the ends as between them."""
        return np.clip(draw.integers(-self.one // 2, 3 * self.one // 2, shape, endpoint=True), 0, self.one)

    def run(self, family: int) -> tuple[Any, list[Any]]:
        outcome = self.chip.run(self.inputs, self.targets, self.names, family)
        samples = zip(self.names.tolist(), self.inputs, self.targets, strict=True)
        return outcome, [self.reference.run(name, value, aim, family) for name, value, aim in samples]

    def rates(self, draw: random.Random) -> tuple[list[Rate], list[Rate]]:
        """Rates around a learning rate of one half; one in five is 0."""
        formats, n = self.chip.formats, len(self.chip.network.projections)
        found = []
        for frac in (formats["weight"].frac + self.fraction, formats["bias"].frac):
            step = 2.0 ** (frac - 2 * formats["bank"].frac)
            found.append([Rate.nearest(draw.choice((2.0, 0.5, 0.1, 0.01, 0.0)) * step, 8) for _ in range(n)])
        return found[0], found[1]


@cache
def compared(number: int) -> Counter[str]:
    """Compare case ``number`` through two batches; how often each register overflowed in the reference."""
    case = build(number)
    pair, draw = Pair(case), random.Random(-1 - number)
    before: Counter[str] = Counter()
    for batch in range(2):
        pair.chip.take_tally()
        outcome, results = pair.run(family=1000 * number + batch)
        same_results(outcome, results)
        same_ticks(pair, results, family=1000 * number + batch)
        same_arrivals(pair, results)
        rates, bias_rates = pair.rates(draw)
        same_update(pair, outcome.banks, rates, bias_rates, family=batch)
        overflows = pair.reference.registers.overflows - before
        saturated = pair.chip.tally.saturated()
        assert {name: n for name, n in saturated.items() if n} == dict(overflows)
        before = Counter(pair.reference.registers.overflows)
    same_prediction(pair)
    return before


def same_results(outcome: Any, results: list[Any]) -> None:
    assert outcome.readout.tolist() == [result.readout for result in results]
    assert outcome.banks.tolist() == [result.banks for result in results]


def same_ticks(pair: Pair, results: list[Any], family: int) -> None:
    """Every register of every neuron after every tick, sample by sample."""
    kept = pair.chip.take_tally()
    units = np.arange(pair.chip.units)
    for s, result in enumerate(results):
        one = slice(s, s + 1)
        trace = pair.chip.run(pair.inputs[one], pair.targets[one], pair.names[one], family, probe=units).trace
        assert trace[:, 0].tolist() == [tick.spikes for tick in result.ticks]
        for name in UPDATED:
            assert trace[:, 1 + STATE.index(name)].tolist() == [
                tick.registers[name] for tick in result.ticks
            ], name
    pair.chip.tally = kept


def same_arrivals(pair: Pair, results: list[Any]) -> None:
    arrived = np.sum([result.arrived for result in results], axis=0)
    assert pair.chip.tally.spikes.tolist() == arrived.tolist()
    assert pair.chip.tally.samples == len(results)


def updates_of(chip: Chip) -> list[list[int]]:
    """Updates, those lost and the weights rewritten, by projection."""
    found = np.zeros((len(chip.network.projections), 3), np.int64)
    np.add.at(found, chip.shares.projection, chip.tally.updates[:, :3])
    return found.tolist()


def same_update(pair: Pair, banks: Any, rates: list[Rate], bias_rates: list[Rate], family: int) -> None:
    pair.reference.updates = [[0, 0, 0] for _ in rates]
    pair.chip.learn(banks, rates, bias_rates, family)
    pair.reference.learn(banks, rates, bias_rates, family)
    assert [m.tolist() for m in pair.chip.masters] == pair.reference.masters
    assert [m.tolist() for m in pair.chip.weights] == pair.reference.weights()
    assert [b.tolist() for b in pair.chip.biases] == pair.reference.biases
    assert updates_of(pair.chip) == pair.reference.updates


def same_prediction(pair: Pair) -> None:
    """With the weights that were learned, read both ways, up to the readout and no further."""
    program, n = pair.chip.program.inference(), pair.inputs.shape[0]
    outcome = pair.chip.run(pair.inputs, pair.targets, pair.names, 5, program, capture=False)
    assert outcome.banks.shape[0] == 0
    for s in range(n):
        result = pair.reference.run(int(pair.names[s]), pair.inputs[s], pair.targets[s], 5, program)
        assert outcome.readout[s].tolist() == result.readout


@pytest.mark.parametrize("number", range(CASES))
def test_chip_equals_reference(number: int) -> None:
    compared(number)


@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
def test_the_cases_reach_every_corner(overflow: str) -> None:
    """Each register that can overflow did so, in either way; else the comparison would say little."""
    reached: Counter[str] = Counter()
    for number in range(CASES):
        if build(number).hardware.registers.weight.overflow == overflow:
            reached += compared(number)
    assert {*NARROW, "weight"} <= set(reached)


# --- single corners -------------------------------------------------------------------------------------


def machine(
    sizes: tuple[int, ...],
    sets: dict[str, Any],
    masters: list[Any],
    program: Program = PROGRAM,
    threads: int = 1,
) -> tuple[Chip, ReferenceChip]:
    """A chip and its reference with the same masters and no biases."""
    hardware = Hardware.load("digital_28nm", [f"{key}={value}" for key, value in sets.items()])
    placement = place(network(*sizes), hardware, program.feedback)
    biases = [np.zeros(n, np.int64) for n in sizes[1:]]
    chip = Chip(hardware, placement, program, threads)
    chip.load(masters, biases)
    return chip, ReferenceChip(hardware, placement, program, masters, biases)


def same_sample(chip: Chip, reference: ReferenceChip, inputs: Any, target: Any) -> None:
    """One sample's registers in every tick, banks and readout."""
    arrays = np.array([inputs]), np.array([target]), np.array([3])
    outcome = chip.run(*arrays, 11, probe=np.arange(chip.units))
    result = reference.run(3, inputs, target, 11)
    for row, name in enumerate(STATE[:5], 1):
        assert outcome.trace[:, row].tolist() == [tick.registers[name] for tick in result.ticks], name
    assert outcome.banks[0].tolist() == result.banks
    assert outcome.readout[0].tolist() == result.readout


@pytest.mark.parametrize("rows", [256, 1024])
@pytest.mark.parametrize("sign", [-1, 1])
def test_many_spikes_at_once_are_summed_exactly(rows: int, sign: int) -> None:
    """More of the largest weights than a narrow sum of 16 bits could hold."""
    value = {-1: -128, 1: 127}[sign]
    sets = {
        "registers.fraction.bits": 0,
        "crossbar.rows": rows,
        "registers.decoded.whole": 12,
        "core.axons": 4096,
    }
    chip, reference = machine((700, 2), sets, [np.full((700, 2), value)])
    same_sample(chip, reference, [reference.one] * 700, [reference.one, 0])
    falling = [reference.one if i % 3 else 0 for i in range(700)]
    same_sample(chip, reference, falling, [0, 0])


@pytest.mark.parametrize(("bits", "fraction"), [(2, 0), (4, 16), (8, 1), (8, 4), (12, 0), (16, 8), (16, 16)])
@pytest.mark.parametrize(
    ("rounding", "overflow"), [("floor", "wrap"), ("nearest", "saturate"), ("stochastic", "saturate")]
)
def test_update_of_random_banks(bits: int, fraction: int, rounding: str, overflow: str) -> None:
    """Banks that no run would produce: all values, so that accumulators and weights overflow at both ends."""
    draw = np.random.default_rng(bits + 100 * fraction)
    sizes = (35, 4, 2)
    sets = {
        "registers.weight.bits": bits, "registers.fraction.bits": fraction,
        "registers.weight.rounding": rounding,
        "registers.bias.rounding": rounding, "registers.accumulator.bits": 16, "registers.bank.bits": 8,
        **{f"registers.{name}.overflow": overflow for name in ("weight", "bias", "accumulator")},
    }  # fmt: skip
    half = (1 << fraction) // 2
    lo, hi = -(1 << bits + fraction - 1) - half, (1 << bits + fraction - 1) - 1 - half
    masters = [draw.integers(lo, hi, shape, endpoint=True) for shape in ((35, 4), (4, 2))]
    masters = [np.where(draw.random(m.shape) < 0.2, draw.choice([lo, hi], m.shape), m) for m in masters]
    chip, reference = machine(sizes, sets, masters, threads=1 + fraction % 3)
    banks = draw.integers(-128, 127, (8, 2, sum(sizes)), endpoint=True).astype(np.int32)
    banks[:, :, 3] = 0
    step = bits + fraction - 14
    rates = [Rate(5, 3 - step), Rate(1, -step)]
    for family in range(2):
        chip.learn(banks, rates, [Rate(3, 1), Rate(3, 1)], family)
        reference.learn(banks, rates, [Rate(3, 1), Rate(3, 1)], family)
    assert [m.tolist() for m in chip.masters] == reference.masters
    assert [m.tolist() for m in chip.weights] == reference.weights()
    assert [b.tolist() for b in chip.biases] == reference.biases
    assert updates_of(chip) == reference.updates
    saturated = {name: n for name, n in chip.tally.saturated().items() if n}
    assert saturated == dict(reference.registers.overflows)
    assert set(saturated) == {"accumulator", "weight", "bias"}
    same_sample(chip, reference, draw.integers(0, reference.one, 35).tolist(), [0, reference.one])


@pytest.mark.parametrize("register", ["decoded", "membrane", "residual", "bias", "current"])
@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
def test_registers_just_narrow_enough_for_the_fast_word(register: str, overflow: str) -> None:
    """The widest register that is still computed in 32 bits, filled to its ends, and one bit more."""
    draw = np.random.default_rng(3)
    masters = [draw.choice([-2048, 2047], shape) for shape in ((9, 6), (6, 3))]
    whole = {"decoded": 7, "membrane": 1, "residual": 6, "bias": 7}
    for bits in range(12, 33):
        sets = {"registers.weight.bits": 12, "registers.fraction.bits": 0, f"registers.{register}.bits": bits}
        if register in whole:
            sets[f"registers.{register}.whole"] = whole[register]
        sets |= {f"registers.{name}.overflow": overflow for name in ("decoded", "residual", "current")}
        chip, reference = machine((9, 6, 3), sets, masters)
        if bits == 12:
            assert chip.word is np.int32
        if chip.word is np.int64 or bits == 32:
            break
        fast = chip, reference
    wide = chip, reference
    for chip, reference in (fast, wide):
        ends = chip.formats["bias"]
        biases = [draw.choice([ends.lo, 0, ends.hi], n) for n in (6, 3)]
        chip.load(masters, biases)
        reference.biases = [each.tolist() for each in biases]
        for _ in range(3):
            inputs, target = draw.choice([0, reference.one], 9), draw.choice([0, reference.one], 3)
            same_sample(chip, reference, inputs.tolist(), target.tolist())


# --- ends of the configuration's ranges: right, or refused ----------------------------------------------


def test_unsigned_weights_are_refused() -> None:
    """Memories, sums and the check of partial sums are made for weights of either sign."""
    with pytest.raises(ConfigError, match=r"registers\.weight\.signed must be true"):
        machine((6, 4), {"registers.weight.signed": "false"}, [np.full((6, 4), 200)])


def test_widest_master() -> None:
    """Weights and fractions of 16 bits each: the lowest master is half a step below 32 bits."""
    sets = {"registers.weight.bits": 16, "registers.fraction.bits": 16}
    chip, reference = machine((2, 1), sets, [np.full((2, 1), -(1 << 31))])
    banks = np.array([[[1000, 1000, -1000], [0, 0, 0]]], np.int32)
    for each in (chip, reference):
        each.learn(banks, [Rate(1, 0)], [Rate(0, 0)], 0)
    assert chip.weights[0].tolist() == reference.weights()[0] == [[-(1 << 15)]] * 2
    assert chip.masters[0].tolist() == reference.masters[0] == [[-(1 << 31) - (1 << 15)]] * 2


@pytest.mark.parametrize(("bits", "fraction"), [(8, 0), (8, 16), (16, 16)])
def test_weights_beyond_the_register_load_as_its_ends(bits: int, fraction: int) -> None:
    sets = {"registers.weight.bits": bits, "registers.fraction.bits": fraction}
    chip, _ = machine((2, 1), sets, [np.zeros((2, 1), np.int64)])
    chip.load_real([np.array([[-3.0], [3.0]])])
    weight = chip.formats["weight"]
    assert chip.weights[0].tolist() == [[weight.lo], [weight.hi]]


@pytest.mark.parametrize("rounding", ["floor", "nearest", "stochastic"])
@pytest.mark.parametrize("shift", [62, 40, 33, 32, 31, 0, -3, -20])
def test_rates_of_any_size(rounding: str, shift: int) -> None:
    sets = {f"registers.{name}.rounding": rounding for name in ("weight", "bias")}
    chip, reference = machine((4, 3), sets, [np.zeros((4, 3), np.int64)])
    banks = np.array([[[2000, 1999, 1, -1, 2000, -2000, 3], [0] * 7]], np.int32)
    for each in (chip, reference):
        each.learn(banks, [Rate(255, shift)], [Rate(255, shift)], 1)
    assert chip.masters[0].tolist() == reference.masters[0]
    assert chip.biases[0].tolist() == reference.biases[0]


@pytest.mark.parametrize("rounding", ["nearest", "stochastic"])
@pytest.mark.parametrize("shift", [63, 64, 65, 70, 128, 1000])
def test_rates_that_leave_nothing(rounding: str, shift: int) -> None:
    """Beyond the width of the sums; machines shift by such numbers modulo 64."""
    chip, _ = machine((4, 3), {"registers.weight.rounding": rounding}, [np.zeros((4, 3), np.int64)])
    banks = np.full((1, 2, 7), 2000, np.int32)
    banks[:, 1] = -1
    chip.learn(banks, [Rate(255, shift)], [Rate(255, shift)], 1)
    assert not chip.masters[0].any()
    assert not chip.biases[0].any()
    assert updates_of(chip) == [[12, 12, 0]]
