"""Resistive cells written a second time, from docs/devices.md, in plain Python integers and fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor, sqrt
from typing import Any

from neurochip.devices import Resistive
from neurochip.fixed import Format, draws

CELL, PROGRAM = 4, 5


def word(family: int, index: int) -> int:
    """Draw ``index`` of a family."""
    value = index * draws.GOLDEN + family & draws.MASK
    for _ in range(2):
        value = draws.mix(value) ^ family
    return value


def nearest(value: Fraction) -> int:
    """The nearest integer, ties up."""
    return floor(value + Fraction(1, 2))


def bell(of: int, deviation: float) -> int:
    """A bell-shaped draw of a word with a standard deviation."""
    scale = round(deviation * 65536 / sqrt(21845))
    return nearest(Fraction((sum(of.to_bytes(4, "little")) - 510) * scale, 65536))


class Synapse:
    """One synapse's cells; conductances in 2**-16 of a weight step. ``name``: of its first cell."""

    def __init__(self, record: Resistive, weight: Format, name: int, holds: int) -> None:
        self.it, self.weight, self.name = record, weight, name
        self.cells = 2 if record.pairing == "pair" else 1
        self.full = -weight.lo if self.cells == 2 else weight.hi - weight.lo
        self.steps = record.levels - 1 if record.levels else self.full
        self.told = holds
        self.writes, self.written = [0] * self.cells, [0] * self.cells
        self.stuck = [self._fate(c) for c in range(self.cells)]
        self.g = [self._first(c, holds) for c in range(self.cells)]

    def _fate(self, c: int) -> int | None:
        drawn = word(self._key_of(CELL, 1), self.name + c)
        if drawn < round(self.it.stuck_off * 2**32):
            return 0
        stuck = round((self.it.stuck_off + self.it.stuck_on) * 2**32)
        return self.full << 16 if drawn < stuck else None

    def _key_of(self, purpose: int, *words: int) -> int:
        return draws.key(self.it.seed, purpose, *words)

    def _first(self, c: int, weight: int) -> int:
        stuck = self.stuck[c]
        if stuck is not None:
            return stuck
        if self.it.write == "pulses":
            return self._share(c, weight) << 16
        return self._programmed(c, weight, 0)

    def _share(self, c: int, weight: int) -> int:
        if self.cells == 1:
            return weight - self.weight.lo
        return max(weight, 0) if c == 0 else max(-weight, 0)

    def _level(self, c: int, weight: int) -> int:
        return nearest(Fraction(self._share(c, weight) * self.steps, self.full))

    def _gain(self, c: int) -> int:
        return 65536 + bell(word(self._key_of(CELL, 0), self.name + c), self.it.spread * 65536)

    def _programmed(self, c: int, weight: int, count: int) -> int:
        exact = nearest(Fraction(self._level(c, weight) * self.full * 65536, self.steps))
        drawn = word(self._key_of(PROGRAM, count), self.name + c)
        noise = bell(drawn, self.it.programming_noise * self.full * 65536)
        return min(max(exact * self._gain(c) // 65536 + noise, 0), 2 * self.full << 16)

    def _now(self, c: int, now: int) -> int:
        """The conductance of a cell, faded."""
        age = now - self.written[c]
        if not self.it.drift or self.stuck[c] is not None or age < 1:
            return self.g[c]
        octave = age.bit_length() - 1
        part = (age * 64 >> octave) - 64
        return self.g[c] * round(65536 * (2.0**octave * (1 + part / 64)) ** -self.it.drift) // 65536

    def write(self, weight: int, now: int) -> None:
        """Tell the synapse another weight."""
        if self.it.write == "pulses":
            self._pulses(weight - self.told, now)
        else:
            for c in range(self.cells):
                if self._level(c, weight) != self._level(c, self.told):
                    self.writes[c] += 1
                    if self._takes(c):
                        self.g[c], self.written[c] = self._programmed(c, weight, self.writes[c]), now
        self.told = weight

    def _takes(self, c: int) -> bool:
        limit = self.it.endurance_writes
        return self.stuck[c] is None and (not limit or self.writes[c] <= limit)

    def _pulses(self, change: int, now: int) -> None:
        drawn = word(self._key_of(CELL, 2 + now), self.name)
        dither = Fraction(drawn, 2**32)
        for _ in range(floor(Fraction(abs(change) * self.steps, self.full) + _whole(dither, self.full))):
            step = nearest(Fraction(self.full * 65536, self.steps))
            c, up = (0 if change > 0 else 1), True
            if self.cells == 1:
                c, up = 0, change > 0
            elif 2 * self._now(1 - c, now) >= step:
                c, up = 1 - c, False
            self.writes[c] += 1
            if self._takes(c):
                held = self._now(c, now)
                moved = held + self._moved(c, up, held, step)
                self.g[c], self.written[c] = min(max(moved, 0), self.full << 16), now

    def _moved(self, c: int, up: bool, held: int, step: int) -> int:
        it, full = self.it, self.full << 16
        part = it.nonlinearity_up if up else it.nonlinearity_down
        lost = round(part * 65536) * (held if up else full - held) // full
        lean = round(it.asymmetry * 65536)
        size = (step * self._gain(c) // 65536) * (65536 + (lean if up else -lean)) // 65536
        drawn = word(self._key_of(PROGRAM, self.writes[c]), self.name + c)
        noise = bell(drawn, it.pulse_noise * self.full / self.steps * 65536)
        return (1 if up else -1) * (size * (65536 - lost) // 65536 + noise)

    def held(self, now: int) -> Fraction:
        """What columns see, in steps of the weight."""
        wide = self._now(0, now) - (self._now(1, now) if self.cells == 2 else -self.weight.lo << 16)
        fine = 15 - self.weight.bits
        return Fraction(min(max(nearest(Fraction(wide, 1 << 16 - fine)), -32767), 32767), 1 << fine)

    def state(self) -> tuple[Any, ...]:
        return self.g, self.writes, self.written


def _whole(dither: Fraction, full: int) -> Fraction:
    """A dither in [0, 1) on the grid of ``full`` parts."""
    return Fraction(floor(dither * full), full)
