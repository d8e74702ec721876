"""The shelf of synapse devices: the cells that a crossbar can be made of.

One file per device: a frozen record whose fields are its YAML keys and whose first line says what it models.
"""

from __future__ import annotations

from neurochip.config import Model
from neurochip.devices.sram import Sram

DEVICES: dict[str, type[Model]] = {
    "sram": Sram,
}
"""Name in ``crossbar.device`` -> record."""
