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
from neurochip.network import DenseLayer
from neurochip.rules import EP
from speed.table import Table, in_turns, ratio

LARGE = [
    "mesh.rows=16", "mesh.cols=16", "crossbar.rows=1024", "crossbar.cols=1024",
    "core.axons=1048576", "core.neurons=65536",
]  # fmt: skip
BATCH = 20


class Square:
    """A network n-n-10 on a chip that is large enough, with random inputs of which a part is active."""

    def __init__(self, n: int, free: int = 40, active: float = 0.2, threads: int = 1) -> None:
        hardware = Hardware.load("digital_28nm", LARGE)
        layers = [DenseLayer(kind="dense", units=units) for units in (n, 10)]
        self.network = Network.build(layers, (1, 1, n), 10)
        rule = EP(name="ep", learning_rate=0.1, ticks={"free": free, "nudged": free // 2})
        placement = place(self.network, hardware, feedback=True)
        self.chip = Chip(hardware, placement, rule.program(hardware.update_unit.rate_bits), threads)
        self.chip.load_real(self.network.initial_weights(seed=0))
        draw, one = np.random.default_rng(0), 1 << self.chip.formats["membrane"].frac
        self.inputs = (draw.random((BATCH, n)) < active) * draw.integers(0, one, (BATCH, n))
        self.targets = np.eye(10, dtype=int)[np.arange(BATCH) % 10] * one
        self.train()

    def train(self) -> tuple[float, float]:
        """(seconds, synaptic operations) of a batch."""
        self.chip.take_tally()
        began = perf_counter()
        outcome = self.chip.run(self.inputs, self.targets, np.arange(BATCH), family=1)
        rates = [Rate(1, 8)] * 2
        self.chip.learn(outcome.banks, rates, rates, family=2)
        spent = perf_counter() - began
        spikes = self.chip.take_tally().spikes.sum(0)
        n, hidden = (population.size for population in self.network.populations[:2])
        ops = (
            spikes[:n].sum() * hidden
            + spikes[n : n + hidden].sum() * 10
            + spikes[n + hidden :].sum() * hidden
        )
        return spent, float(ops)

    def per_operation(self) -> float:
        """Nanoseconds per synaptic operation."""
        spent, ops = self.train()
        return spent / ops * 1e9


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
        spent = median(square.train()[0] for _ in range(rounds))
        table.add("e", f"{2 * free} ticks", spent / BATCH * 1e3, "ms/sample", "1000-1000-10")
    for active in (0.05, 0.2, 0.8):
        square = Square(1000, active=active)
        spent = median(square.train()[0] for _ in range(rounds))
        table.add("e", f"{active:.0%} of inputs active", spent / BATCH * 1e3, "ms/sample", "1000-1000-10")
    memory(table)


MEASURED = """
import json, sys
sys.path.insert(0, {path!r})
from speed.growth import Square
def peak():  # of this program; getrusage would tell the parent's peak before the program was started
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
Square(50, threads=2).train()
before = peak()
square = Square({n}, threads=2)
square.train()
print(json.dumps([peak() - before, square.network.synapses, square.network.neurons]))
"""


def memory(table: Table) -> None:
    """Part f: what a process takes at most, beyond what it takes for a tiny network."""
    for n, goal in ((1000, None), (3162, -16.0)):
        grown, synapses, neurons = _measured(n)
        note = f"peak while loading and training on 2 threads, {neurons} neurons"
        table.add("f", f"{synapses:.1e} synapses", grown / synapses, "bytes/synapse", note, goal=goal)


def _measured(n: int) -> Any:
    program = MEASURED.format(path=sys.path[0], n=n)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
