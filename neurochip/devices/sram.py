"""The exact cell."""

from __future__ import annotations

from typing import ClassVar

from neurochip.config import Model


class Sram(Model):
    """A digital memory cell: every read returns the bits that were last written. It has no parameters."""

    exact: ClassVar[bool] = True
    """Whether a weight is read as it was written, at any time and any number of times."""
