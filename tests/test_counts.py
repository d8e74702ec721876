"""Counts of events: derived again from spike rasters, blocks and homes; conserved over phases and cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from math import ceil
from typing import Any

import numpy as np
import pytest
from plain_counts import plain_writes

from neurochip.chip import Chip
from neurochip.counts import ACTIONS, KINDS, Counts, Packets
from neurochip.experiment import Run, load
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import DenseLayer, Network
from neurochip.program import Program
from neurochip.rules import EP

SIZES = (11, 9, 7, 4)
RULES = {
    variant: EP.model_validate(
        {"name": "ep", "variant": variant, "ticks": {"free": 9, "nudged": 5}, "learning_rate": 0.1}
    )
    for variant in ("symmetric", "one_sided", "random_sign")
}
RATES = [Rate(3, 4)] * 3, [Rate(3, 12)] * 3

DATA_DEPENDENT = {"updates", "lost_updates", "master_writes", "weight_writes", "mirror_writes"}
TICK_BASED = {
    "partial_sums", "neuron_updates", "encodes", "barriers", "bank_captures", "update_multiplies",
    "accumulations", "state_resets", "state_saves", "state_restores", "bias_additions", "bias_updates",
}  # fmt: skip


def make_chip(
    rows: int, cols: int, feedback: str = "transposed", variant: str = "symmetric", *sets: str
) -> Chip:
    """An 11-9-7-4 chip with three crossbars and room for six neurons in a core."""
    shape = [f"crossbar.rows={rows}", f"crossbar.cols={cols}", f"crossbar.feedback={feedback}"]
    core = ["core.crossbars=3", "core.neurons=6", "core.axons=64"]
    hardware = Hardware.load("digital_28nm", [*shape, *core, *sets])
    network = Network.build(
        [DenseLayer(kind="dense", units=n) for n in SIZES[1:]], (1, 1, SIZES[0]), SIZES[-1]
    )
    program = RULES[variant].program(8)
    chip = Chip(hardware, place(network, hardware, program.feedback), program)
    chip.load_real([1.5 * w for w in network.initial_weights(3)])
    return chip


def samples(chip: Chip, n: int) -> tuple[Any, Any, Any]:
    draw, one = np.random.default_rng(5), 1 << chip.formats["membrane"].frac
    return draw.integers(0, one, (n, SIZES[0])), draw.choice([0, one], (n, SIZES[-1])), np.arange(n)


def counted(chip: Chip, program: Program | None = None) -> Counts:
    return Counts.of(chip.tally, chip.placement, program or chip.program, chip.hardware)


def trained(
    chip: Chip, batches: int = 1, batch: int = 4, rates: tuple[list[Rate], list[Rate]] = RATES
) -> Counts:
    """Counts of some batches, each the same data; the chip's tally holds only them."""
    chip.take_tally()
    for number in range(batches):
        outcome = chip.run(*samples(chip, batch), 1)
        chip.learn(outcome.banks, *rates, number)
    return counted(chip)


def arrivals(chip: Chip, n: int) -> np.ndarray:
    """Spikes delivered, [phases, units], from the raster of every tick: those fired one tick before.

    The first tick of a phase delivers what the last tick before it fired, or, when registers are restored,
    what was in flight when they were saved.
    """
    inputs, targets, names = samples(chip, n)
    found = np.zeros((len(chip.program.phases), chip.units), np.int64)
    for s in range(n):
        one = slice(s, s + 1)
        trace = chip.run(inputs[one], targets[one], names[one], 1, probe=np.arange(chip.units)).trace
        raster, tick = abs(trace[:, 0]), 0
        in_flight = saved = np.zeros(chip.units, np.int64)
        for index, phase in enumerate(chip.program.phases):
            in_flight = {"reset": np.zeros_like(saved), "continue": in_flight, "restore": saved}[phase.start]
            for _ in range(phase.ticks):
                found[index] += in_flight
                in_flight, tick = raster[tick], tick + 1
            saved = in_flight if phase.save else saved
    chip.take_tally()
    return found


def per_population(values: np.ndarray) -> list[int]:
    edges = np.cumsum(SIZES)[:-1]
    return [int(part.sum()) for part in np.split(values, edges)]


# --- what spikes set off --------------------------------------------------------------------------------

ARRAYS = [(3, 5), (8, 8), (256, 256)]
FEEDBACK = ["transposed", "mirrored"]


@pytest.mark.parametrize("variant", RULES)
def test_synaptic_operations_are_spikes_times_fan_out(variant: str) -> None:
    chip = make_chip(8, 8, "transposed", variant)
    raster = arrivals(chip, 4)
    counts = trained(chip)
    assert all(sum(per_population(row)) > 50 for row in raster)
    fan_out = [9, 7, 9 + 4, 7]
    for index, row in enumerate(raster):
        spikes = per_population(row)
        assert counts.per_core["spikes"][index].sum() == sum(spikes)
        operations = sum(n * out for n, out in zip(spikes, fan_out, strict=True))
        assert counts.per_core["synaptic_ops"][index].sum() == operations
    assert counts.total("spikes") == raster.sum()


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize(("rows", "cols"), ARRAYS)
def test_lines_read_and_sums_delivered_grow_with_blocks(rows: int, cols: int, feedback: str) -> None:
    chip = make_chip(rows, cols, feedback)
    spikes = per_population(arrivals(chip, 4).sum(0))
    counts = trained(chip)
    ways_up = sum(spikes[i] * ceil(SIZES[i + 1] / cols) for i in range(3))
    by_column = sum(spikes[i + 1] * ceil(SIZES[i] / rows) for i in (1, 2))
    by_mirror = sum(spikes[i + 1] * ceil(SIZES[i] / cols) for i in (1, 2))
    mirrored = feedback == "mirrored"
    assert counts.total("row_reads") == ways_up + by_mirror * mirrored
    assert counts.total("column_reads") == by_column * (not mirrored)
    sums_up = sum(SIZES[i + 1] * ceil(SIZES[i] / rows) for i in range(3))
    sums_back = sum(SIZES[i] * ceil(SIZES[i + 1] / (rows if mirrored else cols)) for i in (1, 2))
    ticks = 4 * chip.program.ticks
    assert counts.total("partial_sums") == ticks * (sums_up + sums_back)


@cache
def totals(rows: int, cols: int, feedback: str) -> dict[str, int]:
    counts = trained(make_chip(rows, cols, feedback))
    return {action: counts.total(action) for action in ACTIONS}


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize(("rows", "cols"), ARRAYS)
def test_what_does_not_depend_on_the_crossbars(rows: int, cols: int, feedback: str) -> None:
    found, expected = totals(rows, cols, feedback), totals(16, 16, "transposed")
    same = {"spikes", "synaptic_ops", "random_words"} | DATA_DEPENDENT | TICK_BASED
    same -= {"partial_sums", "mirror_writes"}
    assert {action: found[action] for action in same} == {action: expected[action] for action in same}


def test_smaller_crossbars_read_more_lines() -> None:
    assert totals(8, 3, "transposed")["row_reads"] > totals(8, 8, "transposed")["row_reads"]
    assert totals(3, 8, "transposed")["row_reads"] == totals(8, 8, "transposed")["row_reads"]
    assert totals(3, 8, "transposed")["column_reads"] > totals(8, 8, "transposed")["column_reads"]


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_packets_and_hops_one_by_one(feedback: str) -> None:
    """Every spike to every other core that reads it, and every core's sums to the neuron's home."""
    chip = make_chip(4, 5, feedback)
    spikes = arrivals(chip, 4).sum(0)
    counts = trained(chip)
    columns = chip.hardware.mesh.cols
    home = {(g.population, n): g.core for g in chip.placement.groups for n in g.neurons}
    cores = chip.hardware.mesh.rows * columns
    looked_up, packets, hops = 0, np.zeros(cores, np.int64), 0
    first = np.concatenate([[0], np.cumsum(SIZES)])
    for (population, number), at in home.items():
        readers, adders = set(), set()
        for block in chip.placement.blocks:
            it = chip.network.projections[block.projection]
            ends = [(it.source, it.target, block.rows, block.cols)]
            if block.role == "mirror":
                ends = [(it.target, it.source, block.rows, block.cols)]
            elif it.source != 0 and feedback == "transposed":
                ends.append((it.target, it.source, block.cols, block.rows))
            for source, target, read, added in ends:
                readers |= {block.core} if source == population and number in read else set()
                adders |= {block.core} if target == population and number in added else set()
        sent = int(spikes[first[population] + number])
        looked_up += sent * len(readers)
        ticks = 4 * chip.program.ticks
        for source, target, times in [(at, r, sent) for r in readers] + [(a, at, ticks) for a in adders]:
            distance = abs(source % columns - target % columns) + abs(source // columns - target // columns)
            packets[source] += times * (distance > 0)
            hops += times * distance
    assert counts.total("axon_lookups") == looked_up
    assert counts.per_core["packets"].sum(0).tolist() == packets.tolist()
    assert counts.total("hops") == hops
    assert hops > packets.sum() > 0


# --- whatever the data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", RULES)
def test_counts_of_ticks_and_updates(variant: str) -> None:
    chip = make_chip(8, 8, "transposed", variant)
    counts = trained(chip, batches=3)
    units, synapses, n = sum(SIZES), 11 * 9 + 9 * 7 + 7 * 4, 12
    ticks = n * chip.program.ticks
    expected = {
        "neuron_updates": ticks * (units - SIZES[0]),
        "encodes": ticks * units,
        "barriers": ticks,
        "bank_captures": 2 * n * units,
        "update_multiplies": 2 * n * synapses,
        "accumulations": n * synapses,
    }
    assert {action: counts.total(action) for action in expected} == expected
    for index, phase in enumerate(chip.program.phases):
        assert counts.per_core["barriers"][index].sum() == n * phase.ticks
        assert counts.per_core["bank_captures"][index].sum() == n * units * (phase.bank is not None)


def test_single_samples_need_no_accumulator() -> None:
    assert trained(make_chip(8, 8), batches=3, batch=1).total("accumulations") == 0


def test_random_words_are_those_that_are_drawn() -> None:
    """A word for each value rounded with random bits: neurons each tick, captures, biases, updates."""
    usual = trained(make_chip(8, 8))
    assert usual.total("random_words") == usual.total("updates") + sum(SIZES[1:])
    names = ("decoded", "membrane", "residual", "bank", "bias")
    sets = [f"registers.{name}.rounding=stochastic" for name in names]
    sets += ["registers.weight.rounding=nearest", "registers.decoded.bits=10", "registers.residual.bits=12"]
    sets += ["registers.bank.bits=8"]
    chip = make_chip(8, 8, "transposed", "symmetric", *sets)
    counts = trained(chip, batches=2)
    ticks, units = 8 * chip.program.ticks, sum(SIZES)
    neurons = units - SIZES[0]
    assert counts.total("random_words") == ticks * (2 * neurons + units) + 8 * 2 * units + 2 * neurons
    plain = [f"registers.{name}.rounding=nearest" for name in (*names, "weight")]
    assert trained(make_chip(8, 8, "transposed", "symmetric", *plain)).total("random_words") == 0


@pytest.mark.parametrize("action", sorted(TICK_BASED))
def test_twice_the_samples_are_twice_the_work(action: str) -> None:
    once, twice = (trained(make_chip(8, 8), batches=n).total(action) for n in (1, 2))
    assert twice == 2 * once > 0


def test_the_same_samples_send_the_same_spikes() -> None:
    """Counts of parts add up: twice the same batch, without learning, is twice every event."""
    still = [Rate(0, 0)] * 3, [Rate(0, 0)] * 3
    once, twice = (trained(make_chip(8, 8), n, rates=still) for n in (1, 2))
    assert {a: 2 * once.total(a) for a in ACTIONS} == {a: twice.total(a) for a in ACTIONS}


def test_without_a_learning_rate_nothing_is_written() -> None:
    chip = make_chip(8, 8)
    before = chip.masters
    counts = trained(chip, rates=([Rate(0, 0)] * 3, [Rate(0, 0)] * 3))
    assert counts.total("weight_writes") == 0
    assert counts.total("lost_updates") == counts.total("updates") > 0
    assert all(np.array_equal(a, b) for a, b in zip(before, chip.masters, strict=True))


def test_weight_writes_are_the_weights_that_changed() -> None:
    chip = make_chip(8, 8)
    before = [*chip.weights], [*chip.masters]
    counts = trained(chip)
    written, moved = (
        sum(int((a != b).sum()) for a, b in zip(old, new, strict=True))
        for old, new in zip(before, (chip.weights, chip.masters), strict=True)
    )
    assert counts.total("weight_writes") == written > 0
    assert counts.total("updates") - counts.total("lost_updates") == moved > written


@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize(("rows", "cols"), [(3, 5), (8, 8)])
def test_writes_are_counted_where_they_are_made(rows: int, cols: int, feedback: str) -> None:
    """Weight by weight: on the core of the crossbar that holds it, and on its mirror's."""
    chip = make_chip(rows, cols, feedback)
    before = [*chip.weights], [*chip.masters]
    counts = trained(chip)
    plain = plain_writes(chip.placement, *before, chip.weights, chip.masters)
    for action, cores in plain.items():
        table = counts.per_core.get(action, np.zeros((1, chip.placement.mesh.cores), int))
        assert {core: int(n) for core, n in enumerate(table.sum(0)) if n} == dict(cores), action
    assert (counts.total("mirror_writes") > 0) is (feedback == "mirrored")
    assert counts.total("master_writes") == counts.total("updates") - counts.total("lost_updates")


def test_states_are_cleared_saved_and_restored_once_a_sample() -> None:
    """A sample clears all registers, saves the free state and may go back to it before a nudged phase."""
    for variant, restores in (("symmetric", 2), ("one_sided", 0)):
        counts = trained(make_chip(8, 8, "transposed", variant))
        assert counts.total("state_resets") == counts.total("state_saves") == 4 * sum(SIZES)
        assert counts.total("state_restores") == restores * 4 * sum(SIZES)


def test_words_and_cells_of_the_lines_read() -> None:
    """A line of five cells, two adders: three words, five cells; the last block is narrower."""
    chip = make_chip(11, 5, "transposed", "symmetric", "crossbar.column_adders=2")
    spikes = per_population(arrivals(chip, 4).sum(0))
    counts = trained(chip)
    cells, words = {9: [5, 4], 7: [5, 2], 4: [4]}, {5: 3, 4: 2, 2: 1}
    up = sum(spikes[i] * sum(words[n] for n in cells[SIZES[i + 1]]) for i in range(3))
    back = spikes[2] * ceil(9 / 2) + spikes[3] * ceil(7 / 2)
    assert counts.total("word_reads", "forward") == up
    assert counts.total("word_reads", "feedback") == back
    assert counts.total("cell_reads") == counts.total("synaptic_ops")


@pytest.mark.parametrize("flit", [8, 32, 128])
def test_flits_are_packets_in_pieces(flit: int) -> None:
    """64 cores, 6 neurons, 64 axons, 3 crossbars: a spike of 2+6+6+1 bits, a sum of 2+6+3+24+2."""
    chip = make_chip(8, 8, "transposed", "symmetric", f"noc.flit_bits={flit}")
    packets = Packets.of(chip.hardware, chip.network)
    assert (packets.spike, packets.sum) == (ceil(15 / flit), ceil(37 / flit))
    counts = trained(chip)
    assert counts.total("flit_hops") == counts.links.sum()
    if packets.spike == packets.sum:
        assert counts.total("flits") == packets.spike * counts.total("packets")
    else:
        few, many = sorted((packets.spike, packets.sum))
        assert few * counts.total("packets") < counts.total("flits") < many * counts.total("packets")


def test_the_table_of_a_record_holds_every_count() -> None:
    chip = make_chip(4, 5, "mirrored")
    counts = trained(chip)
    cores = chip.placement.mesh.cores
    again = Counts.from_json(json.loads(json.dumps(counts.as_json())), cores, counts.samples, counts.batches)
    assert again.phases == counts.phases
    assert np.array_equal(again.links, counts.links)
    for key, table in counts.table.items():
        assert np.array_equal(again.table.get(key, np.zeros_like(table)), table), key


DRAWING = """
import json, sys
from test_counts import make_chip, samples, counted, RATES
from neurochip.chip import engine
from neurochip.fixed import scalar
drawn, draw = [0], scalar.draw
def counting(family, index):
    drawn[0] += 1
    return draw(family, index)
scalar.draw = engine.draw = counting
variant, sets, rates = json.loads(sys.argv[1])
chip = make_chip(8, 8, "transposed", variant, *sets)
from neurochip.fixed import Rate
rates = RATES if rates is None else ([Rate(*r) for r in rates], [Rate(*r) for r in rates])
chip.take_tally()
for number in range(2):
    outcome = chip.run(*samples(chip, 2), 1)
    chip.learn(outcome.banks, *rates, number)
print(drawn[0], counted(chip).total("random_words"))
"""
EVERY = [f"registers.{it}.rounding=stochastic" for it in ("decoded", "membrane", "residual", "bank", "bias")]
FINE = ["registers.residual.bits=24", "registers.bank.whole=null", "registers.bank.frac=12",
        "registers.bank.bits=16", "registers.decoded.bits=16"]  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "sets", "rates"),
    [
        ("symmetric", [], None),
        ("random_sign", EVERY, None),
        ("one_sided", [*EVERY, *FINE], None),
        ("symmetric", EVERY, [(3, 0), (3, -1), (3, 5)]),
    ],
)
def test_random_words_are_the_calls_of_the_draw(variant: str, sets: list[str], rates: Any) -> None:
    """In a process without the compiler every call can be seen; one that drops no bits draws nothing."""
    arguments = json.dumps([variant, sets, rates])
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", DRAWING, arguments], env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    drawn, found = done.stdout.split()
    assert int(drawn) == int(found) > 0


def test_inference_has_no_update() -> None:
    chip = make_chip(8, 8)
    program = chip.program.inference()
    training = trained(chip)
    chip.take_tally()
    chip.run(*samples(chip, 4), 1, program, capture=False)
    counts = counted(chip, program)
    assert counts.phases == ("free", "update")
    learning = {"bank_captures", "update_multiplies", "accumulations", "replica_words"} | DATA_DEPENDENT
    learning |= {"state_saves", "state_restores", "bias_additions", "bias_updates"}
    assert {action: counts.total(action) for action in learning} == dict.fromkeys(learning, 0)
    assert counts.total("random_words") == 0
    assert counts.total("barriers") == 4 * 9
    assert counts.total("neuron_updates") == training.per_core["neuron_updates"][0].sum()


# --- conservation ---------------------------------------------------------------------------------------


@cache
def run_of_digits() -> Run:
    sets = [
        "experiment.data.train=30",
        "experiment.data.test=20",
        "experiment.epochs=1",
        "hardware.crossbar.rows=48",
    ]
    run = Run(load("digits_ep", sets=[*sets, "hardware.core.crossbars=2"]), threads=2)
    run.train_epoch()
    run.evaluate("test")
    return run


@pytest.mark.parametrize("of", ["training", "inference"])
def test_cores_and_phases_add_up_to_the_total(of: str) -> None:
    run = run_of_digits()
    counts = run.counts(run.training) if of == "training" else run.inference_counts()
    found = counts.as_json()
    assert set(found["total"]) == set(ACTIONS)
    for action, total in found["total"].items():
        by_phase = sum(phase.get(action, 0) for phase in found["phases"].values())
        assert by_phase == total
        assert sum(found["cores"].get(action, [])) == total
        assert sum(counts.total(action, kind) for kind in KINDS) == total
    assert found["total"]["spikes"] == run.__dict__[of].spikes.sum()
    assert (of == "training") is ("update_multiplies" in found["phases"]["update"])


def test_every_core_counts_only_what_it_has() -> None:
    """Cores without a neuron update none, cores without a crossbar read nothing."""
    run = run_of_digits()
    counts = run.counts(run.training)
    neurons, crossbars = (run.placement.used[name] for name in ("neurons", "crossbars"))
    assert 1 < (crossbars > 0).sum() < run.placement.mesh.cores
    for action in ("spikes", "encodes", "bank_captures"):
        assert not counts.per_core[action].sum(0)[neurons == 0].any()
    for action in ("row_reads", "synaptic_ops", "axon_lookups", "partial_sums"):
        assert not counts.per_core[action].sum(0)[crossbars == 0].any()
    per_tick = counts.per_core["encodes"].sum(0) // (30 * run.program.ticks)
    assert per_tick.tolist() == neurons.tolist()
