"""How many clock cycles things take: packets in flits, the estimate from counts, and the record of both."""

from __future__ import annotations

from neurochip.mapping.packets import Packets, barrier_cycles

__all__ = ["Packets", "barrier_cycles"]
