"""What must not change a bit of a run: threads, how a batch is cut, crossbars, the order of operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from neurochip.chip import Chip
from neurochip.chip import columns as col
from neurochip.experiment import Run, load
from neurochip.experiment.record import weights_sha256
from neurochip.mapping import BACKWARD, FORWARD

SETS = (
    "experiment.data.train=60",
    "experiment.epochs=1",
    "experiment.rule.ticks.free=16",
    "experiment.rule.ticks.nudged=8",
    "hardware.registers.membrane.rounding=stochastic",
    "hardware.registers.residual.rounding=stochastic",
    "hardware.registers.bank.rounding=stochastic",
)
"""Sixty digits once, shortened; random bits wherever there can be any."""


def trained(*sets: str, threads: int = 1, prepare: Callable[[Run], object] | None = None) -> Run:
    run = Run(load("digits_ep", sets=[*SETS, *sets]), threads=threads)
    if prepare:
        prepare(run)
    run.train_epoch()
    return run


@cache
def expected(*sets: str) -> Run:
    return trained(*sets)


def updates(run: Run) -> np.ndarray:
    """What the update unit did to each projection, on all crossbars."""
    found = np.zeros((len(run.network.projections), 4), np.int64)
    np.add.at(found, run.chip.shares.projection, run.training.updates)
    return found


def same(run: Run, other: Run) -> bool:
    """Whether two runs learned the same, down to the fraction bits, from the same spikes."""
    pairs = zip([*run.chip.masters, *run.chip.biases], [*other.chip.masters, *other.chip.biases], strict=True)
    return (
        all(np.array_equal(a, b) for a, b in pairs)
        and weights_sha256(run) == weights_sha256(other)
        and np.array_equal(run.training.spikes, other.training.spikes)
        and np.array_equal(updates(run), updates(other))
        and np.array_equal(run.training.saturations, other.training.saturations)
    )


def test_something_is_learned() -> None:
    start = Run(load("digits_ep", sets=SETS), threads=1)
    run = expected()
    assert all((a != b).mean() > 0.3 for a, b in zip(start.chip.masters, run.chip.masters, strict=True))
    assert weights_sha256(start) != weights_sha256(run)


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_threads(threads: int) -> None:
    assert same(trained(threads=threads), expected())


def test_repeated() -> None:
    assert same(trained(), expected())


@pytest.mark.parametrize(
    "sets",
    [
        ["hardware.crossbar.rows=37", "hardware.crossbar.cols=53"],
        ["hardware.crossbar.rows=8", "hardware.crossbar.cols=8"],
        ["hardware.crossbar.feedback=mirrored"],
        ["hardware.crossbar.feedback=mirrored", "hardware.crossbar.rows=37", "hardware.crossbar.cols=53"],
        ["hardware.core.crossbars=1"],
        ["hardware.core.neurons=7"],
    ],
    ids=lambda sets: ",".join(item.removeprefix("hardware.") for item in sets),
)
def test_crossbars_and_cores(sets: list[str]) -> None:
    """The registers for sums are wide enough, so where a synapse is cannot matter."""
    run = trained(*sets)
    assert same(run, expected())
    assert (
        run.placement.blocks != expected().placement.blocks
        or run.placement.groups != expected().placement.groups
    )


def test_crossbars_matter_when_partial_sums_are_narrow() -> None:
    """The counter-example: where partial sums saturate, the size of a crossbar is part of the result."""
    narrow = "hardware.registers.partial.bits=8"
    assert expected(narrow).training.saturated()["partial"] > 0
    assert not same(trained(narrow, "hardware.crossbar.rows=8"), expected(narrow))


@pytest.mark.parametrize(
    "sets",
    [
        ["experiment.seed=1"],
        ["hardware.registers.membrane.rounding=nearest"],
        ["experiment.rule.ticks.nudged=9"],
        ["experiment.rule.neuron.decode_shift=3"],
    ],
    ids=lambda sets: ",".join(sets),
)
def test_what_must_matter(sets: list[str]) -> None:
    assert not same(trained(*sets), expected())


# --- the batch ------------------------------------------------------------------------------------------


def samples(run: Run, n: int) -> tuple[Any, Any, Any]:
    """The first ``n`` training samples as the chip receives them, and names for them."""
    data = run.data["train"]
    pixels = data.inputs[:n].reshape(n, -1).astype(np.int64)
    one = 1 << run.chip.formats["membrane"].frac
    targets = np.eye(len(data.classes), dtype=np.int64)[data.labels[:n]] * one
    return pixels * one // data.full_scale, targets, np.arange(100, 100 + n)


@pytest.mark.parametrize("cut", [1, 7, 12])
@pytest.mark.parametrize("threads", [1, 2])
def test_cut_of_a_batch(cut: int, threads: int) -> None:
    """Samples keep their names and so their random bits, whichever call they are in."""
    whole, parts = (Run(load("digits_ep", sets=SETS), threads=n).chip for n in (1, threads))
    inputs, targets, names = samples(expected(), 13)
    outcome = whole.run(inputs, targets, names, 5)
    pieces = [slice(0, cut), slice(cut, 13)]
    outcomes = [parts.run(inputs[piece], targets[piece], names[piece], 5) for piece in reversed(pieces)]
    banks = np.concatenate([part.banks for part in reversed(outcomes)])
    assert np.array_equal(banks, outcome.banks)
    assert np.array_equal(np.concatenate([part.readout for part in reversed(outcomes)]), outcome.readout)
    assert np.array_equal(whole.tally.spikes, parts.tally.spikes)
    rates, bias_rates = expected().rates()
    for chip, found in ((whole, outcome.banks), (parts, banks)):
        chip.learn(found, rates, bias_rates, 6)
    assert all(np.array_equal(a, b) for a, b in zip(whole.masters, parts.masters, strict=True))


def test_order_of_a_batch() -> None:
    """Sums are exact, so the order of the samples in a batch is nothing that can be seen."""
    inputs, targets, names = samples(expected(), 13)
    order = np.random.default_rng(0).permutation(13)
    found = []
    for pick in (np.arange(13), order):
        chip = Run(load("digits_ep", sets=SETS), threads=1).chip
        banks = chip.run(inputs[pick], targets[pick], names[pick], 5).banks
        chip.learn(banks, *expected().rates(), 6)
        found.append((banks[np.argsort(pick)], chip.masters))
    assert np.array_equal(found[0][0], found[1][0])
    assert all(np.array_equal(a, b) for a, b in zip(found[0][1], found[1][1], strict=True))


def test_names_of_samples_are_their_random_bits() -> None:
    inputs, targets, names = samples(expected(), 3)
    chip = Run(load("digits_ep", sets=SETS), threads=1).chip
    banks = [chip.run(inputs, targets, name, 5).banks for name in (names, names, names + 1)]
    assert np.array_equal(banks[0], banks[1])
    assert all((banks[0][s] != banks[2][s]).any() for s in range(3))


# --- the operation table --------------------------------------------------------------------------------


def blockwise(chip: Chip, checked: int) -> Any:
    """An operation table in which every crossbar, in each direction, is an operation of its own."""
    rows = []
    for block in chip.placement.blocks:
        projection = chip.network.projections[block.projection]
        forward, mirror = block.role == "forward", any(it.role == "mirror" for it in chip.placement.blocks)
        ways = [(projection.source, projection.target, block.rows, block.cols)] if forward else []
        if projection.source != 0 and forward is not mirror:
            lines = (block.cols, block.rows) if forward else (block.rows, block.cols)
            ways.append((projection.target, projection.source, *lines))
        for source, target, read, added in ways:
            table = chip._runner.operations.table
            row = table[(table[:, col.SOURCE] == source) & (table[:, col.TARGET] == target)][0].copy()
            row[[col.ROW_LO, col.ROW_HI, col.COL_LO, col.COL_HI]] = (
                read.start,
                read.stop,
                added.start,
                added.stop,
            )
            row[col.CHECKED] = checked
            rows.append(row)
    return np.array(rows)


def shuffle(chip: Chip, table: Any, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(table))
    chip._runner.operations = replace(chip._runner.operations, table=np.ascontiguousarray(table[order]))


@pytest.mark.parametrize("seed", range(3))
def test_order_of_operations(seed: int) -> None:
    run = trained(prepare=lambda run: shuffle(run.chip, run.chip._runner.operations.table, seed))
    assert len(run.chip._runner.operations.table) == 3
    assert same(run, expected())


@pytest.mark.parametrize("checked", [col.FREE, col.HELD])
@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize("draws", ["", "nearest"])
def test_every_block_on_its_own_in_any_order(feedback: str, checked: int, draws: str) -> None:
    """With and without a partial-sum register of its own for each crossbar; the register is wide enough.

    Without random bits in the membrane's input, the currents of a repeated time are kept, of all blocks.
    """
    plain = [f"hardware.registers.{it}.rounding={draws}" for it in ("membrane", "residual") if draws]
    sets = [
        *plain,
        "hardware.crossbar.rows=37",
        "hardware.crossbar.cols=53",
        f"hardware.crossbar.feedback={feedback}",
    ]
    run = trained(*sets, prepare=lambda run: shuffle(run.chip, blockwise(run.chip, checked), 1))
    ways = (run.placement.reads[:, 2] & FORWARD).sum() > 0, (run.placement.reads[:, 2] & BACKWARD).sum() > 0
    assert ways == (True, True)
    assert len(run.chip._runner.operations.table) > 12
    assert same(run, expected(*plain))


def test_the_table_is_what_is_executed() -> None:
    """A table without one block gives another result: the tests above would see a block that is lost."""

    def without_one(run: Run) -> None:
        shuffle(run.chip, blockwise(run.chip, 1)[:-1], 0)

    assert not same(trained("hardware.crossbar.rows=37", prepare=without_one), expected())
