"""What the cycle engine holds, in named tuples of flat arrays: kernels see them as they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurochip.clock import columns as col
from neurochip.neurons import registers as reg

Ints = NDArray[np.integer[Any]]


class Wiring(NamedTuple):
    """The placed network as tables; nothing here changes.

    ``parameters``: see `columns`. ``blocks``: block table. A unit's spike goes to the axons ``axon_of[unit] ..
    axon_of[unit + 1]``, each on core ``axon_core`` (``axon_unit``: the unit), where it reads ``read_of[axon] .. read_of[axon + 1]``:
    ``read_block`` on way ``read_way``. A core sends the sums ``sum_of[core] .. sum_of[core + 1]``, first those
    of neurons on other cores, from ``sum_local[core]`` on its own: unit ``sum_unit`` at home on ``sum_home``, of
    the parts ``part_of[sum] .. part_of[sum + 1]``: accumulator ``part_acc``, to be shifted left by
    ``part_shift``. ``expected``: sums that a core receives in a tick. Its units are ``slot_unit[slot_of[core]
    ..]``, advanced as the lane table says (``lane_of``, ``lane``) in ``groups``; ``encoders`` units, of which
    ``neurons`` are no inputs.
    """

    parameters: Ints
    blocks: Ints
    axon_of: Ints
    axon_core: Ints
    axon_unit: Ints
    read_of: Ints
    read_block: Ints
    read_way: Ints
    sum_of: Ints
    sum_local: Ints
    sum_unit: Ints
    sum_home: Ints
    part_of: Ints
    part_acc: Ints
    part_shift: Ints
    expected: Ints
    slot_of: Ints
    slot_unit: Ints
    lane_of: Ints
    lane: Ints
    groups: Ints
    encoders: Ints
    neurons: Ints


class Mesh(NamedTuple):
    """The routers. A port's buffer is a ring of flits: ``flit`` [cores, ports, depth, fields].

    ``head``, ``count``: int64 [cores, ports]; ``freed``: cycle in which a port last sent a flit on; ``lock``:
    input port that holds an output (-1: none); ``turn``: input port that was served last; ``want``: scratch;
    ``load``: flits in a router; ``links``: flits that crossed each link. At a core's port: ``open``: whether it
    takes a packet; ``arrived``, ``address``, ``value``: the packet that came in this cycle.
    """

    flit: Ints
    head: Ints
    count: Ints
    freed: Ints
    lock: Ints
    turn: Ints
    want: Ints
    load: Ints
    links: Ints
    open: Ints
    arrived: Ints
    address: Ints
    value: Ints

    @classmethod
    def of(cls, cores: int, depth: int) -> Mesh:
        """Empty routers."""

        def zeros(*shape: int) -> Ints:
            return np.zeros(shape, np.int64)

        return cls(
            zeros(cores, 5, depth, 8), zeros(cores, 5), zeros(cores, 5), zeros(cores, 5) - 1,
            zeros(cores, 5) - 1, zeros(cores, 5), zeros(cores, 5), zeros(cores), zeros(cores * 4),
            zeros(cores) + 1, zeros(cores), zeros(cores), zeros(cores),
        )  # fmt: skip


class Cores(NamedTuple):
    """The state machines of the cores; arrays are indexed by core first.

    Input FIFO: ``fifo`` [cores, depth, (axon, sign, cycle)], ``fifo_head``, ``fifo_count``. Look-up and row
    access: ``lines`` [cores, 2, lines, fields], of which list ``front`` is read and the other one filled;
    ``line_count`` [cores, 2]; ``sign`` [cores, 2]; ``line``, ``part``: where row access is; ``looked``: cycle of
    the look-up that waits (-1: none). Injector: ``event``, ``axon``, ``sent`` (flits of the packet).
    Sums: ``entry``; ``got``: sums received; ``value``: the sum that is being sent; ``step``: cycles that lanes have worked. ``events``: units that
    fire, by slot; ``event_count``. ``mark``: machines at work in this cycle, as bits. ``busy``: cycles
    [cores, machines].
    """

    fifo: Ints
    fifo_head: Ints
    fifo_count: Ints
    lines: Ints
    line_count: Ints
    sign: Ints
    front: Ints
    line: Ints
    part: Ints
    looked: Ints
    event: Ints
    axon: Ints
    sent: Ints
    entry: Ints
    got: Ints
    value: Ints
    step: Ints
    events: Ints
    event_count: Ints
    mark: Ints
    busy: Ints

    @classmethod
    def of(cls, cores: int, depth: int, lines: int, units: int) -> Cores:
        """Idle cores."""

        def zeros(*shape: int) -> Ints:
            return np.zeros(shape, np.int64)

        each = [zeros(cores) for _ in range(7)]
        return cls(
            zeros(cores, depth, 3), zeros(cores), zeros(cores), zeros(cores, 2, lines, 6), zeros(cores, 2),
            zeros(cores, 2), zeros(cores), zeros(cores), zeros(cores), zeros(cores) - 1, *each,
            zeros(units), zeros(cores), zeros(cores), zeros(cores, len(col.MACHINES)),
        )  # fmt: skip


class Memories(NamedTuple):
    """Crossbar ``cells``, column sums ``acc``, and the neurons: ``state`` [registers, units], ``bias``,
    ``spike`` (committed) and ``fired`` (of this tick), int64 [units]; ``over`` [2, registers]: overflows and 1 +
    the unit of the last one; ``noise``, ``out``: scratch of the neuron kernels.
    """

    cells: Ints
    acc: Ints
    state: Ints
    bias: Ints
    spike: Ints
    fired: Ints
    over: Ints
    noise: Ints
    out: Ints

    @classmethod
    def of(cls, cells: int, sums: int, units: int, lanes: int) -> Memories:
        """Memories of zeros."""
        n = min(lanes, units)
        return cls(
            np.zeros(cells, np.int64), np.zeros(sums, np.int64), np.zeros((len(reg.STATE), units), np.int64),
            np.zeros(units, np.int64), np.zeros(units, np.int64), np.zeros(units, np.int64),
            np.zeros((2, len(reg.REGISTERS)), np.int64), np.zeros((3, n), np.int64), np.zeros(n, np.int8),
        )  # fmt: skip


class Tick(NamedTuple):
    """What is particular to a tick: ``populations`` (the population table) and ``one``, scratch for a row of it;
    ``shifts``, the neuron's row of its schedule; ``family``, key of the draws; ``nudge``: sign, multiplier,
    shift; ``inputs``, ``targets``: of the sample."""

    populations: Ints
    one: Ints
    shifts: Ints
    family: int
    nudge: Ints
    inputs: Ints
    targets: Ints


class Log(NamedTuple):
    """What changes, for timelines: ``rows`` [n, (cycle, signal, value)]; ``used``: [rows written, rows lost];
    ``last``: value of each signal; ``rows`` of length 0: nothing is logged."""

    rows: Ints
    used: Ints
    last: Ints

    @classmethod
    def of(cls, rows: int, cores: int) -> Log:
        """An empty log; all signals begin at 0."""
        return cls(np.empty((rows, 3), np.int64), np.zeros(2, np.int64), np.zeros(3 * cores, np.int64))
