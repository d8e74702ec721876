"""Comparing the chip with its references: tick by tick, width by width, gradient by gradient, epoch by epoch.

The only place where the chip meets `neurochip.reference`.
"""

from neurochip.compare.accuracy import Course, Race
from neurochip.compare.differences import Difference, first_difference
from neurochip.compare.gradients import Estimate
from neurochip.compare.study import AGAINST, Study, compare
from neurochip.compare.traces import Trial, judge
from neurochip.compare.widths import Sweep, sweeps

__all__ = [
    "AGAINST",
    "Course",
    "Difference",
    "Estimate",
    "Race",
    "Study",
    "Sweep",
    "Trial",
    "compare",
    "first_difference",
    "judge",
    "sweeps",
]
