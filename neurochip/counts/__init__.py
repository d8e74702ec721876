"""Integer event counters of a run: every action of the chip that costs something, by kind, phase and core.

The engine keeps only a `Tally`: how often each unit's spikes arrived, and what the update unit did. All other
counts follow from it and the placement, exactly, because what a spike sets off depends on its unit alone.
"""

from __future__ import annotations

from neurochip.counts.actions import ACTIONS, KINDS
from neurochip.counts.counts import Counts
from neurochip.counts.tally import Tally
from neurochip.mapping.packets import Packets

__all__ = ["ACTIONS", "KINDS", "Counts", "Packets", "Tally"]
