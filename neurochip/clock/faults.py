"""What ends a run: sums that do not fit, and strict registers that have overflowed."""

from __future__ import annotations

from neurochip.clock.works import Works
from neurochip.errors import ConfigError, Problem, RegisterOverflow
from neurochip.neurons import registers as reg

STRICT = 2
"""Overflow code of a register that ends the run."""


def require_sums(works: Works, samples: int) -> None:
    """Raise ConfigError when the sums of a batch of banks could need more than 62 bits."""
    bank, terms = works.formats["bank"], len(works.program.terms)
    uses = max(
        (it.n_post // it.weight_shape[1] * (it.kernel.window**2 if it.kernel else 1))
        for it in works.placement.network.projections
    )
    bits = (samples * uses * terms * max(bank.hi, -bank.lo) ** 2).bit_length()
    if bits + works.hardware.update_unit.rate_bits > 62:
        message = f"registers.bank.bits must be smaller: sums of {samples * uses} products need {bits} bits"
        raise ConfigError([Problem(message, "hardware.registers.bank")])


def require_no_overflow(works: Works, where: str) -> None:
    """Raise RegisterOverflow if a strict register has overflowed."""
    over, strict = works.memories.over, works.format_table[:, reg.OVERFLOW] == STRICT
    for register in (strict & (over[0] > 0)).nonzero()[0].tolist():
        name, number = reg.REGISTERS[register], int(over[1, register]) - 1
        raise RegisterOverflow(
            f"register {name} overflowed at {where}: {_what(works, register, number)}; "
            f"widen registers.{name} or let it saturate"
        )


def _what(works: Works, register: int, number: int) -> str:
    if register in (reg.ACCUMULATOR, reg.WEIGHT):
        return f"synapse {number} of the chip"
    populations, neuron = works.placement.network.populations, number
    for population in populations:
        if neuron < population.size:
            return f"neuron {neuron} of {population.name}"
        neuron -= population.size
    return f"unit {number}"
