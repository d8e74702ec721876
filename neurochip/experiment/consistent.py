"""Whether a record fits itself: names and places are those of its own chip and rule, sums are sums."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from neurochip.cost import Priced
from neurochip.counts import ACTIONS, KINDS
from neurochip.counts.counts import UPDATE
from neurochip.errors import CheckpointError
from neurochip.noc import DIRECTIONS

Json = Mapping[str, Any]


def require_consistent(record: Json, chip: Priced) -> None:
    """Nothing that was counted or timed may be passed over: a name that this version does not know, or a
    place that the record's own chip does not have, is refused.

    ``record``: one that its schema accepts. Raises CheckpointError with the first thing that is wrong.
    """
    for problem in _problems(record, chip):
        raise CheckpointError(f"the record is damaged: {problem}")


def _problems(record: Json, chip: Priced) -> Iterator[str]:
    yield from _names("saturations", record["saturations"], chip.hardware.registers.formats())
    yield from _names("placement", record["placement"], chip.placement.summary())
    yield from (f"data.{part} is missing" for part in ("train", "test") if part not in record["data"])
    timing = record.get("timing")
    for part, program in (("training", chip.program), ("inference", chip.program.inference())):
        phases = [phase.name for phase in program.phases]
        yield from _counts(f"counts.{part}", record["counts"][part], [*phases, UPDATE], chip.cores)
        if timing:
            yield from _spent(f"timing.{part}.phases", timing[part]["phases"], phases, chip.cores)
    if timing:
        yield from _spent("timing.update", timing["update"], ("sample", "batch"), chip.cores)


def _counts(place: str, found: Json, phases: Collection[str], cores: int) -> Iterator[str]:
    yield from _names(f"{place}.total", found["total"], ACTIONS)
    yield from _names(f"{place}.table", found["table"], phases)
    yield from _names(f"{place}.links", found["links"], phases)
    for phase in phases:
        yield from _places(f"{place}.links.{phase}", found["links"][phase], cores * DIRECTIONS)
    sums = dict.fromkeys(ACTIONS, 0)
    for phase, kind, action, row in _rows(found["table"]):
        where = f"{place}.table.{phase}.{kind}.{action}"
        if kind not in KINDS or action not in ACTIONS:
            yield f"{where} is nothing that this version of neurochip counts"
        yield from _places(where, row, cores)
        sums[action] += sum(row.values())
    for action, number in found["total"].items():
        if number != sums[action]:
            yield f"{place}.total.{action} is {number:,}, but its table adds up to {sums[action]:,}"


def _rows(table: Json) -> Iterator[tuple[str, str, str, Mapping[str, int]]]:
    for phase, kinds in table.items():
        for kind, actions in kinds.items():
            yield from ((phase, kind, action, row) for action, row in actions.items())


def _spent(place: str, found: Json, names: Collection[str], cores: int) -> Iterator[str]:
    yield from _names(place, found, names)
    for name in names:
        if len(found[name]["busy"]) != cores:
            yield f"{place}.{name}.busy has {len(found[name]['busy'])} cores, the chip has {cores}"
        yield from _places(f"{place}.{name}.links", found[name]["links"], cores * DIRECTIONS)


def _names(place: str, found: Json, known: Collection[str]) -> Iterator[str]:
    yield from (f"{place}.{name} is missing" for name in known if name not in found)
    yield from (
        f"{place}.{name} is not known to this version of neurochip" for name in found if name not in known
    )


def _places(place: str, row: Json, number: int) -> Iterator[str]:
    """Cores or links by number, as JSON has keys: text."""
    for key in row:
        if not (key.isdecimal() and key.isascii() and int(key) < number):
            yield f"{place} is of {key!r}, the chip has 0..{number - 1}"
