"""Training in one compiled call: what running and learning in turns do; threads that wait for each other."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from small_runs import compiled, tiny
from test_overflow import RULE, RUNNING, machine, samples

from neurochip.chip import Chip, barrier
from neurochip.chip.barrier import in_step, meet, take
from neurochip.chip.threads import APART, cleared, per_thread
from neurochip.errors import RegisterOverflow
from neurochip.experiment import Run
from neurochip.experiment.feed import Pace
from neurochip.fixed import Rate
from neurochip.fixed.jit import kernel
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import DenseLayer, Network

CONV = (
    "experiment.network.layers=[{kind: conv, channels: 3, kernel: 3, stride: 1, padding: 1, pool: {kind: %s, "
    "window: 2}}, {kind: conv, channels: 4, kernel: 3}, {kind: dense, units: 10}]"
)
LIVELY = ("experiment.batch=4", "experiment.network.gain=2.5", "experiment.rule.ticks={free: 16, nudged: 8}")
NOISY = ("hardware.registers.weight.rounding=stochastic", "hardware.registers.bias.rounding=stochastic")
CHIPS: dict[str, tuple[str, ...]] = {
    "dense": (),
    "random bits": (*NOISY, "hardware.registers.membrane.rounding=stochastic"),
    "average pooling": (CONV % "average",),
    "max pooling": (CONV % "max", *NOISY),
    "small crossbars": (CONV % "average", "hardware.crossbar.rows=37", "hardware.crossbar.cols=53"),
    "resistive cells": ("hardware.crossbar.device=resistive", "hardware.crossbar.cell={read_noise: 0.02}"),
    "resistive convolution": (CONV % "average", "hardware.crossbar.device=resistive"),
}


def tallied(chip: Chip) -> dict[str, Any]:
    tally = chip.take_tally()
    return {it.name: np.asarray(getattr(tally, it.name)).tolist() for it in fields(tally)}


def state(chip: Chip) -> list[np.ndarray]:
    cells = [*chip.cells.state().values()] if chip.cells else []
    return [*chip.masters, *chip.biases, *chip.weights, *chip.held, *cells]


@compiled
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("name", CHIPS)
def test_training_is_running_and_learning_in_turns(name: str, threads: int) -> None:
    """Eleven samples in batches of four, each with rates of its own; the last batch is smaller."""
    batch, starts = 4, range(0, 11, 4)
    whole, turns = (Run(tiny(*LIVELY, *CHIPS[name]), threads=n) for n in (threads, 1))
    inputs, targets, _ = whole.feeds["train"].take(np.arange(11))
    names, n = np.arange(50, 61), len(whole.network.projections)
    rates = [([Rate(90 + at, 5)] * n, [Rate(70 + at, 7)] * n) for at in starts]
    readout = whole.chip.train(inputs, targets, names, batch, rates, 13, [100 + at for at in starts])
    begin = turns.chip.masters
    for at, rate in zip(starts, rates, strict=True):
        those = slice(at, at + batch)
        outcome = turns.chip.run(inputs[those], targets[those], names[those], 13)
        turns.chip.learn(outcome.banks, *rate, 100 + at, outcome.won)
        assert np.array_equal(readout[those], outcome.readout)
    for mine, other in zip(state(whole.chip), state(turns.chip), strict=True):
        assert np.array_equal(mine, other)
    assert tallied(whole.chip) == tallied(turns.chip)
    changed = [(a != b).any() for a, b in zip(begin, turns.chip.masters, strict=True)]
    assert any(changed) if name == "max pooling" else all(changed)


def test_rates_and_keys_are_those_of_the_batches() -> None:
    chip = machine("current")
    rates = [([Rate(1, 9)] * 2, [Rate(1, 9)] * 2)] * 2
    for short in (rates[:1], rates * 2):
        with pytest.raises(ValueError, match=r"^5 samples in batches of 3 need as many rates and keys$"):
            chip.train(*samples(chip), 3, short, 0, [1, 2])


# --- strict registers ---------------------------------------------------------------------------------------


def dark_then_bright(chip: Chip, register: str) -> tuple[Any, Any, Any]:
    """A batch of six that does nothing, and one that overflows what is narrow."""
    one = 1 << chip.formats["membrane"].frac
    inputs, targets = np.zeros((12, 9), np.int64), np.zeros((12, 4), np.int64)
    inputs[6:] = one
    if register not in RUNNING:
        chip.load_real([np.full(p.weight_shape, 0.2) for p in chip.network.projections])
        targets[6:, 0] = one
    return inputs, targets, np.arange(12)


def in_turns(chip: Chip, data: tuple[Any, Any, Any], rates: list[Rate]) -> None:
    """Run and learn, batch by batch."""
    for at in (0, 6):
        inputs, targets, names = (it[at : at + 6] for it in data)
        chip.learn(chip.run(inputs, targets, names, 0).banks, rates, rates, at)


def at_once(chip: Chip, data: tuple[Any, Any, Any], rates: list[Rate]) -> None:
    chip.train(*data, 6, [(rates, rates)] * 2, 0, [0, 6])


def refused(chip: Chip, work: Callable[..., None], register: str) -> str:
    shift = 40 if register == "accumulator" else -8
    with pytest.raises(RegisterOverflow) as caught:
        work(chip, dark_then_bright(chip, register), [Rate(1, shift)] * 2)
    return str(caught.value)


@pytest.mark.parametrize("register", [*RUNNING, "accumulator", "weight", "bias"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_first_overflow_ends_training_as_it_ends_running_and_learning(
    register: str, threads: int
) -> None:
    narrow = {**RUNNING, "accumulator": {"bits": 21}}.get(register, {})
    chips = [machine(register, threads=threads, **narrow) for _ in range(2)]
    messages = [refused(chip, work, register) for chip, work in zip(chips, (at_once, in_turns), strict=True)]
    assert messages[0] == messages[1]
    assert re.search(r"sample 0 of the batch|update of batch 2,", messages[0])
    for mine, other in zip(state(chips[0]), state(chips[1]), strict=True):
        assert np.array_equal(mine, other)
    tallies = [tallied(chip) for chip in chips]
    for name in ("updates", "bias_draws", "batches", "saturations", "samples"):
        assert tallies[0][name] == tallies[1][name]


def test_a_chip_trains_on_after_an_overflow() -> None:
    chip, fresh = (machine("current", threads=2, **RUNNING["current"]) for _ in range(2))
    inputs, targets, names = samples(chip)
    rates = [([Rate(40, 5)] * 2, [Rate(40, 5)] * 2)]
    with pytest.raises(RegisterOverflow):
        chip.train(inputs[2:], targets[2:], names[2:], 3, rates, 0, [0])
    dark = inputs[:2], targets[:2], names[:2], 2, rates, 0, [0]
    assert np.array_equal(chip.train(*dark), fresh.train(*dark))
    for mine, other in zip(state(chip), state(fresh), strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.parametrize("register", RUNNING)
def test_the_first_sample_that_overflows_is_named_though_others_are_brighter(register: str) -> None:
    messages = set()
    for threads in (1, 2, 3, 5):
        chip = machine(register, threads=threads, **RUNNING[register])
        dark, _, dimmer, *bright = samples(chip)[0]
        inputs = np.array([dark, dark, dimmer * 15 // 16, *bright * 6])
        rates = [([Rate(1, 9)] * 2, [Rate(1, 9)] * 2)]
        with pytest.raises(RegisterOverflow, match="sample 2 of the batch") as caught:
            chip.train(inputs, np.zeros((15, 4), np.int64), np.arange(15), 15, rates, 0, [0])
        messages.add(str(caught.value))
    assert len(messages) == 1


@compiled
@pytest.mark.parametrize(("register", "bits"), [("accumulator", 21), ("weight", 8)])
def test_the_last_synapse_that_overflows_is_named_whoever_came_to_it(register: str, bits: int) -> None:
    """All of 300 x 40 synapses on ten tiles overflow; the last one is in a tile that others help with."""
    sets = [f"registers.{register}.bits={bits}", f"registers.{register}.overflow=error"]
    hardware = Hardware.load("digital_28nm", sets)
    network = Network.build([DenseLayer(kind="dense", units=n) for n in (40, 4)], (1, 1, 300), 4)
    messages = set()
    for threads in (1, *[3] * 12):
        chip = Chip(hardware, place(network, hardware, True), RULE.program(8), threads)
        banks = np.zeros((8, chip.program.banks, chip.units), np.int32)
        banks[:, -1] = chip.formats["bank"].hi
        with pytest.raises(RegisterOverflow, match=rf"^register {register} overflowed in the") as caught:
            chip.learn(banks, [Rate(1, -8)] * 2, [Rate(0, 0)] * 2, 0)
        messages.add(str(caught.value))
    assert len(messages) == 1


@compiled
def test_cells_do_not_age_by_a_batch_that_was_not_learned() -> None:
    sets = ("hardware.registers.bank.bits=8", "hardware.registers.bank.whole=0")
    strict = ("hardware.registers.bank.overflow=error", "experiment.network.gain=20")
    run = Run(tiny(*LIVELY, "hardware.crossbar.device=resistive", *sets, *strict), threads=2)
    assert run.chip.cells is not None
    before = state(run.chip)
    with pytest.raises(RegisterOverflow, match=r"^register bank"):
        run.train_epoch()
    for mine, other in zip(state(run.chip), before, strict=True):
        assert np.array_equal(mine, other)


@compiled
def test_an_interrupted_run_is_not_counted_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    run, fresh = (Run(tiny(*LIVELY), threads=2) for _ in range(2))

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(run.chip._runner, "collect", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.evaluate("test")
    for each in (run, fresh):
        each.evaluate("test")
    assert np.array_equal(run.inference.spikes, fresh.inference.spikes)


# --- the barrier --------------------------------------------------------------------------------------------


@kernel(nogil=True)
def count(thread, gate, rounds, fails_at, counts):
    """Count one's rounds, see at every meeting that the others did, too; returns the round of the end, or
    -1."""
    for number in range(rounds):
        counts[thread, 0] += 1
        if not meet(gate, thread, number != fails_at):
            return number
        for other in range(counts.shape[0]):
            if counts[other, 0] != number + 1:
                return -1
        meet(gate, thread, True)
    return rounds


@kernel(nogil=True)
def taking(thread, gate, numbers, by):
    """Between two meetings, take all of every thread's heap, one's own first; ``by``: [rounds, heaps,
    numbers], 1 + who took it, or -1 if it was taken before."""
    threads = gate.shape[0]
    for number in range(by.shape[0]):
        for another in range(threads):
            heap = (thread + another) % threads
            taken = take(gate, thread, heap)
            while taken < numbers:
                by[number, heap, taken] = thread + 1 if by[number, heap, taken] == 0 else -1
                taken = take(gate, thread, heap)
        meet(gate, thread, True)


@compiled
@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_nobody_goes_on_before_all_are_there(threads: int) -> None:
    counts, ends = np.zeros((threads, 32), np.int64), [0] * threads

    def work(thread: int, gate: np.ndarray) -> None:
        ends[thread] = count(thread, gate, 200, 200, counts)

    in_step(work, threads)
    assert ends == [200] * threads
    assert counts[:, 0].tolist() == [200] * threads


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_all_stop_at_the_meeting_to_which_one_brings_a_failure(threads: int) -> None:
    counts, ends = np.zeros((threads, 32), np.int64), [0] * threads

    def work(thread: int, gate: np.ndarray) -> None:
        ends[thread] = count(thread, gate, 9, 4 if thread == threads - 1 else 9, counts)

    in_step(work, threads)
    assert ends == [4] * threads


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_nobody_waits_for_a_thread_that_has_ended(gone: int) -> None:
    def work(thread: int, gate: np.ndarray) -> None:
        for _ in range(1 if thread == gone else 3):
            assert meet(gate, thread, True)

    in_step(work, 3)


@pytest.mark.parametrize("late", [0, 1, 2])
def test_nobody_goes_on_without_a_thread_that_has_failed(late: int) -> None:
    went_on = []

    def work(thread: int, gate: np.ndarray) -> None:
        if thread == late:
            raise KeyError("gone")
        went_on.append(meet(gate, thread, True))

    with pytest.raises(KeyError, match="gone"):
        in_step(work, 3)
    assert went_on == [False, False]


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_number_is_taken_once_after_every_meeting(threads: int) -> None:
    by = np.zeros((30, threads, 40), np.int64)
    in_step(lambda thread, gate: taking(thread, gate, 40, by), threads)
    assert set(by.ravel().tolist()) <= set(range(1, threads + 1))


def test_what_one_thread_leaves_the_others_take() -> None:
    by = np.zeros((1, 2, 5), np.int64)
    in_step(lambda thread, gate: taking(thread, gate, 5, by) if thread else None, 2)
    assert (by == 2).all()


def test_an_interrupted_start_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is stopped after the others have begun, before it begins itself."""
    begun, ended = threading.Event(), threading.Event()

    def work(thread: int, gate: np.ndarray) -> None:
        begun.set()
        meet(gate, thread, True)
        ended.set()

    def stopped(do: Callable[[int], None], threads: int, abandon: Callable[[], None]) -> None:
        def first(thread: int) -> None:
            if thread == 0:
                begun.wait()
                time.sleep(0.01)
                raise KeyboardInterrupt
            do(thread)

        original(first, threads, abandon)

    original = barrier.side_by_side
    monkeypatch.setattr(barrier, "side_by_side", stopped)
    with pytest.raises(KeyboardInterrupt):
        in_step(work, 2)
    assert ended.is_set()


@compiled
def test_teams_of_several_callers_do_not_wait_for_each_other() -> None:
    """Three teams of three, of which only one at a time finds all its threads."""
    ends: list[int] = []

    def team() -> None:
        counts = np.zeros((3, 32), np.int64)
        for _ in range(20):
            counts[:] = 0
            in_step(lambda thread, gate: ends.append(count(thread, gate, 5, 5, counts)), 3)

    callers = [threading.Thread(target=team, daemon=True) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert not any(caller.is_alive() for caller in callers)
    assert ends == [5] * 180


# --- memories -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0,), (7,), (3, 5), (1000, 3)])
@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_memories_begin_with_a_cache_line_of_their_own(shape: tuple[int, ...], kind: type) -> None:
    memory, threads = cleared(shape, kind), per_thread(3, shape, kind)
    for each in (memory, *threads):
        assert (each.shape, each.dtype) == (shape, kind)
        assert each.ctypes.data % APART == 0
        assert each.flags.c_contiguous
        assert each.flags.writeable
        assert not each.any()
    ends = [each.ctypes.data + each.nbytes for each in threads]
    assert all(end < each.ctypes.data for end, each in zip(ends, threads[1:], strict=False))


# --- which sample is begun when ----------------------------------------------------------------------------


def test_the_brightest_of_a_batch_are_begun_first() -> None:
    chip = machine("current", "saturate")
    inputs = np.array([[k] * 9 for k in (3, 1, 4, 1, 5, 9, 2, 6)])
    assert chip._runner.order(inputs, 3, 2).tolist() == [2, 0, 1, 5, 4, 3, 7, 6]
    for alone in (chip._runner.order(inputs, 3, 1), chip._runner.order(inputs, 1, 2)):
        assert alone.tolist() == list(range(8))


def test_with_strict_registers_samples_are_begun_as_they_come() -> None:
    inputs = np.array([[k] * 9 for k in (3, 1, 4)])
    assert machine("bank")._runner.order(inputs, 3, 2).tolist() == [0, 1, 2]


# --- how much at a time -------------------------------------------------------------------------------------


def test_pieces_are_whole_batches_that_take_about_as_long_as_they_should(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr("neurochip.experiment.feed.perf_counter", lambda: clock[0])
    pace, order, taken = Pace(), np.arange(1003), []
    for seconds in (0.008, 0.008, 0.08, 0.0004):
        taken.append([])
        for start, piece in pace.pieces(order, 10):
            assert np.array_equal(piece, order[start : start + len(piece)])
            taken[-1].append(len(piece))
            clock[0] += seconds * len(piece) / 10
        assert sum(taken[-1]) == 1003
        assert all(size % 10 == 0 for size in taken[-1][:-1])
    assert taken[0][:6] == [10, 20, 40, 80, 160, 160]
    assert set(taken[1][:-1]) == {160}
    assert taken[2][:4] == [160, 80, 40, 40]
    assert taken[3][:3] == [40, 80, 160]
