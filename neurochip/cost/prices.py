"""From the entries of a table to prices: picojoules an event, milliwatts and picojoules a cycle of a chip."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurochip.cost.entries import Access, Curve, Cycle, Included, Leakage, Number, Power, Valued
from neurochip.cost.priced import Priced
from neurochip.cost.sram import Quantity, of_array
from neurochip.cost.table import CONVERSIONS, PriceTable
from neurochip.cost.widths import factor
from neurochip.errors import ConfigError, Problem

PICOJOULES = {"fJ": 1e-3, "pJ": 1.0, "nJ": 1e3}
MILLIWATTS = {"nW": 1e-6, "uW": 1e-3, "mW": 1.0}
ACCESS: dict[Literal["read", "write"], Quantity] = {"read": "read_pj", "write": "write_pj"}


@dataclass(frozen=True)
class Price:
    """One entry as it is used on a chip: ``value`` in ``unit``, and the entry it is from."""

    key: str
    what: str
    value: float
    unit: str
    entry: Any


class PriceList:
    """The prices of a table on one chip.

    Raises ConfigError if a price is per something that its action does not have, or has a node out of range.
    """

    def __init__(self, table: PriceTable, chip: Priced) -> None:
        self.table, self.chip = table, chip
        found = {key: self._price(key, entry) for key, entry in table.entries() if self._applies(key)}
        self.actions: dict[str, list[Price]] = {action: [] for action in table.actions}
        for key, price in found.items():
            if key.startswith("actions."):
                self.actions[key.split(".")[1]].append(price)
        self.static = [price for key, price in found.items() if key.startswith("static.")]
        self.clock = [price for key, price in found.items() if key.startswith("clock.")]

    def of_action(self, action: str) -> float:
        """Picojoules of one event. Raises ConfigError, naming the action, if the table has no price."""
        if action not in self.actions:
            message = f"actions.{action} is missing: this run counted it, and it has no price"
            raise ConfigError([Problem(message, f"prices {self.table.name}")])
        if not self.actions[action]:
            name = self.chip.hardware.name
            message = f"actions.{action} follows crossbar.adc.bits, but {name} has no crossbar.adc"
            raise ConfigError([Problem(message, f"prices {self.table.name}")])
        return sum(price.value for price in self.actions[action])

    @cached_property
    def powered(self) -> NDArray[np.bool_]:
        """Cores that leak and have a clock, [cores]."""
        on = self.table.unused_cores == "on"
        return np.ones(self.chip.cores, np.bool_) if on else self.chip.used

    @property
    def powered_cores(self) -> int:
        """How many those are."""
        return int(self.powered.sum())

    @property
    def leakage_mw(self) -> float:
        """Power of the whole chip that flows whatever happens."""
        return sum(price.value for price in self.static)

    @property
    def core_cycle_pj(self) -> float:
        """Energy of a clock cycle of one core."""
        return sum(price.value for price in self.clock if price.unit == "pJ/core cycle")

    @property
    def chip_cycle_pj(self) -> float:
        """Energy of a clock cycle of what the cores share."""
        return sum(price.value for price in self.clock if price.unit == "pJ/chip cycle")

    def _applies(self, key: str) -> bool:
        """Whether an entry is a price of something on the chip; areas are for `area`."""
        converts = self.chip.hardware.crossbar.adc is not None
        return not key.startswith("area.") and (converts or not key.startswith(f"actions.{CONVERSIONS}."))

    def _price(self, key: str, entry: Any) -> Price:
        section, name = key.split(".")[:2]
        if isinstance(entry, Included):
            return Price(key, name if section == "actions" else section, 0.0, "included", entry)
        if isinstance(entry, Power | Leakage):
            return Price(key, "leakage", self._power(entry), "mW", entry)
        if isinstance(entry, Cycle):
            energy = scaled(entry, self.table) * PICOJOULES[entry.unit] * entry.times
            return Price(key, "clock", energy, f"pJ/{entry.per.replace('_', ' ')}", entry)
        return Price(key, name, self._energy(key, name, entry), "pJ/event", entry)

    def _energy(self, key: str, action: str, entry: Number | Curve | Access) -> float:
        if isinstance(entry, Access):
            memory = self.chip.memories[entry.memory]
            energy = of_array(entry.cells, ACCESS[entry.access], entry.node_nm, memory.bits, memory.word)
            return energy * entry.times / (memory.items if entry.per == "item" else 1)
        each = factor(self.chip, action, entry.per, self.table.bits_per_cell)
        if each is None:
            message = f"{key}.per must be event, cell or core: {action} has no width, not {entry.per!r}"
            raise ConfigError([Problem(message, f"prices {self.table.name}")])
        value = on_curve(entry, self._bits) if isinstance(entry, Curve) else scaled(entry, self.table)
        return value * PICOJOULES[entry.unit] * entry.times * each

    @property
    def _bits(self) -> int:
        """Bits of the chip's converters; where there are none, no price depends on them."""
        adc = self.chip.hardware.crossbar.adc
        return adc.bits if adc else 0

    def _power(self, entry: Power | Leakage) -> float:
        core = self.chip.hardware.core
        if isinstance(entry, Leakage):
            memory = self.chip.memories[entry.memory]
            one = of_array(entry.cells, "leakage_mw", entry.node_nm, memory.bits, memory.word)
            return one * entry.times * memory.per_core * self.powered_cores
        each = {"chip": 1, "core": self.powered_cores, "crossbar": self.powered_cores * core.crossbars}[
            entry.per
        ]
        return scaled(entry, self.table) * MILLIWATTS[entry.unit] * entry.times * each


def scaled(entry: Valued, table: PriceTable) -> float:
    """A value at the table's node and voltage: switched capacitance follows the node, energy the voltage
    squared."""
    if not entry.scale or entry.node_nm is None or entry.voltage_v is None:
        return entry.value
    return entry.value * table.node_nm / entry.node_nm * (table.voltage_v / entry.voltage_v) ** 2


def on_curve(entry: Curve, bits: int) -> float:
    """The value for converters of ``bits``: between two known points each bit multiplies alike, and beyond
    the outer ones as between the nearest two."""
    known = sorted(entry.points)
    at = min(max(bisect_right(known, bits) - 1, 0), len(known) - 2)
    low, high = known[at], known[at + 1]
    part = (bits - low) / (high - low)
    return exp((1 - part) * log(entry.points[low]) + part * log(entry.points[high]))
