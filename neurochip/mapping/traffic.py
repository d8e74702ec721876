"""What a placement costs on the NoC, kept up to date while blocks and groups move.

A spike is one packet to each core that holds a block which it reads, whatever the number of such blocks.
Blocks of one core that add up currents for the same neuron add them there, so a core sends one partial sum a
neuron and tick. Both are a *net*: a home core, a set of blocks, and a number of packets a tick between the
home and every core that holds one of the blocks. A net costs packets x hops (x-first paths); a core's own
blocks cost nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurochip.mapping.pieces import Ints, Tiling

DEFAULT_ACTIVITY = 0.1
"""Spikes per neuron and tick that a placement expects, of inputs and neurons alike: an assumption. It only
weighs spikes against partial sums; counts of a run do not use it."""

MILLI = 1000
"""Costs are whole thousandths of packet hops a tick, so that comparisons are exact."""

_CHUNK = 1 << 20

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Nets:
    """All nets of a tiling, sorted by home.

    ``home``: group, ``packets``: per 1000 ticks, both int64 [nets]. ``block``, ``net``: who belongs to which,
    int64 [pairs], sorted by block.
    """

    home: Ints
    packets: Ints
    block: Ints
    net: Ints

    @classmethod
    def of(cls, tiling: Tiling, activity: float) -> Nets:
        """The nets of ``tiling`` when neurons emit ``activity`` spikes a tick; equal nets are added up."""
        packets: dict[tuple[int, tuple[int, ...]], int] = defaultdict(int)
        for pairs, rate in ((tiling.reads, round(activity * MILLI)), (tiling.sums, MILLI)):
            for segment, blocks in _by_segment(pairs).items():
                it = tiling.segments[segment]
                packets[it.group, blocks] += rate * len(it.neurons)
        keys = sorted(packets)
        pairs_of = [(block, net) for net, (_, blocks) in enumerate(keys) for block in blocks]
        block, net = np.array(sorted(pairs_of), np.int64).reshape(-1, 2).T
        return cls(np.array([home for home, _ in keys]), np.array([packets[key] for key in keys]), block, net)


def _by_segment(pairs: Ints) -> dict[int, tuple[int, ...]]:
    blocks: dict[int, set[int]] = defaultdict(set)
    for segment, block, _ in pairs.tolist():
        blocks[segment].add(block)
    return {segment: tuple(sorted(found)) for segment, found in blocks.items()}


class Layout:
    """Blocks and groups on cores: the working state of the search.

    ``block_core`` and ``group_core`` are int64 [blocks] and [groups], ``hops`` is float64 [cores, cores] and
    symmetric. Costs are whole numbers held in float64, hence exact.
    """

    def __init__(self, nets: Nets, hops: Reals, block_core: Ints, group_core: Ints) -> None:
        self.block_core, self.group_core = block_core, group_core
        self._hops = hops
        self._packets = nets.packets.astype(np.float64)
        self._home_group = nets.home
        self._pair_block, self._pair_net = nets.block, nets.net
        self._first_pair = np.searchsorted(nets.block, np.arange(len(block_core) + 1))
        self._first_net = np.searchsorted(nets.home, np.arange(len(group_core) + 1))
        self._members = np.zeros((len(nets.home), len(hops)), np.int32)
        np.add.at(self._members, (nets.net, block_core[nets.block]), 1)

    def cost(self) -> float:
        """Expected packet hops in 1000 ticks."""
        return float((self._weighted_hops() * (self._members > 0)).sum())

    def block_costs(self) -> Reals:
        """Cost that each block would cause on each core if it alone moved, [blocks, cores]."""
        free = self._weighted_hops() * (self._members == 0)
        costs = np.empty((len(self.block_core), len(self._hops)))
        per_chunk = max(1, _CHUNK * len(costs) // (max(1, len(self._pair_net)) * len(self._hops)))
        for first in range(0, len(costs), per_chunk):
            last = min(first + per_chunk, len(costs))
            pairs = slice(self._first_pair[first], self._first_pair[last])
            starts = self._first_pair[first : last + 1] - self._first_pair[first]
            costs[first:last] = _sums(free[self._pair_net[pairs]], starts)
        costs[np.arange(len(costs)), self.block_core] = self._present_block_costs()
        return costs

    def group_costs(self) -> Reals:
        """Cost of each group's nets if its home were each core, [groups, cores]."""
        return _sums(self._packets[:, None] * (self._members > 0), self._first_net) @ self._hops

    def move_block(self, block: int, core: int) -> float:
        """Put a block on another core; returns the change of cost."""
        old = self.block_core[block]
        nets = self._pair_net[self._first_pair[block] : self._first_pair[block + 1]]
        homes, packets = self.group_core[self._home_group[nets]], self._packets[nets]
        self._members[nets, old] -= 1
        gained = packets * self._hops[homes, core] * (self._members[nets, core] == 0)
        lost = packets * self._hops[homes, old] * (self._members[nets, old] == 0)
        self._members[nets, core] += 1
        self.block_core[block] = core
        return float(gained.sum() - lost.sum())

    def move_group(self, group: int, core: int) -> float:
        """Put a group on another core; returns the change of cost."""
        nets = slice(self._first_net[group], self._first_net[group + 1])
        change = self._hops[core] - self._hops[self.group_core[group]]
        self.group_core[group] = core
        return float((self._packets[nets] @ (self._members[nets] > 0)) @ change)

    def _weighted_hops(self) -> Reals:
        """Cost of the first block of each net on each core, [nets, cores]."""
        return self._packets[:, None] * self._hops[self.group_core[self._home_group]]

    def _present_block_costs(self) -> Reals:
        """Cost that each block causes where it is: that of the nets of which it is its core's only block."""
        core = self.block_core[self._pair_block]
        home = self.group_core[self._home_group[self._pair_net]]
        alone = self._members[self._pair_net, core] == 1
        cost = self._packets[self._pair_net] * self._hops[home, core] * alone
        return _sums(cost, self._first_pair)


def _sums(values: Reals, ends: Ints) -> Reals:
    """Sums of ``values[ends[i] : ends[i + 1]]``, 0 where that is nothing."""
    sums = np.zeros((len(ends) - 1, *values.shape[1:]))
    some = ends[1:] > ends[:-1]
    if some.any():
        sums[some] = np.add.reduceat(values, ends[:-1][some], axis=0)
    return sums
