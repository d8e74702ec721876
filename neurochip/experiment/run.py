"""An experiment on a chip: the only place where machine and rule meet."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.chip import Chip
from neurochip.counts import Counts, Tally
from neurochip.datasets import Dataset
from neurochip.datasets.base import Folder
from neurochip.errors import NeurochipError
from neurochip.experiment.feed import Feed, Pace, batches, splits
from neurochip.experiment.load import Setup
from neurochip.experiment.observer import Observer
from neurochip.fixed import Rate, draws, key, permutation
from neurochip.mapping import place
from neurochip.network import Network
from neurochip.neurons.registers import STATE

Ints = NDArray[np.integer[Any]]

EVALUATION = 1 << 32
"""Stands for the epoch in the key of the draws of samples that are only classified."""
EVALUATION_BATCH = 512
MOST_THREADS = 1024


class Run:
    """A network on a chip that learns an experiment's data, epoch by epoch.

    ``chip``, ``network``, ``placement``, ``program``, ``data`` and ``feeds`` (its parts as the chip receives
    them) are there to be looked at. ``epoch`` is the number of epochs done. The same setup gives the same
    bits for any ``threads`` (default: all cores). Raises ConfigError, DataError or DoesNotFit.
    """

    def __init__(self, setup: Setup, threads: int | None = None, data_dir: Folder | None = None) -> None:
        self.experiment, self.hardware = setup
        self.threads = _checked(_cores() if threads is None else threads)
        self.data = splits(self.experiment.data, self.experiment.seed, data_dir)
        train = self.data["train"]
        layers, shape = self.experiment.network.layers, train.inputs.shape[1:]
        self.network = Network.build(layers, (shape[0], shape[1], shape[2]), len(train.classes))
        self.program = self.experiment.rule.program(self.hardware.update_unit.rate_bits)
        self.placement = place(
            self.network, self.hardware, self.program.feedback, fold=self.experiment.placement.fold_pooling
        )
        self.chip = Chip(self.hardware, self.placement, self.program, self.threads)
        weights = self.network.initial_weights(self.experiment.seed, self.experiment.network.gain)
        self.chip.load_real(weights)
        self.epoch = 0
        self._pace = Pace()
        self.training, self.inference = self.chip.take_tally(), self.chip.take_tally()
        self.feeds = {name: Feed.of(part, self.chip.formats["membrane"]) for name, part in self.data.items()}

    def warm_up(self) -> None:
        """Compile or load the kernels, so that an epoch's time is that of training. Changes nothing."""
        indices = np.arange(min(self.experiment.batch, len(self.feeds["train"])))
        inputs, targets, _ = self.feeds["train"].take(indices)
        self.chip.run(inputs, targets, indices, 0)
        self.chip.train(inputs[:0], targets[:0], indices[:0], self.experiment.batch, [], 0, [])
        self.chip.take_tally()

    def train_epoch(self, observer: Observer | None = None) -> dict[str, Any]:
        """One pass over the training samples; returns the epoch's row of the record, without test accuracy.

        The accuracy is that of the predictions made on the way, each before its own update.
        """
        observer = observer or Observer()
        seed, number = self.experiment.seed, self.epoch
        feed = self.feeds["train"]
        order = permutation(seed, number, len(feed))
        first = self.rates()
        family = key(seed, draws.NEURON, number)
        began, correct, batch = perf_counter(), 0, self.experiment.batch
        room = feed.take(order[:0])[0]
        for start, indices in self._pace.pieces(order, batch):
            inputs, targets, labels = feed.take(indices, room)
            room = max(room, inputs, key=len)
            names = np.arange(start, start + len(indices))
            starts = range(start, start + len(indices), batch)
            updates = [key(seed, draws.UPDATE, number, at) for at in starts]
            steady = self.experiment.rule.steady
            rates = [first if steady else self.rates(at) for at in starts]
            readout = self.chip.train(inputs, targets, names, batch, rates, family, updates)
            right = readout.argmax(1) == labels
            for at in range(0, len(indices), batch):
                correct += int(right[at : at + batch].sum())
                observer.batch(start + min(at + batch, len(indices)), len(feed), correct)
        seconds = perf_counter() - began
        self.epoch += 1
        tally = self.chip.take_tally()
        self.training.add(tally)
        return {
            "epoch": self.epoch,
            "train_accuracy": correct / len(feed),
            "seconds": seconds,
            "samples_per_s": len(feed) / seconds,
            "synaptic_ops": self.counts(tally).total("synaptic_ops"),
            "learning_rates": [rate / self._scale("weight") for rate in (r.real for r in first[0])],
        }

    def evaluate(self, split: str, observer: Observer | None = None) -> float:
        """Fraction of the samples of a part (``test`` ...) that the free phase classifies rightly."""
        predictions = self.predict(split, observer)
        return float((predictions == self.part(split).labels).mean())

    def predict(self, split: str, observer: Observer | None = None) -> Ints:
        """The class that each sample of a part is given: the largest output, of equal ones the lowest."""
        self.part(split)
        feed = self.feeds[split]
        program = self.program.inference()
        family = key(self.experiment.seed, draws.NEURON, EVALUATION)
        found = []
        for start, indices in batches(np.arange(len(feed)), EVALUATION_BATCH):
            inputs, targets, _ = feed.take(indices)
            outcome = self.chip.run(inputs, targets, indices, family, program, capture=False)
            found.append(outcome.readout.argmax(1))
            if observer:
                observer.evaluated(start + len(indices), len(feed))
        self.inference.add(self.chip.take_tally())
        return np.concatenate(found)

    def probe(
        self, sample: int, split: str = "test", population: int = -1, neurons: int = 10
    ) -> dict[str, Ints]:
        """Spikes and registers of a population's first neurons in every tick of all phases of one sample.

        Returns int64 [ticks, neurons] for ``spikes`` (-1, 0, +1) and each neuron register; learns nothing.
        """
        part = self.part(split)
        if not 0 <= sample < len(part):
            raise NeurochipError(f"sample must be 0..{len(part) - 1} of the {split} part, not {sample}")
        populations = self.network.populations
        index = range(len(populations))[population]
        first = sum(p.size for p in populations[:index])
        units = np.arange(first, first + min(neurons, populations[index].size))
        inputs, targets, _ = self.feeds[split].take(np.array([sample]))
        family = key(self.experiment.seed, draws.NEURON, EVALUATION)
        trace = self.chip.run(inputs, targets, np.array([sample]), family, probe=units).trace
        self.chip.take_tally()
        return {name: trace[:, row] for row, name in enumerate(("spikes", *STATE))}

    def part(self, split: str) -> Dataset:
        """A part of the data by name. Raises NeurochipError if the experiment has no such part."""
        if split not in self.data:
            raise NeurochipError(f"split must be one of {', '.join(self.data)}, not {split!r}")
        return self.data[split]

    def rates(self, start: int = 0) -> tuple[list[Rate], list[Rate]]:
        """Learning rates of weights and of biases as the update unit multiplies with them, for the batch
        that begins with this epoch's sample ``start``."""
        bits, batch = self.hardware.update_unit.rate_bits, self.experiment.batch
        real = self.real_rates(start / len(self.data["train"]))
        mean = [rate * self.program.gain / batch for rate in real]
        return (
            [Rate.nearest(rate * self._step("weight"), bits) for rate in mean],
            [Rate.nearest(rate * self._step("bias"), bits) for rate in mean],
        )

    def real_rates(self, part: float) -> tuple[float, ...]:
        """The unrounded rate of each projection when ``part`` (0 ... 1) of this epoch is learned."""
        rule, projections = self.experiment.rule, len(self.network.projections)
        return rule.rates(projections, self.epoch, self.experiment.epochs, part)

    def counts(self, tally: Tally) -> Counts:
        """All events that follow from a tally of training."""
        return Counts.of(tally, self.placement, self.program, self.hardware)

    def inference_counts(self) -> Counts:
        """All events of the evaluations so far."""
        return Counts.of(self.inference, self.placement, self.program.inference(), self.hardware)

    def _step(self, register: str) -> float:
        """Steps of a weight's master (or of a bias) for one step of the sum of products of banks."""
        fraction = self.hardware.registers.fraction.bits if register == "weight" else 0
        formats = self.chip.formats
        return 2.0 ** (formats[register].frac + fraction - 2 * formats["bank"].frac)

    def _scale(self, register: str) -> float:
        return self._step(register) * self.program.gain / self.experiment.batch


def _checked(threads: int) -> int:
    if not 1 <= threads <= MOST_THREADS:
        raise NeurochipError(f"threads must be 1..{MOST_THREADS}, not {threads}")
    return threads


def _cores() -> int:
    from numba.np.ufunc.parallel import get_thread_count

    return int(get_thread_count())
