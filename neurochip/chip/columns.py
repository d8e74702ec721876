"""Columns of the integer tables that the engine walks through."""

SOURCE, TARGET, BASE, STRIDE, ROW_LO, ROW_HI, COL_LO, COL_HI, CHECKED = range(9)
"""Operation table, one row per crossbar read of a tick: source and target population, where the matrix starts in the
weight memory and how far apart its rows are, rows (source units) and columns (target units) read, and whether the sum
is written to a partial-sum register of its own before it is added to the current."""

TICKS, NUDGE, START, SAVE, CAPTURE, READOUT, TIME, ELAPSED = range(8)
"""Phase table: ticks, nudge sign, how it starts, snapshot at the end, bank captured (-1: none), whether the outputs are
read, and at which tick it starts: counted along the neurons' own time, which a restore turns back (schedules and draws
go by it, so both nudged phases of equilibrium propagation meet the same random bits), and counted without turning back."""

RESET, CONTINUE, RESTORE = range(3)
"""Values of START."""

F_REGISTER, F_UNIT, F_TICK, F_PHASE, F_SAMPLE = range(5)
"""A fault (overflow of a strict register): which register (-1: none), unit, tick of the sample, phase, sample."""
