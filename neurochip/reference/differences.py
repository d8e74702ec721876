"""Gradients by central differences: slow, and with nothing in them that could be wrong. For tiny networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurochip.reference.wiring import Reals, Weights


def gradients(loss: Callable[[Weights], float], weights: Weights, step: float = 1e-5) -> Weights:
    """Gradient of ``loss`` by every weight and bias: (loss(w + step) - loss(w - step)) / (2 step)."""
    trial = weights.copy()

    def slope(values: Reals) -> Reals:
        found = np.zeros_like(values)
        for place in np.ndindex(values.shape):
            here = values[place]
            values[place] = here + step
            above = loss(trial)
            values[place] = here - step
            found[place] = (above - loss(trial)) / (2.0 * step)
            values[place] = here
        return found

    return Weights([slope(matrix) for matrix in trial.matrices], [slope(bias) for bias in trial.biases])
