"""The same neurons as a Brian2 network: free and nudged phases, recorded tick by tick.

One millisecond of Brian2 is one tick. Spikes of either sign are two events of a group, each with its own
pathway through the same synapses; what arrives in a tick is used in the next. Runs on the NumPy target,
without a compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from neurochip.network import Network
from neurochip.reference import packages
from neurochip.reference.sigma_delta import REGISTERS, Constants
from neurochip.reference.synapses import synapses_of
from neurochip.reference.timeline import Timeline
from neurochip.reference.wiring import Reals, Weights, slices

Watch = Callable[[int, list[Any]], None]
"""Called at the end of each tick with its number and the groups, whose registers it may read and change."""

_ENCODE = """
    phi = phi + ((v - previous) / decode(t) + previous)
    sent = int(phi > 0.5) - int(phi < -0.5) * signed
"""

_INPUT_TICK = (
    """
    previous = v
    v = x
"""
    + _ENCODE
)

_TICK = (
    """
    u = arriving
    arriving = 0
    r = r + decode(t) * (u - r)
    previous = v
    v = clip(v + step(t) * (r + b + nudge(t) * side * (y - v) - v), 0, 1)
"""
    + _ENCODE
)

_REGISTERS = dict(zip(REGISTERS, ("u", "r", "v", "phi", "sent"), strict=True))

_MODEL = "\n".join(
    [f"{name} : 1" for name in ("u", "arriving", "r", "v", "previous", "phi", "sent", "b", "x", "y")]
    + ["signed : 1 (shared)", "side : 1 (shared)"]
)

_KEPT = ("arriving", "r", "v", "previous", "phi", "sent", "u")
"""What a snapshot holds of a group; spikes in flight have become ``arriving``."""


def simulate(
    network: Network,
    weights: Weights,
    constants: Constants,
    timeline: Timeline,
    inputs: Reals,
    target: Reals,
    sign: float = 1.0,
    watch: Watch | None = None,
) -> dict[str, Reals]:
    """Run one sample through all phases of ``timeline``; ``inputs``: [inputs], ``target``: [outputs].

    Returns float64 [ticks, units] for each of `REGISTERS`. Raises NeurochipError if Brian2 cannot be
    imported.
    """
    brian = packages.brian2()
    with _numpy_target(brian):
        groups = _groups(brian, network, weights, constants, timeline, inputs, target, sign)
        monitors = [
            brian.StateMonitor(group, list(_REGISTERS.values()), record=True, when="end", order=1)
            for group in groups
        ]
        extra = (
            [brian.NetworkOperation(lambda t: watch(round(t / brian.ms), groups), when="end")]
            if watch
            else []
        )
        world = brian.Network(*groups, *_synapses(brian, network, weights, groups), *monitors, *extra)
        _run_phases(brian, world, groups, timeline)
        return _records(network, monitors, len(timeline.ticks))


@contextmanager
def _numpy_target(brian: Any) -> Iterator[None]:
    before = brian.prefs.codegen.target
    brian.prefs.codegen.target = "numpy"
    try:
        yield
    finally:
        brian.prefs.codegen.target = before


def _groups(
    brian: Any, network: Network, weights: Weights, constants: Constants, timeline: Timeline, inputs: Reals,
    target: Reals, sign: float,
) -> list[Any]:  # fmt: skip
    bias, last = weights.unit_biases(network), len(network.populations) - 1
    groups = []
    for index, (population, where) in enumerate(zip(network.populations, slices(network), strict=True)):
        nudged = index == last
        group = brian.NeuronGroup(
            population.size, _MODEL, events={"up": "sent > 0", "down": "sent < 0"}, dt=brian.ms,
            namespace=_schedules(brian, constants, timeline, nudged),
        )  # fmt: skip
        group.run_on_event("up", "phi = phi - 1")
        group.run_on_event("down", "phi = phi + 1")
        group.run_regularly(_INPUT_TICK if index == 0 else _TICK, when="groups", dt=brian.ms)
        group.b, group.signed, group.side = bias[where], float(constants.signed), sign
        if index == 0:
            group.x = inputs
        if nudged:
            group.y = target
        groups.append(group)
    return groups


def _schedules(brian: Any, constants: Constants, timeline: Timeline, nudged: bool) -> dict[str, Any]:
    def course(values: list[float]) -> Any:
        return brian.TimedArray(np.array(values), dt=brian.ms)

    return {
        "decode": course([constants.decode[tick.time] for tick in timeline.ticks]),
        "step": course([constants.step[tick.time] for tick in timeline.ticks]),
        "nudge": course([tick.nudge if nudged else 0.0 for tick in timeline.ticks]),
    }


def _synapses(brian: Any, network: Network, weights: Weights, groups: list[Any]) -> list[Any]:
    """Forward and, above the input, feedback synapses of every projection, with a pathway for either sign."""
    made = []
    for projection, matrix in zip(network.projections, weights.matrices, strict=True):
        wires = synapses_of(projection)
        lower, upper = groups[projection.source], groups[projection.target]
        ways = [(lower, upper, wires.pre, wires.post)]
        if projection.source != 0:
            ways.append((upper, lower, wires.post, wires.pre))
        for source, sink, pre, post in ways:
            synapses = brian.Synapses(
                source, sink, "w : 1", dt=brian.ms,
                on_pre={"up": "arriving_post += w", "down": "arriving_post -= w"},
                on_event={"up": "up", "down": "down"},
            )  # fmt: skip
            synapses.connect(i=pre, j=post)
            synapses.w = wires.strengths(matrix)
            made.append(synapses)
    return made


def _run_phases(brian: Any, world: Any, groups: list[Any], timeline: Timeline) -> None:
    saved: list[dict[str, Reals]] = []
    done = 0
    for _, ticks in timeline.phases:
        if timeline.ticks[done].before != done - 1:
            for group, registers in zip(groups, saved, strict=True):
                group.set_states(registers, units=False)
        world.run(ticks * brian.ms, namespace={})
        done += ticks
        if done - 1 == timeline.free:
            saved = [{name: np.array(getattr(group, name)[:]) for name in _KEPT} for group in groups]


def _records(network: Network, monitors: list[Any], ticks: int) -> dict[str, Reals]:
    found = {register: np.zeros((ticks, network.neurons)) for register in REGISTERS}
    for monitor, where in zip(monitors, slices(network), strict=True):
        for register, variable in _REGISTERS.items():
            found[register][:, where] = np.asarray(getattr(monitor, variable)).T
    return found
