"""``neurochip run``: train, and say how it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from neurochip.cli.tables import console, number, percent, table
from neurochip.experiment import Observer, Setup, execute


def run_experiment(setup: Setup, out: Path | None, threads: int | None, data_dir: Path | None, resume: bool) -> None:
    """Run ``setup`` into a folder, with a progress bar and a closing table."""
    folder = out or _default_folder(setup, resume)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(), console=console, transient=True,
    ) as bar:  # fmt: skip
        record = execute(
            setup, folder, threads=threads, data_dir=data_dir, resume=resume, observer=_Watcher(bar)
        )
    _close(record, folder)


def _default_folder(setup: Setup, resume: bool) -> Path:
    """``runs/experiment-hardware-seed``; with a number behind it when that is taken (the last such for ``resume``)."""
    stem = f"{setup.experiment.name}-{setup.hardware.name}-seed{setup.experiment.seed}"
    first = Path("runs") / stem
    taken, number = [], 1
    folder = first
    while folder.exists():
        taken.append(folder)
        number += 1
        folder = first.with_name(f"{stem}-{number}")
    return taken[-1] if resume and taken else folder


class _Watcher(Observer):
    """Shows progress on the terminal; where there is none, a line for each epoch."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.task = bar.add_task("", total=None, note="")
        self.label = ""

    def compiling(self) -> None:
        self.bar.console.print("compiling the kernels: once on this machine, about half a minute …")

    def started(self, facts: dict[str, Any]) -> None:
        used, there = facts["placement"]["crossbars"]
        cores = facts["placement"]["cores"]
        self.bar.console.print(
            f"{facts['experiment']}: {facts['network']} on {facts['hardware']}, {used} of {there} crossbars, "
            f"{cores.used} of {cores.available} cores; {facts['samples']:,} samples, {facts['epochs']} epochs, "
            f"{facts['threads']} threads, seed {facts['seed']}"
        )
        if facts["epoch"]:
            self.bar.console.print(f"resuming after epoch {facts['epoch']}")
        self._begin(facts["epoch"] + 1, facts["epochs"])

    def batch(self, done: int, samples: int, correct: int) -> None:
        task = self.bar.tasks[0]
        speed = f"{task.speed:,.0f} samples/s" if task.speed else ""
        note = f"train {percent(correct / done)}  {speed}"
        self.bar.update(self.task, description=self.label, completed=done, total=samples, note=note)

    def evaluated(self, done: int, samples: int) -> None:
        self.bar.update(self.task, description="testing", completed=done, total=samples)

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        held_out = f"  validation {percent(row['validation_accuracy'])}" if "validation_accuracy" in row else ""
        self.bar.console.print(
            f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}  train {percent(row['train_accuracy']):>8}{held_out}  "
            f"test {percent(row['test_accuracy']):>8}  {row['samples_per_s']:>7,.0f} samples/s"
        )
        self._begin(row["epoch"] + 1, epochs)

    def _begin(self, epoch: int, epochs: int) -> None:
        self.label = f"epoch {min(epoch, epochs)}/{epochs}"
        self.bar.reset(self.task, description=self.label, note="")


def _close(record: dict[str, Any], folder: Path) -> None:
    from neurochip.report import learning_curve

    learning_curve(record, folder / "curves.png")
    last = record["epochs"][-1]
    counts = record["counts"]
    samples = max(counts["training_samples"], 1)
    rows = [
        ("test accuracy", f"{percent(last['test_accuracy'])} of {record['data']['test']['samples']:,} samples"),
        ("training accuracy", percent(last["train_accuracy"])),
        ("epochs", str(last["epoch"])),
        ("synaptic operations", f"{counts['training']['total']['synaptic_ops'] / samples:,.0f} a training sample"),
        ("lost updates", _share(counts["training"]["total"], "lost_updates", "updates")),
        ("saturations", _saturations(record["saturations"])),
        ("weights", f"sha256 {record['weights_sha256'][:16]}…"),
        ("folder", str(folder)),
    ]
    console.print()
    table(f"{record['experiment']['name']} on {record['hardware']['name']}, seed {record['seed']}", ("", ""), rows, left=2)


def _share(total: dict[str, int], part: str, whole: str) -> str:
    return percent(total[part] / total[whole]) + f" of {number(total[whole])}" if total[whole] else "none"


def _saturations(found: dict[str, int]) -> str:
    full = [f"{name} {count:,}" for name, count in found.items() if count]
    return ", ".join(full) if full else "none"
