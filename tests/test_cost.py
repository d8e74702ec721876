"""Prices: tables and their rules, published silicon, conservation, and the way that sizes move costs."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, get_args

import numpy as np
import pytest
from conv_cases import PROGRAM, chips, conv, networks, tally_of
from conv_cases import dense as conv_dense
from hypothesis import given, settings
from hypothesis import strategies as st

from neurochip.config import presets
from neurochip.cost import ENERGY_KINDS, Cost, Priced, PriceList, PriceTable, document, from_averages, memory
from neurochip.cost import sram as arrays
from neurochip.cost.area import area
from neurochip.cost.entries import Curve, Included
from neurochip.cost.prices import on_curve
from neurochip.cost.unrolled import training_needs
from neurochip.counts import ACTIONS, KINDS, Counts, Packets, Tally
from neurochip.errors import ConfigError
from neurochip.hardware import Hardware
from neurochip.mapping import Shares, place, readings, spike_routes, sum_routes
from neurochip.network import ConvLayer, DenseLayer, Network, Pool
from neurochip.program import Program
from neurochip.rules import EP

TABLES = [name for name, _ in presets("energy")]
unhurried = settings(deadline=None, max_examples=25)

RULE = EP.model_validate({"name": "ep", "learning_rate": 0.1})


def dense(*sizes: int) -> Network:
    layers = [DenseLayer(kind="dense", units=n) for n in sizes[1:]]
    return Network.build(layers, (1, 1, sizes[0]), sizes[-1])


def on_chip(network: Network, hardware: Hardware, program: Program | None = None) -> Priced:
    program = program or RULE.program(hardware.update_unit.rate_bits)
    return Priced(hardware, place(network, hardware, program.feedback), program)


@cache
def small(*sets: str) -> Priced:
    return on_chip(dense(40, 30, 10), Hardware.load("digital_28nm", sets))


@cache
def tiny_network_on(chip: str) -> Priced:
    return on_chip(dense(12, 6, 3), Hardware.load(chip))


def nothing(chip: Priced) -> Tally:
    phases, network = len(chip.program.phases), chip.placement.network
    shares = len(Shares.of(chip.placement).projection)
    return Tally.zero(phases, network.neurons, shares, len(network.projections))


def busy(chip: Priced, samples: int = 20, batches: int = 1) -> Counts:
    """Every unit sends three spikes a sample in every phase, every weight is written."""
    tally = nothing(chip)
    tally.spikes[:], tally.updates[:], tally.samples, tally.batches = 3 * samples, 50, samples, batches
    return Counts.of(tally, chip.placement, chip.program, chip.hardware)


def cost_of(chip: Priced, table: str = "digital_28nm", *sets: str) -> Cost:
    return Cost.of(busy(chip), chip, PriceTable.load(table, sets))


# --- tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_table_prices_every_action_of_every_chip(name: str) -> None:
    table = PriceTable.load(name)
    assert table.name == name
    assert table.actions.keys() == ACTIONS.keys()
    for chip in ("digital_28nm", "ideal", "tiny", "rram_crossbar"):
        prices = PriceList(table, tiny_network_on(chip))
        for action in ACTIONS:
            if action == "adc_conversions" and prices.chip.hardware.crossbar.adc is None:
                continue
            included = all(isinstance(entry, Included) for entry in table.actions[action])
            assert (prices.of_action(action) == 0.0) is included, action
        assert prices.leakage_mw > 0


@pytest.mark.parametrize("name", TABLES)
def test_every_source_can_be_found(name: str) -> None:
    for source, text in PriceTable.load(name).sources.items():
        assert len(text) > 20, source


def text_of(tmp_path: Path, old: str, new: str) -> Path:
    path = tmp_path / "table.yaml"
    text = (Path(__file__).parents[1] / "hw_configs/energy/loihi_like_14nm.yaml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  row_reads:", "  row_read:", r"actions\.row_read prices an action that is never .*row_reads"),
        ("per: event, basis: simulated", "per: event, basis: guessed", r"basis must be one of measured"),
        ("source: davies,", "source: davis,", r"one of sources, not 'davis'; did you mean davies"),
        ("source: davies,", "", r"missing key actions\.spikes\.0\.source"),
        ("sources:\n", 'sources:\n  unused: "a book"\n', r"sources\.unused is the source of no price"),
        ("  frady: \"Frady", '  frady: ""\n  x: "Frady', r"sources\.frady must say where to find it"),
        ("value: 29", "value: -29", r"value must be at least 0, not -29"),
        ("value: 29", "valu: 29", r"unknown key actions\.spikes\.0\.valu"),
        ("included_in: synaptic_ops", "included_in: synaptic_op", r"included_in must be static or an action"),
        ("included_in: synaptic_ops", "included_in: row_reads", r"included_in must be static or an action"),
        ("node_nm: 14, voltage_v: 0.75", "voltage_v: 0.75", r"missing key actions\.spikes\.0\.node_nm"),
        ("unit: pJ", "unit: J", r"unit must be one of fJ, pJ, nJ"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PriceTable.load(text_of(tmp_path, old, new))


def test_a_counted_action_without_a_price_is_named(tmp_path: Path) -> None:
    path = text_of(tmp_path, "  neuron_updates:", "  packets:")
    path.write_text(
        path.read_text(encoding="utf-8").replace("included_in: neuron_updates", "included_in: synaptic_ops"),
        encoding="utf-8",
    )
    text = path.read_text(encoding="utf-8")
    start = text.index("  packets:\n    - {model: included")
    path.write_text(text[:start] + text[text.index("  hops:", start) :], encoding="utf-8")
    cost = Cost.of(busy(small()), small(), PriceTable.load(path))
    with pytest.raises(ConfigError, match=r"actions\.neuron_updates is missing: this run counted it"):
        _ = cost.energy


def test_a_price_per_bit_of_nothing_is_refused() -> None:
    table = PriceTable.load("loihi_like_14nm", ["actions.barriers.0.per=bit"])
    with pytest.raises(ConfigError, match=r"actions\.barriers\.0\.per must be event, cell or core"):
        PriceList(table, small())


def test_values_are_scaled_by_node_and_voltage_squared() -> None:
    table = PriceTable.load("digital_28nm")
    assert PriceList(table, small()).core_cycle_pj == pytest.approx(1.78 * (0.9 / 0.55) ** 2)
    assert PriceList(PriceTable.load("odin_like_28nm"), small()).core_cycle_pj == 1.78


CURVE = {4: 0.79, 5: 0.99, 6: 1.20, 7: 1.42, 8: 1.67, 9: 1.97, 10: 2.38}
"""Of the table rram_crossbar_32nm, pJ."""


def converted(bits: int, times: int = 7, table: str = "rram_crossbar_32nm", *sets: str) -> Cost:
    """The cost of the same spikes on a chip whose converters have ``bits``; each place is read ``times``."""
    chip = on_chip(
        dense(40, 30, 10), Hardware.load("rram_crossbar", [f"crossbar.adc.bits={bits}", "mesh.rows=1"])
    )
    tally = nothing(chip)
    places = readings(chip.placement, chip.program.feedback)[-1].places.stop
    tally.readings = np.full((len(chip.program.phases), places), times, np.int64)
    tally.spikes[:], tally.samples = 3, 1
    counts = Counts.of(tally, chip.placement, chip.program, chip.hardware)
    return Cost.of(counts, chip, PriceTable.load(table, sets))


@pytest.mark.parametrize("bits", [4, 5, 6, 7, 9, 10])
def test_conversions_follow_the_bits_of_the_chips_converters(bits: int) -> None:
    """With all else equal their energy rises as the curve does, and no other energy changes."""
    eight, other = converted(8).energy.by_action(), converted(bits).energy.by_action()
    mine = eight.pop("adc_conversions"), other.pop("adc_conversions")
    assert mine[1] / mine[0] == pytest.approx(CURVE[bits] / CURVE[8])
    assert other == eight
    cells, columns = 8 // 2, 30 + 10 + 30  # up, up, and 30 rows back down; three phases
    assert mine[0] == pytest.approx(3 * 7 * columns * cells * CURVE[8])
    assert eight["partial_sums"] == pytest.approx(converted(8).counts.total("partial_sums") * cells * 0.021)


def test_between_points_and_beyond_them_a_bit_multiplies_alike() -> None:
    curve = PriceTable.load("rram_crossbar_32nm").actions["adc_conversions"][0]
    few = curve.model_copy(update={"points": {4: 1.0, 6: 4.0, 8: 5.0}})
    assert isinstance(few, Curve)
    assert on_curve(few, 5) == pytest.approx(2.0)
    assert on_curve(few, 3) == pytest.approx(0.5)
    assert on_curve(few, 10) == pytest.approx(5.0 * 1.25)
    assert [on_curve(curve, bits) for bits in CURVE] == pytest.approx(list(CURVE.values()))


def test_a_table_without_conversions_prices_chips_without_converters(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "hw_configs/energy/digital_28nm.yaml").read_text(encoding="utf-8")
    start = text.index("  adc_conversions:")
    text = text[:start] + text[text.index("  partial_sums:") :]
    path = tmp_path / "table.yaml"
    path.write_text(
        "\n".join(line for line in text.split("\n") if not line.startswith("  isaac:")), encoding="utf-8"
    )
    assert Cost.of(busy(small()), small(), PriceTable.load(path)).energy_pj > 0
    with pytest.raises(ConfigError, match=r"actions\.adc_conversions is missing: this run counted it"):
        _ = converted(8, 7, str(path)).energy
    assert converted(8, 0, str(path)).energy.total > 0


def test_a_chip_without_converters_has_no_price_of_a_conversion() -> None:
    prices = PriceList(PriceTable.load("rram_crossbar_32nm"), small())
    assert prices.actions["adc_conversions"] == []
    with pytest.raises(
        ConfigError, match=r"adc_conversions follows crossbar\.adc\.bits, but digital_28nm has"
    ):
        prices.of_action("adc_conversions")


def test_only_conversions_follow_bits() -> None:
    point = "{model: curve, points: {4: 1.0, 8: 2.0}, unit: pJ, per: cell, basis: modelled, node_nm: 32"
    entry = f"actions.partial_sums=[{point}, voltage_v: null, source: isaac}}]"
    with pytest.raises(ConfigError, match=r"partial_sums\.0\.model must be curve for adc_conversions alone"):
        PriceTable.load("rram_crossbar_32nm", [entry])


@pytest.mark.parametrize(("bits", "noted"), [(3, True), (4, False), (10, False), (12, True)])
def test_bits_without_a_point_are_noted(bits: int, noted: bool) -> None:
    cost = converted(bits)
    found = document(cost.counts, cost.counts, cost.chip, cost.prices.table, 1, 0)
    assert any(f"converters of {bits} bits" in note for note in found["notes"]) is noted


# --- arrays -------------------------------------------------------------------------------------------------

KNOWN: dict[arrays.Quantity, dict[str, tuple[float, float]]] = {
    "read_pj": {"node": (0.04, 0.20), "size": (0.12, 0.35), "word": (0.13, 0.49)},
    "write_pj": {"node": (0.04, 0.34), "size": (0.13, 0.43), "word": (0.12, 0.50)},
    "access_ns": {"node": (0.06, 0.30), "size": (0.14, 0.43), "word": (0.08, 0.38)},
    "leakage_mw": {"node": (0.39, 0.59), "size": (0.06, 0.18), "word": (0.04, 0.17)},
    "area_mm2": {"node": (0.02, 0.14), "size": (0.07, 0.32), "word": (0.06, 0.49)},
}
"""Median and largest error, as parts, of a point predicted from its neighbours; docs/cost.md quotes them."""


def left_out(cells: Any, quantity: Any, axis: int) -> list[float]:
    """Errors of every inner point when its neighbours along an axis are all that is known."""
    known = arrays.points(cells, quantity)
    places = sorted({point[axis] for point in known})
    errors = []
    for point in known:
        if point[axis] in places[1:-1]:
            line = {it for it in known if all(it[i] == point[i] for i in range(3) if i != axis)} - {point}
            found = arrays.interpolated({it: known[it] for it in line}, point)
            errors.append(abs(found / known[point] - 1.0))
    return errors


@pytest.mark.parametrize("cells", ["itrs-hp", "itrs-lstp"])
@pytest.mark.parametrize("quantity", KNOWN)
def test_a_point_left_out_is_found_within_the_stated_error(cells: str, quantity: str) -> None:
    for axis, (name, (middle, largest)) in enumerate(KNOWN[quantity].items()):
        if name == "word" and cells == "itrs-lstp":
            continue
        errors = left_out(cells, quantity, axis)
        assert median(errors) <= middle, name
        assert max(errors) <= largest, name


@pytest.mark.parametrize("cells", ["itrs-hp", "itrs-lstp"])
def test_known_points_are_kept(cells: Any) -> None:
    known = arrays.points(cells, "read_pj")
    assert len(known) == {"itrs-hp": 90, "itrs-lstp": 30}[cells]
    for point, value in known.items():
        assert arrays.of_array(cells, "read_pj", point.node, int(point.size) * 8, int(point.word)) == (
            pytest.approx(value)
        )
    assert arrays.points("itrs-hp", "read_pj")[arrays.Point(32, 32768, 64)] == pytest.approx(5.49, abs=0.005)
    assert arrays.points("itrs-hp", "leakage_mw")[arrays.Point(22, 65536, 64)] == pytest.approx(
        5.94, abs=0.01
    )


@given(st.sampled_from(["itrs-hp", "itrs-lstp"]), st.integers(10, 24), st.sampled_from([16, 32, 64, 128]))
def test_larger_arrays_and_wider_words_cost_more(cells: arrays.Cells, size: int, word: int) -> None:
    """At 28 nm, a size in octaves of bits. (CACTI itself is not monotonic everywhere: see docs/cost.md.)"""
    energies: tuple[arrays.Quantity, ...] = ("read_pj", "write_pj")
    standing: tuple[arrays.Quantity, ...] = ("leakage_mw", "area_mm2")
    for quantity in energies:
        one = arrays.of_array(cells, quantity, 28, 1 << size, word)
        assert one > 0
        assert arrays.of_array(cells, quantity, 28, 2 << size, word) > one
        assert arrays.of_array(cells, quantity, 28, 1 << size, 2 * word) > one
    for quantity in standing:
        once, twice = (arrays.of_array(cells, quantity, 28, n << size, word) for n in (1, 2))
        assert once < twice < 3 * once
    assert arrays.of_array(cells, "read_pj", 28, 0, word) == 0.0


# --- published silicon --------------------------------------------------------------------------------------


def priced_events(table: str, core: str = "1x1", seconds: float = 0.0, **events: int) -> dict[str, float]:
    """Joules by kind of some events in some seconds, at the prices of a table on a chip of some cores."""
    rows, cols = (int(n) for n in core.split("x"))
    hardware = Hardware.load("digital_28nm", [f"mesh.rows={rows}", f"mesh.cols={cols}"])
    prices = PriceList(PriceTable.load(table), on_chip(dense(4, 3, 2), hardware))
    found = {
        action: n * prices.of_action(action) * 1e-12 for action, n in events.items() if action in ACTIONS
    }
    found["static"] = prices.leakage_mw * 1e-3 * seconds
    found["clock"] = events.get("cycles", 0) * prices.core_cycle_pj * 1e-12
    return found


@pytest.mark.parametrize(
    ("clock_hz", "operations", "published_uw"), [(75_000_000, 37_500_000, 477), (1_300_000, 650_000, 35)]
)
def test_odin(clock_hz: int, operations: int, published_uw: float) -> None:
    """Frenkel et al. 2019: power at 75 MHz and 37.5 MSOP/s, and at 1.3 MHz and 650 kSOP/s."""
    found = priced_events("odin_like_28nm", seconds=1.0, cycles=clock_hz, synaptic_ops=operations)
    assert sum(found.values()) * 1e6 == pytest.approx(published_uw, rel=0.01)


@pytest.mark.parametrize(("rate_hz", "published_mw"), [(11.58, 68), (20.07, 71), (95.93, 94)])
def test_truenorth(rate_hz: float, published_mw: float) -> None:
    """Merolla et al. 2014: the price is from the two outer points; the middle one is a prediction."""
    events = round(rate_hz * 1_048_576 * 128)
    found = priced_events("truenorth_like", "64x64", seconds=1.0, synaptic_ops=events)
    assert sum(found.values()) * 1e3 == pytest.approx(published_mw, rel=0.01)


@pytest.mark.parametrize("spikes", [667, 750])
def test_loihi(spikes: int) -> None:
    """Frady et al. 2020: nearest neighbours on Loihi, 76,800 neurons, 60 steps: 1.33 mJ measured."""
    found = priced_events("loihi_like_14nm", "8x16", synaptic_ops=spikes * 76_800, neuron_updates=60 * 76_800)
    dynamic_mj = (found["synaptic_ops"] + found["neuron_updates"]) * 1e3
    assert dynamic_mj == pytest.approx({667: 1.449, 750: 1.599}[spikes], abs=0.001)
    assert dynamic_mj == pytest.approx(1.33, rel=0.25)


def test_odin_cycles() -> None:
    """Frenkel et al. 2019: 2 cycles for a synaptic operation; an event on 256 synapses takes 1 + 512."""
    sets = ["mesh.rows=1", "mesh.cols=1", "core.crossbars=1", "core.neurons=512", "crossbar.column_adders=1"]
    hardware = Hardware.load(
        "digital_28nm", [*sets, "crossbar.access_cycles=2", "barrier.cycles_per_level=0"]
    )
    chip = on_chip(dense(256, 256), hardware)
    timings = []
    for events in (0, 1, 7):
        tally = nothing(chip)
        tally.samples = 1
        tally.spikes[0, 5] = events
        counts = Counts.of(tally, chip.placement, chip.program, hardware)
        assert counts.total("synaptic_ops") == 256 * events
        timings.append(from_averages(counts, hardware).cycles.sum())
    assert timings[1] - timings[0] == 1 + 512
    assert timings[2] - timings[0] == 7 * (1 + 512)


def test_a_tick_by_hand() -> None:
    """One core of two lanes: 12 inputs and 9 neurons; the free phase of one sample without a spike."""
    sets = [
        "mesh.rows=1",
        "mesh.cols=1",
        "core.lanes=2",
        "core.neuron_cycles=3",
        "barrier.cycles_per_level=5",
    ]
    chip = on_chip(dense(12, 6, 3), Hardware.load("digital_28nm", sets))
    inference = Priced(chip.hardware, chip.placement, chip.program.inference())
    tally = nothing(inference)
    tally.samples = 1
    counts = Counts.of(tally, chip.placement, inference.program, chip.hardware)
    timing = from_averages(counts, chip.hardware)
    neurons, moved = 40 * math.ceil(21 / 2) * 3, 21 / 2
    assert timing.cycles.tolist() == [neurons + moved, 0.0]
    assert timing.busy[0, 0] == timing.cycles[0]


def test_a_barrier_goes_up_the_tree_and_down_again() -> None:
    """64 cores: six levels of five cycles, twice, in each of 40 ticks."""
    quick, slow = (small(f"barrier.cycles_per_level={n}") for n in (0, 5))
    found = [from_averages(busy(it), it.hardware).cycles[0] for it in (quick, slow)]
    assert found[1] - found[0] == pytest.approx(20 * 40 * 2 * 6 * 5)


def test_the_chip_waits_for_its_busiest_core() -> None:
    cost = cost_of(small("crossbar.rows=8", "crossbar.cols=8", "core.crossbars=4"))
    assert (cost.timing.cycles >= cost.timing.busy.max(1)).all()
    assert (cost.timing.cycles >= cost.timing.links.max(1)).all()
    found = cost.as_json()["time"]
    assert 0 < max(found["utilisation"]) <= 1
    assert found["utilisation"][found["critical_core"]] == max(found["utilisation"])
    assert found["critical_link"]["utilisation"] == max(found["link_utilisation"]) > 0
    assert found["latency_ns"] == pytest.approx(found["cycles_per_sample"] * 5)


# --- conservation -------------------------------------------------------------------------------------------


def halved(table: PriceTable) -> PriceTable:
    def half(entry: Any) -> Any:
        if isinstance(entry, Included):
            return entry
        if hasattr(entry, "points"):
            return entry.model_copy(update={"points": {n: v / 2 for n, v in entry.points.items()}})
        key = "value" if hasattr(entry, "value") else "times"
        return entry.model_copy(update={key: getattr(entry, key) / 2})

    actions = {action: tuple(map(half, entries)) for action, entries in table.actions.items()}
    rest = {key: tuple(map(half, getattr(table, key))) for key in ("static", "clock")}
    return table.model_copy(update={"actions": actions, **rest})


@unhurried
@given(st.data())
def test_energy_is_conserved(data: st.DataObject) -> None:
    network = data.draw(networks())
    hardware = data.draw(chips(network))
    placement = place(network, hardware, True, data.draw(st.booleans()))
    chip = Priced(hardware, placement, PROGRAM)
    tally = tally_of(placement, data.draw(st.integers(0, 99)), 6, data.draw(st.sampled_from([0, 2, 6])))
    counts = Counts.of(tally, placement, PROGRAM, hardware)
    for action in ACTIONS:
        assert sum(counts.total(action, kind) for kind in KINDS) == counts.total(action)
        assert counts.per_core.get(action, np.zeros(1)).sum() == counts.total(action)
    table = PriceTable.load(data.draw(st.sampled_from(TABLES)))
    cost = Cost.of(counts, chip, table)
    total, found = cost.energy.total, cost.energy
    assert total > 0
    assert found.by_kind().keys() == ENERGY_KINDS.keys()
    assert sum(found.by_kind().values()) == pytest.approx(total)
    assert sum(found.by_action().values()) == pytest.approx(total)
    assert sum(float(cores.sum()) for cores in found.by_core().values()) == pytest.approx(total)
    phases = range(len(found.phases))
    assert sum(sum(found.by_kind([phase]).values()) for phase in phases) == pytest.approx(total)
    assert min(table.min() for table in found.table.values()) >= 0
    assert Cost.of(counts, chip, halved(table)).energy.total == pytest.approx(total / 2)


@unhurried
@given(st.data())
def test_what_is_sent_arrives(data: st.DataObject) -> None:
    """Of the flits on the links, every core lets as many out as it takes in, but for its own."""
    network = data.draw(networks())
    hardware = data.draw(chips(network))
    placement = place(network, hardware, True)
    tally = tally_of(placement, data.draw(st.integers(0, 99)), 1, 0)
    counts = Counts.of(tally, placement, PROGRAM, hardware)
    assert counts.total("spikes") == tally.spikes.sum()
    mesh = placement.mesh
    net = -counts.per_core["flits"].sum(0)
    for link in mesh.links():
        core, neighbour = mesh.link_ends(link)
        flits = counts.links[:, link].sum()
        net[core] += flits
        net[neighbour] -= flits
    arriving = np.zeros(mesh.cores, np.int64)
    sizes = np.cumsum([0, *(population.size for population in network.populations)])
    sent = tally.spikes.sum(0)
    packets = Packets.of(hardware, network)
    spikes, sums = spike_routes(placement), sum_routes(placement)
    ticks = sum(phase.ticks for phase in PROGRAM.phases)
    for routes, flits in ((spikes, packets.spike), (sums, packets.sum)):
        for segment, target, hops in zip(routes.segment, routes.target, routes.hops, strict=True):
            it = placement.segments[segment]
            first = sizes[it.population]
            number = sent[first + it.neurons.start : first + it.neurons.stop].sum()
            number = number if routes is spikes else len(it.neurons) * ticks
            arriving[target] += number * flits * (hops > 0)
    assert (-net).tolist() == arriving.tolist()
    assert counts.total("flits") == arriving.sum()


PER_TICK = {"neuron_updates", "encodes", "partial_sums", "barriers", "packets", "flits", "flit_hops"}
PER_SAMPLE = {"state_resets"}


def test_silence_costs_what_every_tick_costs() -> None:
    """No spike: nothing is looked up, read or added. Neurons are stepped in every tick, and sums are sent."""
    chip = small()
    inference = Priced(chip.hardware, chip.placement, chip.program.inference())
    tally = nothing(inference)
    tally.samples = 5
    counts = Counts.of(tally, chip.placement, inference.program, chip.hardware)
    assert {action for action in ACTIONS if counts.total(action)} <= PER_TICK | PER_SAMPLE | {"hops"}
    kinds = Cost.of(counts, inference, PriceTable.load("digital_28nm")).energy.by_kind()
    assert {kind for kind, energy in kinds.items() if energy} <= {
        "forward", "feedback", "neuron", "encode", "capture", "noc", "barrier", "leakage", "clock", "idle",
    }  # fmt: skip
    only = Cost.of(counts, inference, PriceTable.load("truenorth_like")).energy.by_kind()
    assert {kind for kind, energy in only.items() if energy} <= {"noc", "leakage"}, "an event-driven chip"


def test_gated_cores_cost_nothing() -> None:
    on, gated = (cost_of(small(), "digital_28nm", f"unused_cores={it}") for it in ("on", "gated"))
    share = small().used.sum() / 64
    assert gated.energy.by_kind()["leakage"] == pytest.approx(on.energy.by_kind()["leakage"] * share)
    assert gated.energy.by_kind()["idle"] < on.energy.by_kind()["idle"]
    assert not gated.energy.by_core()["idle"][~small().used].any()


# --- directions ---------------------------------------------------------------------------------------------


def measures(*sets: str) -> dict[str, float]:
    chip = small(*sets)
    cost = cost_of(chip)
    held = memory(chip, batch=20)
    return {
        "energy": cost.energy_pj,
        "word": cost.prices.of_action("word_reads"),
        "cycles": float(cost.timing.cycles.sum()),
        "memory": sum(int(it.used.sum()) for it in held.values()),
        "area": sum(part.area_mm2 for part in area(chip, PriceTable.load("digital_28nm"))),
    }


def test_wider_weights_cost_energy_memory_and_area() -> None:
    found = [measures(f"registers.weight.bits={bits}") for bits in (4, 8, 16)]
    for key in ("energy", "word", "memory", "area"):
        values = [it[key] for it in found]
        assert values == sorted(set(values)), key
    cycles = [it["cycles"] for it in found]
    assert cycles == sorted(cycles)


def test_wider_sums_take_more_flits_and_cycles() -> None:
    sets = ("crossbar.rows=8", "crossbar.cols=8", "noc.flit_bits=16", "core.crossbars=4")
    narrow, wide = (
        measures(*sets, f"registers.partial.bits={bits}", f"registers.current.bits={bits}")
        for bits in (16, 32)
    )
    assert narrow["cycles"] < wide["cycles"]
    assert narrow["energy"] < wide["energy"]


def test_larger_crossbars_read_dearer_words_and_need_fewer_cycles() -> None:
    one = ("mesh.rows=1", "mesh.cols=1", "core.crossbars=1024")
    found = [measures(f"crossbar.rows={n}", f"crossbar.cols={n}", *one) for n in (8, 16, 64)]
    for key, grows in (("word", True), ("area", True), ("cycles", False)):
        values = [it[key] for it in found]
        assert values == sorted(set(values), reverse=not grows), key


def test_fewer_adders_take_more_cycles() -> None:
    few, many = (measures(f"crossbar.column_adders={n}") for n in (4, 64))
    assert few["cycles"] > many["cycles"]


# --- memory -------------------------------------------------------------------------------------------------


def test_memory_by_hand() -> None:
    """40-30-10 on one core, bit by bit."""
    chip = on_chip(dense(40, 30, 10), Hardware.load("digital_28nm", ["mesh.rows=1", "mesh.cols=1"]))
    held = {role: int(it.used.sum()) for role, it in memory(chip, batch=20).items()}
    synapses, neurons, inputs = 40 * 30 + 30 * 10, 40, 40
    assert held["weights"] == 8 * synapses
    assert held["mirror"] == held["traces"] == held["routing"] == 0
    assert held["fraction"] == 16 * synapses
    assert held["accumulators"] == 32 * synapses
    assert held["registers"] == neurons * (24 + 16 + 16 + 16 + 16) + inputs * (16 + 16 + 16)
    assert held["biases"] == 16 * neurons
    assert held["snapshot"] == (neurons + inputs) * (16 + 16 + 16 + 2)
    assert held["banks"] == (neurons + inputs) * 2 * 12
    assert held["axons"] == (40 + 30 + 10) * 12
    assert int(memory(chip, batch=1)["accumulators"].used.sum()) == 0


@pytest.mark.parametrize("feedback", ["transposed", "mirrored"])
def test_a_mirror_holds_the_weights_again(feedback: str) -> None:
    held = memory(small(f"crossbar.feedback={feedback}"), 20)
    assert int(held["mirror"].used.sum()) == (8 * 30 * 10 if feedback == "mirrored" else 0)


@pytest.mark.parametrize(("window", "bits"), [(2, 2), (3, 4)])
def test_winners_of_max_pooling_are_in_the_memory(window: int, bits: int) -> None:
    """16 neurons, each with a winner, one in the snapshot, two in banks; an average needs none of it."""
    chips = {}
    for kind in ("average", "max"):
        if kind == "average" and window == 3:
            continue  # windows of an average have a side of 2, 4 or 8
        pool = Pool.model_validate({"kind": kind, "window": window})
        size = 2 * window + 2
        layers = [ConvLayer(kind="conv", channels=4, kernel=3, pool=pool), DenseLayer(kind="dense", units=10)]
        chips[kind] = on_chip(Network.build(layers, (1, size, size), 10), Hardware.load("digital_28nm"))
    found, number = memory(chips["max"], 20), 2 * 2 * 4 * bits
    dense_part, used = 10, {role: int(it.used.sum()) for role, it in found.items()}
    inputs = (2 * window + 2) ** 2
    units = inputs + 16 + dense_part
    assert used["registers"] == 26 * (24 + 16 * 4) + inputs * 48 + number
    assert used["snapshot"] == units * 50 + number
    assert used["banks"] == units * 24 + 2 * number
    assert found["banks"].available == 1024 * (24 + 2 * bits)
    if window == 2:
        without = memory(chips["average"], 20)
        more = {role: used[role] - int(it.used.sum()) for role, it in without.items()}
        assert {role for role, n in more.items() if n} == {"registers", "snapshot", "banks"}
        needs = [training_needs(chips[kind], 40, 20) for kind in ("max", "average")]
        assert needs[0]["chip"].kept - needs[1]["chip"].kept == 3 * number
        assert needs[0]["chip_bptt"].kept - needs[1]["chip_bptt"].kept == 40 * number
        assert needs[0]["float"].states - needs[1]["float"].states == 20 * 16 * 32


@unhurried
@given(st.data())
def test_nothing_uses_more_memory_than_there_is(data: st.DataObject) -> None:
    network = data.draw(networks())
    hardware = data.draw(chips(network))
    placement = place(network, hardware, True, data.draw(st.booleans()))
    held = memory(Priced(hardware, placement, PROGRAM), 20)
    cells = held["weights"].used + held["mirror"].used
    assert (cells <= held["weights"].available).all()
    for role, it in held.items():
        if it.available is not None and role != "weights":
            assert (it.used <= it.available).all(), role


def test_only_back_propagation_grows_with_ticks() -> None:
    chip = small()
    short, long = (training_needs(chip, ticks, 20) for ticks in (10, 20))
    assert short["chip"] == long["chip"]
    assert short["float"] == long["float"]
    for way in ("chip_bptt", "float_bptt"):
        assert long[way].kept == 2 * short[way].kept
        assert long[way].weights == short[way].weights
    tick = 40 * (16 + 16 + 16) + 80 * 2
    assert short["chip_bptt"].kept == 10 * tick
    assert short["chip"].kept == 80 * (50 + 2 * 12)


def test_only_a_batch_at_once_grows_with_the_batch() -> None:
    one, two, four = (training_needs(small(), 40, batch) for batch in (1, 2, 4))
    assert one["chip"].gradients == 0 < two["chip"].gradients == four["chip"].gradients
    assert one["chip_bptt"].kept == four["chip_bptt"].kept
    for way in ("float", "float_bptt"):
        assert four[way].kept == 4 * one[way].kept
        assert four[way].states == 4 * one[way].states


# --- area ---------------------------------------------------------------------------------------------------


def test_published_cores_have_their_published_area() -> None:
    """ODIN: 0.086 mm2 for 256 neurons and 64 k synapses; TrueNorth 0.0936 mm2 a core; Loihi 60 mm2."""
    sets = ["core.crossbars=1", "mesh.rows=8", "mesh.cols=16"]
    chip = small(*sets)
    for table, whole in (
        ("odin_like_28nm", 0.086),
        ("truenorth_like", 0.0936),
        ("loihi_like_14nm", 60 / 128),
    ):
        found = sum(part.area_mm2 for part in area(chip, PriceTable.load(table)))
        assert found == pytest.approx(128 * whole, rel=0.001)


def test_every_table_adds_up_in_log_space() -> None:
    """Guards the interpolation against a table in which a logarithm is not finite."""
    for cells in get_args(arrays.Cells):
        for quantity in KNOWN:
            assert all(math.isfinite(math.log(v)) for v in arrays.points(cells, quantity).values())


def test_a_folded_kernel_has_wider_cells_and_dearer_words() -> None:
    network = Network.build([conv(4, 3, window=2), conv_dense(3)], (1, 8, 8), 3)
    hardware, program = Hardware.load("digital_28nm"), RULE.program(8)
    plain, folded = (
        Priced(hardware, place(network, hardware, True, fold), program) for fold in (False, True)
    )
    assert (plain.cell_bits, folded.cell_bits) == (8, 10)
    words = [PriceList(PriceTable.load("digital_28nm"), it).of_action("word_reads") for it in (plain, folded)]
    assert words[0] < words[1]
