"""One look for all pictures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from neurochip.files import replacing

INK, BLUE, ORANGE, GREEN, RED, GREY = "#222222", "#0072b2", "#d55e00", "#009e73", "#c0392b", "#8a8a8a"
"""Colours that are told apart also by the colour-blind (after Okabe and Ito 2008)."""

_STYLE = {
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # names may hold a $
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "figure.dpi": 110,
    "savefig.dpi": 300,
}


@contextmanager
def figure(
    path: str | Path, rows: int = 1, width: float = 6.0, height: float = 3.4, columns: int = 1, **keys: Any
) -> Iterator[Any]:
    """``(figure, axes)`` in the common style, sizes in inches; saved to ``path`` when the block ends well.

    Raises NeurochipError if the file cannot be written.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.style.context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name may hold letters that no font here has
        fig, axes = pyplot.subplots(rows, columns, figsize=(width, height), layout="constrained", **keys)
        try:
            yield fig, axes
            with replacing(path) as temporary:
                fig.savefig(temporary)
        finally:
            pyplot.close(fig)


def mark_phases(axes: Sequence[Any], phases: Sequence[tuple[str, int]]) -> None:
    """A line where each phase (name, ticks) begins, in all ``axes``, and its name above the second."""
    start = 0
    for name, length in phases:
        for panel in axes:
            panel.axvline(start - 0.5, color=GREY, lw=0.8)
        axes[1].annotate(
            name, (start, 1.0), xycoords=("data", "axes fraction"), xytext=(2, 2), textcoords="offset points",
            fontsize=8, color=GREY,
        )  # fmt: skip
        start += length
