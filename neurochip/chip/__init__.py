"""The chip: registers in flat arrays and the kernels that advance them. It executes programs and knows no
rule."""

from neurochip.chip.chip import Chip, Outcome

__all__ = ["Chip", "Outcome"]
