"""How many bits an action works on: what a price per bit, cell or product of bits is multiplied by."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from neurochip.cost.memories import registers
from neurochip.cost.priced import Priced
from neurochip.counts import Packets

Widths = dict[str, tuple[int, ...]]


def widths(chip: Priced) -> Widths:
    """The operands of each action in bits: one or more, of which the last is where the result goes."""
    hardware, adc = chip.hardware, chip.hardware.crossbar.adc
    bits = {name: it.bits for name, it in hardware.registers.formats().items()}
    rate, weight, flit = hardware.update_unit.rate_bits, chip.cell_bits, hardware.noc.flit_bits
    held = registers(hardware, chip.program)
    return {
        "row_reads": (weight,),
        "column_reads": (weight,),
        "word_reads": (min(hardware.crossbar.column_adders, hardware.crossbar.cols) * weight,),
        "cell_reads": (weight,),
        "synaptic_ops": (bits["current"],),
        "partial_sums": (bits["partial"],),
        **({"adc_conversions": (adc.bits,)} if adc else {}),
        "neuron_updates": (bits["decoded"], bits["membrane"]),
        "encodes": (bits["membrane"], bits["residual"]),
        "state_resets": (sum(held.values()) - bits["bias"],),
        "bank_captures": (bits["bank"],),
        "update_multiplies": (bits["bank"], bits["bank"]),
        "accumulations": (bits["accumulator"],),
        "updates": (rate, bits["accumulator"]),
        "master_writes": (weight + hardware.registers.fraction.bits,),
        "weight_writes": (weight,),
        "mirror_writes": (weight,),
        "bias_additions": (bits["accumulator"],),
        "bias_updates": (rate, bits["accumulator"]),
        "replica_words": (bits["accumulator"],),
        "random_words": (32,),
        "axon_lookups": (Packets.of(hardware, chip.placement.network).spike * flit,),
        "flits": (flit,),
        "flit_hops": (flit,),
    }


def factor(chip: Priced, action: str, per: str, bits_per_cell: int | None) -> float | None:
    """What a price ``per`` something is multiplied by for one event; None: the action has no such width."""
    operands = widths(chip).get(action)
    found: dict[str, Callable[[tuple[int, ...]], float]] = {
        "bit": lambda it: float(it[-1]),
        "bit_sum": lambda it: float(sum(it)),
        "bit_product": lambda it: float(it[0] * it[-1]),
    }
    if per == "event":
        return 1.0
    if per == "core":
        return float(chip.cores)
    if per == "cell":
        return float(ceil(chip.cell_bits / (bits_per_cell or chip.cell_bits)))
    return found[per](operands) if operands else None
