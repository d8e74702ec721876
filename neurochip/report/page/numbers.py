"""Numbers as people read them."""

from __future__ import annotations

from math import floor, log10

PREFIXES = ("f", "p", "n", "µ", "m", "", "k", "M", "G", "T")
BASE = PREFIXES.index("")


def si(value: float, unit: str, digits: int = 3) -> str:
    """A value in base units with a prefix: ``si(5.721e-7, "J")`` is ``572 nJ``."""
    if value == 0:
        return f"0 {unit}"
    step = max(-BASE, min(floor(log10(abs(value)) / 3 + 1e-12), len(PREFIXES) - 1 - BASE))
    return f"{figures(value / 1000.0**step, digits)} {PREFIXES[BASE + step]}{unit}"


def joules(picojoules: float) -> str:
    """An energy."""
    return si(picojoules * 1e-12, "J")


def seconds(nanoseconds: float) -> str:
    """A time."""
    return si(nanoseconds * 1e-9, "s")


def watts(milliwatts: float) -> str:
    """A power."""
    return si(milliwatts * 1e-3, "W")


def memory(bits: float) -> str:
    """An amount of memory, in bytes by powers of 1024."""
    value = bits / 8
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{figures(value)} {unit}"
        value /= 1024
    raise ValueError(bits)


def figures(value: float, digits: int = 3) -> str:
    """A number with so many digits that count; all digits of a larger one, with commas."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - floor(log10(abs(value)) + 1e-12))
    return f"{value:,.{places}f}"


def percent(part: float, places: int = 1) -> str:
    """A fraction as a percentage; a small one is not called 0."""
    if part == 0:
        return "0 %"
    if 0 < part < 0.5 * 10.0**-places / 100:
        return f"< {10.0**-places:g} %"
    return f"{100 * part:.{places}f} %"
