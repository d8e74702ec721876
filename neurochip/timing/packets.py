"""Sizes of packets in flits, and the depth of the barrier: what every account of time shares."""

from __future__ import annotations

from dataclasses import dataclass

from neurochip.hardware import Hardware
from neurochip.network import Network

KIND_BITS = 2
"""A packet is a spike, a sum, a word of a replica, or the answer to one."""


@dataclass(frozen=True)
class Packets:
    """Flits of each kind of packet; a packet has a kind, the core that it goes to, an address there, a
    payload.

    ``spike``: an axon and a sign. ``sum``: a neuron and a sum of partial sums. ``word``: a synapse and the
    sum of its update, or its new value.
    """

    spike: int
    sum: int
    word: int

    @classmethod
    def of(cls, hardware: Hardware, network: Network) -> Packets:
        core, crossbar, registers = hardware.core, hardware.crossbar, hardware.registers
        head = KIND_BITS + _address_bits(hardware.mesh.rows * hardware.mesh.cols)
        finest = max((it.kernel.window**2 if it.kernel else 1 for it in network.projections), default=1)
        total = registers.partial.bits + _address_bits(core.crossbars) + _address_bits(finest)
        synapses = core.crossbars * crossbar.rows * crossbar.cols
        return cls(
            spike=_flits(hardware, head + _address_bits(core.axons) + 1),
            sum=_flits(hardware, head + _address_bits(core.neurons) + total),
            word=_flits(hardware, head + _address_bits(synapses) + registers.accumulator.bits),
        )


def barrier_cycles(hardware: Hardware) -> int:
    """Cycles of one pass over the tree that joins all cores of the mesh two by two."""
    levels = _address_bits(hardware.mesh.rows * hardware.mesh.cols)
    return levels * hardware.barrier.cycles_per_level


def _address_bits(things: int) -> int:
    """Bits that tell ``things`` apart: the binary logarithm, rounded up."""
    return (things - 1).bit_length()


def _flits(hardware: Hardware, bits: int) -> int:
    return -(-bits // hardware.noc.flit_bits)
