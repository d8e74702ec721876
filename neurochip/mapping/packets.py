"""What travels on the mesh, in bits and flits."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from neurochip.hardware import Hardware
from neurochip.network import Network

KIND_BITS = 2
"""A packet is a spike, a sum, a word of a replica, or the answer to one."""


@dataclass(frozen=True)
class Packets:
    """Flits of each kind of packet; a packet has a kind, the core that it goes to, a place there, a payload.

    ``spike``: an axon, a sign, and behind max pooling the place that won the window of its neuron. ``sum``: a
    neuron and the sum of a core's partial sums, which may be of all its crossbars, in steps of a pooled
    current or for a place of a window. ``word``: a synapse and the sum of its update, or its new value.
    """

    spike: int
    sum: int
    word: int

    @classmethod
    def of(cls, hardware: Hardware, network: Network) -> Packets:
        """The packets of a network on a chip."""
        core, crossbar, registers = hardware.core, hardware.crossbar, hardware.registers
        head = KIND_BITS + address_bits(hardware.mesh.rows * hardware.mesh.cols)
        finest = max((it.kernel.window**2 if it.kernel else 1 for it in network.projections), default=1)
        kernels = [it.kernel for it in network.projections if it.kernel]
        largest = max((it.window**2 for it in kernels if it.pooling == "max"), default=1)
        total = registers.partial.bits + address_bits(core.crossbars) + address_bits(finest)
        synapses = core.crossbars * crossbar.rows * crossbar.cols
        payloads = (
            address_bits(core.axons) + 1 + address_bits(largest),
            address_bits(core.neurons) + total,
            address_bits(synapses) + registers.accumulator.bits,
        )
        return cls(*(ceil((head + payload) / hardware.noc.flit_bits) for payload in payloads))


def address_bits(places: int) -> int:
    """Bits that tell ``places`` apart."""
    return (places - 1).bit_length()


def barrier_cycles(hardware: Hardware) -> int:
    """Cycles of one pass over the tree that joins all cores of the mesh two by two."""
    return address_bits(hardware.mesh.rows * hardware.mesh.cols) * hardware.barrier.cycles_per_level
