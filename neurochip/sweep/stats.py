"""Mean, standard deviation and confidence interval of a few values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import atan, cos, fsum, pi, sin, sqrt
from typing import NamedTuple

LEVEL = 0.95


class Spread(NamedTuple):
    """``sd`` and the interval of the mean are None for a single value."""

    n: int
    mean: float
    sd: float | None
    low: float | None
    high: float | None


def spread(values: Sequence[float]) -> Spread:
    """Of one value or more: mean, standard deviation (n - 1) and the 95 % interval by Student's t."""
    n = len(values)
    mean = fsum(values) / n
    if n == 1:
        return Spread(1, mean, None, None, None)
    sd = sqrt(fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = t_quantile(0.5 + LEVEL / 2, n - 1) * sd / sqrt(n)
    return Spread(n, mean, sd, mean - half, mean + half)


@cache
def t_quantile(share: float, freedom: int) -> float:
    """The t below which a ``share`` (more than half) of Student's distribution lies; by bisection."""
    low, high = 0.0, 1.0
    while t_share(high, freedom) < share:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_share(middle, freedom) < share else (low, middle)
    return (low + high) / 2


def t_share(t: float, freedom: int) -> float:
    """Share of Student's distribution below ``t`` >= 0.

    Source: M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 1964, 26.7.3 and 26.7.4.
    """
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    terms = [term] if freedom > 1 else []
    for k in range(3 if odd else 2, freedom, 2):
        term *= cos(angle) ** 2 * (k - 1) / k
        terms.append(term)
    inside = sin(angle) * fsum(terms)
    both = 2 / pi * (angle + inside) if odd else inside
    return 0.5 + both / 2
