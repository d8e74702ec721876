"""The shelf of synapse devices, the column converter, and what they do to a chip that learns."""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import floor, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conv_cases import chip as roomy
from conv_cases import conv, dense
from plain_cells import Synapse, nearest
from small_runs import compiled, tiny

from neurochip.chip import Chip, convert
from neurochip.chip.cells import Cells, converter_table
from neurochip.devices import DEVICES, Adc, Resistive
from neurochip.devices import resistive_kernels as kernels
from neurochip.errors import ConfigError
from neurochip.experiment import Run, execute, load
from neurochip.fixed import Format, Rate
from neurochip.fixed.scalar import bell, draw
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import Network
from neurochip.rules import EP

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "resistive": [
        {"pairing": pairing, "write": write}
        for pairing in ("pair", "single")
        for write in ("levels", "pulses")
    ]
}
"""Kinds of a device that differ without any imperfection; a device that is not named has one."""

SHELF = [(name, keys) for name in DEVICES for keys in VARIANTS.get(name, [{}])]
SHELF_IDS = ["-".join([name, *keys.values()]) for name, keys in SHELF]
whole_shelf = pytest.mark.parametrize(("name", "keys"), SHELF, ids=SHELF_IDS)

BAD: dict[str, dict[str, Any]] = {
    "levels": {
        "levels": 20, "spread": 0.1, "stuck_off": 0.05, "stuck_on": 0.05, "programming_noise": 0.02,
        "drift": 0.02, "endurance_writes": 3, "read_noise": 0.05, "seed": 3,
    },
    "pulses": {
        "levels": 70, "spread": 0.1, "stuck_off": 0.05, "stuck_on": 0.05, "pulse_noise": 0.3,
        "nonlinearity_up": 0.5, "nonlinearity_down": 0.3, "asymmetry": 0.2, "drift": 0.02,
        "endurance_writes": 9, "read_noise": 0.05, "seed": 3,
    },
}  # fmt: skip
"""Every imperfection at once."""

ALL_BAD = [
    {"pairing": pairing, "write": write, **BAD[write]} for pairing in ("pair", "single") for write in BAD
]
everything_wrong = pytest.mark.parametrize("keys", ALL_BAD, ids=lambda it: f"{it['pairing']}-{it['write']}")

WEIGHT = Format(8, 7)


def overrides(name: str, keys: dict[str, Any]) -> list[str]:
    """Hardware overrides for a device."""
    given = "{" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}"
    return [f"hardware.crossbar.device={name}", *([f"hardware.crossbar.cell={given}"] if keys else [])]


def needs_compiler() -> None:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        pytest.skip("takes minutes without Numba's compiler")


def trained(*sets: str, threads: int = 1, epochs: int = 2) -> Run:
    needs_compiler()
    run = Run(tiny("experiment.rule.learning_rate=2", *sets), threads=threads)
    for _ in range(epochs):
        run.train_epoch()
    return run


@cache
def exact(*sets: str) -> Run:
    return trained(*sets)


def same(run: Run, other: Run) -> bool:
    """Whether two runs learned the same, down to the fraction bits, from the same spikes."""
    mine, others = ([*it.chip.masters, *it.chip.biases, *it.chip.held] for it in (run, other))
    tallies = [
        (it.training.spikes, it.training.updates.sum(0), it.training.saturations) for it in (run, other)
    ]
    return all(np.array_equal(a, b) for a, b in zip(mine, others, strict=True)) and all(
        np.array_equal(a, b) for a, b in zip(*tallies, strict=True)
    )


def same_cells(run: Run, other: Run) -> bool:
    states = [it.chip.cells.state() for it in (run, other) if it.chip.cells]
    return len(states) == 2 and all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


# --- without imperfections every device is sram -----------------------------------------------------------


def test_the_runs_learn_and_write() -> None:
    assert exact().training.updates[:, 2].sum() > 500


@whole_shelf
@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
def test_ideal_limit_of_dense_layers(name: str, keys: dict[str, Any], feedback: str) -> None:
    sets = ["rows=37", "cols=5", f"feedback={feedback}"]
    sets = [f"hardware.crossbar.{it}" for it in sets]
    assert same(trained(*sets, *overrides(name, keys)), exact())


CONV = "experiment.network.layers=" + (
    "[{kind: conv, channels: 3, kernel: 3, padding: 1, pool: {kind: average, window: 2}}, "
    "{kind: conv, channels: 4, kernel: 2, pool: {kind: average, window: 2}}, {kind: dense, units: 10}]"
)


def tiny_conv(*sets: str, threads: int = 1) -> Run:
    needs_compiler()
    short = [
        "data.train=40",
        "data.test=40",
        "rule.ticks.free=12",
        "rule.ticks.nudged=8",
        "rule.learning_rate=8",
    ]
    run = Run(load("digits_ep", sets=[*(f"experiment.{it}" for it in short), CONV, *sets], epochs=2), threads)
    run.train_epoch()
    return run


@whole_shelf
def test_ideal_limit_of_convolutions(name: str, keys: dict[str, Any]) -> None:
    """Kernels of 9 and 12 rows on crossbars of 5 x 2; both directions, behind average poolings."""
    expected = tiny_conv()
    assert expected.training.updates[:, 2].sum() > 0
    sets = ["hardware.crossbar.rows=5", "hardware.crossbar.cols=2"]
    assert same(tiny_conv(*sets, *overrides(name, keys)), expected)


@whole_shelf
@pytest.mark.parametrize("build", [trained, tiny_conv])
def test_a_wide_converter_changes_nothing(name: str, keys: dict[str, Any], build: Callable[..., Run]) -> None:
    """A code at most a step of the weight apart from the next, and a range that no sum leaves."""
    adc = "hardware.crossbar.adc={bits: 16, range_cells: 200}"
    assert same(build(adc, *overrides(name, keys)), build())


@pytest.mark.parametrize("strides", [(1, 0, 1), (2, 1, 1), (1, 2, 2), (2, 2, 4), (3, 1, 2)])
def test_ideal_limit_of_odd_convolutions(strides: tuple[int, int, int]) -> None:
    """Random kernels and spikes: currents of both directions, tick by tick."""
    stride, padding, window = strides
    network = Network.build([conv(3, 3, 1, 1), conv(4, 3, stride, padding, window), dense(2)], (2, 9, 10), 2)
    rule = EP.model_validate({"name": "ep", "ticks": {"free": 5, "nudged": 3}, "learning_rate": 0.1})
    found = []
    for device in ("sram", "resistive"):
        hardware = roomy((2, 2), (7, 3))
        crossbar = hardware.crossbar.model_copy(update={"device": device})
        hardware = hardware.model_copy(update={"crossbar": crossbar})
        chip = Chip(hardware, place(network, hardware, True), rule.program(8))
        random = np.random.default_rng(1)
        chip.load_real([random.normal(0, 0.5, p.weight_shape) for p in network.projections])
        one = 1 << chip.formats["membrane"].frac
        inputs = random.integers(0, one + 1, (2, 180))
        outcome = chip.run(inputs, np.array([[one, 0]] * 2), np.arange(2), 0)
        found.append((outcome.banks, chip.tally.spikes))
    assert found[0][1].sum() > 1000
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


# --- determinism ------------------------------------------------------------------------------------------


@everything_wrong
def test_threads(keys: dict[str, Any]) -> None:
    sets = [*overrides("resistive", keys), "hardware.crossbar.adc={bits: 8, range_cells: 4}"]
    expected = trained(*sets)
    for threads in (2, 3):
        run = trained(*sets, threads=threads)
        assert same(run, expected)
        assert same_cells(run, expected)
    assert not same(expected, exact())


@everything_wrong
def test_cut_of_a_batch(keys: dict[str, Any]) -> None:
    sets = [*overrides("resistive", keys), "hardware.crossbar.adc={bits: 8, range_cells: 4}"]
    for build in (lambda: Run(tiny(*sets), 1), lambda: tiny_conv(*sets)):
        run = build()
        feed = run.feeds["train"]
        inputs, targets, _ = feed.take(np.arange(13))
        names = np.arange(100, 113)
        whole = run.chip.run(inputs, targets, names, 5)
        for cut in (1, 7):
            pieces = [slice(0, cut), slice(cut, 13)]
            parts = [run.chip.run(inputs[it], targets[it], names[it], 5) for it in pieces]
            assert np.array_equal(np.concatenate([part.banks for part in parts]), whole.banks)


def test_seed_names_the_chip() -> None:
    keys = {"spread": 0.1}
    runs = [Run(tiny(*overrides("resistive", {**keys, "seed": seed})), 1) for seed in (0, 0, 1)]
    held = [run.chip.held[0] for run in runs]
    assert np.array_equal(held[0], held[1])
    assert (held[0] != held[2]).mean() > 0.5


@compiled
@everything_wrong
def test_warming_up_changes_nothing(keys: dict[str, Any]) -> None:
    cold, warm = (Run(tiny(*overrides("resistive", keys)), 1) for _ in range(2))
    warm.warm_up()
    cold.train_epoch()
    warm.train_epoch()
    assert same(cold, warm)
    assert same_cells(cold, warm)


@compiled
@everything_wrong
def test_a_resumed_run_has_the_same_cells(keys: dict[str, Any], tmp_path: Path) -> None:
    sets = [*overrides("resistive", keys), "experiment.rule.learning_rate=2"]
    sets.append("hardware.crossbar.adc={bits: 8, range_cells: 4}")
    execute(tiny(*sets, epochs=1), tmp_path / "run", threads=1)
    record = execute(tiny(*sets, epochs=3), tmp_path / "run", threads=1, resume=True)
    whole = execute(tiny(*sets, epochs=3), tmp_path / "whole", threads=1)
    assert record["weights_sha256"] == whole["weights_sha256"]
    assert record["counts"] == whole["counts"]
    assert record["counts"]["training"]["total"]["adc_conversions"] > 0
    files = [np.load(tmp_path / name / "checkpoint.npz") for name in ("run", "whole")]
    names = [name for name in files[0].files if name.startswith(("cells_", "master_"))]
    assert len(names) == 7
    for name in names:
        assert np.array_equal(files[0][name], files[1][name]), name
    writes = files[0]["cells_writes"]
    used = writes if keys["pairing"] == "pair" else writes[::2]
    assert record["cells"]["writes"] == used.sum() > 0
    assert record["cells"] == whole["cells"]


# --- cells ------------------------------------------------------------------------------------------------


def cells(record: Resistive, synapses: int = 1, weight: Format = WEIGHT) -> Cells:
    """Cells of one row of synapses that hold 0."""
    network = Network.build([dense(synapses)], (1, 1, 1), synapses)
    rule = EP.model_validate({"name": "ep", "ticks": {"free": 1, "nudged": 1}, "learning_rate": 0.1})
    keys = [f"{key}={value}" for key, value in (("rows", 8), ("cols", 1024), ("device", "resistive"))]
    sets = [f"crossbar.{key}" for key in keys]
    sets += [f"registers.weight={{bits: {weight.bits}, whole: 0}}", "core.neurons=8192", "core.axons=8192"]
    sets += ["mesh.rows=8", "mesh.cols=8"]
    hardware = Hardware.load("tiny", sets)
    chip = Chip(hardware, place(network, hardware, True), rule.program(8))
    return Cells.of(record, network, chip.memory, weight, 0, False)


class Row:
    """A row of synapses, told weights directly."""

    def __init__(self, record: Resistive, holds: Any, weight: Format = WEIGHT) -> None:
        holds = np.asarray(holds)
        self.n, self.weight = len(holds), weight
        self.cells = cells(record, self.n, weight)
        width = self.cells.places[0][3]
        self.told, self.read = np.zeros(width, np.int16), np.zeros(width, np.int16)
        self.masters = holds.astype(np.int32)
        self.told[: self.n] = holds
        self.cells.place(self.told, self.masters, self.read)

    def write(self, weights: Any, samples: int = 0) -> None:
        self.told[: self.n] = weights
        self.masters[:] = weights
        self.cells.settle(self.told, self.masters, self.read, samples, 1)

    @property
    def held(self) -> Any:
        """What columns see, in steps of the weight."""
        return self.read[: self.n] / 2.0 ** (15 - self.weight.bits)

    @property
    def g(self) -> Any:
        """Conductances in weight steps: [synapses, 2]."""
        return self.cells.conductance.reshape(-1, 2) / 65536.0


@everything_wrong
@pytest.mark.parametrize("bits", [2, 8, 12])
def test_cells_against_plain_integers(keys: dict[str, Any], bits: int) -> None:
    """Random histories: conductances, counts and reads are those of the cells written a second time."""
    weight, chosen, far = Format(bits, bits - 1), random.Random(bits), 1 << bits - 2
    record, n = Resistive.model_validate(keys), 60
    start = [chosen.randint(weight.lo, weight.hi) for _ in range(n)]
    row, now = Row(record, start, weight), 0
    plain = [Synapse(record, weight, 4 * i, start[i]) for i in range(n)]
    for _ in range(12):
        now += (samples := chosen.choice([1, 3, 20, 500]))
        for i, synapse in enumerate(plain):
            if record.write == "pulses":
                synapse.told = int(row.told[i])
        wanted = [
            min(max(int(row.told[i]) + chosen.choice([0, 0, 1, -1, 5, far, -far]), weight.lo), weight.hi)
            for i in range(n)
        ]
        for synapse, value in zip(plain, wanted, strict=True):
            if value != synapse.told:
                synapse.write(value, now)
        row.write(wanted, samples)
        count = 2 if record.pairing == "pair" else 1
        for name, part in (("conductance", "g"), ("writes", "writes")):
            found = getattr(row.cells, name).reshape(-1, 2)[:, :count].tolist()
            assert found == [list(getattr(it, part)) for it in plain], name
        assert [Fraction(x) for x in row.held] == [it.held(now) for it in plain]
    assert row.cells.writes.sum() > n


@pytest.mark.parametrize("pairing", ["pair", "single"])
@pytest.mark.parametrize("levels", [0, 2, 3, 5, 16, 17, 100, 65536])
def test_levels(pairing: str, levels: int) -> None:
    """All weights: each cell holds the level nearest to its share."""
    every = np.arange(WEIGHT.lo, WEIGHT.hi + 1)
    record = Resistive.model_validate({"pairing": pairing, "levels": levels})
    row = Row(record, every)
    full = 128 if pairing == "pair" else 255
    shares = every + 128 if pairing == "single" else np.abs(every)
    spacing = Fraction(full, levels - 1 if levels else full)
    wanted = [nearest(Fraction(int(share)) / spacing) * spacing for share in shares]
    found = row.g[:, 0] if pairing == "single" else np.where(every >= 0, row.g[:, 0], row.g[:, 1])
    assert np.allclose(found, [float(it) for it in wanted], atol=2**-17)
    assert len(np.unique(found)) == min(levels or full + 1, len(np.unique(shares)))
    if pairing == "pair":
        assert not np.where(every > 0, row.g[:, 1], 0).any()
        assert not np.where(every < 0, row.g[:, 0], 0).any()


def test_bell_exhaustively() -> None:
    """The distribution of the sum of four bytes: mean 510, variance 21845; `bell` is that sum, scaled."""
    sums = Counter({0: 1})
    for _ in range(4):
        sums = Counter(dict(enumerate(np.convolve(_dense(sums), np.ones(256, np.int64)))))
    assert sum(sums.values()) == 2**32
    assert sum(k * n for k, n in sums.items()) == 510 * 2**32
    assert sum((k - 510) ** 2 * n for k, n in sums.items()) == 21845 * 2**32
    for word in (0, 2**32 - 1, 0x01020304, 0xFF000000, 0x12345678):
        total = sum(word.to_bytes(4, "big")) - 510
        assert bell(np.int64(word), np.int64(65536)) == total
        assert bell(np.int64(word), np.int64(100)) == floor(Fraction(total * 100, 65536) + Fraction(1, 2))


def _dense(counts: Counter[int]) -> Any:
    return np.array([counts[k] for k in range(max(counts) + 1)], np.int64)


MANY = 20_000


def close(found: Any, mean: float, deviation: float) -> None:
    """Mean and standard deviation of many bell-shaped draws, within five standard errors."""
    error = deviation / sqrt(len(found))
    assert abs(found.mean() - mean) < 5 * error
    assert abs(found.std() - deviation) < 5 * error


def test_spread() -> None:
    """A cell's conductance is its level times a gain of its own, whatever is written how often."""
    row = Row(Resistive(spread=0.1), np.full(MANY, 100))
    gain = row.g[:, 0] / 100
    close(gain, 1.0, 0.1)
    assert abs(np.corrcoef(gain[:-1], gain[1:])[0, 1]) < 0.04
    for weight in (50, 100):
        row.write(np.full(MANY, weight))
        assert np.allclose(row.g[:, 0] / weight, gain, atol=1e-5)


def test_programming_noise() -> None:
    """Every write has noise of its own, relative to full conductance; none is below zero."""
    row = Row(Resistive(programming_noise=0.02), np.full(MANY, 100))
    first = row.g[:, 0].copy()
    close(first - 100, 0.0, 0.02 * 128)
    row.write(np.full(MANY, 60))
    second = row.g[:, 0].copy()
    close(second - 60, 0.0, 0.02 * 128)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.04
    assert row.g.min() == 0.0
    assert (row.g[:, 1] == 0.0).mean() > 0.4


def test_stuck_cells_never_change() -> None:
    record = Resistive(stuck_off=0.1, stuck_on=0.05, programming_noise=0.05, drift=0.1)
    row, chosen = Row(record, np.full(MANY, 64)), np.random.default_rng(0)
    stuck = row.cells.written.reshape(-1, 2) == kernels.NEVER
    start = row.g.copy()
    off, on = stuck & (start == 0), stuck & (start == 128)
    assert (stuck == (off | on)).all()
    for found, part in ((off, 0.1), (on, 0.05)):
        assert abs(found.mean() - part) < 5 * sqrt(part * (1 - part) / (2 * MANY))
    for _ in range(5):
        row.write(chosen.integers(-128, 128, MANY), 100)
        assert np.array_equal(row.g[stuck], start[stuck])
    assert (row.g[~stuck] != start[~stuck]).mean() > 0.9
    both = stuck.all(1)
    assert np.array_equal(row.held[both], (start[both, 0] - start[both, 1]))


@pytest.mark.parametrize("drift", [0.05, 0.3])
def test_drift(drift: float) -> None:
    """(age)**-drift, within the table's 64 entries for each doubling; a write starts again."""
    row = Row(Resistive(drift=drift), [100, -100, 0, 50])
    age = 0
    for samples in (1, 1, 5, 93, 900, 60_000):
        age += samples
        row.write(row.told[:4], samples)
        power = age**-drift
        assert np.allclose(row.held, power * np.array([100, -100, 0, 50]), rtol=drift / 64, atol=0.02)
    row.write([60, -100, 0, 50], 1000)
    assert row.held[0] == 60.0
    assert row.held[1] > -100 * 60_000**-drift


@pytest.mark.parametrize(("up", "down", "lean"), [(0.0, 0.0, 0.0), (0.9, 0.0, 0.0), (0.5, 0.8, 0.3)])
def test_pulses_follow_their_curve(up: float, down: float, lean: float) -> None:
    """dg = (1 +- a)(1 - loss): exponential in the number of pulses, G(P) = B (1 - exp(-P / A))."""
    record = Resistive(
        pairing="single", write="pulses", nonlinearity_up=up, nonlinearity_down=down, asymmetry=lean
    )
    row = Row(record, [-128])
    g, full = 0.0, 255.0
    for direction in (1, -1):
        for _ in range(150):
            told = int(row.told[0])
            if not -128 <= told + direction <= 127:
                break
            row.write([told + direction])
            loss = up * g / full if direction > 0 else down * (1 - g / full)
            g = min(max(g + direction * (1 + direction * lean) * (1 - loss), 0.0), full)
            assert row.g[0, 0] == pytest.approx(g, abs=0.02)
            assert row.told[0] == nearest(Fraction(row.held[0]))


def test_pulses_are_as_many_as_they_should_be_on_average() -> None:
    """A pulse of four weight steps: a change of one is a pulse in one of four updates."""
    row = Row(Resistive(pairing="single", write="pulses", levels=256 // 4 + 1 - 1), np.zeros(MANY, int))
    steps = 63
    row.write(np.ones(MANY), 20)
    pulses = row.cells.writes[::2]
    part = steps / 255
    assert set(pulses.tolist()) == {0, 1}
    assert abs(pulses.mean() - part) < 5 * sqrt(part * (1 - part) / MANY)


def test_pulse_noise() -> None:
    row = Row(Resistive(pairing="single", write="pulses", pulse_noise=0.4), np.zeros(MANY, int))
    row.write(np.ones(MANY))
    close(row.g[:, 0] - 129, 0.0, 0.4)


def test_a_pulse_of_a_pair_lowers_the_other_cell_first() -> None:
    row = Row(Resistive(write="pulses"), [-3, 3, 0])
    row.write([2, -2, 0])
    assert row.g.tolist() == [[2, 0], [0, 2], [0, 0]]
    assert row.cells.writes.reshape(-1, 2).tolist() == [[2, 3], [3, 2], [0, 0]]


def test_endurance() -> None:
    """Writes 1 to 3 change a cell, no later one does; all are counted."""
    row = Row(Resistive(pairing="single", endurance_writes=3), [0, 0])
    for count, weight in enumerate([5, 6, 7, 8, 9], 1):
        row.write([weight, 0])
        assert row.held.tolist() == [min(weight, 7), 0]
        assert row.cells.wear() == {
            "cells": 2, "writes": count, "most_written": count, "stuck": 0, "worn_out": int(count >= 3)
        }  # fmt: skip


def test_writes_of_a_run_are_those_that_the_update_unit_counts() -> None:
    """Single cells with a level for each weight: one write for each weight rewritten."""
    run = trained(*overrides("resistive", {"pairing": "single"}))
    assert run.chip.cells is not None
    assert run.chip.cells.wear()["writes"] == run.training.updates[:, 2].sum() > 500


@pytest.mark.parametrize("levels", [0, 9])
def test_writes_of_pairs_are_changes_of_level(levels: int) -> None:
    """Counted from the weights before and after each update."""
    run = Run(tiny("experiment.rule.learning_rate=2", *overrides("resistive", {"levels": levels})), 1)
    chip, feed, expected = run.chip, run.feeds["train"], 0
    inputs, targets, _ = feed.take(np.arange(20))
    steps = levels - 1 if levels else 128

    def level(weights: Any, sign: int) -> Any:
        return (2 * np.maximum(sign * weights.astype(int), 0) * steps + 128) // 256

    for batch in range(5):
        before = [*chip.weights]
        outcome = chip.run(inputs, targets, np.arange(20), batch)
        chip.learn(outcome.banks, *run.rates(), batch)
        pairs = list(zip(before, chip.weights, strict=True))
        expected += sum(int((level(a, s) != level(b, s)).sum()) for a, b in pairs for s in (1, -1))
    assert chip.cells is not None
    assert chip.cells.wear()["writes"] == expected > 100


def test_mirrored_cells_are_others_that_are_told_the_same() -> None:
    keys = {"spread": 0.1}
    run = trained("hardware.crossbar.feedback=mirrored", *overrides("resistive", keys))
    matrix, (rows, cols) = run.chip.memory.matrices[1], run.network.projections[1].weight_shape
    weights = run.chip._store.held
    forward = weights[matrix.forward :][: rows * matrix.stride].reshape(rows, -1)[:, :cols]
    back = weights[matrix.back :][: cols * matrix.back_stride].reshape(cols, -1)[:, :rows].T
    assert (forward != back).mean() > 0.9
    assert np.corrcoef(forward.ravel(), back.ravel())[0, 1] > 0.95
    assert run.chip.cells is not None
    synapses = run.network.synapses
    assert run.chip.cells.wear()["cells"] == 2 * (synapses + rows * cols)


# --- reads ------------------------------------------------------------------------------------------------


def crossbar(**keys: Any) -> Any:
    sets = [f"crossbar.{key}={value}" for key, value in keys.items()]
    return Hardware.load("tiny", sets).crossbar


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
@pytest.mark.parametrize("end", [1, 3, 16])
@pytest.mark.parametrize("device", ["sram", "resistive"])
def test_converter_exhaustively(bits: int, end: int, device: str) -> None:
    """All sums in and around the range: the nearest code, clipped; the nearest weight step to its value."""
    weight = Format(4, 3)
    table = converter_table(crossbar(device=device, adc=f"{{bits: {bits}, range_cells: {end}}}"), weight)
    fine = Fraction(1, 1 << int(table[convert.FINE]))
    full = end * 8
    code_step = Fraction(full, 1 << bits - 1)
    clipped = 0
    stride = max(1, int(1 / fine) // 16)
    for wide in range(int(-full * 1.2 / fine), int(full * 1.2 / fine) + 1, stride):
        code = floor(wide * fine / code_step + Fraction(1, 2))
        kept = min(max(code, -(1 << bits - 1)), (1 << bits - 1) - 1)
        assert convert.digital(table, np.int64(wide)) == (nearest(kept * code_step), kept != code)
        clipped += kept != code
    assert clipped > 0


def test_a_bit_more_halves_the_error_of_a_sum() -> None:
    sums = np.arange(-1000, 1001)
    errors = []
    for bits in range(3, 9):
        table = converter_table(crossbar(adc=f"{{bits: {bits}, range_cells: 16}}"), WEIGHT)
        found = np.array([convert.digital(table, np.int64(it))[0] for it in sums])
        errors.append(np.abs(found - sums).max())
        assert errors[-1] <= 16 * 128 / 2**bits
    assert all(1.9 < a / b < 2.1 for a, b in itertools.pairwise(errors))


def test_read_noise() -> None:
    """Bell-shaped, of the deviation asked for, before the conversion."""
    table = converter_table(crossbar(device="resistive", cell="{read_noise: 0.5}"), WEIGHT)
    fine = 2.0 ** -int(table[convert.FINE])
    noise = np.array([bell(draw(7, n), table[convert.NOISE]) * fine for n in range(MANY)])
    close(noise, 0.0, 0.5 * 128)


def test_noise_of_a_read_is_never_the_same_and_needs_a_read() -> None:
    """Both nudged phases start from the same state: their first reads differ by noise alone."""
    traces = {}
    for noise in (0.0, 0.02):
        run = Run(tiny(*overrides("resistive", {"read_noise": noise})), 1)
        feed = run.feeds["train"]
        inputs, targets, _ = feed.take(np.array([0]))
        units = np.arange(64, 72)
        traces[noise] = run.chip.run(inputs, targets, np.array([0]), 0, probe=units).trace
    current = {noise: trace[:, 1] for noise, trace in traces.items()}
    assert np.array_equal(current[0.0][8], current[0.0][12])
    assert (current[0.02][8] != current[0.02][12]).any()
    assert (current[0.02][2] != current[0.0][2]).any()
    assert not current[0.02][0].any()


def test_clipped_sums_are_told() -> None:
    run = trained("hardware.crossbar.adc={bits: 8, range_cells: 1}")
    assert run.training.saturated()["partial"] > 0


def test_crossbars_matter_behind_a_converter() -> None:
    adc = "hardware.crossbar.adc={bits: 5, range_cells: 4}"
    large, small = (trained(adc, f"hardware.crossbar.rows={rows}") for rows in (64, 16))
    assert not same(large, small)


@pytest.mark.parametrize("key", [key for key in BAD["levels"] if key != "seed"])
def test_every_key_of_levels_matters(key: str) -> None:
    assert not same(trained(*overrides("resistive", {key: BAD["levels"][key]})), exact())


@pytest.mark.parametrize("key", [key for key in BAD["pulses"] if key != "seed"])
def test_every_key_of_pulses_matters(key: str) -> None:
    keys = {"write": "pulses", key: BAD["pulses"][key]}
    assert not same(trained(*overrides("resistive", keys)), exact())


def test_every_key_is_one_that_matters() -> None:
    known = {*BAD["levels"], *BAD["pulses"], "pairing", "write"}
    assert known == set(Resistive.model_fields)


# --- messages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["crossbar.cell={levels: 4}"],
         "crossbar.cell must be null for the device sram, which has no such keys (--set crossbar.cell)"),
        (["crossbar.device=resistive", "crossbar.cell={levels: 1}"],
         "crossbar.cell.levels must be 0 or at least 2, not 1 (--set crossbar.cell)"),
        (["crossbar.device=resistive", "crossbar.cell={stuck_on: 0.6, stuck_off: 0.5}"],
         "crossbar.cell.stuck_on and stuck_off must be at most 1 together, not 1.1 (--set crossbar.cell)"),
        (["crossbar.device=resistive", "crossbar.cell={pulse_noise: 0.1}"],
         "crossbar.cell.pulse_noise must be 0 with write: levels, which has no such thing, not 0.1 "
         "(--set crossbar.cell)"),
        (["crossbar.device=resistive", "crossbar.cell={write: pulses, programming_noise: 0.1}"],
         "crossbar.cell.programming_noise must be 0 with write: pulses, which has no such thing, not 0.1 "
         "(--set crossbar.cell)"),
        (["crossbar.device=resistive", "crossbar.cell={noise: 0.1}"], "unknown key crossbar.cell.noise; "),
        (["crossbar.device=resistive", "registers.weight.bits=13"],
         "registers.weight.bits must be at most 12 for the device resistive, not 13"),
        (["crossbar.adc={bits: 8}"], "missing key crossbar.adc.range_cells (--set crossbar.adc)"),
        (["crossbar.adc={bits: 1, range_cells: 4}"], "crossbar.adc.bits must be 2..16, not 1"),
    ],
)  # fmt: skip
def test_messages(sets: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Hardware.load("tiny", sets)
    [problem] = caught.value.problems
    assert str(problem).startswith(message)


def refusal(layers: list[Any], hardware: Hardware, fold: bool = False) -> str:
    network = Network.build(layers, (1, 8, 8), 10)
    rule = EP.model_validate({"name": "ep", "ticks": {"free": 5, "nudged": 3}, "learning_rate": 0.1})
    with pytest.raises(ConfigError) as caught:
        Chip(hardware, place(network, hardware, True, fold=fold), rule.program(8))
    return str(caught.value)


def test_what_convolutions_refuse() -> None:
    def of(device: str, **core: Any) -> Hardware:
        feedback = core.pop("feedback", "transposed")
        it = roomy((4, 4), (64, 64), feedback, **core)
        adc = Adc(bits=8, range_cells=4)
        return it.model_copy(
            update={"crossbar": it.crossbar.model_copy(update={"device": device, "adc": adc})}
        )

    layers = [conv(4, 3, 1, 1, 2), dense(10)]
    assert "placement.fold_pooling must be false" in refusal(layers, of("sram"), fold=True)
    assert "core.neurons must hold all neurons of" in refusal(layers, of("resistive", neurons=24))
    for device in ("sram", "resistive"):
        mirrored = refusal([conv(4, 3), conv(4, 3), dense(10)], of(device, feedback="mirrored"))
        assert mirrored.startswith("crossbar.feedback must be transposed: a mirrored kernel")
    kind = type(layers[0]).model_validate({**layers[0].model_dump(), "pool": {"kind": "max", "window": 2}})
    assert "max pooling cannot be behind column converters" in refusal([kind, dense(10)], of("sram"))


def test_rates_of_nothing_write_nothing() -> None:
    run = Run(tiny(*overrides("resistive", {"programming_noise": 0.1})), 1)
    held = [it.copy() for it in run.chip.held]
    outcome = run.chip.run(*run.feeds["train"].take(np.arange(3))[:2], np.arange(3), 0)
    run.chip.learn(outcome.banks, [Rate(0, 0)] * 2, [Rate(0, 0)] * 2, 0)
    assert all(np.array_equal(a, b) for a, b in zip(held, run.chip.held, strict=True))
