"""Why chips that spike pool by averages: the pooled signal and the winners, over the length of the train.

A map of random values is sent as sigma-delta spikes through a convolution that copies it and a 2x2 pooling.
An average of spikes becomes the average of the values; a maximum of spikes does not become the maximum,
however long one listens. Run: python examples/max_pooling.py [folder] (draws max_pooling.png in the folder).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from neurochip import Hardware, Network, place
from neurochip.chip import Chip
from neurochip.files import replacing
from neurochip.network import ConvLayer, DenseLayer, Pool
from neurochip.neurons import SigmaDelta
from neurochip.report.style import BLUE, ORANGE
from neurochip.rules import EP

SIDE, TICKS, ONE = 32, 512, 64
LENGTHS = 2 ** np.arange(10)


def currents(kind: str, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(current of each window, spikes of each input) in every tick, for ``values`` [side, side] in 0..1."""
    side = len(values)
    layers = [
        ConvLayer(kind="conv", channels=1, kernel=1, pool=Pool(kind=kind, window=2)),
        DenseLayer(kind="dense", units=1),
    ]
    hardware = Hardware.load("digital_28nm")
    network = Network.build(layers, (1, side, side), classes=1)
    plain = SigmaDelta(decode_shift=0)
    rule = EP(name="ep", learning_rate=0.1, ticks={"free": TICKS + 1, "nudged": 1}, neuron=plain)
    program = rule.program(hardware.update_unit.rate_bits).inference()
    chip = Chip(hardware, place(network, hardware, feedback=True), program)
    copy, silent = np.full((1, 1), ONE << chip.fraction), np.zeros((side * side // 4, 1), int)
    chip.load([copy, silent], [np.zeros(1, int)] * 2)
    inputs = np.rint(values.reshape(1, -1) * (1 << chip.formats["membrane"].frac)).astype(int)
    units = np.arange(side * side + side * side // 4)
    trace = chip.run(inputs, np.zeros((1, 1), int), np.array([0]), 0, probe=units).trace
    step = ONE * (4 if kind == "average" else 1)
    return trace[1:, 1, side * side :] / step, trace[:-1, 0, : side * side]


def windows(values: np.ndarray, side: int) -> np.ndarray:
    """[..., side * side] as [..., windows, 4]: the values of each window, row by row."""
    split = values.reshape(*values.shape[:-1], side // 2, 2, side // 2, 2)
    return split.swapaxes(-3, -2).reshape(*values.shape[:-1], -1, 4)


def measure(seed: int = 0, top: float = 1.0) -> dict[str, np.ndarray]:
    """For each train length: mean error of the averaged and of the largest signal, and how many ticks had the
    right winner. Values are random in 0 .. ``top``."""
    values = top * np.random.default_rng(seed).random((SIDE, SIDE))
    held = windows(values.reshape(-1), SIDE)
    average, spikes = currents("average", values)
    largest, _ = currents("max", values)
    right = windows(spikes, SIDE).argmax(-1) == held.argmax(-1)
    ends = LENGTHS - 1

    def mean(signal: np.ndarray) -> np.ndarray:
        return (np.cumsum(signal, 0) / np.arange(1, len(signal) + 1)[:, None])[ends]

    return {
        "average": (mean(average) - held.mean(-1)).mean(-1),
        "spread": np.abs(mean(average) - held.mean(-1)).max(-1),
        "max": (mean(largest) - held.max(-1)).mean(-1),
        "winners": mean(right).mean(-1),
    }


def draw(found: dict[str, np.ndarray], path: Path) -> None:
    from matplotlib import pyplot

    fig, (bias, winners) = pyplot.subplots(1, 2, figsize=(7.2, 2.7), layout="constrained")
    bias.plot(LENGTHS, found["max"], "o-", color=ORANGE, ms=4, label="max pooling")
    bias.plot(LENGTHS, found["average"], "s-", color=BLUE, ms=4, label="average pooling")
    bias.fill_between(LENGTHS, -found["spread"], found["spread"], color=BLUE, alpha=0.15, lw=0)
    bias.set(ylabel="pooled signal − pooled value", ylim=(-0.45, 0.45))
    bias.legend(frameon=False, loc="lower right")
    winners.plot(LENGTHS, 100 * (1 - found["winners"]), "o-", color=ORANGE, ms=4)
    winners.set(ylabel="ticks with a wrong winner (%)", ylim=(0, 100))
    for axes in (bias, winners):
        axes.set_xscale("log", base=2)
        axes.set_xlabel("length of the spike train (ticks)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.axhline(0, color="0.6", lw=0.7, zorder=0)
    with replacing(path) as temporary:
        fig.savefig(temporary, dpi=220)
    pyplot.close(fig)


if __name__ == "__main__":
    found = measure()
    print("ticks  average: error (largest)  max: error  right winner")
    for i, length in enumerate(LENGTHS):
        average, spread, largest, right = (found[key][i] for key in ("average", "spread", "max", "winners"))
        print(f"{length:5}  {average:+.4f}  ({spread:.4f})         {largest:+.4f}     {right:.0%}")
    if len(sys.argv) > 1:
        draw(found, Path(sys.argv[1]) / "max_pooling.png")
