"""The end of a phase: every unit's state is rounded into its bank."""

from __future__ import annotations

from neurochip.clock import columns as col
from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import dither, shifted, stored
from neurochip.neurons import registers as reg


@kernel
def capture(wiring, memories, formats, family, bank, phase, counts):
    """Write the states of all units into ``bank``, int32 [units]; ``family``: key of this capture's draws."""
    row = formats[reg.BANK]
    for core in range(wiring.groups.shape[0]):
        for slot in range(wiring.slot_of[core], wiring.slot_of[core + 1]):
            unit = wiring.slot_unit[slot]
            noise = dither(row[reg.ROUNDING], row[reg.SHIFT], family, unit)
            wide = shifted(memories.state[reg.MEMBRANE, unit] + noise, row[reg.SHIFT])
            kept = stored(wide, row[reg.LO], row[reg.HI], row[reg.OVERFLOW])
            if kept != wide:
                memories.over[0, reg.BANK] += 1
                memories.over[1, reg.BANK] = unit + 1
            bank[unit] = kept
            counts[phase, core, col.BANK_CAPTURES] += 1
            counts[phase, core, col.RANDOM_WORDS] += row[reg.ROUNDING] == 2
