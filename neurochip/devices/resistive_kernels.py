"""Integer kernels of the resistive cell: what a write leaves in a cell, and what a read finds.

A conductance is an integer in steps of 2**-16 of a weight's step, from 0 to ``FULL``. Arrays of cells have
two entries for each synapse and copy: the positive cell (or the only one), then the negative one. ``first``
is the index of the first, ``name`` its number in draws. Equations: `docs/devices.md`.
"""

from __future__ import annotations

from neurochip.fixed.jit import kernel
from neurochip.fixed.scalar import bell, draw, subkey

PULSES, PAIR, LOWEST, FULL, STEPS, FINE = range(6)
"""Whether writes are pulses; whether there are two cells; smallest weight; weight steps at full conductance;
levels less one; bits below a weight's step that a read has."""

SPREAD, STUCK_OFF, STUCK, NOISE, UP, DOWN, ASYMMETRY, ENDURANCE = range(6, 14)
"""Scale of the draw for a cell's gain; of 2**32 random words those that stick a cell off, and those that
stick it at all; scale of the noise of a write; losses of a step up and down, and the asymmetry, in 2**-16;
writes that change a cell (0: all)."""

CELL_KEY, PROGRAM_KEY, DRIFTS = range(14, 17)
"""Keys of the draws of cells and of writes; whether conductances drift."""

COLUMNS = 17

GAIN, FATE, COUNT = range(3)
"""Draws of a cell: its gain, whether it is stuck; from COUNT on, of an update's number of pulses."""

ONE = 1 << 16
MOST_HELD = 32767
NEVER = -1
"""Time of writing of a stuck cell."""


@kernel
def place(cell, first, name, weight, conductance, writes, written):
    """Set up a synapse's cells, which hold ``weight`` as far as they can; counts no write."""
    writes[first] = writes[first + 1] = 0
    for negative in range(2):
        i = first + negative
        word = draw(subkey(cell[CELL_KEY], FATE), name + negative)
        if word < cell[STUCK]:
            conductance[i], written[i] = cell[FULL] << 16, NEVER
            if word < cell[STUCK_OFF]:
                conductance[i] = 0
            continue
        aim = _share(cell, negative, weight)
        conductance[i], written[i] = aim << 16, 0
        if cell[PULSES] == 0:
            conductance[i] = _programmed(cell, name + negative, _level(cell, aim), 0)


@kernel
def write(cell, first, name, held, wanted, now, fade, conductance, writes, written):
    """Change a synapse's cells from the weight ``held`` to the weight ``wanted``; ``now``: samples so far."""
    if cell[PULSES] != 0:
        _pulse(cell, first, name, wanted - held, now, fade, conductance, writes, written)
        return
    for negative in range(1 + cell[PAIR]):
        i, level = first + negative, _level(cell, _share(cell, negative, wanted))
        if level != _level(cell, _share(cell, negative, held)):
            writes[i] += 1
            if _takes(cell, writes[i], written[i]):
                conductance[i] = _programmed(cell, name + negative, level, writes[i])
                written[i] = now


@kernel
def read(cell, first, now, fade, conductance, written):
    """What the columns see of a synapse, in 2**-FINE of a weight's step; at most ``MOST_HELD`` either way."""
    wide = _faded(cell, first, now, fade, conductance, written)
    if cell[PAIR] != 0:
        wide -= _faded(cell, first + 1, now, fade, conductance, written)
    else:
        wide += cell[LOWEST] << 16
    shift = 16 - cell[FINE]
    return min(max((wide + (1 << (shift - 1))) >> shift, -MOST_HELD), MOST_HELD)


@kernel
def _share(cell, negative, weight):
    """The part of a weight that a cell shall hold, in weight steps: 0 .. FULL."""
    if cell[PAIR] == 0:
        return (1 - negative) * (weight - cell[LOWEST])
    return max(weight * (1 - 2 * negative), 0)


@kernel
def _level(cell, share):
    """The level next to a share."""
    return (2 * share * cell[STEPS] + cell[FULL]) // (2 * cell[FULL])


@kernel
def _gain(cell, name):
    """A cell's own gain, in 2**-16: 1 and the spread, never negative."""
    return max(ONE + bell(draw(subkey(cell[CELL_KEY], GAIN), name), cell[SPREAD]), 0)


@kernel
def _programmed(cell, name, level, count):
    """The conductance after write number ``count`` of a cell to a level: at most twice the full one."""
    aim = (2 * level * (cell[FULL] << 16) + cell[STEPS]) // (2 * cell[STEPS])
    noise = bell(draw(subkey(cell[PROGRAM_KEY], count), name), cell[NOISE])
    return min(max((aim * _gain(cell, name) >> 16) + noise, 0), cell[FULL] << 17)


@kernel
def _takes(cell, count, written):
    """Whether write number ``count`` changes a cell: not if it is stuck or worn out."""
    return written != NEVER and (cell[ENDURANCE] == 0 or count <= cell[ENDURANCE])


@kernel
def _faded(cell, i, now, fade, conductance, written):
    """A cell's conductance now."""
    wide = int(conductance[i])
    if cell[DRIFTS] == 0 or written[i] == NEVER:
        return wide
    return wide * fade[_octave_part(now - written[i])] >> 16


@kernel
def _octave_part(age):
    """Index of an age of ``2**o * (1 + f/64)`` samples in the table of the drift: 64 o + f."""
    if age < 1:
        return 0
    octave = 0
    while age >> (octave + 1) > 0:
        octave += 1
    return octave * 64 + ((age << 6) >> octave) - 64


@kernel
def _pulse(cell, first, name, change, now, fade, conductance, writes, written):
    """Give a synapse the pulses for ``change`` weight steps.

    Upwards a pair's negative cell is lowered while it holds half a step or more, then its positive cell is
    raised; downwards the other way round.
    """
    dither = draw(subkey(cell[CELL_KEY], COUNT + now), name) * cell[FULL] >> 32
    step = (2 * (cell[FULL] << 16) + cell[STEPS]) // (2 * cell[STEPS])
    for _ in range((abs(change) * cell[STEPS] + dither) // cell[FULL]):
        i, up = first + (0 if change > 0 else 1), True
        if cell[PAIR] == 0:
            i, up = first, change > 0
        elif 2 * _faded(cell, 2 * first + 1 - i, now, fade, conductance, written) >= step:
            i, up = 2 * first + 1 - i, False
        writes[i] += 1
        if _takes(cell, writes[i], written[i]):
            held = _faded(cell, i, now, fade, conductance, written)
            moved = _step(cell, name + i - first, step, up, held, writes[i])
            conductance[i] = min(max(held + moved, 0), cell[FULL] << 16)
            written[i] = now


@kernel
def _step(cell, name, step, up, held, count):
    """What pulse number ``count`` adds to a cell's conductance."""
    full, sign = cell[FULL] << 16, 1 if up else -1
    lost = cell[UP] * held // full if up else cell[DOWN] * (full - held) // full
    size = (step * _gain(cell, name) >> 16) * (ONE + sign * cell[ASYMMETRY]) >> 16
    noise = bell(draw(subkey(cell[PROGRAM_KEY], count), name), cell[NOISE])
    return sign * ((size * (ONE - lost) >> 16) + noise)
