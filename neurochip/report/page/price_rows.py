"""The table of prices: each with its source, and what the action took of a sample."""

from __future__ import annotations

from typing import Any

from neurochip.report.page import numbers

Json = dict[str, Any]


def source_numbers(report: Json) -> dict[str, int]:
    """Numbers of the sources in the list of them."""
    return {name: number for number, name in enumerate(report["prices"]["sources"], 1)}


def price_rows(report: Json) -> list[Json]:
    """The entries in their order, each with its number of a source, and what the action took."""
    places, rows, before = source_numbers(report), [], None
    energies = _energies(report["energy"]["actions"]["training"])
    for entry in report["prices"]["entries"]:
        energy = energies.get(entry["what"])
        price = _price(entry["value"], entry["unit"])
        first = entry["what"] != before
        before = entry["what"]
        if first and energy is None and entry["unit"] == "pJ/event":
            energy = 0.0
        shown = {"number": places[entry["source"]], "price": price, "detail": _detail(entry["array"])}
        rows.append({**entry, **shown, "first": first, "energy": energy})
    return rows


def _energies(actions: dict[str, float]) -> dict[str, float]:
    """By what is priced: the price of a clock cycle is that of idle ones too."""
    return {**actions, "clock": actions.get("clock", 0.0) + actions.get("idle", 0.0)}


def _detail(array: Json | None) -> str:
    """The array that a price is of."""
    if array is None:
        return ""
    size, access = numbers.memory(array["bits"]), array["access"]
    if not array["bits"]:
        return f"no {array['memory']}"
    word = f"{access} of a word of {array['word_bits']} bits" if access else "all arrays"
    return f"{array['memory']}, {word}, {size} each"


def _price(value: float, unit: str) -> str:
    if unit == "mW":
        return numbers.watts(value)
    joules = numbers.joules(value)
    return joules if unit == "pJ/event" else f"{joules} a {unit.removeprefix('pJ/')}"
