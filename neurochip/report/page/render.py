"""The page as one HTML text: style, pictures and numbers in it, nothing to be fetched."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from neurochip.report.page import numbers
from neurochip.report.page.charts import lines, mesh_map
from neurochip.report.page.price_rows import price_rows, source_numbers

Json = dict[str, Any]

WAYS = {
    "chip": "this chip",
    "chip_bptt": "this chip, BPTT",
    "float": "float32",
    "float_bptt": "float32, BPTT",
}
CURVES = ("test", "train", "validation")


def html(report: Json) -> str:
    """The page of a report."""
    from jinja2 import Environment, StrictUndefined

    folder = files("neurochip.report.page")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    for filter_ in (
        numbers.joules, numbers.seconds, numbers.watts, numbers.memory, numbers.figures, numbers.percent,
    ):  # fmt: skip
        environment.filters[filter_.__name__] = filter_
    template = environment.from_string(folder.joinpath("report.html.j2").read_text(encoding="utf-8"))
    found: str = template.render(
        **report,
        **_derived(report),
        style=folder.joinpath("report.css").read_text(encoding="utf-8"),
    )
    return found


def _derived(report: Json) -> Json:
    kinds, curves = report["energy"]["kinds"], _curves(report["learning"]["epochs"])
    return {
        "training_kinds": [(row["kind"], row["training_pj"]) for row in kinds],
        "inference_kinds": [(row["kind"], row["inference_pj"]) for row in kinds],
        "time_note": _time_note(report["time"]["training"]),
        "used_bits": sum(role["used_bits"] for role in report["memory"]["roles"].values()),
        "ways": WAYS,
        "curve_names": list(curves),
        "maps": _maps(report["mesh"]),
        "core_rows": _core_rows(report),
        "charts": {"ticks": _ticks_chart(report["memory"]), "curve": _curve_chart(curves)},
        "price_rows": price_rows(report),
        "area_rows": list(zip(report["area"]["parts"], report["prices"]["area"], strict=True)),
        "source_numbers": source_numbers(report),
    }


def _time_note(time: Json) -> str:
    if time["estimate"] == "average":
        return "Estimated from average counts, coarsely: bursts and overlaps are averaged out."
    samples = "first sample" if time["timed_samples"] == 1 else f"first {time['timed_samples']} samples"
    return f"Estimated tick by tick from the {samples} of each part, with the weights after the last epoch."


def _curves(epochs: list[Json]) -> dict[str, list[tuple[float, float]]]:
    """Errors by epoch of each part that was evaluated."""
    found = {}
    for part in CURVES:
        points = [
            (row["epoch"], 1.0 - row[f"{part}_accuracy"]) for row in epochs if f"{part}_accuracy" in row
        ]
        if points:
            found[part] = points
    return found


def _curve_chart(curves: dict[str, list[tuple[float, float]]]) -> str:
    positive = [y for points in curves.values() for _, y in points if y > 0]
    if not positive:
        return ""
    series = {f"line{number}": points for number, points in enumerate(curves.values(), 1)}
    return lines(
        series, "Error by epoch", "epoch", "error", lambda x: f"{x:.0f}", lambda y: f"{100 * y:.3g} %", False
    )


def _ticks_chart(memory: Json) -> str:
    rows = memory["needs_by_ticks"]
    series = {
        f"line{number}": [(row["ticks"], row[way] / 8192) for row in rows]
        for number, way in enumerate(WAYS, 1)
    }
    return lines(
        series, "Memory to train by ticks", "ticks", "", lambda x: f"{x:.0f}", lambda y: f"{y:,.0f} KiB", True
    )


def _maps(mesh: Json) -> dict[str, str]:
    found, rows, cols = mesh["training"], mesh["rows"], mesh["cols"]
    return {
        "energy": mesh_map(rows, cols, found["energy_pj"], numbers.joules, "Energy of each core"),
        "traffic": mesh_map(
            rows, cols, found["flits"], lambda n: f"{n:,.1f} flits a sample", "Traffic", found["links"]
        ),
        "utilisation": mesh_map(
            rows, cols, found["utilisation"], lambda u: f"busy {numbers.percent(u)}", "Utilisation"
        ),
    }


def _core_rows(report: Json) -> list[Json]:
    """The cores that do or cost anything, in the order of their numbers."""
    training, inference = (report["mesh"][part] for part in ("training", "inference"))
    samples = report["run"]["data"]["train"]
    rows = [
        {
            "core": core, "training_pj": energy, "inference_pj": inference["energy_pj"][core],
            "epoch_pj": energy * samples, "busy": training["utilisation"][core],
            "flits": training["flits"][core],
        }
        for core, energy in enumerate(training["energy_pj"])
    ]  # fmt: skip
    return [row for row in rows if any(value for key, value in row.items() if key != "core")]
