"""The neuron registers of the chip: one flat array each; kernels see them as rows of one matrix."""

STATE = ("current", "decoded", "membrane", "previous", "residual", "trace")
"""Rows of a neuron's state: cleared, saved and restored together. ``previous`` has the membrane's format."""

CURRENT, DECODED, MEMBRANE, PREVIOUS, RESIDUAL, TRACE = range(6)
PARTIAL, BANK, ACCUMULATOR, WEIGHT, BIAS = range(6, 11)

REGISTERS = (*STATE, "partial", "bank", "accumulator", "weight", "bias")
"""All registers in the order of their index; the index is a row of the format table and of the saturation
counts."""

LO, HI, OVERFLOW, ROUNDING, SHIFT = range(5)
"""Columns of the format table: ``Format.row()``, then fraction bits dropped when a membrane is written
there."""

OFFSET, SIZE, MODEL, NUDGED, TARGET, PARAMS = range(6)
"""Columns of the population table: first unit, units, neuron model, whether nudged, first target column (-1:
none), first of the model's own parameters."""

SIGMA_DELTA, LIF = range(2)
"""Values of MODEL."""
