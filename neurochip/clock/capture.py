"""The end of a phase: every unit's state is rounded into its bank."""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import dither, shifted, stored
from neurochip.neurons import registers as reg


@kernel
def capture(units, membrane, row, family, bank, over, counts):
    """Round the states of a core's ``units`` into ``bank``, int32 [units of the chip].

    ``row``: the bank's row of the format table; ``family``: key of this capture's draws.
    """
    for unit in units:
        noise = dither(row[reg.ROUNDING], row[reg.SHIFT], family, unit)
        wide = shifted(membrane[unit] + noise, row[reg.SHIFT])
        kept = stored(wide, row[reg.LO], row[reg.HI], row[reg.OVERFLOW])
        if kept != wide:
            over[0, reg.BANK] += 1
            over[1, reg.BANK] = unit + 1
        bank[unit] = kept
        counts[col.RANDOM_WORDS] += row[reg.ROUNDING] == 2 and row[reg.SHIFT] > 0
