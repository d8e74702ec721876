"""Pictures of runs and sweeps. Matplotlib is imported where it is used."""

from neurochip.report.curves import learning_curve
from neurochip.report.explorer import explorer
from neurochip.report.heat_maps import heat_map
from neurochip.report.traces import trace_plot
from neurochip.report.trade_offs import sensitivity, trade_off

__all__ = ["explorer", "heat_map", "learning_curve", "sensitivity", "trace_plot", "trade_off"]
