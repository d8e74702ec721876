"""What travels on the mesh, in bits and flits."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from neurochip.hardware import Hardware


@dataclass(frozen=True)
class Packets:
    """Flits of each packet.

    A packet names the core that it goes to and a place there. A ``spike`` names an axon and has two bits of
    value; a ``sum`` names a neuron and has the wider of a partial sum and a current; a ``word`` of a
    replica names a cell and has an accumulator, or a weight or bias on the way back.
    """

    spike: int
    sum: int
    word: int

    @classmethod
    def of(cls, hardware: Hardware) -> Packets:
        """The packets of a chip."""
        bits = hardware.registers.formats()
        core, crossbar = hardware.core, hardware.crossbar
        header = address_bits(hardware.mesh.rows * hardware.mesh.cols)
        cells = core.crossbars * crossbar.rows * crossbar.cols
        payloads = (
            address_bits(core.axons) + 2,
            address_bits(core.neurons) + max(bits["partial"].bits, bits["current"].bits),
            address_bits(cells) + bits["accumulator"].bits,
        )
        return cls(*(ceil((header + payload) / hardware.noc.flit_bits) for payload in payloads))


def address_bits(places: int) -> int:
    """Bits that tell ``places`` apart."""
    return (places - 1).bit_length()
