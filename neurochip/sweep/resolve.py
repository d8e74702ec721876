"""From a setting to the resolved configuration of its points, quickly: ten thousand in a second or two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from neurochip.config import Model, Source, problems
from neurochip.config.text import Loc
from neurochip.errors import ConfigError, Problem
from neurochip.experiment.documents import MODELS, Kind
from neurochip.experiment.load import sources
from neurochip.sweep.schema import Sweep
from neurochip.sweep.settings import Setting

LEFT_OUT = {"hardware": {"name", "description"}, "experiment": {"name", "description", "hardware", "seed"}}
"""Keys that decide nothing (a chip by its content, not by its name), and the seed, which is apart."""


_CHIP = "experiment.hardware"


class Resolved(NamedTuple):
    """Canonical JSON of what decides a setting's runs, but for the seed; ``data``: the data set's name."""

    experiment: str
    hardware: str
    data: str


class Resolver:
    """Applies settings to the documents of a sweep. Raises ConfigError if those are not valid as they are."""

    def __init__(self, sweep: Sweep, source: Source, folder: Path) -> None:
        self._sweep, self._source = sweep, source
        self.experiment = beside(folder, sweep.experiment)
        self.hardware = None if sweep.hardware is None else beside(folder, sweep.hardware)
        self._bases: dict[str | None, dict[Kind, Source]] = {}
        self._checked: dict[tuple[int, str], str | None] = {}
        self._data: dict[str, str] = {}
        self._paths = {kind: _paths(sweep, kind) for kind in MODELS}
        self._base(None)

    def resolve(self, setting: Setting) -> Resolved | None:
        """The configuration of a setting, or None if it is not valid."""
        base = self._base_of(setting)
        if base is None:
            return None
        experiment = self._document("experiment", base, setting)
        hardware = self._document("hardware", base, setting)
        if experiment is None or hardware is None:
            return None
        return Resolved(experiment, hardware, self._data[experiment])

    def wrong(self, setting: Setting, number: int) -> list[Problem]:
        """What is wrong with a setting that does not resolve; places are those of the sweep's file."""
        try:
            base = self._base_of(setting, number) or {}
            for name, axis in self._sweep.axes.items():
                for key in axis.keys:
                    kind, below = _split(key)
                    text = json.dumps(setting[name])
                    base[kind] = base[kind].override(below, text, self._place(name, setting, number))
        except ConfigError as error:
            return list(error.problems)
        return [problem for kind in MODELS for problem in problems(base[kind], MODELS[kind])]

    def _place(self, name: str, setting: Setting, number: int) -> str:
        locs: list[Loc] = [("settings", number, name), ("axes", name)]
        values = self._sweep.axes[name].values if name in self._sweep.axes else None
        if values is not None and setting[name] in values:
            locs.insert(0, ("axes", name, "values", values.index(setting[name])))
        return next((self._source.places[loc] for loc in locs if loc in self._source.places), "axes")

    def _base(self, chip: str | None) -> dict[Kind, Source]:
        """Both documents before the axes, with another chip named by an axis, if any. Raises ConfigError."""
        if chip not in self._bases:
            sets = [*self._sweep.sets] + [f"experiment.hardware={json.dumps(chip)}"] * (chip is not None)
            experiment, hardware = sources(self.experiment, self.hardware, sets)
            self._bases[chip] = {"experiment": experiment, "hardware": hardware}
        return self._bases[chip]

    def _base_of(self, setting: Setting, number: int | None = None) -> dict[Kind, Source] | None:
        """The documents with the chip that the setting names; with a ``number``, errors have their place."""
        name = next((name for name, axis in self._sweep.axes.items() if _CHIP in axis.keys), None)
        try:
            return dict(self._base(None if name is None else setting[name]))
        except ConfigError as error:
            if name is not None and number is not None:
                place = self._place(name, setting, number)
                raise ConfigError(Problem(it.message, place) for it in error.problems) from None
            return None

    def _document(self, kind: Kind, base: dict[Kind, Source], setting: Setting) -> str | None:
        """Canonical JSON of a document after a setting, or None; each is made and checked once."""
        values = [setting[name] for name, _ in self._paths[kind]]
        known = (id(base[kind]), repr(values))
        if known not in self._checked:
            self._checked[known] = self._made(kind, base[kind].data, setting)
        return self._checked[known]

    def _made(self, kind: Kind, data: Any, setting: Setting) -> str | None:
        try:
            for name, steps in self._paths[kind]:
                data = _changed(data, steps, setting[name])
        except (KeyError, IndexError, TypeError, ValueError):
            return None
        text = _canonical(MODELS[kind], json.dumps(data), LEFT_OUT[kind])
        if text is not None and kind == "experiment":
            self._data[text] = data["data"]["name"]
        return text


def beside(folder: Path, name: str) -> str:
    """A preset's name as it is; a YAML file is looked for in ``folder``, the sweep's, first."""
    path = folder / name
    return str(path) if Path(name).suffix in (".yaml", ".yml") and path.is_file() else name


def _canonical(model: type[Model], text: str, left_out: set[str]) -> str | None:
    try:
        record = model.model_validate_json(text)
    except ValidationError:
        return None
    return json.dumps(record.model_dump(mode="json", exclude=left_out), sort_keys=True, separators=(",", ":"))


def _paths(sweep: Sweep, kind: Kind) -> list[tuple[str, list[str]]]:
    """(axis, steps of a key) of all keys in a document."""
    keys = [(name, *_split(key)) for name, axis in sweep.axes.items() for key in axis.keys]
    return [(name, below.split(".")) for name, where, below in keys if where == kind]


def _split(key: str) -> tuple[Kind, str]:
    section, _, below = key.partition(".")
    return ("hardware" if section == "hardware" else "experiment"), below


def _index(step: str) -> int:
    """A list's index as overrides have it, counted from the first item. Raises ValueError."""
    if not step.isdecimal():
        raise ValueError(step)
    return int(step)


def _changed(data: Any, steps: list[str], value: Any) -> Any:
    """A copy of nested mappings and lists with one value changed; what it does not touch is shared."""
    if not steps:
        return value
    if isinstance(data, list):
        index, copy = _index(steps[0]), list(data)
        copy[index] = _changed(data[index], steps[1:], value)
        return copy
    below = data.get(steps[0]) if len(steps) > 1 else None
    return {**data, steps[0]: _changed({} if below is None else below, steps[1:], value)}
