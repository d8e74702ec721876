"""Inference of one dense network of leaky integrate-and-fire neurons, here and in other emulators.

784-512-10, a leak of one half, threshold 1; inputs spike in 10 % of all ticks. Every emulator gets the same
weights and the same input spikes, and its own hidden spikes are counted. A spike of an input delivers 512
synaptic operations, one of a hidden neuron 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from neurochip import Hardware, Network, place
from neurochip.chip import Chip
from neurochip.fixed import Rate
from neurochip.network import DenseLayer
from neurochip.neurons import LIF
from neurochip.program import Phase, Program, Term
from speed.table import Table, in_turns, ratio, seconds

INPUTS, HIDDEN, OUTPUTS = 784, 512, 10
TICKS, BATCH = 200, 64
FINE = 7


@dataclass
class Task:
    """Integer weights in steps of 2**-7, real inputs [samples, 784] in 0 .. 0.2, and their spikes."""

    chip: Chip
    values: Any
    spikes: Any
    operations: float
    hidden_spikes: float

    @classmethod
    def make(cls) -> Task:
        """The network on a chip; about one hidden neuron in eight spikes in a tick."""
        hardware = Hardware.load("digital_28nm")
        layers = [DenseLayer(kind="dense", units=units) for units in (HIDDEN, OUTPUTS)]
        network = Network.build(layers, (1, 1, INPUTS), OUTPUTS)
        phases = (Phase("free", TICKS, start="reset", readout=True),)
        program = Program(LIF(), phases, (Term(1, 0, 0),), Rate(0, 0), gain=1.0, feedback=False)
        chip = Chip(hardware, place(network, hardware, feedback=False), program)
        draw = np.random.default_rng(0)
        weights = [
            np.rint(draw.normal(0.0008, 0.09, p.weight_shape) * 2**FINE).clip(-127, 127).astype(np.int64)
            for p in network.projections
        ]
        chip.load([w << chip.fraction for w in weights], [np.zeros(w.shape[1], int) for w in weights])
        one = 1 << chip.formats["membrane"].frac
        values = np.rint(draw.random((BATCH, INPUTS)) * 0.2 * one).astype(int)
        task = cls(chip, values, None, 0.0, 0.0)
        units = np.arange(INPUTS + HIDDEN)
        trace = chip.run(values[:1], task.targets(1), np.arange(1), 0, probe=units).trace
        chip.take_tally()
        task.spikes = trace[:-1, 0, :INPUTS].astype(bool)
        task.here(BATCH)
        sent = chip.take_tally().spikes.sum(0)
        task.operations = (sent[:INPUTS].sum() * HIDDEN + sent[INPUTS:-OUTPUTS].sum() * OUTPUTS) / BATCH
        task.hidden_spikes = sent[INPUTS:-OUTPUTS].sum() / BATCH / TICKS / HIDDEN
        return task

    def targets(self, n: int) -> Any:
        """Targets that no phase uses."""
        return np.zeros((n, OUTPUTS), int)

    def here(self, n: int) -> None:
        """Run ``n`` samples on the chip."""
        self.chip.run(self.values[:n], self.targets(n), np.arange(n), 0, capture=False)

    def rate(self, n: int) -> float:
        """Billions of synaptic operations a second, ``n`` samples at once on one thread."""
        return self.operations * n / seconds(lambda: self.here(n)) / 1e9

    def delivered(self, ticks: int) -> float:
        """Operations of the first sample's input spikes, over and over, for so many ticks."""
        per_tick = self.spikes.sum() / len(self.spikes) * HIDDEN + self.hidden_spikes * HIDDEN * OUTPUTS
        return float(per_tick * ticks)


def measure(table: Table, rounds: int) -> None:
    """Part c: synaptic operations a second here and there, one thread each."""
    task = Task.make()
    note = f"{task.spikes.mean():.1%} of inputs, {task.hidden_spikes:.1%} of hidden neurons spike in a tick"
    for n in (1, BATCH):
        rate = median(task.rate(n) for _ in range(rounds))
        table.add("c", f"neurochip, batch {n}", rate, "G operations/s", note)
    for name, (prepare, batch, goal) in PEERS.items():
        try:
            rate = prepare(task)
        except ImportError as missing:
            table.add("c", name, float("nan"), "G operations/s", f"not installed: {missing.name}")
            continue
        here, there = in_turns([partial(task.rate, batch), rate], rounds)
        table.add("c", name, median(there), "G operations/s")
        table.add("c", f"neurochip (batch {batch}) over {name}", ratio(here, there), "x", goal=goal)


def numpy_loop(task: Task) -> Callable[[], float]:
    """A plain loop over ticks in NumPy, with the same integers."""
    weights = [w.astype(np.int32) for w in task.chip.weights]

    def run() -> None:
        membranes = [np.zeros(HIDDEN, np.int32), np.zeros(OUTPUTS, np.int32)]
        hidden = np.zeros(HIDDEN, bool)
        for fired in task.spikes:
            arriving = [fired, hidden]
            for index, (weight, membrane) in enumerate(zip(weights, membranes, strict=True)):
                membrane -= membrane >> 1
                membrane += weight[arriving[index]].sum(0, dtype=np.int32)
                spikes = membrane >= 1 << FINE
                membrane[spikes] -= 1 << FINE
                if index == 0:
                    hidden = spikes

    return lambda: task.delivered(len(task.spikes)) / seconds(run) / 1e9


def brian2_cpp(task: Task) -> Callable[[], float]:
    """Brian2 in C++ standalone mode; timed is its simulation loop, without compiling or reading."""
    import tempfile

    import brian2 as b2

    repeats = 10
    b2.set_device("cpp_standalone", directory=tempfile.mkdtemp(), build_on_run=False)
    b2.prefs.devices.cpp_standalone.openmp_threads = 0
    b2.defaultclock.dt = 1 * b2.ms
    tick, neuron = np.nonzero(task.spikes)
    ticks = len(task.spikes) * repeats
    times = (tick[None] + len(task.spikes) * np.arange(repeats)[:, None]).reshape(-1)
    source = b2.SpikeGeneratorGroup(INPUTS, np.tile(neuron, repeats), times * b2.ms)
    layers, synapses = [source], []
    for weights in task.chip.weights:
        group = b2.NeuronGroup(weights.shape[1], "v : 1", threshold="v >= 1", reset="v -= 1")
        leak = group.run_regularly("v *= 0.5", when="start")
        link = b2.Synapses(layers[-1], group, "w : 1", on_pre="v_post += w")
        link.connect()
        link.w = weights.reshape(-1) / 2**FINE
        layers.append(group)
        synapses += [leak, link]
    network = b2.Network(*layers, *[it for it in synapses if isinstance(it, b2.Synapses)])
    network.run(ticks * b2.ms)
    b2.device.build(directory=None, compile=True, run=False, debug=False)

    def rate() -> float:
        b2.device.run()
        return task.delivered(ticks) / b2.device._last_run_time / 1e9

    return rate


def sanafe_chip(task: Task) -> Callable[[], float]:
    """SANA-FE with its Loihi architecture and its simple timing model, one thread."""
    import sanafe

    architecture, network = sanafe.load_loihi(), sanafe.Network()
    cores = architecture.tiles[0].cores
    source = network.create_neuron_group("inputs", INPUTS)
    for number, neuron in enumerate(source.neurons):
        train = task.spikes[:, number].astype(int).tolist()
        neuron.set_attributes(soma_hw_name=f"loihi_inputs[{number}]", model_attributes={"spikes": train})
        neuron.map_to_core(cores[0])
    before = source
    lif = {"threshold": 1.0, "leak_decay": 0.5, "reset_mode": "soft"}
    for number, weights in enumerate(task.chip.weights):
        group = network.create_neuron_group(
            f"layer{number}", weights.shape[1], model_attributes=lif, soma_hw_name="loihi_lif",
            default_synapse_hw_name="loihi_dense_synapse", default_dendrite_hw_name="loihi_dendrites",
        )  # fmt: skip
        before.connect_neurons_dense(group, {"weight": (weights.reshape(-1) / 2**FINE).tolist()})
        for neuron in group.neurons:
            neuron.map_to_core(cores[1 + number])
        before = group
    chip = sanafe.SpikingChip(architecture)
    chip.load(network)
    ticks = 40

    def rate() -> float:
        chip.reset()
        spent = seconds(lambda: chip.sim(ticks, timing_model="simple", processing_threads=1), 0.0)
        return task.delivered(ticks) / spent / 1e9

    return rate


def snntorch_net(batch: int) -> Callable[[Task], Callable[[], float]]:
    """snnTorch, one thread, ``batch`` samples side by side."""

    def prepare(task: Task) -> Callable[[], float]:
        import snntorch
        import torch

        torch.set_num_threads(1)
        layers = []
        for weights in task.chip.weights:
            layer = torch.nn.Linear(*weights.shape, bias=False)
            layer.weight.data = torch.tensor(weights.T / 2**FINE, dtype=torch.float32)
            layers.append((layer, snntorch.Leaky(beta=0.5, threshold=1.0, reset_mechanism="subtract")))
        spikes = torch.tensor(task.spikes, dtype=torch.float32)[:, None].repeat(1, batch, 1)

        def run() -> None:
            with torch.no_grad():
                membranes = [neuron.init_leaky() for _, neuron in layers]
                for fired in spikes:
                    for index, (layer, neuron) in enumerate(layers):
                        fired, membranes[index] = neuron(layer(fired), membranes[index])

        return lambda: task.delivered(len(spikes)) * batch / seconds(run) / 1e9

    return prepare


PEERS: dict[str, tuple[Callable[[Task], Callable[[], float]], int, float | None]] = {
    "NumPy loop": (numpy_loop, 1, None),
    "Brian2, C++ standalone": (brian2_cpp, 1, 10.0),
    "SANA-FE": (sanafe_chip, 1, 300.0),
    "snnTorch, batch 1": (snntorch_net(1), 1, None),
    "snnTorch, batch 64": (snntorch_net(64), 64, 2.0),
}
"""How to prepare each, what batch it is compared at, and how many times as fast neurochip should be."""
