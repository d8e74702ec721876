"""Pictures of runs. Matplotlib is imported where it is used."""

from neurochip.report.curves import learning_curve
from neurochip.report.traces import trace_plot

__all__ = ["learning_curve", "trace_plot"]
