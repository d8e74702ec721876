"""What a run costs: counts times sourced prices, time, memory and area. It never runs anything.

`PriceTable` is a table of ``hw_configs/energy``, `Priced` a chip with what is on it, `Cost` the energy and
time of some counts, `document` all of ``cost.json``.
"""

from __future__ import annotations

from neurochip.cost.cost import Cost
from neurochip.cost.document import SCHEMA, document
from neurochip.cost.energy import ENERGY_KINDS, Energy
from neurochip.cost.memory import ROLES, memory
from neurochip.cost.priced import Priced
from neurochip.cost.prices import PriceList
from neurochip.cost.table import FOLDER, PriceTable
from neurochip.cost.timing import RunTiming, from_averages, from_ticks
from neurochip.cost.unrolled import Needs, training_needs

__all__ = [
    "ENERGY_KINDS",
    "FOLDER",
    "ROLES",
    "SCHEMA",
    "Cost",
    "Energy",
    "Needs",
    "PriceList",
    "PriceTable",
    "Priced",
    "RunTiming",
    "document",
    "from_averages",
    "from_ticks",
    "memory",
    "training_needs",
]
