"""A sigma-delta network tick by tick: what a register should be, and how far rounding may carry it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurochip.reference import sigma_delta
from neurochip.reference.sigma_delta import REGISTERS, Constants, Record
from neurochip.reference.timeline import Timeline
from neurochip.reference.wiring import Circuit, Reals, Weights


def expected(
    circuit: Circuit,
    weights: Weights,
    constants: Constants,
    timeline: Timeline,
    found: Record,
    inputs: Reals,
    target: Reals,
    sign: float,
) -> Record:
    """Each register by the equations, from a witness's own registers just before; see `Twin.expected`."""
    units = found["membrane"].shape[1]
    before = np.array([tick.before for tick in timeline.ticks])
    last = {name: np.vstack([values, np.zeros(units)])[before] for name, values in found.items()}
    decode, step = (
        np.array([[values[tick.time]] for tick in timeline.ticks])
        for values in (constants.decode, constants.step)
    )
    nudge = np.array([[tick.nudge * sign] for tick in timeline.ticks])
    drive = found["decoded"] + weights.unit_biases(circuit.network)
    drive[:, circuit.last] += nudge * (target - last["membrane"][:, circuit.last])
    membrane = np.clip(last["membrane"] + step * (drive - last["membrane"]), 0.0, 1.0)
    membrane[:, circuit.first] = inputs
    sent = (found["membrane"] - last["membrane"]) / decode + last["membrane"]
    return {
        "current": circuit.currents(weights, last["spikes"]),
        "decoded": last["decoded"] + decode * (found["current"] - last["decoded"]),
        "membrane": membrane,
        "residual": last["residual"] + sent - found["spikes"],
        "spikes": sigma_delta.fired(found["residual"] + found["spikes"], constants.signed),
    }


def drift(
    circuit: Circuit, constants: Constants, timeline: Timeline, rounding: Mapping[str, float]
) -> Record:
    """Bounds [ticks, units] on a rounding machine's distance from the twin while their spikes are the same.

    With rho the rounding errors, in a tick with lambda, epsilon and nudge::

        e_r   <- (1 - lambda) e_r + rho_r
        e_V   <- |1 - epsilon (1 + nudge)| e_V + epsilon (e_r + rho_b) + rho_V         (inputs: e_V = rho_x)
        e_phi  = e_V / lambda + sum of |1 + 1/lambda - 1/lambda'| e_V over the ticks before + ticks * rho_phi

    The last line is the encoder's sum, summed by parts; lambda' is that of the following tick.
    """
    rho = {name: rounding.get(name, 0.0) for name in (*REGISTERS, "input", "bias")}
    bounds = {name: np.zeros((len(timeline.ticks), circuit.network.neurons)) for name in REGISTERS}
    sums = np.zeros((len(timeline.ticks) + 1, circuit.network.neurons))
    last = {name: np.zeros((len(timeline.ticks) + 1, circuit.network.neurons)) for name in REGISTERS}
    for index, tick in enumerate(timeline.ticks):
        decode, step, b = constants.decode[tick.time], constants.step[tick.time], tick.before
        earlier = constants.decode[timeline.ticks[b].time] if b >= 0 else decode
        state = last["membrane"][b]
        decoded = (1.0 - decode) * last["decoded"][b] + rho["decoded"]
        kept = max(
            abs(1.0 - step), abs(1.0 - step * (1.0 + tick.nudge)), abs(1.0 - step * (1.0 - tick.nudge))
        )
        membrane = kept * state + step * (decoded + rho["bias"]) + rho["membrane"]
        membrane[circuit.first] = rho["input"]
        sums[index] = sums[b] + abs(1.0 + 1.0 / earlier - 1.0 / decode) * state + rho["residual"]
        last["decoded"][index], last["membrane"][index] = decoded, membrane
        bounds["residual"][index] = sums[index] + membrane / decode
    bounds["decoded"], bounds["membrane"] = last["decoded"][:-1], last["membrane"][:-1]
    bounds["decoded"][:, circuit.first] = 0.0
    return bounds
