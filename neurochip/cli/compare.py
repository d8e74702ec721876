"""``neurochip compare``: the chip against its references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neurochip.cli.folders import COMPARISON, comparison_folder
from neurochip.cli.tables import console, percent, say, table
from neurochip.compare import Study, compare
from neurochip.experiment import Setup
from neurochip.files import write_json

SHOWN = 3
"""Neurons of a layer in the picture of trajectories."""


def compare_experiment(
    setup: Setup,
    against: str,
    out: Path | None,
    threads: int | None,
    data_dir: Path | None,
    seeds: int = 1,
    samples: int = 4,
) -> None:
    """Compare and leave ``compare.json`` and pictures in a folder; ``against``: names with commas between."""
    with comparison_folder(setup, out) as folder:
        names = [name.strip() for name in against.split(",") if name.strip()]
        how = {"threads": threads, "data_dir": data_dir}
        study = compare(setup, names, seeds=seeds, samples=samples, tell=say, **how)
        found = study.as_json()
        write_json(folder / COMPARISON, found)
        _draw(study, found, folder)
    console.print()
    _show(found)
    say(f"folder {folder}")


def _show(found: dict[str, Any]) -> None:
    if "traces" in found:
        _show_traces(found["traces"])
    if "widths" in found:
        columns = ("register", "place", "kernel", "finest error", "slope")
        rows = [
            (s["register"], s["place"], s["kernel"], s["mean_absolute_error"][-1], _slope(s["slope"]))
            for s in found["widths"]
        ]
        table(
            "error against width: log2 of the mean error for each fraction bit",
            columns,
            rows,
            left=3,
            optional=("kernel",),
        )
    if "gradients" in found:
        _show_gradients(found["gradients"], found["projections"])
    if "accuracy" in found:
        _show_accuracy(found["accuracy"])


def _show_traces(found: dict[str, Any]) -> None:
    say(f"tick by tick: {found['verdict']}")
    rows = [
        ("samples", found["samples"]),
        ("with equal spikes, chip and float", found["samples_with_equal_spikes"]),
        ("explained by rounding", found["samples_explained_by_rounding"]),
        ("spikes of the chip", found["spikes"]),
        ("spikes that rounding decided", found["ties"]),
        ("beyond the bound", found["ties_unexplained"]),
    ]
    shares = found["largest_error_as_share_of_bound"]
    rows += [(f"largest error of {name}, of its bound", share) for name, share in shares.items()]
    distances = found.get("float_brian2_largest_distance", {})
    rows += [(f"float and brian2, {name}", distance) for name, distance in distances.items()]
    table("", ("", ""), rows)


def _slope(value: float | None) -> str:
    return "no error" if value is None else f"{value:.3f}"


def _show_gradients(rows: list[dict[str, Any]], layers: list[str]) -> None:
    numbers = range(1, len(layers) + 1)
    columns = (
        "sweep",
        "by",
        "variant",
        "value",
        *(f"cos {i}" for i in numbers),
        *(f"err {i}" for i in numbers),
    )
    cells = [
        (
            row["sweep"], row["by"], row["variant"], f"{row['value']:g}",
            *(f"{cosine:.4f}" for cosine in row["cosine"]),
            *("none" if error is None else f"{error:.3f}" for error in row["relative_error"]),
        )
        for row in rows
    ]  # fmt: skip
    names = ", ".join(f"{number} {name.split(' ')[0]}" for number, name in zip(numbers, layers, strict=True))
    table(
        f"the rule's step against the exact gradient: cosine, relative error; {names}", columns, cells, left=3
    )


def _show_accuracy(found: dict[str, Any]) -> None:
    rows = [(str(c["seed"]), percent(c["chip"][-1]), percent(c["float"][-1])) for c in found["courses"]]
    rows.append(("mean", percent(found["chip_mean"]), percent(found["float_mean"])))
    table("test accuracy after the last epoch", ("seed", "chip", "float"), rows)
    say(f"chip - float: {found['points_between']:+.2f} points")


def _draw(study: Study, found: dict[str, Any], folder: Path) -> None:
    from neurochip.report import comparing, estimates

    where = f"{found['network']} on {found['hardware']['name']}"
    name = f"{found['experiment']['name']} · {where}"
    title = f"{name} · seed {found['seed']}"
    if study.trials:
        _draw_trajectories(study, folder / "trajectories.png", title)
    if study.sweeps:
        comparing.widths(found["widths"], folder / "widths.png", title)
    if study.estimates:
        layers = [name.split(" ")[0] for name in found["projections"]]
        estimates.cosines(found["gradients"], layers, folder / "gradients.png", title)
        estimates.errors(found["gradients"], layers, folder / "gradient_errors.png", title)
    if study.courses:
        seeds = ", ".join(str(course.seed) for course in study.courses)
        of = f"seed{'s' if len(study.courses) > 1 else ''} {seeds}"
        comparing.accuracies(found["accuracy"], folder / "accuracy.png", f"{name} · {of}")


def _draw_trajectories(study: Study, path: Path, title: str) -> None:
    """Of the first sample: the neuron whose spike differs first, and the most active of every layer."""
    from neurochip.report import comparing

    trial, network = study.trials[0], study.run.network
    activity = trial.records["float"]["membrane"].mean(0)
    first = trial.agreement.first_spike if trial.agreement else None
    layers, start = [], 0
    for population in network.populations:
        chosen = np.argsort(-activity[start : start + population.size])[: SHOWN if start else 0].tolist()
        if first and first.layer == population.name:
            chosen = [first.neuron, *(neuron for neuron in chosen if neuron != first.neuron)][:SHOWN]
        if chosen:
            layers.append((population.name, start, chosen))
        start += population.size
    parted = first.tick if first else None
    comparing.trajectories(trial.records, layers, study.phases, path, parted=parted, title=title)
