"""What shall be learned: populations of neurons, projections between them, initial weights. No chip in it."""

from __future__ import annotations

from neurochip.network.layers import ConvLayer, DenseLayer, Layer, NetworkConfig, Pool
from neurochip.network.network import Network, Population
from neurochip.network.projection import Kernel, Pooling, Projection, Shape

__all__ = [
    "ConvLayer",
    "DenseLayer",
    "Kernel",
    "Layer",
    "Network",
    "NetworkConfig",
    "Pool",
    "Pooling",
    "Population",
    "Projection",
    "Shape",
]
