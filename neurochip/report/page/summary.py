"""All numbers of the page, from a run's record and cost: what `report.json` holds."""

from __future__ import annotations

from typing import Any

from neurochip.cost import ENERGY_KINDS
from neurochip.noc import DIRECTIONS, Mesh

SCHEMA = "neurochip report 1"
PARTS = ("training", "inference")

Json = dict[str, Any]


def summary(record: Json, cost: Json) -> Json:
    """The report of a run; energies are picojoules of a sample unless a key says more, times nanoseconds."""
    return {
        "schema": SCHEMA,
        "run": _run(record),
        "headline": _headline(record, cost),
        "energy": _energy(record, cost),
        "time": {part: _time(cost[part]["time"]) for part in PARTS},
        "mesh": _mesh(record, cost),
        "memory": cost["memory"],
        "learning": _learning(record),
        "metrics": cost["metrics"],
        "area": {"parts": cost["area"], "total_mm2": sum(part["area_mm2"] for part in cost["area"])},
        "prices": cost["prices"],
        "notes": cost["notes"],
    }


def _run(record: Json) -> Json:
    experiment, hardware = record["experiment"], record["hardware"]
    registers = {name: register["bits"] for name, register in hardware["registers"].items()}
    return {
        "experiment": experiment["name"],
        "description": experiment["description"],
        "hardware": hardware["name"],
        "hardware_description": hardware["description"],
        "network": record["network"]["name"],
        "neurons": record["network"]["neurons"],
        "synapses": record["network"]["synapses"],
        "rule": experiment["rule"]["name"],
        "seed": record["seed"],
        "epochs": len(record["epochs"]),
        "batch": experiment["batch"],
        "complete": record["complete"],
        "data": {name: part["samples"] for name, part in record["data"].items()},
        "data_name": experiment["data"]["name"],
        "clock_mhz": hardware["clock_mhz"],
        "mesh": [hardware["mesh"]["rows"], hardware["mesh"]["cols"]],
        "crossbar": [hardware["crossbar"]["rows"], hardware["crossbar"]["cols"]],
        "feedback": hardware["crossbar"]["feedback"],
        "register_bits": registers,
        "placement": record["placement"],
        "neurochip_version": record["neurochip_version"],
        "commit": record["commit"],
        "weights_sha256": record["weights_sha256"],
    }


def _headline(record: Json, cost: Json) -> Json:
    needs, last = cost["memory"]["needs_bits"], record["epochs"][-1] if record["epochs"] else {}
    training, inference = (cost[part] for part in PARTS)
    return {
        "test_accuracy": last.get("test_accuracy"),
        "training_energy_pj": training["energy_pj"]["per_sample"],
        "inference_energy_pj": inference["energy_pj"]["per_sample"],
        "training_latency_ns": training["time"]["latency_ns"],
        "inference_latency_ns": inference["time"]["latency_ns"],
        "inference_samples_per_s": inference["time"]["throughput_samples_per_s"],
        "training_memory_bits": needs["chip"]["total"],
        "bptt_memory_bits": needs["chip_bptt"]["total"],
        "kept_ratio": needs["chip_bptt"]["kept"] / max(needs["chip"]["kept"], 1),
    }


def _energy(record: Json, cost: Json) -> Json:
    samples = {part: max(cost[part]["samples"], 1) for part in PARTS}
    whole = {part: cost[part]["energy_pj"] for part in PARTS}
    epoch = record["data"]["train"]["samples"]
    return {
        "kinds": [
            {
                "kind": kind,
                "what": what,
                **{f"{part}_pj": whole[part]["kinds"][kind] / samples[part] for part in PARTS},
                "epoch_pj": whole["training"]["kinds"][kind] / samples["training"] * epoch,
            }
            for kind, what in ENERGY_KINDS.items()
        ],
        "total": {f"{part}_pj": whole[part]["per_sample"] for part in PARTS},
        "phases": [
            {"phase": phase, "pj": sum(kinds.values()) / samples["training"], "kinds": _each(kinds, samples)}
            for phase, kinds in whole["training"]["phases"].items()
        ],
        "actions": {
            part: {action: energy / samples[part] for action, energy in whole[part]["actions"].items()}
            for part in PARTS
        },
        "epoch_pj": whole["training"]["per_sample"] * epoch,
        "run_pj": whole["training"]["total"] + whole["inference"]["total"],
        "run_training_pj": whole["training"]["total"],
    }


def _each(kinds: dict[str, float], samples: dict[str, int]) -> dict[str, float]:
    return {kind: energy / samples["training"] for kind, energy in kinds.items()}


def _time(found: Json) -> Json:
    return {key: value for key, value in found.items() if not key.endswith("utilisation")}


def _mesh(record: Json, cost: Json) -> Json:
    rows, cols = record["hardware"]["mesh"]["rows"], record["hardware"]["mesh"]["cols"]
    return {
        "rows": rows,
        "cols": cols,
        **{part: _mesh_part(record, cost, part, rows, cols) for part in PARTS},
    }


def _mesh_part(record: Json, cost: Json, part: str, rows: int, cols: int) -> Json:
    samples, mesh = max(cost[part]["samples"], 1), Mesh(rows, cols)
    flits = [0] * (rows * cols * DIRECTIONS)
    for phase in record["counts"][part]["links"].values():
        for link, number in phase.items():
            flits[int(link)] += number
    energies = cost[part]["energy_pj"]["cores"].values()
    through = [sum(flits[DIRECTIONS * core : DIRECTIONS * (core + 1)]) for core in range(rows * cols)]
    links = ((link, *mesh.link_ends(link)) for link in mesh.links() if flits[link])
    return {
        "energy_pj": [sum(values) / samples for values in zip(*energies, strict=True)],
        "flits": [number / samples for number in through],
        "utilisation": cost[part]["time"]["utilisation"],
        "links": [
            {
                "from": here, "to": there, "flits": flits[link] / samples,
                "utilisation": cost[part]["time"]["link_utilisation"][link],
            }
            for link, here, there in links
        ],
    }  # fmt: skip


def _learning(record: Json) -> Json:
    total = record["counts"]["training"]["total"]
    keys = ("epoch", "train_accuracy", "validation_accuracy", "test_accuracy")
    return {
        "epochs": [{key: row[key] for key in keys if row.get(key) is not None} for row in record["epochs"]],
        "updates": total["updates"],
        "lost_updates": total["lost_updates"],
        "weight_writes": total["weight_writes"],
        "saturations": record["saturations"],
    }
