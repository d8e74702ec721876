"""Convolutions on the chip against plain NumPy loops: reads forward and transposed, and the update."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from neurochip.chip import Chip
from neurochip.errors import NeurochipError
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import place
from neurochip.network import ConvLayer, DenseLayer, Network, Pool, Projection
from neurochip.rules import EP

SETS = ["registers.weight.rounding=nearest", "registers.bias.rounding=nearest", "registers.current.bits=30"]
HARDWARE = Hardware.load("digital_28nm", SETS)
RULE = EP(name="ep", learning_rate=0.1, ticks={"free": 10, "nudged": 6})
RATE = Rate(200, 3)

POOLS = [None, ("average", 2), ("average", 4), ("max", 2), ("max", 3)]
SHAPES = [
    (c_in, c_out, size, stride, padding, pool)
    for (c_in, c_out), size, stride, padding, pool in product(
        [(1, 5), (3, 2), (4, 1)], [1, 3, 4], [1, 2], [0, 1, 2], POOLS
    )
    if (c_in + c_out + size + stride + padding + 3 * POOLS.index(pool)) % 7 == 0
]
"""One of seven combinations, each value of each with several of the others."""


def build(c_in: int, c_out: int, size: int, stride: int, padding: int, pool: Any) -> Network | None:
    """An input of 7 x 9, a 1x1 convolution, the one in question (its source hears feedback), 4 outputs."""
    pooling = Pool(kind=pool[0], window=pool[1]) if pool else None
    layers = [
        ConvLayer(kind="conv", channels=c_in, kernel=1),
        ConvLayer(kind="conv", channels=c_out, kernel=size, stride=stride, padding=padding, pool=pooling),
        DenseLayer(kind="dense", units=4),
    ]
    try:
        return Network.build(layers, (2, 7, 9), classes=4)
    except NeurochipError:
        return None


@cache
def taps(projection: Projection) -> list[tuple[Any, Any, int, int, int]]:
    """(y, x) below, (Y, X) above, ky, kx, place in the window, of every use of a kernel element."""
    kernel, (_, height, width) = projection.kernel, projection.source_shape
    assert kernel is not None
    found = []
    for out in np.ndindex(projection.target_shape[1:]):
        for a, b, ky, kx in np.ndindex(kernel.window, kernel.window, kernel.size, kernel.size):
            y = (out[0] * kernel.window + a) * kernel.stride + ky - kernel.padding
            x = (out[1] * kernel.window + b) * kernel.stride + kx - kernel.padding
            if 0 <= y < height and 0 <= x < width:
                found.append(((y, x), out, ky, kx, a * kernel.window + b))
    return found


def maps(values: Any, shape: tuple[int, int, int]) -> Any:
    """Neurons of a population as [y, x, channel]."""
    return np.asarray(values, np.int64).reshape(shape[1], shape[2], shape[0])


def read(projection: Projection, weights: Any, below: Any, above: Any, won: Any) -> tuple[Any, Any, Any]:
    """(sums above, sums below, winners) that the spikes of both ends cause, over every use of a weight."""
    kernel = projection.kernel
    assert kernel is not None
    w = weights.reshape(projection.source_shape[0], kernel.size, kernel.size, -1).astype(np.int64)
    places = np.zeros((kernel.window**2, *above.shape), np.int64)
    down = np.zeros(below.shape, np.int64)
    for source, out, ky, kx, position in taps(projection):
        places[position][out] += below[source] @ w[:, ky, kx]
        heard = above[out] if kernel.pooling != "max" else above[out] * (won[out] == position)
        down[source] += w[:, ky, kx] @ heard
    up = places.max(0) if kernel.pooling == "max" else places.sum(0)
    return up, down, places.argmax(0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reads_and_update_are_those_of_plain_loops(shape: tuple[Any, ...]) -> None:
    network = build(*shape)
    if network is None:
        return
    chip = Chip(HARDWARE, place(network, HARDWARE, feedback=True), RULE.program(8))
    chip.load_real(network.initial_weights(seed=2, gain=4.0))
    chip.load(chip.masters, [np.full(len(bias), 4000) for bias in chip.biases])
    rng = np.random.default_rng(sum(shape[:5]))
    one = 1 << chip.formats["membrane"].frac
    inputs, targets = rng.integers(0, one + 1, (1, network.populations[0].size)), np.zeros((1, 4), int)
    targets[0, 1] = one
    outcome = chip.run(inputs, targets, np.array([0]), 5, probe=np.arange(network.neurons))
    ends = np.cumsum([0, *(population.size for population in network.populations)])
    into = network.projections[1]
    below, above = slice(ends[1], ends[2]), slice(ends[2], ends[3])
    kind, window = shape[5] or ("none", 1)
    finer = 2 * (window.bit_length() - 1) if kind == "average" else 0

    won = np.zeros((*into.target_shape[1:], into.target_shape[0]), np.int64)
    spikes, currents, some = outcome.trace[:, 0], outcome.trace[:, 1], 0
    first, last = chip.weights[0].astype(np.int64), chip.weights[2].astype(np.int64)
    for tick in range(1, 10):
        q = spikes[tick - 1]
        up, down, won = read(
            into,
            chip.weights[1],
            maps(q[below], into.source_shape),
            maps(q[above], into.target_shape),
            won,
        )
        from_inputs = maps(q[: ends[1]], network.projections[0].source_shape) @ first
        from_outputs = last @ q[ends[3] :].astype(np.int64)
        np.testing.assert_array_equal(currents[tick, below], ((from_inputs << finer) + down).reshape(-1))
        np.testing.assert_array_equal(currents[tick, above], up.reshape(-1) + (from_outputs << finer))
        some += np.abs(down).sum()
    assert some > 0
    check_update(chip, network, outcome, finer)


def check_update(chip: Chip, network: Network, outcome: Any, finer: int) -> None:
    """The kernel's masters after an update are those before plus the rounded sums over all uses."""
    into = network.projections[1]
    kernel = into.kernel
    assert kernel is not None
    ends = np.cumsum([0, *(population.size for population in network.populations)])
    banks = np.random.default_rng(0).integers(0, 1025, (3, *outcome.banks.shape[1:])).astype(np.int32)
    won = np.random.default_rng(1).integers(0, kernel.window**2, (3, *outcome.won.shape[1:])).astype(np.int8)
    sums = np.zeros((into.source_shape[0], kernel.size, kernel.size, into.target_shape[0]), np.int64)
    for sample, (bank, sign) in product(range(3), [(0, 1), (1, -1)]):
        pre = maps(banks[sample, bank, ends[1] : ends[2]], into.source_shape)
        post = maps(banks[sample, bank, ends[2] : ends[3]], into.target_shape)
        if kernel.pooling == "max":
            winner = maps(won[sample, bank, ends[2] : ends[3]], into.target_shape)
        for source, out, ky, kx, position in taps(into):
            target = post[out] * (winner[out] == position) if kernel.pooling == "max" else post[out]
            sums[:, ky, kx] += sign * np.outer(pre[source], target)
    before, shift = chip.masters[1].astype(np.int64), RATE.shift + finer + 10
    step = (sums.reshape(before.shape) * RATE.multiplier + (1 << (shift - 1))) >> shift
    half, weight = 1 << (chip.fraction - 1), chip.formats["weight"]
    lo, hi = (weight.lo << chip.fraction) - half, (weight.hi << chip.fraction) + half - 1
    rates = [Rate(RATE.multiplier, RATE.shift + 10)] * 3
    if kernel.pooling == "max":
        with pytest.raises(ValueError, match=r"behind max pooling, won of shape \(3, 2, \d+\) is needed"):
            chip.learn(banks, rates, rates, family=9)
    chip.learn(banks, rates, rates, family=9, won=won)
    np.testing.assert_array_equal(chip.masters[1], np.clip(before + step, lo, hi))
    assert (step != 0).any()


def test_the_shapes_cover_every_value() -> None:
    used = [set(values) for values in zip(*(shape for shape in SHAPES if build(*shape)), strict=True)]
    assert used == [{1, 3, 4}, {5, 2, 1}, {1, 3, 4}, {1, 2}, {0, 1, 2}, set(POOLS)]
