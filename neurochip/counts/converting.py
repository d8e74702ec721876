"""Conversions of column sums: one for each column of a crossbar whenever lines of it are read."""

from __future__ import annotations

from collections.abc import Sequence

from neurochip.counts.ledger import Ledger
from neurochip.counts.running import WAYS
from neurochip.mapping import Reading
from neurochip.noc import Ints

KINDS_OF_WAYS = dict(WAYS)


def conversions(ledger: Ledger, phase: int, found: Sequence[Reading], times: Ints) -> None:
    """Conversions of a phase, on the cores of the crossbars; ``times``: of each reading's places, int64."""
    for reading in found:
        amounts = reading.conversions @ times[reading.places.start : reading.places.stop]
        kind, cores = KINDS_OF_WAYS[reading.way], ledger.block_cores[reading.blocks]
        ledger.add(kind, "adc_conversions", phase, cores, amounts)
