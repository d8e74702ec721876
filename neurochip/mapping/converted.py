"""What cannot be behind column converters."""

from __future__ import annotations

from neurochip.errors import ConfigError, Problem
from neurochip.hardware import Hardware
from neurochip.mapping.placement import Placement


def require_known(placement: Placement, hardware: Hardware) -> None:
    """Raise ConfigError for what is not modelled: max pooling, folded kernels, copies of cells."""
    network, device, found = placement.network, hardware.crossbar.device, []
    copied = [index for index in range(len(network.projections)) if placement.replicas(index) > 1]
    kernels = [index for index, it in enumerate(network.projections) if it.kernel]
    if network.max_pooled:
        message = "network: max pooling cannot be behind column converters (crossbar.device, crossbar.adc)"
        found.append(Problem(f"{message}; take average pooling", "network.layers"))
    if placement.folded and any(it.kernel and it.kernel.window > 1 for it in network.projections):
        rule = (
            "must be false: folded kernels cannot be behind column converters (crossbar.device, crossbar.adc)"
        )
        found.append(Problem(f"placement.fold_pooling {rule}", "placement.fold_pooling"))
    if not hardware.crossbar.cells.exact and copied:
        message = f"must hold all neurons of {network.label(copied[0])}: copies of a kernel on {device} cells"
        found.append(
            Problem(f"core.neurons {message} would differ, which is not modelled", "hardware.core.neurons")
        )
    if any(it.role == "mirror" and it.projection in kernels for it in placement.blocks):
        message = "crossbar.feedback must be transposed: a mirrored kernel behind column converters"
        rule = f"{message} (crossbar.device, crossbar.adc) is not modelled"
        found.append(Problem(rule, "hardware.crossbar.feedback"))
    if found:
        raise ConfigError(found)
