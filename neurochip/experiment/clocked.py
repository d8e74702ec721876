"""The first samples of an experiment on both engines: equal bits and counts, and how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import Clock
from neurochip.clock.events import Events
from neurochip.clock.timeline import Timeline
from neurochip.errors import NeurochipError
from neurochip.experiment.feed import batches
from neurochip.experiment.run import Run
from neurochip.fixed import draws, key, permutation
from neurochip.timing.estimate import estimate
from neurochip.timing.record import Timing

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Clocked:
    """Some training samples, run and learned by both engines.

    ``differences``: names of what differs, empty if nothing does; ``cycles``: of the cycle engine;
    ``estimated``: of the fast one; ``events``: as the cycle engine counted them.
    """

    samples: int
    differences: tuple[str, ...]
    cycles: Timing
    estimated: Timing
    events: Events
    timeline: Timeline

    @property
    def errors(self) -> NDArray[np.float64]:
        """Relative error of the estimate for each sample."""
        found: NDArray[np.float64] = self.estimated.samples / self.cycles.samples - 1.0
        return found

    def as_json(self) -> dict[str, Any]:
        """All but the timeline as plain numbers."""
        return {
            "samples": self.samples,
            "equal": not self.differences,
            "differences": list(self.differences),
            "cycles": self.cycles.as_json(),
            "estimate": self.estimated.as_json(),
            "estimate_error": self.errors.tolist(),
            "counts": self.events.as_json(),
        }


def clocked(run: Run, samples: int, ticks: range = range(0)) -> Clocked:
    """Train ``run`` on the first samples of its epoch, in batches, on both engines.

    ``ticks``: those of the first sample that are in the timeline. Every register of every neuron is compared
    in every tick. Raises NeurochipError if there are not so many samples or ticks.
    """
    require(run, samples, ticks)
    both = _Both(run)
    both.clock.watch(ticks)
    order = permutation(run.experiment.seed, run.epoch, len(run.data["train"]))[:samples]
    sizes = []
    for start, indices in batches(order, run.experiment.batch):
        both.batch(start, indices)
        sizes.append(len(indices))
    return both.result(samples, sizes)


class _Both:
    """Two chips with the same weights, and what was found different between them."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.clock = Clock(run.hardware, run.placement, run.program)
        cells = run.chip.cells.state() if run.chip.cells else None
        self.clock.load(run.chip.masters, run.chip.biases, cells)
        run.chip.take_tally()
        self.loads: list[Ints] = []
        self.found: dict[str, None] = {}

    def batch(self, start: int, indices: Ints) -> None:
        """Run a batch, sample by sample, and update the weights."""
        run, seed = self.run, self.run.experiment.seed
        inputs, targets, _ = run.feeds["train"].take(indices)
        family, units = key(seed, draws.NEURON, run.epoch), np.arange(run.network.neurons)
        banks, won = [], []
        for n in range(len(indices)):
            data = inputs[n : n + 1], targets[n : n + 1], np.array([start + n]), family
            fast = run.chip.run(*data, probe=units, loads=True)
            slow = self.clock.run(*data, probe=units)
            self._compare("spikes", fast.trace[:, 0], slow.trace[:, 0])
            self._compare("registers", fast.trace[:, 1:], slow.trace[:, 1:])
            self._compare("banks", fast.banks, slow.banks)
            self._compare("readout", fast.readout, slow.readout)
            self.loads.append(fast.loads)
            self._compare("winners", fast.won, slow.won)
            banks.append((fast.banks, slow.banks))
            won.append((fast.won, slow.won))
        rates, update = run.rates(start), key(seed, draws.UPDATE, run.epoch, start)
        for chip, mine in ((run.chip, 0), (self.clock, 1)):
            captured = (np.concatenate([it[mine] for it in each]) for each in (banks, won))
            chip.learn(next(captured), *rates, update, next(captured))
        for name in ("weights", "masters", "biases"):
            for one, other in zip(getattr(run.chip, name), getattr(self.clock, name), strict=True):
                self._compare(name, one, other)

    def result(self, samples: int, sizes: list[int]) -> Clocked:
        """Compare what was counted, and close."""
        run, tally, events = self.run, self.run.chip.take_tally(), self.clock.take_events()
        self._compare("spikes by phase", tally.spikes, events.spikes)
        self._compare("saturations", tally.saturations, events.saturations)
        for action in events.differences(run.counts(tally)):
            self.found[f"count of {action}"] = None
        loads, timeline = np.concatenate(self.loads), self.clock.timeline()
        estimated = estimate(run.placement, run.hardware, run.program, loads, sizes)
        return Clocked(samples, tuple(self.found), self.clock.take_timing(), estimated, events, timeline)

    def _compare(self, name: str, one: Ints, other: Ints) -> None:
        if not np.array_equal(one, other):
            self.found[name] = None


def require(run: Run, samples: int, ticks: range) -> None:
    """Raise NeurochipError if there are not so many training samples, or ticks of a sample."""
    there = len(run.data["train"])
    if not 1 <= samples <= there:
        raise NeurochipError(f"samples must be 1..{there} of the training part, not {samples}")
    if not 0 <= ticks.start <= ticks.stop <= run.program.ticks:
        message = f"ticks must lie within 0:{run.program.ticks}, the ticks of a sample, not"
        raise NeurochipError(f"{message} {ticks.start}:{ticks.stop}")
