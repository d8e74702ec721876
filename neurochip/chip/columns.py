"""Columns of the integer tables that the engine walks through."""

KIND, SOURCE, TARGET, BASE, STRIDE, SHIFT, GROUP = range(7)
ROW_LO, ROW_HI, COL_LO, COL_HI, CHECKED = range(7, 12)
FIRST_STAMP, RUN, PITCH, MAP_SIZE, CORNER, VALID_ROWS, VALID_RUN = range(12, 19)
WINDOW, CHANNELS, DOWN_STEP, RIGHT_STEP = range(19, 23)
P_C_IN, P_HEIGHT, P_WIDTH, P_C_OUT, P_OUT_HEIGHT, P_OUT_WIDTH = range(12, 18)
P_SIZE, P_STRIDE, P_PADDING, P_WINDOW = range(18, 22)
NAME, FIRST_PLACE = 23, 24
OP_COLUMNS = 25
"""Operation table, one row per read of a tick: kind, source and target population, where the weights start
in their memory and how far apart their rows are, left shift that brings sums to the target's current, and
how many spikes a narrow sum holds. Dense: rows (source units) and columns (target units) read, and whether
the sum is written to a partial-sum register of its own before it is added to the current. Stamps
(convolution): first entry of the source's stamps, then the fields of `geometry.Stamp`. Max pooling: side of
the window, maps behind the convolution, and how far apart on the map neighbouring positions of a window put
their stamps. Positions (convolution behind converters): geometry of the kernel; rows are those that are
summed at once, of the kernel upwards, its maps downwards. Number of the row, for draws; of converted rows,
the place where the count of their readings is (of the first position's)."""

WHICH, WHERE, STAMP_ROWS, LENGTH = range(4)
"""Rows of the table of stamps, one column for each source neuron; see `geometry.Stamp`."""

DENSE, STAMP, POOL, UNPOOL, UP, DOWN = range(6)
"""Values of KIND."""

FREE, HELD, CONVERTED = range(3)
"""Values of CHECKED: sums go straight into the current, through a partial-sum register, or first through a
column converter."""

TICKS, NUDGE, START, SAVE, CAPTURE, READOUT, TIME, ELAPSED, AGAIN = range(9)
"""Phase table: ticks, nudge sign, how it starts, snapshot at the end, bank captured (-1: none), whether the
outputs are read, and at which tick it starts: counted along the neurons' own time, which a restore turns
back (schedules and draws go by it, so both nudged phases of equilibrium propagation meet the same random
bits), and counted without turning back; and the first time that comes more than once."""

RESET, CONTINUE, RESTORE = range(3)
"""Values of START."""

F_REGISTER, F_UNIT, F_TICK, F_PHASE, F_SAMPLE = range(5)
"""A fault (overflow of a strict register): which register (-1: none), unit, tick of the phase, phase,
sample."""
