"""Conversions of column sums: counted again, tick by tick, from spike rasters and every use of a weight."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from conv_cases import chip as roomy
from conv_cases import chips, conv, dense, networks
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_counts import uses
from small_runs import compiled, tiny

from neurochip.chip import Chip
from neurochip.counts import Counts
from neurochip.devices import Adc
from neurochip.experiment import Run
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import Network
from neurochip.rules import EP

RULE = EP.model_validate({"name": "ep", "ticks": {"free": 5, "nudged": 3}, "learning_rate": 0.1})
ADC = Adc(bits=6, range_cells=2)

Found = Counter[tuple[str, int, int]]
"""Conversions by (kind of work, phase, core)."""


def behind(hardware: Hardware, device: str = "sram", adc: Adc | None = ADC) -> Hardware:
    """The same chip with converters."""
    crossbar = hardware.crossbar.model_copy(update={"device": device, "adc": adc})
    return hardware.model_copy(update={"crossbar": crossbar})


def chip_of(network: Network, hardware: Hardware, threads: int = 1) -> Chip:
    chip = Chip(hardware, place(network, hardware, True), RULE.program(8), threads)
    random = np.random.default_rng(1)
    chip.load_real([random.normal(0, 0.5, it.weight_shape) for it in network.projections])
    return chip


def samples(chip: Chip, n: int) -> tuple[Any, Any, Any]:
    random, one = np.random.default_rng(2), 1 << chip.formats["membrane"].frac
    sizes = [it.size for it in chip.network.populations]
    return random.integers(0, one, (n, sizes[0])), random.choice([0, one], (n, sizes[-1])), np.arange(n)


def counted(chip: Chip, n: int = 2) -> Counts:
    """Counts of some samples alone."""
    chip.take_tally()
    chip.run(*samples(chip, n), 1)
    return Counts.of(chip.take_tally(), chip.placement, chip.program, chip.hardware)


def as_counter(counts: Counts) -> Found:
    tables = {kind: table for (kind, action), table in counts.table.items() if action == "adc_conversions"}
    return Counter(
        {
            (kind, int(phase), int(core)): int(table[phase, core])
            for kind, table in tables.items()
            for phase, core in np.argwhere(table)
        }
    )


def delivered(chip: Chip, sample: int, n: int) -> list[tuple[int, set[int]]]:
    """(phase, units whose spikes arrive) of every tick of a sample."""
    one = [it[sample : sample + 1] for it in samples(chip, n)]
    raster = chip.run(*one, 1, probe=np.arange(chip.units)).trace[:, 0]
    fired = [set(np.flatnonzero(row).tolist()) for row in raster]
    found: list[tuple[int, set[int]]] = []
    flying: set[int] = set()
    saved: set[int] = set()
    for number, phase in enumerate(chip.program.phases):
        flying = {"reset": set(), "continue": flying, "restore": saved}[phase.start]
        for _ in range(phase.ticks):
            found.append((number, flying))
            flying = fired[len(found) - 1]
        saved = flying if phase.save else saved
    return found


def plain_conversions(chip: Chip, n: int = 2) -> Found:
    """Of every block, tick and place of use: all lines across, if one of the lines that are driven is."""
    network, found = chip.network, Counter[tuple[str, int, int]]()
    first = np.cumsum([0, *(it.size for it in network.populations)]).tolist()
    ticks = [tick for sample in range(n) for tick in delivered(chip, sample, n)]
    for block in chip.placement.blocks:
        it, up = network.projections[block.projection], block.role == "forward"
        below, above = (it.source, it.target) if up else (it.target, it.source)
        ways = [("forward" if up else "feedback", below, "driver", "col")]
        if up and it.source > 0 and chip.hardware.crossbar.feedback == "transposed":
            ways.append(("feedback", above, "served", "line"))
        every = list(uses(chip.placement, block))
        for kind, population, driver, across in ways:
            drivers: dict[Any, set[int]] = defaultdict(set)
            lines: dict[Any, set[int]] = defaultdict(set)
            for use in every:
                drivers[use.place].add(first[population] + getattr(use, driver))
                lines[use.place].add(getattr(use, across))
            for phase, spikes in ticks:
                read = sum(len(lines[spot]) for spot, units in drivers.items() if units & spikes)
                found[kind, phase, block.core] += read
    return Counter({key: number for key, number in found.items() if number})


def check(network: Network, hardware: Hardware) -> Counts:
    chip = chip_of(network, hardware)
    counts = counted(chip)
    assert as_counter(counts) == plain_conversions(chip)
    return counts


@pytest.mark.parametrize("device", ["sram", "resistive"])
@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
@pytest.mark.parametrize("array", [(3, 5), (4, 2), (64, 64)])
def test_dense(array: tuple[int, int], feedback: str, device: str) -> None:
    hardware = behind(roomy((3, 3), array, feedback, neurons=6, crossbars=8), device)
    counts = check(Network.build([dense(9), dense(7), dense(4)], (1, 1, 11), 4), hardware)
    assert counts.total("adc_conversions", "forward") > 0
    assert counts.total("adc_conversions", "feedback") > 0


@pytest.mark.parametrize("neurons", [1 << 16, 60])
@pytest.mark.parametrize("strides", [(1, 0, 1), (2, 1, 1), (1, 2, 2), (2, 2, 4), (3, 1, 2)])
def test_convolutions(strides: tuple[int, int, int], neurons: int) -> None:
    """Averages over windows, edges of maps, kernels cut both ways; replicas where neurons are few."""
    stride, padding, window = strides
    network = Network.build([conv(3, 3, 1, 1), conv(4, 3, stride, padding, window), dense(2)], (2, 9, 10), 2)
    counts = check(network, behind(roomy((4, 4), (7, 3), neurons=neurons)))
    assert counts.total("adc_conversions", "feedback") > 0


@settings(deadline=None, max_examples=20)
@given(st.data())
def test_any_network(data: st.DataObject) -> None:
    network = data.draw(networks())
    hardware = data.draw(chips(network))
    if any(it.kernel for it in network.projections):
        crossbar = hardware.crossbar.model_copy(update={"feedback": "transposed"})
        hardware = hardware.model_copy(update={"crossbar": crossbar})
    check(network, behind(hardware))


def test_one_spike_by_hand() -> None:
    """Crossbars of one cell: two are read by each spike of the first input, those of the silent one never."""
    network = Network.build([dense(2)], (1, 1, 2), 2)
    chip = chip_of(network, behind(roomy((2, 2), (1, 1))))
    one = 1 << chip.formats["membrane"].frac
    ticks = delivered(chip, 0, 1)
    chip.take_tally()
    chip.run(np.array([[one, 0]]), np.array([[0, 0]]), np.arange(1), 1)
    tally = chip.take_tally()
    counts = Counts.of(tally, chip.placement, chip.program, chip.hardware)
    assert tally.spikes[:, 1].sum() == 0
    assert 0 < tally.spikes[:, 0].sum() < len(ticks)
    assert counts.total("adc_conversions") == 2 * tally.spikes[:, 0].sum()
    assert counts.total("partial_sums") == 4 * len(ticks)


def test_a_window_is_converted_at_each_of_its_positions() -> None:
    """One input neuron, kernel of one: an average over 2 x 2 reads the position of each spike by itself."""
    network = Network.build([conv(3, 1, window=2)], (1, 2, 2), 3)
    chip = chip_of(network, behind(roomy((1, 1), (8, 8))))
    counts = counted(chip)
    assert counts.total("adc_conversions") == 3 * counts.total("row_reads", "forward") > 0
    assert counts.total("partial_sums") == 3 * 2 * chip.program.ticks


@pytest.mark.parametrize("device", ["sram", "resistive"])
def test_none_without_converters(device: str) -> None:
    network = Network.build([dense(9), dense(4)], (1, 1, 11), 4)
    counts = counted(chip_of(network, behind(roomy((2, 2), (4, 4)), device, None)))
    assert counts.total("row_reads") > 0
    assert counts.total("adc_conversions") == 0
    assert counts.as_json()["total"]["adc_conversions"] == 0


def test_inference_reads_what_its_phase_does() -> None:
    network = Network.build([dense(9), dense(4)], (1, 1, 11), 4)
    chip = chip_of(network, behind(roomy((2, 2), (4, 4))))
    training, program = counted(chip), chip.program.inference()
    chip.run(*samples(chip, 2), 1, program, capture=False)
    found = Counts.of(chip.take_tally(), chip.placement, program, chip.hardware)
    expected = training.per_core["adc_conversions"][0]
    assert found.per_core["adc_conversions"][0].tolist() == expected.tolist()
    assert found.total("adc_conversions") == expected.sum() > 0


@compiled
def test_neither_threads_nor_evaluation_change_a_count() -> None:
    adc = "hardware.crossbar.adc={bits: 6, range_cells: 4}"
    totals = []
    for threads in (1, 3):
        run = Run(tiny(adc, "hardware.crossbar.rows=20"), threads)
        run.train_epoch()
        run.evaluate("test")
        counts = run.counts(run.training), run.inference_counts()
        totals.append([it.as_json()["table"] for it in counts])
        assert all(it.total("adc_conversions") > 0 for it in counts)
    assert totals[0] == totals[1]
