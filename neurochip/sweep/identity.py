"""What makes two points the same: resolved configuration, data, prices, code and seed."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from neurochip import datasets
from neurochip.config.preset_files import find_preset, presets_folder
from neurochip.errors import ConfigError

FORMAT = "neurochip point 2"
PACKAGE = Path(__file__).resolve().parents[1]
ABOVE = ("cli", "compare", "reference", "report", "sweep")
"""Folders whose code no row depends on; of ``sweep`` only ``row.py`` counts."""
SOURCES = (".py", ".csv")
"""Endings of the files that a row depends on: modules, and the tables of arrays beside them."""


@cache
def code_version() -> str:
    """SHA-256 of all sources that a row depends on: counts, time and cost among them, and the package's price
    tables. The same on any machine."""
    return _digest(PACKAGE, presets_folder("energy"))


def _digest(package: Path, tables: Path) -> str:
    files = {
        path.relative_to(package).as_posix(): path for path in package.rglob("*.*") if path.suffix in SOURCES
    }
    kept = {name: path for name, path in files.items() if name.split("/")[0] not in ABOVE}
    kept["sweep/row.py"] = package / "sweep" / "row.py"
    kept |= {f"tables/{path.name}": path for path in tables.glob("*") if path.is_file()}
    digest = hashlib.sha256()
    for name in sorted(kept):
        content = _content(kept[name])
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@cache
def data_version(name: str, data_dir: str | None) -> str:
    """SHA-256 of a data set's samples, all of both parts. Raises DataError if they are not there."""
    parts = (datasets.load(name, split, data_dir).sha256 for split in ("train", "test"))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


@cache
def prices_version(name_or_path: str) -> str:
    """SHA-256 of a price table as a file; nothing if there is none, which the run will say."""
    try:
        return hashlib.sha256(_content(find_preset(name_or_path, "energy"))).hexdigest()
    except (ConfigError, OSError):
        return ""


def _content(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


def key_of(experiment: str, hardware: str, data: str, prices: str, seed: int, code: str) -> str:
    """The name of a point in a store; ``experiment`` and ``hardware``: canonical JSON of what decides it."""
    parts = (FORMAT, code, data, prices, experiment, hardware, str(seed))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
