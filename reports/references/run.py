"""The comparisons of this folder: tables, pictures, and compare.json of the long ones.

    python reports/references/run.py [NAME ...] [--data-dir=DIR] [--threads=N]

Runs ``neurochip compare`` with these options for each comparison named (all) into ``runs/references``, unless
it is there, and makes the tables from all that are there.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copyfile
from typing import Any

from neurochip.cli.app import app

HERE, RUNS = Path(__file__).parent, Path("runs/references")
CONV = str(HERE / "digits_conv.yaml")
UNITS = "experiment.network.layers.0.units"
TICKS, IDEAL = ("--against", "brian2"), ("--hardware", "ideal")

FULL: dict[str, Sequence[str]] = {
    "digits_dense": ("digits_ep", "--seeds", "5", "--samples", "10"),
    "digits_conv": (CONV, "--samples", "10"),
    "mnist_dense": ("mnist_ep_dense", "--against", "float,brian2", "--samples", "3"),
}
"""Comparisons whose compare.json and pictures are kept."""

COMPARISONS: dict[str, Sequence[str]] = {
    **FULL,
    "digits_conv_seeds": (CONV, "--against", "float", "--samples", "1", "--seed", "1", "--seeds", "4"),
    **{f"ideal_seed{n}": ("digits_ep", *IDEAL, *TICKS, "--samples", "8", "--seed", str(n)) for n in range(3)},
    "ideal_40": ("digits_ep", *IDEAL, *TICKS, "--samples", "8", "--seed", "3", "--set", f"{UNITS}=40"),
    "ideal_300": ("digits_ep", *IDEAL, *TICKS, "--samples", "8", "--seed", "4", "--set", f"{UNITS}=300"),
    **{f"ideal_conv_seed{n}": (CONV, *IDEAL, *TICKS, "--samples", "5", "--seed", str(n)) for n in range(2)},
    "ideal_mnist_dense": ("mnist_ep_dense", *IDEAL, *TICKS, "--samples", "3"),
    "ideal_mnist_conv": ("mnist_ep_conv", *IDEAL, *TICKS, "--samples", "2"),
    "8bit_mnist_conv": ("mnist_ep_conv", *TICKS, "--samples", "2"),
    **{f"gradients_seed{n}": ("digits_ep", "--against", "bptt", "--seed", str(n)) for n in range(1, 5)},
}
"""Arguments of ``neurochip compare`` by the comparison's name."""


def main(names: Sequence[str], how: Sequence[str]) -> None:
    for name in names or COMPARISONS:
        if not (RUNS / name / "compare.json").exists():
            app(["compare", *COMPARISONS[name], *how, "--out", str(RUNS / name)], standalone_mode=False)
    found = {
        name: json.loads((RUNS / name / "compare.json").read_text(encoding="utf-8"))
        for name in COMPARISONS
        if (RUNS / name / "compare.json").exists()
    }
    write("traces.csv", traces(found))
    write("widths.csv", widths(found))
    write("gradients_by_seed.csv", by_seed(found))
    write("accuracy.csv", accuracies(found))
    for name in (name for name in FULL if name in found):
        copyfile(RUNS / name / "compare.json", HERE / f"{name}.json")
        for picture in sorted((RUNS / name).glob("*.png")):
            shrink(picture, HERE / f"{name}_{picture.name}")


def traces(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each comparison: what all its samples say together."""
    for name, it in found.items():
        if "traces" in it:
            together = {k: v for k, v in it["traces"].items() if not isinstance(v, (dict, list))}
            shares = it["traces"]["largest_error_as_share_of_bound"]
            distances = it["traces"].get("float_brian2_largest_distance", {})
            yield {
                "comparison": name, "network": it["network"], "hardware": it["hardware"]["name"],
                "seed": it["seed"], **together,
                **{f"share_of_bound_{key}": f"{value:.3f}" for key, value in shares.items()},
                **{f"float_brian2_{key}": f"{value:.1e}" for key, value in distances.items()},
            }  # fmt: skip


def widths(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each comparison, register, place and width."""
    for name, it in found.items():
        for sweep in it.get("widths", ()):
            for frac, error in zip(sweep["fraction_bits"], sweep["mean_absolute_error"], strict=True):
                keys = ("register", "place")
                yield {
                    "comparison": name, **{key: sweep[key] for key in keys}, "fraction_bits": frac,
                    "mean_absolute_error": f"{error:.4g}", "slope": f"{sweep['slope']:.3f}",
                }  # fmt: skip


def by_seed(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each seed of the dense net and symmetric estimate over beta, after one epoch."""
    for it in found.values():
        if it["experiment"]["name"] == "digits_ep":
            for row in it.get("gradients", ()):
                if row["sweep"] in ("theorem", "beta") and row["variant"] == "symmetric":
                    cosines = dict(
                        zip(("cosine_1", "cosine_2"), map("{:.5f}".format, row["cosine"]), strict=True)
                    )
                    yield {"seed": it["seed"], **{k: row[k] for k in ("sweep", "by", "value")}, **cosines}


def accuracies(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each comparison, seed and epoch; epoch 0 is before training."""
    for name, it in found.items():
        for course in it.get("accuracy", {"courses": ()})["courses"]:
            for epoch, (chip, twin) in enumerate(zip(course["chip"], course["float"], strict=True)):
                yield {
                    "comparison": name, "seed": course["seed"], "epoch": epoch,
                    "chip": f"{chip:.6f}", "float": f"{twin:.6f}",
                }  # fmt: skip


def write(name: str, rows: Iterator[dict[str, Any]]) -> None:
    """Write rows with the same keys as a table."""
    every = list(rows)
    if every:
        with (HERE / name).open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(every[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(every)


def shrink(source: Path, target: Path) -> None:
    """Copy a picture with 128 colours, which takes a third of the room."""
    from PIL import Image

    with Image.open(source) as picture:
        picture.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(COMPARISONS))
    given, how = parser.parse_known_args()
    main(given.names, how)
