"""How time and memory grow: with synapses, ticks and activity."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from neurochip import Hardware, Network, place
from neurochip.chip import Chip
from neurochip.fixed import Rate
from neurochip.network import ConvLayer, DenseLayer, Shape
from neurochip.rules import EP
from speed.table import Table, in_turns, ratio

LARGE = [
    "mesh.rows=16", "mesh.cols=16", "crossbar.rows=1024", "crossbar.cols=1024",
    "core.axons=1048576", "core.neurons=65536",
]  # fmt: skip
BATCH = 20


class Work:
    """A network on a chip that is large enough, with random inputs of which a part is active."""

    def __init__(
        self, layers: list[DenseLayer | ConvLayer], shape: Shape, free: int, active: float, threads: int
    ) -> None:
        hardware = Hardware.load("digital_28nm", LARGE)
        self.network = Network.build(layers, shape, 10)
        rule = EP(name="ep", learning_rate=0.1, ticks={"free": free, "nudged": free // 2})
        placement = place(self.network, hardware, feedback=True)
        self.chip = Chip(hardware, placement, rule.program(hardware.update_unit.rate_bits), threads)
        self.chip.load_real(self.network.initial_weights(seed=0))
        n, draw = self.network.populations[0].size, np.random.default_rng(0)
        one = 1 << self.chip.formats["membrane"].frac
        self.inputs = (draw.random((BATCH, n)) < active) * draw.integers(0, one, (BATCH, n))
        self.targets = np.eye(10, dtype=int)[np.arange(BATCH) % 10] * one
        self.train()

    def train(self) -> float:
        """Seconds of a batch."""
        began = perf_counter()
        outcome = self.chip.run(self.inputs, self.targets, np.arange(BATCH), family=1)
        rates = [Rate(1, 8)] * len(self.network.projections)
        self.chip.learn(outcome.banks, rates, rates, family=2)
        return perf_counter() - began


class Square(Work):
    """A dense network n-n-10."""

    def __init__(self, n: int, free: int = 40, active: float = 0.2, threads: int = 1) -> None:
        layers: list[DenseLayer | ConvLayer] = [DenseLayer(kind="dense", units=units) for units in (n, 10)]
        super().__init__(layers, (1, 1, n), free, active, threads)

    def per_operation(self) -> float:
        """Nanoseconds per synaptic operation."""
        self.chip.take_tally()
        spent, spikes = self.train(), self.chip.take_tally().spikes.sum(0)
        n, hidden = (population.size for population in self.network.populations[:2])
        below, between, above = spikes[:n].sum(), spikes[n : n + hidden].sum(), spikes[n + hidden :].sum()
        return spent / float(below * hidden + between * 10 + above * hidden) * 1e9


class Kernels(Work):
    """A convolution of 632 x 632 kernels of 5 x 5: ten million weights."""

    def __init__(self, threads: int) -> None:
        layers = [ConvLayer(kind="conv", channels=632, kernel=5), DenseLayer(kind="dense", units=10)]
        super().__init__(layers, (632, 9, 9), 10, 0.2, threads)


def measure(table: Table, rounds: int) -> None:
    """Parts e and f."""
    sizes = {316: "1e5", 1000: "1e6", 3162: "1e7"}
    squares = {n: Square(n) for n in sizes}
    times = in_turns([square.per_operation for square in squares.values()], rounds)
    for (n, name), values in zip(sizes.items(), times, strict=True):
        table.add("e", f"{name} synapses ({n}-{n}-10)", 1 / median(values), "G operations/s", "training")
    table.add("e", "time of an operation, 1e7 over 1e5 synapses", ratio(times[2], times[0]), "x", goal=-2.0)
    for free in (20, 40, 80):
        square = Square(1000, free=free)
        spent = median(square.train() for _ in range(rounds))
        table.add("e", f"{2 * free} ticks", spent / BATCH * 1e3, "ms/sample", "1000-1000-10")
    for active in (0.05, 0.2, 0.8):
        square = Square(1000, active=active)
        spent = median(square.train() for _ in range(rounds))
        table.add("e", f"{active:.0%} of inputs active", spent / BATCH * 1e3, "ms/sample", "1000-1000-10")
    memory(table)


MEASURED = """
import json, sys
sys.path.insert(0, {path!r})
from speed.growth import Kernels, Square
def peak():  # of this program; getrusage would tell the parent's peak before the program was started
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
Square(50, threads=2).train()
before = peak()
work = {work}
work.train()
print(json.dumps([peak() - before, work.network.synapses, work.network.neurons, work.network.name]))
"""


def memory(table: Table) -> None:
    """Part f: what a process takes at most, beyond what it takes for a tiny network."""
    each = {"Square(1000, threads=2)": None, "Square(3162, threads=2)": -16.0, "Kernels(threads=2)": None}
    for work, goal in each.items():
        grown, synapses, neurons, name = _measured(work)
        note = f"peak while loading and training on 2 threads, {neurons} neurons"
        table.add("f", f"{synapses:.1e} synapses, {name}", grown / synapses, "bytes/synapse", note, goal=goal)


def _measured(work: str) -> Any:
    program = MEASURED.format(path=sys.path[0], work=work)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
