"""Reading an experiment and its hardware, with overrides, so that all problems of both come out at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from neurochip.config import Source, build, find_preset, problems
from neurochip.errors import ConfigError, Problem
from neurochip.experiment.schema import Experiment
from neurochip.hardware import Hardware

EXPERIMENTS = "experiments"


class Setup(NamedTuple):
    """An experiment and the hardware that it runs on, both checked."""

    experiment: Experiment
    hardware: Hardware


def load(
    experiment: str | Path, hardware: str | Path | None = None, sets: Iterable[str] = (), **keys: int | None
) -> Setup:
    """Read an experiment (preset name or path) and its hardware, after ``section.key=value`` overrides.

    ``hardware`` replaces the experiment's own; ``keys`` (seed, epochs) replace those of the experiment if not None.
    Raises ConfigError with everything that is wrong in both documents.
    """
    path = find_preset(experiment, EXPERIMENTS)
    source = Source.read(path)
    given = {key: value for key, value in keys.items() if value is not None}
    for key, value in given.items():
        source = source.override(key, str(value), f"--{key}")
    split = _sections(sets)
    source = _override(source, "experiment", split["experiment"])
    name = hardware if hardware is not None else source.data.get("hardware")
    if not isinstance(name, str | Path):
        raise ConfigError(problems(source, Experiment))
    chip = Source.read(_hardware_path(name, path, given_by_user=hardware is not None))
    chip = _override(chip, "hardware", split["hardware"])
    found = [*problems(source, Experiment), *problems(chip, Hardware)]
    if found:
        raise ConfigError(found)
    if hardware is not None:
        source = source.override("hardware", str(hardware), "--hardware")
    return Setup(build(source, Experiment), build(chip, Hardware))


def _hardware_path(name: str | Path, experiment: Path, given_by_user: bool) -> Path:
    """A hardware file named in an experiment is looked for beside the experiment first."""
    beside = experiment.parent / name
    if not given_by_user and Path(name).suffix in (".yaml", ".yml") and beside.is_file():
        return beside
    return find_preset(name)


def _sections(sets: Iterable[str]) -> dict[str, list[str]]:
    """Overrides by section; every key begins with ``hardware.`` or ``experiment.``."""
    split: dict[str, list[str]] = {"hardware": [], "experiment": []}
    wrong = []
    for item in sets:
        section, _, rest = item.partition(".")
        if section in split and "=" in rest:
            split[section].append(rest)
        elif "=" not in item:
            wrong.append(Problem(f"--set needs section.key=value, not {item!r}", f"--set {item}"))
        else:
            key = item.partition("=")[0]
            wrong.append(Problem(f"{key} must begin with hardware. or experiment.", f"--set {key}"))
    if wrong:
        raise ConfigError(wrong)
    return split


def _override(source: Source, section: str, items: Iterable[str]) -> Source:
    found: list[Problem] = []
    for item in items:
        key, _, text = item.partition("=")
        try:
            source = source.override(key.strip(), text, f"--set {section}.{key.strip()}")
        except ConfigError as error:
            found += error.problems
    if found:
        raise ConfigError(found)
    return source
