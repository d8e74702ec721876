"""``cost.json``: everything that a priced run is said to cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurochip.cost.area import area
from neurochip.cost.cost import Cost
from neurochip.cost.entries import Arrayed, Included
from neurochip.cost.memory import ROLES, Held, memory
from neurochip.cost.metrics import INFERENCE_ROLES, neurobench
from neurochip.cost.notes import notes
from neurochip.cost.priced import Priced
from neurochip.cost.prices import Price, PriceList
from neurochip.cost.table import PriceTable
from neurochip.cost.timing import RunTiming, from_ticks
from neurochip.cost.unrolled import training_needs
from neurochip.counts import Counts

SCHEMA = "neurochip cost 1"
TICKS = (10, 20, 40, 80, 160, 320)
BATCHES = (1, 20, 128)
"""For how many ticks and samples in a batch the memory of training is listed."""


def document(
    training: Counts,
    inference: Counts,
    chip: Priced,
    table: PriceTable,
    batch: int,
    zero_weights: int,
    timing: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The cost of a run's training and evaluations, as JSON. Raises ConfigError as `Cost.of` does.

    ``timing``: of the run's record; without it cycles are estimated from average counts.
    """
    first = Priced(chip.hardware, chip.placement, chip.program.inference())
    parts = {
        "training": Cost.of(training, chip, table, _timing(timing, "training", training)),
        "inference": Cost.of(inference, first, table, _timing(timing, "inference", inference)),
    }
    held = memory(chip, batch)
    return {
        "schema": SCHEMA,
        "prices": _table(table, PriceList(table, chip)),
        "notes": list(notes(chip, table, parts["training"].timing)),
        **{name: cost.as_json() for name, cost in parts.items()},
        "memory": _memory(chip, held, batch),
        "area": [part._asdict() for part in area(chip, table)],
        "metrics": _metrics(parts, chip, held, zero_weights),
    }


def _table(table: PriceTable, prices: PriceList) -> dict[str, Any]:
    used = [price for found in prices.actions.values() for price in found]
    return {
        "name": table.name,
        "description": table.description,
        "node_nm": table.node_nm,
        "voltage_v": table.voltage_v,
        "unused_cores": table.unused_cores,
        "sources": table.sources,
        "entries": [_entry(price, prices.chip) for price in (*used, *prices.static, *prices.clock)],
        "area": [{"key": f"area.{i}", **it.model_dump(mode="json")} for i, it in enumerate(table.area)],
    }


def _entry(price: Price, chip: Priced) -> dict[str, Any]:
    entry = price.entry
    included = entry.included_in if isinstance(entry, Included) else None
    return {
        "key": price.key,
        "what": price.what,
        "value": price.value,
        "unit": price.unit,
        "included_in": included,
        "basis": None if included else entry.basis,
        "node_nm": None if included else entry.node_nm,
        "voltage_v": None if included else entry.voltage_v,
        "source": entry.source,
        "note": entry.note,
        "array": _array(entry, chip),
        "entry": entry.model_dump(mode="json"),
    }


def _array(entry: Any, chip: Priced) -> dict[str, Any] | None:
    """The memory that a price is of, as large as it is on the chip."""
    if not isinstance(entry, Arrayed):
        return None
    memory = chip.memories[entry.memory]
    return {
        "memory": entry.memory,
        "access": getattr(entry, "access", None),
        "bits": memory.bits,
        "word_bits": memory.word,
    }


def _timing(timing: Mapping[str, Any] | None, part: str, counts: Counts) -> RunTiming | None:
    return None if timing is None else from_ticks(timing[part], timing["update"], counts)


def _memory(chip: Priced, held: dict[str, Held], batch: int) -> dict[str, Any]:
    ticks = chip.program.phases[0].ticks
    return {
        "roles": {
            role: {
                "what": what,
                "used_bits": int(held[role].used.sum()),
                "available_bits": None if (room := held[role].available) is None else room * chip.cores,
                "cores": held[role].used.tolist(),
            }
            for role, what in ROLES.items()
        },
        "ticks": ticks,
        "batch": batch,
        "needs_bits": _needs(chip, ticks, batch),
        "needs_by_ticks": [{"ticks": n, **_totals(chip, n, batch)} for n in TICKS],
        "needs_by_batch": [{"batch": n, **_totals(chip, ticks, n)} for n in BATCHES],
    }


def _needs(chip: Priced, ticks: int, batch: int) -> dict[str, Any]:
    found = training_needs(chip, ticks, batch)
    return {way: {**vars(needs), "total": needs.total} for way, needs in found.items()}


def _totals(chip: Priced, ticks: int, batch: int) -> dict[str, int]:
    return {way: needs.total for way, needs in training_needs(chip, ticks, batch).items()}


def _metrics(
    parts: dict[str, Cost], chip: Priced, held: dict[str, Held], zero_weights: int
) -> dict[str, Any]:
    sparsity = zero_weights / max(chip.placement.network.synapses, 1)
    roles = {"training": tuple(ROLES), "inference": INFERENCE_ROLES}
    counts, samples = parts["training"].counts, parts["training"].samples
    learned = {
        "UpdateProducts": counts.total("update_multiplies") / samples,
        "WeightUpdates": counts.total("updates") / samples,
        "WeightWrites": counts.total("weight_writes") / samples,
    }
    return {
        name: {
            **(learned if name == "training" else {}),
            "ConnectionSparsity": sparsity,
            **neurobench(cost.counts, chip, cost.chip.program, held, roles[name]),
        }
        for name, cost in parts.items()
    }
