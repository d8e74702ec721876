"""References: float twins of the learning rules, exact gradients, and Brian2. Strangers to the machine.

Nothing here imports the chip, its kernels, its number formats or its rules, so that no mistake is made twice.
Constants come in as plain numbers, weights as real numbers, the order of samples as a permutation.
"""

from neurochip.reference.ep import EP, Passage
from neurochip.reference.packages import require
from neurochip.reference.sigma_delta import REGISTERS, Coding, Record
from neurochip.reference.timeline import Tick, Timeline
from neurochip.reference.twin import Twin
from neurochip.reference.wiring import Reals, Weights

TWINS: dict[str, type[Twin]] = {"ep": EP}
"""The shelf of float twins, by the name of the rule."""

__all__ = [
    "EP",
    "REGISTERS",
    "TWINS",
    "Coding",
    "Passage",
    "Reals",
    "Record",
    "Tick",
    "Timeline",
    "Twin",
    "Weights",
    "require",
]
