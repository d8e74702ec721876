"""What the cycle engine refuses, as the fast one does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from neurochip.errors import ConfigError, Problem, RegisterOverflow
from neurochip.fixed import Format
from neurochip.hardware import Hardware
from neurochip.mapping import Placement
from neurochip.mapping.converted import require_known
from neurochip.neurons import registers as reg

if TYPE_CHECKING:
    from neurochip.clock.clock import Clock

STRICT = 2
"""Overflow code of a register that ends the run."""


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


def require_sums(clock: Clock, samples: int) -> None:
    """Raise ConfigError when the sums of a batch of banks could need more than 62 bits."""
    bank, terms = clock.formats["bank"], len(clock.program.terms)
    uses = max(
        (it.n_post // it.weight_shape[1] * (it.kernel.window**2 if it.kernel else 1))
        for it in clock.placement.network.projections
    )
    bits = (samples * uses * terms * max(bank.hi, -bank.lo) ** 2).bit_length()
    if bits + clock.hardware.update_unit.rate_bits > 62:
        message = f"registers.bank.bits must be smaller: sums of {samples * uses} products need {bits} bits"
        raise ConfigError([Problem(message, "hardware.registers.bank")])


def require_no_overflow(clock: Clock, where: str) -> None:
    """Raise RegisterOverflow if a strict register has overflowed."""
    over, strict = clock.memories.over, clock.format_table[:, reg.OVERFLOW] == STRICT
    for register in (strict & (over[0] > 0)).nonzero()[0].tolist():
        name, number = reg.REGISTERS[register], int(over[1, register]) - 1
        raise RegisterOverflow(
            f"register {name} overflowed at {where}: {_what(clock, register, number)}; "
            f"widen registers.{name} or let it saturate"
        )


def _what(clock: Clock, register: int, number: int) -> str:
    if register in (reg.ACCUMULATOR, reg.WEIGHT):
        return f"synapse {number} of the chip"
    populations, neuron = clock.placement.network.populations, number
    for population in populations:
        if neuron < population.size:
            return f"neuron {neuron} of {population.name}"
        neuron -= population.size
    return f"unit {number}"
