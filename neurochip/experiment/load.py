"""Reading an experiment and its hardware, with overrides, so that all problems of both come out at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from neurochip.config import Source, build, problems
from neurochip.errors import ConfigError, Problem
from neurochip.experiment import documents
from neurochip.experiment.overrides import apply, by_section
from neurochip.experiment.schema import Experiment
from neurochip.hardware import Hardware


class Setup(NamedTuple):
    """An experiment and the hardware that it runs on, both checked."""

    experiment: Experiment
    hardware: Hardware


def load(
    experiment: str | Path, hardware: str | Path | None = None, sets: Iterable[str] = (), **keys: int | None
) -> Setup:
    """Read an experiment (preset name or path) and its hardware, after ``section.key=value`` overrides.

    ``hardware`` replaces the experiment's own, and so do ``keys`` (seed, epochs) that are not None.
    Raises ConfigError with everything that is wrong in both documents and in the overrides.
    """
    source, chip = sources(experiment, hardware, sets, **keys)
    return Setup(build(source, Experiment), build(chip, Hardware))


def sources(
    experiment: str | Path, hardware: str | Path | None = None, sets: Iterable[str] = (), **keys: int | None
) -> tuple[Source, Source]:
    """The documents that `load` builds its records of, checked: the experiment and its hardware."""
    found: list[Problem] = []
    split = by_section(sets, found)
    source = chip = None
    with _noting(found):
        path, source = documents.read(experiment, "experiment")
        source = apply(source, "experiment", split["experiment"], found)
        source = _with_keys(source, hardware, keys, found)
    with _noting(found):
        if hardware is not None:
            _, chip = documents.read(hardware, "hardware")
        elif source is not None:
            chip = _hardware_of(source, path)
        if chip is not None:
            chip = apply(chip, "hardware", split["hardware"], found)
    found += problems(source, Experiment) if source else []
    found += problems(chip, Hardware) if chip else []
    if found or source is None or chip is None:
        raise ConfigError(dict.fromkeys(found))
    return source, chip


def load_hardware(hardware: str | Path, sets: Iterable[str] = ()) -> Hardware:
    """Read hardware alone; of ``sets`` those that begin with ``hardware.`` count. Raises ConfigError."""
    found: list[Problem] = []
    items = by_section(sets, found)["hardware"]
    with _noting(found):
        chip = apply(documents.read(hardware, "hardware")[1], "hardware", items, found)
        found += problems(chip, Hardware)
    if found:
        raise ConfigError(dict.fromkeys(found))
    return build(chip, Hardware)


@contextmanager
def _noting(found: list[Problem]) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        found += error.problems


def _with_keys(
    source: Source, hardware: str | Path | None, keys: dict[str, int | None], found: list[Problem]
) -> Source:
    """The experiment with what was given beside it; ``json`` keeps a path from being read as YAML."""
    given = {**keys, "hardware": None if hardware is None else str(hardware)}
    for key, value in given.items():
        if value is not None:
            with _noting(found):
                source = source.override(key, json.dumps(value), f"--{key}")
    return source


def _hardware_of(experiment: Source, path: Path) -> Source | None:
    """The hardware that an experiment names; a file is looked for beside the experiment first."""
    name = experiment.data.get("hardware")
    if not isinstance(name, str) or not name:
        return None
    beside = path.parent / name
    try:
        return documents.read(beside if Path(name).suffix and beside.is_file() else name, "hardware")[1]
    except ConfigError as error:
        place = experiment.place(("hardware",))
        raise ConfigError(Problem(f"hardware {name}: {it.message}", place) for it in error.problems) from None
