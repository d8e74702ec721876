"""What a reader of the numbers should know, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from neurochip.cost.entries import Arrayed, Curve
from neurochip.cost.priced import Priced
from neurochip.cost.table import CONVERSIONS, PriceTable
from neurochip.cost.timing import RunTiming

SMALLEST_BITS = 2048 * 8
"""Bits of the smallest array that there are points of."""


def notes(chip: Priced, table: PriceTable, timing: RunTiming) -> Iterator[str]:
    """Where a chip and its price table part, and where the times are from."""
    yield from _technology(chip, table)
    yield from _small_arrays(chip, table)
    yield from _converters(chip, table)
    yield _times(timing)


def _technology(chip: Priced, table: PriceTable) -> Iterator[str]:
    made = chip.hardware.technology
    if (made.node_nm, made.voltage_v) != (table.node_nm, table.voltage_v):
        yield (
            f"{chip.hardware.name} is described at {made.node_nm:g} nm and {made.voltage_v:g} V, "
            f"but priced at {table.node_nm:g} nm and {table.voltage_v:g} V"
        )


def _small_arrays(chip: Priced, table: PriceTable) -> Iterator[str]:
    """Memories that are priced by their size, which is beyond all points."""
    priced = {entry.memory for _, entry in table.entries() if isinstance(entry, Arrayed)}
    small = sorted(name for name in priced if 0 < chip.memories[name].bits < SMALLEST_BITS)
    if small:
        names = ", ".join(small)
        yield f"arrays below 2 KB ({names}) are priced by the power law of the smallest known arrays"


def _converters(chip: Priced, table: PriceTable) -> Iterator[str]:
    """Converters with bits of which the table has no point."""
    adc = chip.hardware.crossbar.adc
    for price in table.actions.get(CONVERSIONS, ()):
        if adc and isinstance(price, Curve) and not min(price.points) <= adc.bits <= max(price.points):
            yield (
                f"converters of {adc.bits} bits are priced by what a bit more costs between the nearest two "
                f"known ones, of {min(price.points)} to {max(price.points)} bits"
            )


def _times(timing: RunTiming) -> str:
    if timing.estimate == "average":
        return "times are estimated from average counts, coarsely: bursts and overlaps are averaged out"
    samples = (
        f"the first {timing.samples} samples of each part"
        if timing.samples > 1
        else "one sample of each part"
    )
    return f"times are estimated tick by tick, from {samples} after the last epoch"
