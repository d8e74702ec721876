"""neurochip: a neuromorphic chip that learns on the chip, emulated bit for bit.

The verbs are load, place, run, price and report; importing the package is cheap, what it names is imported
when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurochip.errors import NeurochipError
    from neurochip.experiment import Experiment, Run, Setup
    from neurochip.experiment.execute import execute
    from neurochip.experiment.load import load
    from neurochip.experiment.pricing import price
    from neurochip.hardware import Hardware
    from neurochip.mapping import Placement, place
    from neurochip.network import Network

__version__ = "0.1.0"

_HOMES = {
    "Experiment": "experiment",
    "Hardware": "hardware",
    "Network": "network",
    "NeurochipError": "errors",
    "Placement": "mapping",
    "Run": "experiment",
    "Setup": "experiment",
    "execute": "experiment",
    "load": "experiment",
    "place": "mapping",
    "price": "experiment",
}

__all__ = [
    "Experiment",
    "Hardware",
    "Network",
    "NeurochipError",
    "Placement",
    "Run",
    "Setup",
    "execute",
    "load",
    "place",
    "price",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"neurochip.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
