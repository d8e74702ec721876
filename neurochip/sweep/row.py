"""From a finished run and its price to its row of the table: the one place that says what the columns are.

Everything in a row follows from the resolved configuration and the seed: no times, no machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Cell = int | float | str | None


class Column(NamedTuple):
    """``unit`` and meaning of a column; ``better``: which way is better, if one is."""

    unit: str
    meaning: str
    better: str = ""


_RESOURCES = ("cores", "crossbars", "cells", "neurons", "axons")
_PER_SAMPLE = {
    "synaptic_ops": "weights read and added to a sum",
    "spikes": "spikes delivered",
    "packets": "packets on the mesh",
    "hops": "links crossed by packets",
}
"""Actions that get a column for training and one for inference, each for one sample."""

_PARTS = ("training", "inference")
_COSTS = {
    "energy_nj": Column("nJ per sample", "energy by the chip's prices", "lower"),
    "latency_us": Column("µs per sample", "time on the chip", "lower"),
    "busy": Column("fraction", "of all cycles, those in which the busiest core works"),
}
"""What pricing adds for training and for inference; in training the share of the update is in it."""

COLUMNS: dict[str, Column] = {
    "test_accuracy": Column("fraction", "right predictions of test samples after the last epoch", "higher"),
    "validation_accuracy": Column("fraction", "the same of validation samples, if there are any", "higher"),
    "train_accuracy": Column("fraction", "right predictions in the last epoch, before each update", "higher"),
    **{
        f"{part}_{action}": Column("per sample", f"{meaning}, {part}", "lower")
        for part in _PARTS
        for action, meaning in _PER_SAMPLE.items()
    },
    **{
        f"{part}_{name}": it._replace(meaning=f"{it.meaning}, {part}")
        for part in _PARTS
        for name, it in _COSTS.items()
    },
    "memory_bits": Column("bits", "of all memories in use, on the whole chip", "lower"),
    "core_memory_bits": Column("bits", "of the memories in use on the core that uses most", "lower"),
    "used_memory": Column("fraction", "bits in use, of those that the chip has for the same roles"),
    "area_mm2": Column("mm2", "estimated area of the parts that the price table has a source for", "lower"),
    "weight_writes": Column("per sample", "weights rewritten in training", "lower"),
    "lost_updates": Column("fraction", "of all updates, those that round to no change", "lower"),
    **{f"used_{name}": Column("fraction", f"{name} used, of those that the chip has") for name in _RESOURCES},
    **{f"needed_{name}": Column(name, f"{name} used on the whole chip", "lower") for name in _RESOURCES},
    "synapses": Column("weights", "of all projections"),
    "synapse_bits": Column("bits", "of all weights and their kept fractions, each held once", "lower"),
    "saturations": Column("values", "that did not fit their register, over the whole run", "lower"),
    "saturated_registers": Column("", "registers in which they were, with their numbers"),
    "weights_sha256": Column("", "fingerprint of the integer weights and biases"),
}
"""Every column that a run can have, in the table's order; one that a run has no value for is left out."""


def row_of(record: Mapping[str, Any], cost: Mapping[str, Any] | None = None) -> dict[str, Cell]:
    """The row of a finished run, of its record (docs/record.md) and its price (docs/cost.md).

    Without ``cost``, as when a price is missing, its columns are left out.
    """
    row: dict[str, Cell] = {
        **_accuracies(record["epochs"][-1]),
        **_actions(record["counts"]),
        **_utilisation(record["placement"]),
        **_synapses(record["network"]["synapses"], record["hardware"]["registers"]),
        **_saturations(record["saturations"]),
        **(_costs(cost) if cost else {}),
        "weights_sha256": record["weights_sha256"],
    }
    return {name: row[name] for name in COLUMNS if name in row}


def _accuracies(last: Mapping[str, Any]) -> dict[str, Cell]:
    names = ("test_accuracy", "validation_accuracy", "train_accuracy")
    return {name: last[name] for name in names if last.get(name) is not None}


def _actions(counts: Mapping[str, Any]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for part in _PARTS:
        total, samples = counts[part]["total"], counts[f"{part}_samples"]
        if samples:
            found |= {f"{part}_{action}": total[action] / samples for action in _PER_SAMPLE}
    learned, samples = counts["training"]["total"], counts["training_samples"]
    if samples:
        found["weight_writes"] = learned["weight_writes"] / samples
    if learned["updates"]:
        found["lost_updates"] = learned["lost_updates"] / learned["updates"]
    return found


def _utilisation(placement: Mapping[str, Any]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for name in _RESOURCES:
        used, there = placement[name]
        found[f"used_{name}"], found[f"needed_{name}"] = used / there, used
    return found


def _synapses(number: int, registers: Mapping[str, Any]) -> dict[str, Cell]:
    bits = registers["weight"]["bits"] + registers["fraction"]["bits"]
    return {"synapses": number, "synapse_bits": number * bits}


def _costs(cost: Mapping[str, Any]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for part in _PARTS:
        if cost[part]["samples"]:
            time = cost[part]["time"]
            found[f"{part}_energy_nj"] = cost[part]["energy_pj"]["per_sample"] / 1e3
            found[f"{part}_latency_us"] = time["latency_ns"] / 1e3
            found[f"{part}_busy"] = max(time["utilisation"])
    if cost["area"]:
        found["area_mm2"] = sum(part["area_mm2"] for part in cost["area"])
    return found | _memory(cost["memory"]["roles"])


def _memory(roles: Mapping[str, Any]) -> dict[str, Cell]:
    """Bits in use; the share is of roles that have memory of their own (mirrors share the weights')."""
    cores = [sum(bits) for bits in zip(*(role["cores"] for role in roles.values()), strict=True)]
    there = sum(role["available_bits"] or 0 for role in roles.values())
    bound = sum(
        role["used_bits"] for name, role in roles.items() if role["available_bits"] or name == "mirror"
    )
    return {"memory_bits": sum(cores), "core_memory_bits": max(cores), "used_memory": bound / there}


def _saturations(found: Mapping[str, int]) -> dict[str, Cell]:
    full = [f"{name} {number}" for name, number in sorted(found.items()) if number]
    return {"saturations": sum(found.values()), "saturated_registers": ", ".join(full)}
