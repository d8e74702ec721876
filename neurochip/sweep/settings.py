"""Which settings a sweep tries: the strategies that need no results to choose."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import count, islice, product
from typing import Any

from neurochip.errors import NeurochipError
from neurochip.sweep.schema import Sweep

Setting = dict[str, Any]
"""A value for each axis, by its name."""

_TRIES = 20
"""Draws for each point that is wanted, before it is taken that there are no more different ones."""


def settings(sweep: Sweep) -> list[Setting]:
    """The settings of a sweep that is no search, in order, each once. Raises NeurochipError."""
    return list(distinct(STRATEGIES[sweep.strategy](sweep)))


def drawn(sweep: Sweep, number: int) -> list[Setting]:
    """``number`` different settings drawn at random, or as many as there are.

    Every draw is a hash of what it is for, so a larger number begins with the settings of a smaller one.
    """
    draws = islice(count(), _TRIES * number)
    found = distinct(
        {name: axis.at(share(sweep.sampling_seed, index, name)) for name, axis in sweep.axes.items()}
        for index in draws
    )
    return list(islice(found, number))


def share(seed: int, index: int, name: str) -> float:
    """A number in 0 <= x < 1, uniform over seeds, indices and names."""
    digest = hashlib.sha256(f"{seed} {index} {name}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2.0**53


def distinct(found: Iterator[Setting]) -> Iterator[Setting]:
    """The settings in their order, without those that were there before."""
    seen: set[str] = set()
    for setting in found:
        text = repr(list(setting.values()))
        if text not in seen:
            seen.add(text)
            yield setting


def _grid(sweep: Sweep) -> Iterator[Setting]:
    levels = [axis.levels() for axis in sweep.axes.values()]
    return (dict(zip(sweep.axes, values, strict=True)) for values in product(*levels))


def _listed(sweep: Sweep) -> Iterator[Setting]:
    return ({name: setting[name] for name in sweep.axes} for setting in sweep.settings or ())


def _latin_hypercube(sweep: Sweep) -> Iterator[Setting]:
    """Each axis divided into as many equal parts as there are points, each part with one point.

    Source: M. D. McKay, R. J. Beckman, W. J. Conover, Technometrics 21(2), 1979; made by scipy.stats.qmc.
    """
    try:
        from scipy.stats import qmc
    except ImportError:
        raise NeurochipError(
            "the strategy latin_hypercube needs SciPy: pip install 'neurochip[sweep]'"
        ) from None
    sampler = qmc.LatinHypercube(len(sweep.axes), rng=sweep.sampling_seed)
    for row in sampler.random(sweep.points or 1).tolist():
        yield {name: axis.at(x) for (name, axis), x in zip(sweep.axes.items(), row, strict=True)}


STRATEGIES: dict[str, Callable[[Sweep], Iterator[Setting]]] = {
    "grid": _grid,
    "list": _listed,
    "random": lambda sweep: iter(drawn(sweep, sweep.points or 1)),
    "latin_hypercube": _latin_hypercube,
}
