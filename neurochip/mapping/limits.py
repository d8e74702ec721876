"""What a network takes of a chip, and the refusal of networks that need more than there is."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from neurochip.errors import DoesNotFit
from neurochip.mapping.plan import Limits, Matrix, Plan
from neurochip.network import Network


@dataclass(frozen=True)
class Need:
    """What a network takes of one resource: in total, and the part that takes most of it."""

    what: str
    key: str
    needed: int
    largest: str
    per_core: int
    cores: int

    @property
    def met(self) -> bool:
        return self.needed <= self.per_core * self.cores

    @property
    def cores_needed(self) -> int:
        """Cores that suffice if they can be filled to the last place."""
        return ceil(self.needed / self.per_core)

    def __str__(self) -> str:
        available = f"{self.per_core * self.cores} ({self.cores} cores x {self.key} {self.per_core})"
        if self.met:
            return f"enough {self.what}: {self.needed} of {available}"
        raised = ceil(self.needed / self.cores)
        return (
            f"needs {self.needed} {self.what} but the chip has {available}; largest: {self.largest};"
            f" raise {self.key} to {raised} or the mesh to {self.cores_needed} cores"
        )


@dataclass(frozen=True)
class Demand:
    """What one projection takes: crossbars (mirrors among them), axons, axons of its greediest block.

    ``replicas``: copies of the forward matrix, which are in the numbers.
    """

    crossbars: int
    mirrors: int
    axons: int
    block_axons: int
    replicas: int = 1


def demand(plan: Plan, projection: int) -> Demand:
    """What projection number ``projection`` takes when it is cut as `tile` does, without cutting it."""
    both_ways = plan.both_ways(projection)
    forward, *mirror = (_demand(it, plan.limits, both_ways) for it in plan.matrices(projection))
    if not mirror:
        return forward
    back = mirror[0]
    return Demand(
        forward.crossbars + back.crossbars,
        back.crossbars,
        forward.axons + back.axons,
        max(forward.block_axons, back.block_axons),
        forward.replicas,
    )


def _demand(matrix: Matrix, limits: Limits, both_ways: bool) -> Demand:
    down, across = ceil(matrix.n_rows / limits.rows), ceil(matrix.n_cols / limits.cols)
    lines = matrix.n_rows * across + both_ways * matrix.n_cols * down
    block = min(matrix.n_rows, limits.rows) + both_ways * min(matrix.n_cols, limits.cols)
    copies = len(matrix.replicas)
    return Demand(copies * down * across, 0, copies * lines, block, copies)


def require_fit(plan: Plan) -> int:
    """The number of cores that a network needs if each can be filled to the last place.

    Raises DoesNotFit, naming all that is needed and available, if the chip or a core of it has too little.
    """
    demands = [demand(plan, index) for index in range(len(plan.held))]
    needs = _needs(plan.network, plan.limits, demands)
    reasons = [] if all(need.met for need in needs) else [str(need) for need in needs]
    for index, it in enumerate(demands):
        reasons += _too_large_for_a_core(plan, index, it)
    if reasons:
        raise _refusal(plan, reasons)
    return max(need.cores_needed for need in needs)


def _too_large_for_a_core(plan: Plan, index: int, it: Demand) -> list[str]:
    limits, name, reasons = plan.limits, _projection(plan.network, index), []
    if it.block_axons > limits.axons:
        reasons.append(
            f"one block of {name} needs {it.block_axons} axons (rows, and columns"
            f" if feedback is transposed) but core.axons is {limits.axons}; raise core.axons to"
            f" {it.block_axons} or lower crossbar.rows"
        )
    channels = plan.held[index].target_shape[0]
    if plan.held[index].kernel and channels > limits.neurons:
        reasons.append(
            f"one position of {name} needs {channels} neuron slots, one for each channel, but core.neurons is"
            f" {limits.neurons}; raise core.neurons to {channels} or give the layer fewer channels"
        )
    return reasons


def refuse_packing(plan: Plan, axons: list[int], cores: int) -> DoesNotFit:
    """The error for blocks that fit in total but take ``cores`` cores, since a block cannot be divided.

    ``axons``: what each block takes.
    """
    most, limits = max(axons), plan.limits
    reason = (
        f"needs {cores} cores for {len(axons)} blocks but the chip has {limits.cores}: a block takes up to"
        f" {most} axons, so that core.axons {limits.axons} do not serve core.crossbars {limits.crossbars};"
        f" raise core.axons to {most * limits.crossbars} or the mesh to {cores} cores"
    )
    return _refusal(plan, [reason])


def _needs(network: Network, limits: Limits, demands: list[Demand]) -> list[Need]:
    arrays, axons = [it.crossbars for it in demands], [it.axons for it in demands]
    neurons = [population.size for population in network.populations]
    mirrors = sum(it.mirrors for it in demands)
    crossbars = f"crossbars of {limits.rows}x{limits.cols}" + f" ({mirrors} of them mirrors)" * (mirrors > 0)
    slots_for = f"population {network.populations[_most(neurons)].name} needs {max(neurons)}"
    copies = demands[_most(arrays)].replicas
    arrays_for = f"{_projection(network, _most(arrays))} needs {max(arrays)}"
    arrays_for += f" in {copies} replicas, fewer with a larger core.neurons" * (copies > 1)
    axons_for = f"{_projection(network, _most(axons))} needs {max(axons)}"
    return [
        Need(crossbars, "core.crossbars", sum(arrays), arrays_for, limits.crossbars, limits.cores),
        Need("neuron slots", "core.neurons", sum(neurons), slots_for, limits.neurons, limits.cores),
        Need("axons", "core.axons", sum(axons), axons_for, limits.axons, limits.cores),
    ]


def _refusal(plan: Plan, reasons: list[str]) -> DoesNotFit:
    limits = plan.limits
    mesh = f"(mesh {limits.mesh_rows}x{limits.mesh_cols})"
    head = f"network {plan.network.name} does not fit {limits.chip} {mesh}:"
    return DoesNotFit("\n  ".join([head, *reasons]))


def _projection(network: Network, index: int) -> str:
    return f"projection {index} {network.label(index)}"


def _most(amounts: list[int]) -> int:
    return max(range(len(amounts)), key=lambda index: amounts[index])
