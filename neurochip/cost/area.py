"""The area of a chip, estimated from the areas that a price table names."""

from __future__ import annotations

from typing import NamedTuple

from neurochip.cost.entries import ArraySpace, Space
from neurochip.cost.priced import Priced
from neurochip.cost.sram import of_array
from neurochip.cost.table import PriceTable
from neurochip.cost.widths import factor

SQUARE_MM = {"um2": 1e-6, "mm2": 1.0}


class Part(NamedTuple):
    """One part of the area: what it is, and square millimetres of the whole chip."""

    key: str
    what: str
    area_mm2: float


def area(chip: Priced, table: PriceTable) -> list[Part]:
    """The parts for which the table has a source; empty if it has none. An estimate: no wiring, no rest."""
    return [
        Part(f"area.{index}", _name(entry), _area(chip, table, entry))
        for index, entry in enumerate(table.area)
    ]


def _name(entry: Space | ArraySpace) -> str:
    return entry.what if isinstance(entry, Space) else f"{entry.memory} (arrays)"


def _area(chip: Priced, table: PriceTable, entry: Space | ArraySpace) -> float:
    if isinstance(entry, ArraySpace):
        memory = chip.memories[entry.memory]
        one = of_array(entry.cells, "area_mm2", entry.node_nm, memory.bits, memory.word)
        return one * entry.times * memory.per_core * chip.cores
    side = table.node_nm / entry.node_nm if entry.scale and entry.node_nm else 1.0
    return entry.value * side**2 * SQUARE_MM[entry.unit] * entry.times * _number(chip, table, entry.per)


def _number(chip: Priced, table: PriceTable, per: str) -> float:
    """How many of something a chip has."""
    core, crossbar = chip.hardware.core, chip.hardware.crossbar
    arrays = chip.cores * core.crossbars
    synapses = arrays * crossbar.rows * crossbar.cols
    cells = factor(chip, "weight_writes", "cell", table.bits_per_cell) or 1.0
    return {
        "chip": 1.0,
        "core": float(chip.cores),
        "crossbar": float(arrays),
        "synapse": float(synapses),
        "cell": synapses * cells,
        "column": float(arrays * crossbar.cols),
    }[per]
