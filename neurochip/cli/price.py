"""``neurochip price``: what a finished run cost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neurochip.cli.tables import facts, say, table
from neurochip.experiment import pricing

PREFIXES = ((1e12, "J"), (1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ"), (1.0, "pJ"))


def price_run(folder: Path, prices: str | None, sets: Iterable[str], out: Path | None) -> None:
    """Show energy, time and memory of a sample, and write all of it as JSON."""
    cost = pricing.price(folder, prices, sets)
    target = out or folder / pricing.COST
    pricing.write(target.parent, cost, target.name)
    show(cost)
    say(f"{target}: every count, price and source")


def show(cost: dict[str, Any]) -> None:
    """Print what a sample costs, in training and in inference."""
    parts = {name: cost[name] for name in ("training", "inference")}
    rows = [
        (
            kind,
            *(joules(part["energy_pj"]["kinds"][kind] / max(part["samples"], 1)) for part in parts.values()),
        )
        for kind in cost["training"]["energy_pj"]["kinds"]
    ]
    rows.append(("sum", *(joules(part["energy_pj"]["per_sample"]) for part in parts.values())))
    table(f"energy of a sample, prices {cost['prices']['name']}", ("kind", *parts), rows)
    kib = {way: f"{it['total'] / 8192:,.1f}" for way, it in cost["memory"]["needs_bits"].items()}
    facts(
        "training / inference",
        [
            ("latency", " / ".join(f"{part['time']['latency_ns'] / 1e3:,.1f} us" for part in parts.values())),
            ("power", " / ".join(f"{part['time']['power_mw']:,.3g} mW" for part in parts.values())),
            ("memory", f"{kib['chip']} KiB to train; {kib['chip_bptt']} KiB by BPTT"),
            *(("note", note) for note in cost["notes"]),
        ],
    )


def joules(picojoules: float) -> str:
    """An energy with four digits and its unit."""
    for size, unit in PREFIXES:
        if picojoules >= size:
            return f"{picojoules / size:.4g} {unit}"
    return f"{picojoules:.3g} pJ"
