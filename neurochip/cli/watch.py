"""Progress on the terminal; where there is none, a line for each epoch."""

from __future__ import annotations

from time import perf_counter
from types import TracebackType
from typing import Any

from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from neurochip.cli.tables import console, percent, say
from neurochip.experiment import Observer

COMPILING = "compiling the kernels: once on this machine, up to a minute ..."
_WIDE = 76


class Watcher(Observer):
    """Shows a run: a bar over all of its epochs, and a line for each epoch done. Use it as a context."""

    def __init__(self) -> None:
        self.wide = console.width >= _WIDE
        remaining: list[ProgressColumn] = [TimeRemainingColumn(compact=True)] if self.wide else []
        self.bar = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=None),
            TextColumn("{task.fields[note]}", markup=False), *remaining,
            console=console, transient=True, expand=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task("", total=None, note="", visible=False)
        self.samples = self.epochs = self.number = 0
        self.began = 0.0
        self.trained = False

    def __enter__(self) -> Watcher:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.bar.stop()

    def compiling(self) -> None:
        say(COMPILING)

    def started(self, facts: dict[str, Any]) -> None:
        used, there = facts["placement"]["crossbars"]
        cores = facts["placement"]["cores"]
        threads = "1 thread" if facts["threads"] == 1 else f"{facts['threads']} threads"
        say(f"{facts['experiment']} on {facts['hardware']}, seed {facts['seed']}")
        say(
            f"{facts['network']}: {facts['synapses']:,} synapses, {used:,} of {there:,} crossbars, "
            f"{cores.used:,} of {cores.available:,} cores"
        )
        epochs = "1 epoch" if facts["epochs"] == 1 else f"{facts['epochs']:,} epochs"
        say(f"{facts['samples']:,} samples, {epochs}, {threads}")
        if facts["epoch"]:
            say(f"resuming after epoch {facts['epoch']}")
        self.samples, self.epochs, self.number = facts["samples"], facts["epochs"], facts["epoch"]
        self._show(0, "starting")
        self.bar.update(self.task, total=self.epochs * self.samples, visible=True)
        self.bar.reset(self.task, completed=self.number * self.samples)
        self.began = perf_counter()

    def batch(self, done: int, samples: int, correct: int) -> None:
        speed = done / (perf_counter() - self.began)
        self._show(done, f"train {percent(correct / done)}" + f"  {speed:,.0f} samples/s" * self.wide)

    def evaluated(self, done: int, samples: int) -> None:
        self._show(self.samples, f"testing {done:,} of {samples:,}")

    def epoch(self, row: dict[str, Any], epochs: int) -> None:
        parts = [f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}"]
        parts.append(f"train {percent(row['train_accuracy']):>8}")
        if "validation_accuracy" in row:
            parts.append(f"validation {percent(row['validation_accuracy']):>8}")
        parts.append(f"test {percent(row['test_accuracy']):>8}")
        speed = f"{row['samples_per_s']:>9,.0f} samples/s"
        if not console.is_terminal or len("  ".join((*parts, speed))) <= console.width:
            parts.append(speed)
        say("  ".join(parts))
        self.trained = True
        self.number = row["epoch"]
        self.began = perf_counter()

    def _show(self, done: int, note: str) -> None:
        """Let the bar stand after ``done`` samples of the present epoch."""
        epoch = min(self.number + 1, self.epochs)
        completed = self.number * self.samples + done
        self.bar.update(
            self.task,
            description=f"epoch {epoch}/{self.epochs}",
            completed=completed,
            note=note,
            refresh=done == self.samples,
        )
