"""Pictures of sweeps: they are drawn for whatever a sweep may give, and say what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot

from neurochip.report import heat_map, sensitivity, trade_off
from neurochip.report.heat_maps import _grid, _panel, _panels, _wide
from neurochip.report.sweep_numbers import ACCURACIES, accuracy_ticks, short, shown, stretched, titled
from neurochip.report.trade_offs import _named, _rising

Row = dict[str, Any]


def rows(values: list[float | None], name: str = "test_accuracy", cost: float = 1.0) -> list[Row]:
    """Settings of a grid of two axes, a and b; None does not fit."""
    found = []
    for index, value in enumerate(values):
        row: Row = {"a": index % 3, "b": ["x", "$y"][index // 3 % 2], "status": "ok"}
        row |= {"status": "does_not_fit"} if value is None else {name: value, "cost": cost * (index + 1)}
        found.append(row)
    return found


def influence(axis: str, metric: str, share: float, **ends: Any) -> Row:
    return {
        "axis": axis,
        "metric": metric,
        "share": share,
        **{"low": 0.1, "high": 0.2, **ends},
        "lowest": 1,
        "highest": 2,
    }


HALF = [0.5, 0.9, None, 0.99, 1.0, None]
DRAWN: dict[str, Callable[[Path], None]] = {
    "map": lambda path: heat_map(rows(HALF), ["a", "b"], "a", "b", "test_accuracy", path, "", "fraction"),
    "map of equals": lambda path: heat_map(rows([0.5] * 6), ["a", "b"], "a", "b", "test_accuracy", path),
    "map of zeros": lambda path: heat_map(rows([0] * 6, "hops"), ["a", "b"], "a", "b", "hops", path),
    "map of one cell": lambda path: heat_map(rows([0.5]), ["a", "b"], "a", "b", "test_accuracy", path),
    "map of large numbers": lambda path: heat_map(
        rows([1e9, 2e6, 3, 4, 5, 6], "ops"), ["a", "b"], "a", "b", "ops", path, "$t$", "per sample"
    ),
    "map in many panels": lambda path: heat_map(
        [{**row, "c": c} for c in range(9) for row in rows(HALF)], ["a", "b", "c"], "a", "b", "cost", path
    ),
    "front": lambda path: trade_off(rows(HALF), [0, 1, 4], ["a", "b"], "test_accuracy", "cost", path, "t"),
    "front of one": lambda path: trade_off(rows([0.5]), [0], ["a", "b"], "test_accuracy", "cost", path),
    "front of wide costs": lambda path: trade_off(
        [*rows([0.5]), *rows([0.6], cost=1e4)], [0, 1], ["a", "b"], "test_accuracy", "cost", path
    ),
    "front of many": lambda path: trade_off(
        rows([i / 50 for i in range(50)]), list(range(50)), ["a", "b"], "test_accuracy", "cost", path
    ),
    "sensitivity": lambda path: sensitivity(
        [influence("a", "test_accuracy", 0.9), influence("b", "cost", 0.0, high=0.1)], path, "t"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_written(name: str, tmp_path: Path) -> None:
    DRAWN[name](tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_cells_are_means_and_panels_are_the_other_axes() -> None:
    there = [*rows([0.25, None]), *rows([0.75, 0.5])]
    grid = _grid(there, ("a", [0, 1, 2]), ("b", ["x"]), "test_accuracy")
    assert grid[0, :2].tolist() == [0.5, 0.5]
    assert grid[0, 2] != grid[0, 2]
    panels = _panels([{**row, "c": c} for c in (2, 1) for row in there], ["c"])
    assert {name: len(found) for name, found in panels.items()} == {"c 1": 4, "c 2": 4}


def test_a_small_number_is_no_percentage() -> None:
    """An area below 1 mm2 is shown as it is, an accuracy in per cent."""
    shown_as: dict[str, list[str]] = {}
    for metric, unit in (("area_mm2", "mm2"), ("test_accuracy", "fraction")):
        _, panel = pyplot.subplots()
        there = rows([0.25, 0.5, None], metric)
        _panel(panel, there, ("a", [0, 1, 2]), ("b", ["x"]), metric, (0.25, 0.5), unit)
        shown_as[metric] = [text.get_text() for text in panel.texts]
    pyplot.close("all")
    assert shown_as["area_mm2"] == ["0.25", "0.5", "does not fit"]
    assert shown_as["test_accuracy"] == ["25.0", "50.0", "does not fit"]


def test_equal_results_have_one_name() -> None:
    there = [{"a": 1, "b": b, "acc": 0.5, "cost": 3} for b in (4, 8)]
    assert _named(there, ["a", "b"], "cost", "acc") == {(3.0, 0.5): "a 1, b 4 or 8"}


def test_the_line_is_the_front_in_two_dimensions() -> None:
    there = [{"acc": a, "cost": c} for a, c in ((0.5, 1), (0.4, 2), (0.9, 3), (0.95, 3), (0.95, 4))]
    assert [(row["acc"], row["cost"]) for row in _rising(there, "cost", "acc")] == [(0.5, 1), (0.95, 3)]


@given(st.floats(0, 0.999), st.floats(0, 0.999))
def test_accuracies_keep_their_order(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert stretched(low) <= stretched(high)
    places, labels = accuracy_ticks(low, high)
    assert places == sorted(places)
    assert len(labels) == len(places) >= 1


@given(st.floats(0, 0.99), st.floats(0.01, 0.99))
def test_any_range_of_accuracies_has_two_ticks_or_more(low: float, span: float) -> None:
    high = min(0.995, low + span)
    places, labels = accuracy_ticks(low, high)
    assert 2 <= len(places) <= max(6, sum(low <= share <= high for share in ACCURACIES))
    assert len(set(labels)) == len(labels)
    if high - low >= 0.05:
        assert all(low <= float(label) / 100 + 1e-9 and float(label) / 100 <= high + 1e-9 for label in labels)


def test_low_accuracies_have_round_ticks() -> None:
    assert accuracy_ticks(0.1056, 0.4444)[1] == ["20", "30", "40"]
    assert accuracy_ticks(0.985, 0.9889)[1] == ["98.5", "98.6", "98.7", "98.8"]


def test_long_names_have_room_below_a_heat_map() -> None:
    assert _wide(["digital_28nm", "rram_crossbar"]) > 13 * 0.07 > _wide([4, 128])


def test_halving_the_error_is_always_the_same_distance() -> None:
    steps = [stretched(1 - 0.5 / 2**n) - stretched(1 - 1 / 2**n) for n in range(6)]
    assert steps == pytest.approx([steps[0]] * 6)
    assert list(ACCURACIES) == sorted(ACCURACIES)


def test_numbers_are_short() -> None:
    assert [short(it) for it in (0.12345, 1234.5, 2.5e6, 3e9, 123, 123456, "x")] == [
        "0.123", "1.23 k", "2.5 M", "3 G", "123", "123 k", "x",
    ]  # fmt: skip
    assert (shown("test_accuracy", 0.98765), shown("ops", 1234.5)) == ("98.77 %", "1.23 k")
    assert [titled("a", unit) for unit in ("fraction", "pJ", "")] == ["a, %", "a, pJ", "a"]
