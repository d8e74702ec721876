"""What the cycle engine refuses, as the fast one does."""

from __future__ import annotations

from collections.abc import Mapping

from neurochip.errors import ConfigError, Problem
from neurochip.fixed import Format
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.mapping.converted import require_known


def require_supported(placement: Placement, formats: Mapping[str, Format], hardware: Hardware) -> None:
    """Raise ConfigError for what is not modelled behind converters, and for sums of a convolution that could
    leave ``partial`` where no converter holds them to it."""
    network = placement.network
    if hardware.crossbar.converts:
        require_known(placement, hardware)
        return
    for index, it in enumerate(network.projections):
        kernel = it.kernel
        if kernel is None:
            continue
        rows, cols = it.weight_shape
        most = max(rows, cols * kernel.size**2) * (1 if kernel.pooling == "max" else kernel.window**2)
        if most * -formats["weight"].lo > formats["partial"].hi:
            rule = f"must hold {most} weights of the convolution {network.label(index)}"
            raise ConfigError([Problem(f"registers.partial.bits {rule}", "hardware.registers.partial")])
