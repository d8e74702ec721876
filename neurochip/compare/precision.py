"""How precise the chip is: the step of each register, and how far one rounding may be off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurochip.experiment import Run
from neurochip.network import Network
from neurochip.reference import Reals

_WORST = {"nearest": 0.5, "floor": 1.0, "stochastic": 1.0}
"""The largest error of one rounding, in steps of the register."""


def steps(run: Run) -> dict[str, Reals]:
    """Real value of one step of each neuron register, [units]; a spike is 1.

    The mean of a pooling window adds fraction bits to the currents on both sides of it.
    """
    formats, units = run.chip.formats, run.network.neurons
    found = {name: np.full(units, formats[name].lsb) for name in ("decoded", "membrane", "residual")}
    sizes = [population.size for population in run.network.populations]
    bits = [_pool_bits(run.network, index, run.program.feedback) for index in range(len(sizes))]
    found["current"] = np.repeat(formats["current"].lsb * 2.0 ** -np.array(bits), sizes)
    found["spikes"] = np.ones(units)
    return found


def roundings(run: Run) -> dict[str, float]:
    """The largest error of one writing of a register, for `Twin.drift`; an encoder may be exact."""
    formats = run.chip.formats
    worst = {name: _WORST[it.rounding] * it.lsb for name, it in formats.items()}
    exact = formats["residual"].frac >= formats["membrane"].frac
    return {
        "input": 0.5 * formats["membrane"].lsb,
        "decoded": worst["decoded"],
        "membrane": worst["membrane"],
        "residual": 0.0 if exact else worst["residual"],
    }


def outside(run: Run, register: str, errors: Reals) -> NDArray[np.bool_]:
    """Where the error of one writing, in steps of the register, is more than its rounding can make."""
    if register in ("current", "spikes"):
        different: NDArray[np.bool_] = errors != 0.0
        return different
    rounding = run.chip.formats[register].rounding
    if rounding == "nearest":
        wrong: NDArray[np.bool_] = (errors <= -0.5) | (errors > 0.5)
    elif rounding == "floor":
        wrong = (errors <= -1.0) | (errors > 0.0)
    else:
        wrong = np.abs(errors) >= 1.0
    return wrong


def is_full(run: Run, register: str, value: float) -> bool:
    """Whether a register stands at one of its ends, where it saturates."""
    if register not in run.chip.formats:
        return False
    it = run.chip.formats[register]
    return value <= it.lo * it.lsb or value >= it.hi * it.lsb


def _pool_bits(network: Network, population: int, feedback: bool) -> int:
    beside = [p for p in network.projections if p.target == population]
    beside += [p for p in network.projections if feedback and p.source == population and population > 0]
    windows = [projection.kernel.window if projection.kernel else 1 for projection in beside]
    return 2 * (max(windows, default=1).bit_length() - 1)
