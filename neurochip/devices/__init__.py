"""The shelf of synapse devices: the cells that a crossbar can be made of, and its column converter.

One file per device: a frozen record whose fields are the keys of ``crossbar.cell`` and whose first line says
what it models. `docs/devices.md` has the equations.
"""

from __future__ import annotations

from neurochip.devices.adc import Adc
from neurochip.devices.resistive import Resistive
from neurochip.devices.sram import Sram

DEVICES: dict[str, type[Sram] | type[Resistive]] = {
    "sram": Sram,
    "resistive": Resistive,
}
"""Name in ``crossbar.device`` -> record. Every record without arguments is a cell without imperfections."""

__all__ = ["DEVICES", "Adc", "Resistive", "Sram"]
