"""The points of a sweep: each a resolved configuration with a seed, named by what decides its result."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from neurochip.config import Source, build
from neurochip.errors import ConfigError, Problem
from neurochip.sweep.identity import code_version, data_version, key_of, prices_version
from neurochip.sweep.resolve import Resolver
from neurochip.sweep.schema import Sweep
from neurochip.sweep.settings import Setting, drawn, settings

_PROBES = 256
_ENOUGH = 8
"""A value of a search is refused if it is in so many probes or more, and valid in none."""
_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_WORDS = {"true", "false", "null", "nan", "inf"}


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a sweep. ``key`` names it in a store; a point that is not valid has none, but a ``refusal``.

    ``experiment`` and ``hardware``: canonical JSON of all that decides the run, but for the seed.
    """

    setting: int
    values: Setting
    seed: int
    key: str
    experiment: str
    hardware: str
    refusal: str = ""


class Planner:
    """Makes points of settings. Raises ConfigError with file and line, and DataError if data is missing."""

    def __init__(self, path: str | Path, data_dir: str | Path | None = None) -> None:
        self._source = Source.read(path)
        self.sweep = build(self._source, Sweep)
        self._resolver = Resolver(self.sweep, self._source, Path(path).parent)
        self._data_dir = None if data_dir is None else str(data_dir)

    def points(self) -> list[Point]:
        """All points of a sweep that is no search, setting by setting, and of each seed by seed."""
        chosen = settings(self.sweep)
        found = self.points_of(chosen)
        self._require_useful(chosen, found, least=1)
        return found

    def probe(self) -> None:
        """Try what a search may try. Raises ConfigError for a value that is valid in no setting."""
        chosen = drawn(self.sweep, _PROBES)
        self._require_useful(chosen, self.points_of(chosen), _ENOUGH)

    def points_of(self, chosen: Sequence[Setting], first: int = 0) -> list[Point]:
        """The points of settings that have the numbers ``first``, ``first + 1`` ..."""
        return [point for number, setting in enumerate(chosen, first) for point in self._of(setting, number)]

    def command(self, values: Setting) -> str:
        """The command line that runs a setting again, but for the seed."""
        words = ["neurochip", "run", self._resolver.experiment]
        words += ["--hardware", self._resolver.hardware] if self._resolver.hardware else []
        sets = [*self.sweep.sets]
        for name, axis in self.sweep.axes.items():
            sets += [f"{key}={_yaml(values[name])}" for key in axis.keys]
        return shlex.join([*words, *(word for item in sets for word in ("--set", item))])

    def _of(self, setting: Setting, number: int) -> list[Point]:
        found = self._resolver.resolve(setting)
        if found is None:
            wrong = "; ".join(problem.message for problem in self._resolver.wrong(setting, number))
            return [Point(number, setting, seed, "", "", "", wrong) for seed in self.sweep.seeds]
        experiment, hardware, name = found
        files, code = (data_version(name, self._data_dir), _prices(hardware)), code_version()
        return [
            Point(
                number, setting, seed, key_of(experiment, hardware, *files, seed, code), experiment, hardware
            )
            for seed in self.sweep.seeds
        ]

    def _require_useful(self, chosen: Sequence[Setting], found: Sequence[Point], least: int) -> None:
        """Refuse values that are valid in none of the settings: mistakes, not results."""
        refused = {point.setting for point in found if point.refusal}
        if not refused:
            return
        users: dict[tuple[str, str], list[int]] = {}
        for number, setting in enumerate(chosen):
            for name, value in setting.items():
                listed = self.sweep.axes[name].low is None
                users.setdefault((name, repr(value) if listed else ""), []).append(number)
        useless = [used[0] for used in users.values() if len(used) >= least and refused.issuperset(used)]
        wrong: list[Problem] = []
        for number in dict.fromkeys(useless):
            wrong += self._resolver.wrong(chosen[number], number)
        if wrong:
            raise ConfigError(dict.fromkeys(wrong))


def task_of(point: Point, threads: int, data_dir: str | Path | None) -> dict[str, Any]:
    """All that a worker needs to run a point, as plain data."""
    experiment = json.loads(point.experiment) | {"name": "point", "hardware": "point", "seed": point.seed}
    hardware = json.loads(point.hardware) | {"name": "chip", "description": ""}
    return {
        "key": point.key,
        "experiment": experiment,
        "hardware": hardware,
        "threads": threads,
        "data_dir": None if data_dir is None else str(data_dir),
        "code": code_version(),
        "prices": _prices(point.hardware),
    }


@cache
def _prices(hardware: str) -> str:
    """Checksum of the price table that a resolved hardware names."""
    return prices_version(json.loads(hardware)["prices"])


def _yaml(value: Any) -> str:
    """A value as ``--set`` takes it: text that reads as itself is left plain."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
