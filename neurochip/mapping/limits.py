"""What the cores of a chip offer, and the refusal of networks that need more."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from neurochip.errors import DoesNotFit
from neurochip.hardware import Hardware
from neurochip.mapping.tile import Feedback
from neurochip.network import Network


@dataclass(frozen=True)
class Limits:
    """The size of a chip: its mesh, its crossbars, and what one core has of each resource."""

    chip: str
    mesh_rows: int
    mesh_cols: int
    rows: int
    cols: int
    crossbars: int
    neurons: int
    axons: int

    @classmethod
    def of(cls, hardware: Hardware) -> Limits:
        core, mesh, crossbar = hardware.core, hardware.mesh, hardware.crossbar
        sizes = mesh.rows, mesh.cols, crossbar.rows, crossbar.cols
        return cls(hardware.name, *sizes, core.crossbars, core.neurons, core.axons)

    @property
    def cores(self) -> int:
        return self.mesh_rows * self.mesh_cols


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
    """What one projection takes: crossbars (mirrors among them), axons, and axons of its greediest block."""

    crossbars: int
    mirrors: int
    axons: int
    block_axons: int


def demand(network: Network, projection: int, limits: Limits, feedback: Feedback) -> Demand:
    """What projection number ``projection`` takes when it is cut as `tile` does, without cutting it."""
    it = network.projections[projection]
    way_back = feedback if it.source else None
    across, down = ceil(it.n_post / limits.cols), ceil(it.n_pre / limits.rows)
    lines, block_lines = it.n_pre * across, min(it.n_pre, limits.rows)
    if way_back == "transposed":
        return Demand(across * down, 0, lines + it.n_post * down, block_lines + min(it.n_post, limits.cols))
    if way_back == "mirrored":
        mirrors = ceil(it.n_post / limits.rows) * ceil(it.n_pre / limits.cols)
        lines += it.n_post * ceil(it.n_pre / limits.cols)
        return Demand(across * down + mirrors, mirrors, lines, max(block_lines, min(it.n_post, limits.rows)))
    return Demand(across * down, 0, lines, block_lines)


def require_fit(network: Network, limits: Limits, feedback: Feedback) -> int:
    """The number of cores that ``network`` needs if each can be filled to the last place.

    Raises DoesNotFit, naming all that is needed and available, if the chip or a core of it has too little.
    """
    demands = [demand(network, index, limits, feedback) for index in range(len(network.projections))]
    needs = _needs(network, limits, demands)
    reasons = [] if all(need.met for need in needs) else [str(need) for need in needs]
    for index, it in enumerate(demands):
        if it.block_axons > limits.axons:
            reasons.append(
                f"one block of {_projection(network, index)} needs {it.block_axons} axons (rows, and columns"
                f" if feedback is transposed) but core.axons is {limits.axons}; raise core.axons to"
                f" {it.block_axons} or lower crossbar.rows"
            )
    if reasons:
        raise _refusal(network, limits, reasons)
    return max(need.cores_needed for need in needs)


def refuse_packing(network: Network, axons: list[int], limits: Limits, cores: int) -> DoesNotFit:
    """The error for blocks that fit in total but take ``cores`` cores, since a block cannot be divided.

    ``axons``: what each block takes.
    """
    most = max(axons)
    reason = (
        f"needs {cores} cores for {len(axons)} blocks but the chip has {limits.cores}: a block takes up to"
        f" {most} axons, so that core.axons {limits.axons} do not serve core.crossbars {limits.crossbars};"
        f" raise core.axons to {most * limits.crossbars} or the mesh to {cores} cores"
    )
    return _refusal(network, limits, [reason])


def _needs(network: Network, limits: Limits, demands: list[Demand]) -> list[Need]:
    arrays, axons = [it.crossbars for it in demands], [it.axons for it in demands]
    neurons = [population.size for population in network.populations]
    mirrors = sum(it.mirrors for it in demands)
    crossbars = f"crossbars of {limits.rows}x{limits.cols}" + f" ({mirrors} of them mirrors)" * (mirrors > 0)
    slots_for = f"population {network.populations[_most(neurons)].name} needs {max(neurons)}"
    arrays_for = f"{_projection(network, _most(arrays))} needs {max(arrays)}"
    axons_for = f"{_projection(network, _most(axons))} needs {max(axons)}"
    return [
        Need(crossbars, "core.crossbars", sum(arrays), arrays_for, limits.crossbars, limits.cores),
        Need("neuron slots", "core.neurons", sum(neurons), slots_for, limits.neurons, limits.cores),
        Need("axons", "core.axons", sum(axons), axons_for, limits.axons, limits.cores),
    ]


def _refusal(network: Network, limits: Limits, reasons: list[str]) -> DoesNotFit:
    head = f"network {network.name} does not fit {limits.chip} (mesh {limits.mesh_rows}x{limits.mesh_cols}):"
    return DoesNotFit("\n  ".join([head, *reasons]))


def _projection(network: Network, index: int) -> str:
    return f"projection {index} {network.label(index)}"


def _most(amounts: list[int]) -> int:
    return max(range(len(amounts)), key=lambda index: amounts[index])
