"""Columns of the update unit's matrix table, one row per projection."""

PRE, SOURCES, POST, ROWS, COLS, POSITIONS = range(6)
"""First unit of the source and its units; first unit of the target; rows and columns of the matrix; positions
that share it (dense: 1)."""

FORWARD, STRIDE, BACK, BACK_STRIDE, MASTER = range(6, 11)
"""Start and row distance of the matrix and of its transposed copy (start -1: none) in the weight memory;
start in the master memory."""

SHARED, RATE_M, RATE_K, BIAS_M, BIAS_K = range(11, 16)
"""Whether it is a convolution; multiplier and shift of the rates of its weights and biases."""

COLUMNS = 16
