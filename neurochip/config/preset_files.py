"""The YAML files that come with the package, found by name."""

from __future__ import annotations

from pathlib import Path

from neurochip.config.source import Source
from neurochip.config.text import suggestion
from neurochip.errors import ConfigError, Problem

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIXES = (".yaml", ".yml")


def presets_folder(folder: str = ".") -> Path:
    """``folder`` below ``hw_configs``: inside an installed package, beside the package in the repository."""
    inside = _PACKAGE / "hw_configs"
    return (inside if inside.is_dir() else _PACKAGE.parent / "hw_configs") / folder


def find_preset(name_or_path: str | Path, folder: str = ".") -> Path:
    """The file of a preset (``tiny``), or the path itself when it is a YAML file's (``my/chip.yaml``).

    ``folder``: "." for hardware, "experiments" for experiments. Unknown names raise ConfigError.
    """
    path = Path(name_or_path)
    if path.suffix in _SUFFIXES or path.is_file():
        return path
    files = _files(folder)
    name = str(name_or_path)
    if name not in files:
        known = f"presets: {', '.join(files)}" if files else "there are no presets"
        message = f"unknown preset {name!r}{suggestion(name, files) or ';'} {known}"
        raise ConfigError([Problem(message, f"hw_configs/{folder}".removesuffix("/."))])
    return files[name]


def presets(folder: str = ".") -> list[tuple[str, str]]:
    """(name, description) of every preset in ``folder``, by name."""
    sources = {name: Source.read(path) for name, path in _files(folder).items()}
    return [(name, str(source.data.get("description", ""))) for name, source in sources.items()]


def _files(folder: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted(presets_folder(folder).glob("*.yaml"))}
