"""Finding and reading the two kinds of YAML documents, and telling them apart."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from neurochip.config import Model, Source, find_preset, presets
from neurochip.config.text import suggestion
from neurochip.errors import ConfigError, Problem
from neurochip.experiment.schema import Experiment
from neurochip.hardware import Hardware

Kind = Literal["hardware", "experiment"]

FOLDERS: dict[Kind, str] = {"hardware": ".", "experiment": "experiments"}
MODELS: dict[Kind, type[Model]] = {"hardware": Hardware, "experiment": Experiment}
_NAMES: dict[Kind, str] = {"hardware": "a hardware", "experiment": "an experiment"}
_ADVICE: dict[Kind, str] = {
    "hardware": "give it with --hardware",
    "experiment": "give it to neurochip run",
}


def kind_of(name_or_path: str | Path) -> Kind:
    """Whether a preset or file is hardware or an experiment. Raises ConfigError if it is neither."""
    if not _is_file(name_or_path):
        return _kind_of_preset(str(name_or_path))
    source = Source.read(name_or_path)
    found = _kind_of_source(source)
    if found is None:
        message = "this is neither a hardware nor an experiment file: it has none of their keys"
        raise ConfigError([Problem(message, source.place(()))])
    return found


def read(name_or_path: str | Path, kind: Kind) -> tuple[Path, Source]:
    """File and content of a document that must be of ``kind``. Raises ConfigError."""
    other: Kind = "experiment" if kind == "hardware" else "hardware"
    try:
        path = find_preset(name_or_path, FOLDERS[kind])
    except ConfigError:
        if str(name_or_path) in _names(other):
            problem = _wrong_kind(f"{name_or_path} is", "preset", kind, other, "hw_configs")
            raise ConfigError([problem]) from None
        raise
    source = Source.read(path)
    if _kind_of_source(source) == other:
        raise ConfigError([_wrong_kind("this is", "file", kind, other, source.place(()))])
    return path, source


def _wrong_kind(subject: str, what: str, kind: Kind, other: Kind, place: str) -> Problem:
    return Problem(f"{subject} {_NAMES[other]} {what}, not {_NAMES[kind]} {what}: {_ADVICE[other]}", place)


def _is_file(name_or_path: str | Path) -> bool:
    path = Path(name_or_path)
    return path.suffix in (".yaml", ".yml") or path.is_file()


def _names(kind: Kind) -> list[str]:
    return [name for name, _ in presets(FOLDERS[kind])]


def _kind_of_preset(name: str) -> Kind:
    known = {kind: _names(kind) for kind in FOLDERS}
    for kind in ("experiment", "hardware"):
        if name in known[kind]:
            return kind
    names = [*known["hardware"], *known["experiment"]]
    hint = suggestion(name, names) or ";"
    raise ConfigError([Problem(f"unknown preset {name!r}{hint} presets: {', '.join(names)}", "hw_configs")])


def _kind_of_source(source: Source) -> Kind | None:
    """The kind of which the document has more keys; None if it has as many of both, or none."""
    hardware, experiment = (set(model.model_fields) for model in (Hardware, Experiment))
    keys = source.data.keys()
    balance = len(keys & (hardware - experiment)) - len(keys & (experiment - hardware))
    if balance == 0:
        return None
    return "hardware" if balance > 0 else "experiment"
