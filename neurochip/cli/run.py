"""``neurochip run``: train, and say how it goes."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import typer

from neurochip.cli.folders import run_folder
from neurochip.cli.price import joules
from neurochip.cli.tables import console, facts, number, percent, say
from neurochip.cli.watch import Watcher
from neurochip.experiment import Setup, checkpoint, execute, pricing

PICTURE = "curves.png"
INTERRUPTED = 130


def run_experiment(
    setup: Setup, out: Path | None, threads: int | None, data_dir: Path | None, resume: bool
) -> None:
    """Run ``setup`` into a folder, with a progress bar and a closing table; exit code 130 if interrupted."""
    with run_folder(setup, out, resume) as folder:
        try:
            with Watcher() as watcher:
                record = execute(
                    setup, folder, threads=threads, data_dir=data_dir, resume=resume, observer=watcher
                )
            if not watcher.trained:
                say(f"nothing to do: all {len(record['epochs'])} epochs are done")
            _close(record, folder)
            if watcher.trained or not (folder / PICTURE).exists():
                _draw(record, folder / PICTURE)
        except KeyboardInterrupt:
            _say_how_to_resume(folder, named=out is not None)
            raise typer.Exit(INTERRUPTED) from None


def _draw(record: dict[str, Any], path: Path) -> None:
    from neurochip.report import learning_curve

    learning_curve(record, path)


def _say_how_to_resume(folder: Path, named: bool) -> None:
    if not (folder / checkpoint.NAME).is_file():
        print("stopped before the first epoch was done: nothing is saved", file=sys.stderr)
        return
    words = [word for word in sys.argv[1:] if word != "--resume"]
    words += ["--resume"] if named else ["--out", str(folder), "--resume"]
    print(f"stopped; the epochs done are saved. Go on with\n  neurochip {shlex.join(words)}", file=sys.stderr)


def _close(record: dict[str, Any], folder: Path) -> None:
    last, counts = record["epochs"][-1], record["counts"]
    total, samples = counts["training"]["total"], max(counts["training_samples"], 1)
    tested = record["data"]["test"]["samples"]
    console.print()
    facts(
        f"{record['experiment']['name']} on {record['hardware']['name']}, seed {record['seed']}",
        [
            ("test accuracy", f"{percent(last['test_accuracy'])} of {tested:,}"),
            *_validation(last),
            ("train accuracy", percent(last["train_accuracy"])),
            ("epochs", str(last["epoch"])),
            ("synaptic ops", f"{total['synaptic_ops'] / samples:,.0f} a sample"),
            *_energy(folder),
            ("lost updates", _share(total["lost_updates"], total["updates"])),
            ("saturations", _saturations(record["saturations"])),
            ("weights", f"sha256 {record['weights_sha256'][:16]}"),
            ("folder", str(folder)),
        ],
    )


def _energy(folder: Path) -> list[tuple[str, str]]:
    """What learning and classifying a sample take, if the run is priced."""
    path = folder / pricing.COST
    if not path.is_file():
        return []
    cost = json.loads(path.read_text(encoding="utf-8"))
    training, inference = (
        joules(cost[part]["energy_pj"]["per_sample"]) for part in ("training", "inference")
    )
    return [("energy", f"{training} a sample"), ("to classify", f"{inference} a sample")]


def _validation(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [("validation", percent(row["validation_accuracy"]))] if "validation_accuracy" in row else []


def _share(part: int, whole: int) -> str:
    return f"{percent(part / whole)} of {number(whole)}" if whole else "none"


def _saturations(found: dict[str, int]) -> str:
    full = [f"{name} {count:,}" for name, count in found.items() if count]
    return ", ".join(full) if full else "none"
