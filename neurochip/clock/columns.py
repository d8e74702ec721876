"""Columns of the tables that the cycle engine walks through, and the numbers of what it counts."""

from __future__ import annotations

EVENTS = (
    "spikes", "axon_lookups", "row_reads", "column_reads", "synaptic_ops", "partial_sums", "neuron_updates",
    "encodes", "packets", "hops", "bank_captures", "random_words", "barriers", "update_multiplies",
    "accumulations", "replica_words", "updates", "lost_updates", "weight_writes", "word_reads", "cell_reads",
    "flits", "flit_hops", "state_resets", "state_saves", "state_restores", "master_writes", "mirror_writes",
    "bias_additions", "bias_updates", "adc_conversions",
)  # fmt: skip
"""What is counted as it happens: actions of `neurochip.counts`, and finer ones. ``word_reads``: reads of up
to ``column_adders`` cells; ``cell_reads``: their cells; ``flits`` and the links that they cross,
``flit_hops``; neurons and inputs whose registers are cleared, saved, restored; masters that change; weights
rewritten in mirrors; banks added up for biases; biases written, in each copy; columns that converters turn
into codes."""

(
    SPIKES, AXON_LOOKUPS, ROW_READS, COLUMN_READS, SYNAPTIC_OPS, PARTIAL_SUMS, NEURON_UPDATES, ENCODES,
    PACKETS, HOPS, BANK_CAPTURES, RANDOM_WORDS, BARRIERS, UPDATE_MULTIPLIES, ACCUMULATIONS, REPLICA_WORDS,
    UPDATES, LOST_UPDATES, WEIGHT_WRITES, WORD_READS, CELL_READS, FLITS, FLIT_HOPS, STATE_RESETS, STATE_SAVES,
    STATE_RESTORES, MASTER_WRITES, MIRROR_WRITES, BIAS_ADDITIONS, BIAS_UPDATES, ADC_CONVERSIONS,
) = range(31)  # fmt: skip

MACHINES = ("inject", "lookup", "rows", "convert", "sums", "lanes", "update", "any")
"""State machines of a core, whose busy cycles are counted; the last one is any of them."""

INJECT, LOOKUP, ROWS, CONVERT, SUMS, LANES, UPDATE, ANY = range(8)

(
    B_PROJECTION, B_CORE, B_CONV, B_MIRROR, ROW_0, ROWS_N, COL_0, COLS_N, CELLS, ACC_UP, ACC_DOWN, DOWN_0,
    POS_0, POS_N, DRIVER_0, SERVED_0, C_IN, HEIGHT, WIDTH, C_OUT, OUT_HEIGHT, OUT_WIDTH, SIZE, STRIDE,
    PADDING, WINDOW, CONVERTS, APART, LARGEST,
) = range(29)  # fmt: skip
BLOCK_COLUMNS = 29
"""Block table: projection, core, whether a convolution, whether a mirror; first row, rows, first column,
columns; where its cells are; where the sums of its columns are, where those of its rows (column reads), and
the neuron that the first of the latter belongs to; first position and positions served; first unit of the
population that drives rows, and of the one that columns add up for; geometry of the kernel as it is held;
whether sums go through a converter; sums that a position's column has: those of the window's places, if they
must not be added up; whether the largest of a window's sums goes up."""

FORWARD, BACKWARD = 1, 2
"""Ways, as in `neurochip.mapping`."""

L_BLOCK, L_COLUMN, L_INDEX, L_ACC, L_Y, L_X, L_ADDS = range(7)
"""A line to be read: block, whether it is a column, its number in the block; first sum that it adds to (row),
the first sum of the block's rows (column; of a convolution behind converters those of its place), and the
place on the map of the kernel's corner (column of a convolution); whether it is added once it is read."""

(
    P_MESH_COLS, P_ADDERS, P_LANES, P_NEURON_CYCLES, P_FIFO, P_ROUTER, P_LINK, P_SPIKE, P_SUM, P_WORD,
    P_BARRIER, P_UPDATE_LANES, P_ACCESS, P_CONVERTS,
) = range(14)  # fmt: skip
"""Parameters: columns of the mesh, column adders, lanes, cycles of a neuron, FIFO depth, cycles of a router
and of a link, flits of a spike, a sum, a word, cycles of a pass over the tree, synapses that the update unit
takes in a cycle, cycles of a read or conversion, whether there are converters."""

T_GROUP, T_POPULATION, T_FIRST, T_COUNT = range(4)
"""Lane table, one row per run of units that lanes take together: number of the group of lanes, population,
first unit, units."""

ARRIVED, ADDRESS, VALUE, OPEN, LOAD, FIFO_HEAD, FIFO_N, FRONT, LINES_N = range(9)
SIGN, LINE, PART, LOOKED, EVENT, EVENTS_N, AXON, SENT, ENTRY, GOT, TOTAL, STEP, MARK, WAIT, COLUMN = (
    10,
    *range(12, 26),
)
CORE_REGISTERS = 26
"""Registers of a core's machines. Mesh: whether a packet came in this cycle, its address and payload; whether
the core takes one; flits in its router. Input FIFO: first entry, entries. Row access: which of the two lists
of lines is read; lines and sign of both lists (two columns each); the line and the part of it that come next.
Look-up: cycle of the one that waits (-1: none). Injector: event, events, axon of the event, flits sent of the
packet. Sum unit: the next sum, sums received, the sum that is being sent. Lanes: cycles worked. Machines at
work in this cycle, as bits. Cycles that the read has taken. Converters: the next column."""

HEAD, COUNT, FREED, LOCK, TURN, WANT = range(6)
"""A router's port: first flit and flits of the input's buffer; cycle in which it last sent a flit on; of the
output the input that holds it (-1: none) and the one that was served last; output that the input's first flit
wants."""

SUM_0, SUM_LOCAL, EXPECTED, SLOT_0, LANE_0, GROUPS, ENCODERS, NEURONS = range(8)
"""Core table, with one more row: first sum that the core sends, first of them that stays, sums that it
receives, first slot, first row of the lane table, groups of lanes, units, units that are no inputs."""

A_CORE, A_UNIT, A_READ = range(3)
"""Axon table, with one more row: core, unit, first read."""

R_BLOCK, R_WAY = range(2)
"""Read table: block and way."""

S_UNIT, S_HOME, S_PART, S_PARTIALS, S_TO = range(5)
"""Sum table, with one more row: unit, its home core, first part, arrays that add up for it (counted as
partial sums), where it goes: the unit, or the number of units and the place of a window after them."""

PART_ACC, PART_SHIFT, PART_UNIT, PART_READ, PART_PLACE, PART_COLUMN = range(6)
"""Part table, one row for each column of an array: accumulator, shift to the left, unit; then what names the
draw of a converter's noise: number of the read, of the position (-1: none), of the column."""
