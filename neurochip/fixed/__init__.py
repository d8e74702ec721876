"""Fixed-point numbers: what a register can hold, how a shift rounds, and where random bits come from.

`Format` and the functions here work on whole arrays in plain NumPy and are used while a chip is configured.
`neurochip.fixed.scalar` has the same arithmetic for single integers, compiled, for use inside kernels.
"""

from neurochip.fixed.draws import key, permutation, uniform
from neurochip.fixed.format import Format, OverflowMode, RoundingMode
from neurochip.fixed.rate import Rate

__all__ = ["Format", "OverflowMode", "Rate", "RoundingMode", "key", "permutation", "uniform"]
