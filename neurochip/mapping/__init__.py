"""From a network to a chip: synapses in blocks on crossbars, neurons in groups on cores, routes."""

from __future__ import annotations

from neurochip.mapping.pieces import BACKWARD, FORWARD, Block, Group, Segment
from neurochip.mapping.place import place
from neurochip.mapping.placement import LayerRow, Placement, Traffic, Used
from neurochip.mapping.readings import Reading, readings
from neurochip.mapping.route import Routes, spike_routes, sum_routes
from neurochip.mapping.shares import NONE, Shares

__all__ = [
    "BACKWARD",
    "FORWARD",
    "NONE",
    "Block",
    "Group",
    "LayerRow",
    "Placement",
    "Reading",
    "Routes",
    "Segment",
    "Shares",
    "Traffic",
    "Used",
    "place",
    "readings",
    "spike_routes",
    "sum_routes",
]
