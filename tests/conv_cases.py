"""Small convolutional networks on small chips, for the tests of placement and counts."""

from __future__ import annotations

from math import ceil

import numpy as np
from hypothesis import strategies as st

from neurochip.counts import Tally
from neurochip.fixed import Rate
from neurochip.hardware import Hardware
from neurochip.mapping import Placement, Shares
from neurochip.network import ConvLayer, DenseLayer, Network, Pool
from neurochip.neurons import SigmaDelta
from neurochip.program import Phase, Program, Term

PROGRAM = Program(
    neuron=SigmaDelta(),
    phases=(Phase("free", 5), Phase("nudged", 3, nudge=1, bank=0)),
    terms=(Term(1, 0, 0), Term(-1, 1, 1)),
    nudge=Rate(1, 1),
    gain=1.0,
)
TINY = Hardware.load("tiny")


def conv(channels: int, kernel: int, stride: int = 1, padding: int = 0, window: int = 1) -> ConvLayer:
    pool = Pool(kind="average", window=window) if window > 1 else None
    return ConvLayer(kind="conv", channels=channels, kernel=kernel, stride=stride, padding=padding, pool=pool)


def dense(units: int) -> DenseLayer:
    return DenseLayer(kind="dense", units=units)


def chip(
    mesh: tuple[int, int], array: tuple[int, int], feedback: str = "transposed", **core: int
) -> Hardware:
    """A chip of ``mesh`` cores with crossbars of size ``array``, roomy but for what ``core`` says."""
    roomy = {"axons": 1 << 20, "crossbars": 1024, "neurons": 1 << 16}
    update = {
        "name": "test",
        "mesh": TINY.mesh.model_copy(update={"rows": mesh[0], "cols": mesh[1]}),
        "core": TINY.core.model_copy(update={**roomy, **core}),
        "crossbar": TINY.crossbar.model_copy(
            update={"rows": array[0], "cols": array[1], "feedback": feedback}
        ),
    }
    return TINY.model_copy(update=update)


def tally_of(placement: Placement, seed: int, samples: int = 6, batches: int = 2) -> Tally:
    """Random spikes; of each projection, random numbers of updates, spread over its shares."""
    network, shares = placement.network, Shares.of(placement)
    tally = Tally.zero(len(PROGRAM.phases), network.neurons, len(shares.projection), len(network.projections))
    draws, places = np.random.default_rng(seed), np.random.default_rng(seed)
    tally.spikes[:] = draws.integers(0, 9, tally.spikes.shape) * draws.integers(0, 2, tally.spikes.shape)
    tally.bias_draws[:] = batches
    tally.samples, tally.batches = samples, batches
    for index in range(len(network.projections)):
        mine = np.flatnonzero(shares.projection == index)
        np.add.at(tally.updates, mine[places.integers(0, len(mine), 40)], draws.integers(0, 99, (40, 4)))
    tally.updates[:, 0] += tally.updates[:, 1]  # an update that is lost is one
    return tally


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """One or two convolutions of odd shapes, of which every other is pooled, and sometimes a dense layer."""
    shape = draw(st.integers(1, 3)), draw(st.integers(4, 7)), draw(st.integers(4, 7))
    layers = []
    height, width = shape[1:]
    for _ in range(draw(st.integers(1, 2))):
        padding, stride, window = (
            draw(st.integers(0, 2)),
            draw(st.integers(1, 2)),
            draw(st.sampled_from([1, 2])),
        )
        sides = [height + 2 * padding, width + 2 * padding]
        kernel = draw(st.integers(1, 3))
        positions = [((side - kernel) // stride + 1) // window for side in sides]
        if min(positions) < 1:
            break
        height, width = positions
        layers.append(conv(draw(st.integers(1, 5)), kernel, stride, padding, window))
    outputs = layers[-1].channels * height * width if layers else 0
    if not layers or draw(st.booleans()):
        outputs = draw(st.integers(1, 4))
        layers.append(dense(outputs))
    return Network.build(layers, shape, outputs)


@st.composite
def chips(draw: st.DrawFn, network: Network) -> Hardware:
    """A chip with room for ``network``, whose cores hold as few neurons as its channels allow, or more."""
    channels = max(it.target_shape[0] for it in network.projections if it.kernel or it.source == 0)
    neurons = channels * draw(st.integers(1, 12)) + draw(st.integers(0, channels - 1))
    rows = draw(st.integers(2, 5))
    mesh = rows, ceil(network.neurons / neurons / rows) + 1
    array = draw(st.integers(2, 30)), draw(st.integers(1, 6))
    return chip(mesh, array, draw(st.sampled_from(["transposed", "mirrored"])), neurons=neurons)
