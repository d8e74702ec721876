"""What the chip is: the schema of the hardware YAML (see ``hw_configs/README.md`` for every key)."""

from __future__ import annotations

from neurochip.hardware.record import Crossbar, Hardware, hardware_source
from neurochip.hardware.registers import Registers

__all__ = ["Crossbar", "Hardware", "Registers", "hardware_source"]
