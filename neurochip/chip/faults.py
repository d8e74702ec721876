"""Naming the place where a strict register overflowed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip.memory import Memory
from neurochip.errors import RegisterOverflow
from neurochip.mapping import Placement
from neurochip.neurons import registers as reg
from neurochip.program import Program

Ints = NDArray[np.integer[Any]]


def in_a_tick(fault: Ints, placement: Placement, program: Program) -> RegisterOverflow:
    """The error for a fault that the engine noted; see `neurochip.chip.columns`."""
    register, unit, tick, phase, sample = (int(value) for value in fault)
    name = reg.REGISTERS[register]
    population, neuron = _neuron(placement, unit)
    populations = placement.network.populations
    return RegisterOverflow(
        f"register {name} overflowed on core {_home(placement, population, neuron)} at tick {tick} of phase "
        f"{program.phases[phase].name!r}: neuron {neuron} of {populations[population].name}, "
        f"sample {sample} of the batch; widen registers.{name} or let it saturate"
    )


def in_an_update(
    register: int, number: int, batches: int, ticks: int, placement: Placement, memory: Memory
) -> RegisterOverflow:
    """The error for the synapse, or neuron, ``number`` of the update unit, in batch ``batches`` (from 1)."""
    name = reg.REGISTERS[register]
    if register == reg.BIAS or number >= memory.masters:
        population, neuron = _neuron(placement, number - (0 if register == reg.BIAS else memory.masters))
        core = _home(placement, population, neuron)
        place = f"on core {core}: bias of neuron {neuron} of {placement.network.populations[population].name}"
    else:
        place = _synapse(number, placement, memory)
    return RegisterOverflow(
        f"register {name} overflowed in the update of batch {batches}, after tick {ticks - 1}, {place}; "
        f"widen registers.{name} or let it saturate"
    )


def _synapse(number: int, placement: Placement, memory: Memory) -> str:
    index = max(i for i, matrix in enumerate(memory.matrices) if matrix.master <= number)
    projection = placement.network.projections[index]
    row, column = divmod(number - memory.matrices[index].master, projection.weight_shape[1])
    forward = (b for b in placement.blocks if b.projection == index and b.role == "forward")
    cores = [b.core for b in forward if column in b.cols and (projection.kernel or row in b.rows)]
    return f"on core {cores[0]}: synapse of row {row} and column {column} of {placement.network.label(index)}"


def _neuron(placement: Placement, unit: int) -> tuple[int, int]:
    """(population, neuron) of a unit of the chip."""
    for index, population in enumerate(placement.network.populations):
        if unit < population.size:
            return index, unit
        unit -= population.size
    raise IndexError(unit)


def _home(placement: Placement, population: int, neuron: int) -> int:
    """Core of a neuron's registers."""
    return next(g.core for g in placement.groups if g.population == population and neuron in g.neurons)
