"""Exact gradients: back-propagation through time of the rate network, differentiated by autograd.

The dynamics are written a third time here, on full matrices, and differentiated by the library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neurochip.network import Network
from neurochip.reference import packages
from neurochip.reference.synapses import Synapses, synapses_of
from neurochip.reference.wiring import Reals, Weights


def gradients(
    network: Network, weights: Weights, inputs: Reals, targets: Reals, steps: Sequence[float]
) -> tuple[Weights, float]:
    """Gradient of the mean loss 1/2 |s_out - y|^2 after a tick for each of ``steps`` (epsilon); the loss.

    ``inputs``: [batch, inputs]; ``targets``: [batch, outputs]. Raises NeurochipError if autograd is not
    installed.
    """
    value_and_grad = packages.autograd().value_and_grad
    wires = [synapses_of(projection) for projection in network.projections]
    spread, tile = _spreading(wires), [p.n_post // p.target_shape[0] for p in network.projections]

    def loss_of(given: Any) -> Any:
        return _loss(given[0], given[1], inputs, targets, steps, spread, tile)

    loss, (matrices, biases) = value_and_grad(loss_of)((weights.matrices, weights.biases))
    return Weights(list(matrices), list(biases)), float(loss)


def _loss(
    matrices: Any,
    biases: Any,
    inputs: Reals,
    targets: Reals,
    steps: Sequence[float],
    spread: Any,
    tile: list[int],
) -> Any:
    import autograd.numpy as anp

    full = [spread(index, matrix) for index, matrix in enumerate(matrices)]
    bias = [anp.tile(values, times) for values, times in zip(biases, tile, strict=True)]
    states = [np.zeros((len(inputs), matrix.shape[1])) for matrix in full]
    below = np.zeros_like(inputs)
    for step in steps:
        sent = [below, *states]
        after = []
        for layer, state in enumerate(states):
            drive = anp.dot(sent[layer], full[layer]) + bias[layer]
            if layer + 1 < len(states):
                drive = drive + anp.dot(sent[layer + 2], full[layer + 1].T)
            after.append(anp.clip(state + step * (drive - state), 0.0, 1.0))
        below, states = inputs, after
    return 0.5 * anp.sum((states[-1] - targets) ** 2) / len(inputs)


def _spreading(wires: list[Synapses]) -> Callable[[int, Any], Any]:
    """``Synapses.spread`` of a projection as a function that autograd can differentiate."""
    from autograd.extend import defvjp, primitive

    @primitive
    def spread(index: int, matrix: Any) -> Any:
        return wires[index].spread(matrix)

    def pull_back(_: Any, index: int, matrix: Any) -> Callable[[Any], Any]:
        return lambda full: wires[index].gather(full, matrix.shape)

    defvjp(spread, None, pull_back, argnums=(0, 1))
    differentiable: Callable[[int, Any], Any] = spread
    return differentiable
