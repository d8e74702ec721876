"""The report's numbers as a flat table, for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neurochip.report.page.summary import PARTS

COLUMNS = ("section", "item", "part", "value", "unit")
Row = tuple[str, str, str, Any, str]


def rows(report: dict[str, Any]) -> Iterator[Row]:
    """One number each; of a sample where nothing else is said."""
    for row in report["energy"]["kinds"]:
        for part in PARTS:
            yield "energy", row["kind"], part, row[f"{part}_pj"], "pJ"
    for part in PARTS:
        yield "energy", "sum", part, report["energy"]["total"][f"{part}_pj"], "pJ"
        for action, energy in report["energy"]["actions"][part].items():
            yield "energy by action", action, part, energy, "pJ"
        for core, energy in enumerate(report["mesh"][part]["energy_pj"]):
            yield "energy by core", str(core), part, energy, "pJ"
        for core, share in enumerate(report["mesh"][part]["utilisation"]):
            yield "utilisation by core", str(core), part, share, "fraction"
        for link in report["mesh"][part]["links"]:
            yield "flits by link", f"{link['from']}-{link['to']}", part, link["flits"], "flits"
        yield "time", "latency", part, report["time"][part]["latency_ns"], "ns"
        yield "time", "throughput", part, report["time"][part]["throughput_samples_per_s"], "samples/s"
        yield "time", "power", part, report["time"][part]["power_mw"], "mW"
        yield from _metrics(report["metrics"][part], part)
    for phase in report["energy"]["phases"]:
        yield "energy by phase", phase["phase"], "training", phase["pj"], "pJ"
    yield from _memory(report["memory"])
    for part in report["area"]["parts"]:
        yield "area", part["what"], "", part["area_mm2"], "mm2"
    for register, number in report["learning"]["saturations"].items():
        yield "saturations", register, "", number, "events of the run"
    for row in report["learning"]["epochs"]:
        for key, value in row.items():
            if key != "epoch":
                yield "learning curve", str(row["epoch"]), key.removesuffix("_accuracy"), value, "accuracy"
    for entry in report["prices"]["entries"]:
        if not entry["included_in"]:
            yield "prices", entry["key"], entry["source"], entry["value"], entry["unit"]


def write_csv(path: Path, report: dict[str, Any]) -> None:
    """Write the table to a file that is already there only under this name."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(rows(report))


def _metrics(metrics: dict[str, Any], part: str) -> Iterator[Row]:
    for name, value in metrics.items():
        if isinstance(value, dict):
            yield from (("metrics", f"{name}.{key}", part, number, "") for key, number in value.items())
        else:
            yield "metrics", name, part, value, "bytes" if name == "Footprint" else ""


def _memory(memory: dict[str, Any]) -> Iterator[Row]:
    for role, found in memory["roles"].items():
        yield "memory", role, "used", found["used_bits"], "bits"
        if found["available_bits"] is not None:
            yield "memory", role, "available", found["available_bits"], "bits"
    for way, needs in memory["needs_bits"].items():
        yield from (("memory to train", way, key, bits, "bits") for key, bits in needs.items())
