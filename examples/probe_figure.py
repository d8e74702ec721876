"""The picture of the README: ten output neurons of a trained chip in all phases of one test digit.

Run: python examples/probe_figure.py [folder] (half a minute). The README's own was made with docs/images as
the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import neurochip
from neurochip.files import replacing
from neurochip.report.style import BLUE, GREY, INK, ORANGE

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
EPOCHS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
NEGATIVE, TOWARDS, AWAY = "#cc0033", "#e6f0f8", "#faeee4"
PHASES = {
    "free": ("free", "the network settles"),
    "nudged+": ("nudged +β", "towards the label"),
    "nudged-": ("nudged −β", "away from the label"),
}
STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
}


def trained(epochs: int) -> neurochip.Run:
    run = neurochip.Run(neurochip.load("digits_ep", epochs=epochs))
    for _ in range(epochs):
        run.train_epoch()
    return run


def close_call(run: neurochip.Run) -> int:
    """The rightly classified test digit whose rivals are strongest at the end of the free phase."""
    labels = run.part("test").labels
    right = np.flatnonzero(run.predict("test") == labels)
    ticks = run.program.phases[0].ticks

    def lead(sample: int) -> int:
        settled = run.probe(int(sample))["membrane"][ticks - 1]
        return int(2 * settled[labels[sample]] - settled.sum())

    return int(min(right, key=lead))


def colours(membrane: np.ndarray, label: int) -> list[str]:
    """One for each neuron: the label's, its strongest rival's, and the rest."""
    strongest = membrane.max(0)
    strongest[label] = -1
    rival = int(strongest.argmax())
    return [BLUE if n == label else ORANGE if n == rival else GREY for n in range(len(strongest))]


def draw(run: neurochip.Run, sample: int, path: Path) -> None:
    from matplotlib import pyplot

    trace, one = run.probe(sample), 1 << run.chip.formats["membrane"].frac
    label, membrane = int(run.part("test").labels[sample]), trace["membrane"] / one
    ends = np.cumsum([0, *(phase.ticks for phase in run.program.phases)]).tolist()
    inks = colours(membrane, label)
    with pyplot.style.context(STYLE):
        fig = pyplot.figure(figsize=(7.2, 3.5))
        digit = fig.add_axes((0.012, 0.55, 0.16, 0.33))
        raster = fig.add_axes((0.255, 0.55, 0.71, 0.33))
        course = fig.add_axes((0.255, 0.125, 0.71, 0.385))
        show_digit(digit, run.part("test").inputs[sample, 0])
        show_key(fig, label, inks.index(ORANGE), (trace["spikes"] < 0).any())
        for axes in (raster, course):
            axes.axvspan(ends[1], ends[2], color=TOWARDS, lw=0, zorder=0)
            axes.axvspan(ends[2], ends[3], color=AWAY, lw=0, zorder=0)
            axes.set_xlim(0, ends[3])
        for phase, start, end in zip(run.program.phases, ends, ends[1:], strict=False):
            for line, (weight, up) in zip(PHASES[phase.name], (("bold", 15), ("normal", 5)), strict=True):
                at = ((start + end) / 2, 1)
                raster.annotate(line, at, (0, up), ("data", "axes fraction"), "offset points", ha="center",
                                weight=weight, size=7.5, color=INK)  # fmt: skip
        show_spikes(raster, trace["spikes"], inks)
        show_membranes(course, membrane, ends, inks)
        with replacing(path) as temporary:
            fig.savefig(temporary, dpi=220)
        pyplot.close(fig)


def show_digit(axes, image: np.ndarray) -> None:
    axes.imshow(image, cmap="gray_r", interpolation="nearest")
    axes.set(xticks=[], yticks=[], anchor="N")
    for spine in axes.spines.values():
        spine.set(visible=True, color=GREY)
    axes.set_title("test digit", size=7.5, pad=5, weight="bold")


def show_key(fig, label: int, rival: int, negative: bool) -> None:
    lines = [(f"{label}, the label", BLUE), (f"{rival}, its strongest rival", ORANGE)]
    lines += [("the eight others", GREY)]
    lines += [("spike of −1", NEGATIVE)] if negative else []
    lines += [("", INK), ("○ both nudged phases", INK), ("    start from this state", INK)]
    for row, (text, ink) in enumerate(lines):
        fig.text(0.012, 0.46 - 0.052 * row, text, color=ink, size=7.5)


def show_spikes(axes, spikes: np.ndarray, inks: list[str]) -> None:
    for sign in (1, -1):
        when, who = np.nonzero(spikes == sign)
        ink = [inks[n] for n in who] if sign > 0 else NEGATIVE
        axes.vlines(when + 0.5, who - 0.38, who + 0.38, color=ink, lw=1.2)
    axes.set(ylim=(9.6, -0.6), yticks=range(10), xticks=[])
    axes.set_ylabel("output neuron")
    axes.yaxis.set_label_coords(-0.055, 0.5)
    axes.tick_params(axis="y", length=0, labelsize=6.5)
    axes.spines[["left", "bottom"]].set_visible(False)
    for tick, ink in zip(axes.get_yticklabels(), inks, strict=True):
        tick.set(color=ink, weight="normal" if ink == GREY else "bold")


def show_membranes(axes, membrane: np.ndarray, ends: list[int], inks: list[str]) -> None:
    """The course of each phase from the state it starts with: 0, then twice the end of the free phase."""
    settled = membrane[ends[1] - 1]
    for neuron in sorted(range(len(inks)), key=lambda n: inks[n] != GREY):
        ink, strong = inks[neuron], inks[neuron] != GREY
        for begin, start, end in zip((0.0, *[settled[neuron]] * 2), ends, ends[1:], strict=False):
            values = [begin, *membrane[start:end, neuron]]
            axes.plot(range(start, end + 1), values, color=ink, lw=1.6 if strong else 0.9, clip_on=False)
        if strong:
            kept = ends[1:3], settled[[neuron, neuron]]
            axes.plot(*kept, ":", color=ink, lw=0.9)
            axes.plot(*kept, "o", color=ink, mfc="white", ms=3.6, mew=1.1, zorder=9)
            axes.annotate(str(neuron), (ends[3], membrane[-1, neuron]), (5, 0), textcoords="offset points",
                          va="center", color=ink, weight="bold")  # fmt: skip
    axes.set(xlabel="tick", ylim=(-0.06, 1.1), yticks=(0, 0.5, 1), yticklabels=("0", "½", "1"))
    axes.set_ylabel("membrane")
    axes.yaxis.set_label_coords(-0.055, 0.5)


if __name__ == "__main__":
    run = trained(EPOCHS)
    sample = close_call(run)
    draw(run, sample, FOLDER / "probe.png")
    print(f"test digit {sample}, a {run.part('test').labels[sample]}: {FOLDER / 'probe.png'}")
