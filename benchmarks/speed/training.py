"""Training end to end: samples and synaptic operations a second, and as a part of the limit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from neurochip import Run, Setup, load
from neurochip.chip.geometry import Folded
from speed.limit import Rows
from speed.table import Table, in_turns, ratio, side_by_side

NETS: dict[str, tuple[str, list[str], float]] = {
    "dense 784-512-10": ("mnist_ep_dense", ["network.layers.0.units=512"], 0.40),
    "conv 1-16-32": ("mnist_ep_conv", ["batch=20"], 0.0),
    "conv 1-32-64": (
        "mnist_ep_conv",
        ["network.layers.0.channels=32", "network.layers.1.channels=64", "batch=20"],
        0.35,
    ),
}
"""Preset, keys, and the part of the limit that a core should reach."""

TURNS, TURN = 30, 0.2
"""One thread, two threads, and two runs at once take so many turns of so many seconds. A shared machine is
idle now and then, for a moment: the fastest of many short turns are those on idle cores."""

IDLE, SERIES = 1.95, 4
"""On two idle cores two runs at once, which share nothing, are at least so many times as fast as one. Where
they are less, all take as many turns again, up to so many times; in vain, and SHARE is asked for instead."""

SHARE = 0.9
"""What two threads should reach of two runs at once where no two cores are idle."""


def trained(preset: str, sets: list[str], samples: int, folder: Path | None) -> Run:
    """A run after two epochs of ``samples``, so that the network is as active as it is in training. It may
    train as many epochs as the caller likes: its learning rates stay."""
    sets = [*sets, "rule.schedule=constant", f"data.train={samples}", "data.test=100"]
    keys = [f"experiment.{key}" for key in sets]
    if preset == "mnist_ep_conv":
        keys.append("experiment.placement.fold_pooling=true")
    run = Run(load(preset, sets=keys), threads=1, data_dir=folder)
    for _ in range(2):
        run.train_epoch()
    return run


class Epochs:
    """Epochs of one run, by one thread or more; counts of additions are those of folded kernels."""

    def __init__(self, run: Run, folder: Path | None = None) -> None:
        self.run, self.folder = run, folder
        self.additions: list[float] = []

    def seconds(self, threads: int) -> float:
        """Seconds per billion synaptic operations in an epoch."""
        self.run.chip.threads = threads
        row = self.run.train_epoch()
        self.additions.append(row["synaptic_ops"] / len(self.run.part("train")))
        return float(row["seconds"] / row["synaptic_ops"] * 1e9)

    def shorter(self, samples: float) -> Epochs:
        """The same network, in epochs of about as many samples: whole batches."""
        experiment = self.run.experiment
        batches = max(round(samples / experiment.batch), 1)
        data = experiment.data.model_copy(update={"train": batches * experiment.batch})
        run = Run(Setup(experiment.model_copy(update={"data": data}), self.run.hardware), 1, self.folder)
        run.chip.load(self.run.chip.masters, self.run.chip.biases)
        return Epochs(run, self.folder)


def reads(run: Run) -> list[tuple[int, Rows]]:
    """(synaptic operations so far, rows like those that are read) for each way of each projection."""
    spikes, found, first = run.training.spikes.sum(0), [], 0
    sizes = [population.size for population in run.network.populations]
    for index, projection in enumerate(run.network.projections):
        below = int(spikes[first : first + sizes[index]].sum())
        above = int(spikes[first + sizes[index] : first + sizes[index] + sizes[index + 1]].sum())
        first += sizes[index]
        ways = (
            [(below, projection.n_post), (above, projection.n_pre)] if index else [(below, projection.n_post)]
        )
        if projection.kernel is None:
            words = projection.n_pre * projection.n_post
            found += [(n * length, Rows(np.int8, length, words, length)) for n, length in ways]
            continue
        folded = Folded.of(projection)
        stamps = [(below, folded.up(), folded.words_up), (above, folded.down(), folded.words_down)]
        for n, stamp, words in stamps[: len(ways)]:
            length = int(stamp.lengths.max())
            found.append(
                (int(n * (stamp.rows * stamp.lengths).mean()), Rows(np.int16, length, words, stamp.size))
            )
    return [(ops, rows) for ops, rows in found if ops > 0]


def limit(read: list[tuple[int, Rows]], of: Callable[[Rows], float]) -> float:
    """Seconds per billion additions of bare rows, in the shares in which the network reads them."""
    return sum(ops / of(rows) for ops, rows in read) / sum(ops for ops, _ in read)


def measure(table: Table, folder: Path | None, rounds: int) -> None:
    """Part b: every net by one thread and by two, in turns with its limit."""
    for name, (preset, sets, goal) in NETS.items():
        epochs = Epochs(trained(preset, sets, 2000, folder), folder)
        online = Epochs(trained(preset, [*sets, "batch=1"], 300, folder))
        read = reads(epochs.run)
        works: list[Callable[[], float]] = [
            partial(limit, read, Rows.gops),
            partial(epochs.seconds, 1),
            partial(epochs.seconds, 2),
            partial(limit, read, Rows.gops_of_four),
            partial(online.seconds, 1),
        ]
        bare, one, two, four, alone = in_turns(works, rounds)
        ops = float(np.mean(epochs.additions))
        note = f"{ops / 1e6:.1f} M synaptic operations a sample"
        table.add("a", f"limit, rows of {name}", 1 / median(bare), "G/s", "bare row additions, one core")
        table.add("a", f"limit, four rows at once, {name}", 1 / median(four), "G/s")
        table.add("b", f"{name}, one thread", 1e9 / median(one) / ops, "samples/s", note)
        table.add("b", f"{name}, two threads", 1e9 / median(two) / ops, "samples/s")
        table.add("b", f"{name}, one thread", 1 / median(one), "G operations/s")
        part = ratio(bare, one)
        table.add("b", f"{name}, part of the limit", part, "", "one core, end to end", goal=goal or None)
        part, tenth = ratio(bare, alone), goal / 10 or None
        table.add("b", f"{name}, batch 1, part of the limit", part, "", "sample by sample", goal=tenth)
        two_threads(table, name, epochs, TURN * 1e9 / median(one) / ops)
    digits(table, rounds)


def two_threads(table: Table, name: str, epochs: Epochs, samples: float) -> None:
    """What two threads of a run gain over one, beside what two runs gain; ``samples``: of one in a turn."""
    alone, beside, shared = epochs.shorter(samples), epochs.shorter(samples), epochs.shorter(2 * samples)

    def both() -> float:
        seconds = side_by_side(partial(alone.seconds, 1), partial(beside.seconds, 1))
        return 1 / sum(1 / own for own in seconds)

    works = [partial(alone.seconds, 1), partial(shared.seconds, 2), both]
    one, two, apart = turns = in_turns(works, TURNS)
    while min(one) / min(apart) < IDLE and len(one) < SERIES * TURNS:
        for those, more in zip(turns, in_turns(works, TURNS), strict=True):
            those += more
    most, gain = min(one) / min(apart), min(one) / min(two)
    how = f"the fastest of {len(one)} turns each; in the median round"
    note = f"what the machine gives to work that shares nothing; {how} {ratio(one, apart):.2f}"
    table.add("b", f"{name}, two runs at once over one", most, "x", note)
    idle = most >= IDLE
    note = f"{how} {ratio(one, two):.2f}" + f"; not asked: below {IDLE} no two cores are idle" * (not idle)
    table.add("b", f"{name}, two threads over one", gain, "x", note, 1.8 if idle else None)
    what = f"{name}, two threads, part of two runs at once"
    table.add("b", what, ratio(apart, two), "", "the median of the same rounds", None if idle else SHARE)


def digits(table: Table, rounds: int) -> None:
    """The digits net, online: a batch of one sample."""
    runs: dict[int, Epochs] = {}
    for batch in (1, 20):
        runs[batch] = Epochs(Run(load("digits_ep", sets=[f"experiment.batch={batch}"]), threads=1))
        runs[batch].seconds(1)
    one, twenty = in_turns([lambda: runs[1].seconds(1), lambda: runs[20].seconds(1)], rounds)
    ops = float(np.mean(runs[1].additions))
    table.add("b", "digits 64-128-10, batch 1", 1e9 / median(one) / ops, "samples/s", "one thread")
    table.add("b", "digits 64-128-10, batch 20", 1e9 / median(twenty) / ops, "samples/s", "one thread")
    table.add("b", "digits 64-128-10, batch 1", 1 / median(one), "G operations/s")
    dense = next(row.value for row in table.rows if row.what.startswith("limit, rows of dense"))
    table.add("b", "digits, batch 1, part of the limit", 1 / median(one) / dense, "", "", goal=0.04)
