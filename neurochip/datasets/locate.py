"""Where the files of a data set are: a folder of the user's, or a download that is checked and kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from neurochip.datasets.base import Folder
from neurochip.errors import DataError

DATA_VARIABLE = "NEUROCHIP_DATA"
CACHE_VARIABLE = "NEUROCHIP_CACHE"


def user_folder(data_dir: Folder | None) -> Path | None:
    """The folder that the user names: ``data_dir``, else the environment variable NEUROCHIP_DATA, else None.

    Raises DataError if there is no such folder.
    """
    who, named = "data_dir" if data_dir else DATA_VARIABLE, data_dir or os.environ.get(DATA_VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DataError(f"{who}: {folder} is not a folder; name the one with the data, or none to download")
    return folder


def find(name: str, root: Path, folders: Sequence[str], archives: Sequence[str]) -> list[Path]:
    """The files, each with or without ``.gz``, in the first of ``root/folders`` and ``root`` that has any.

    Raises DataError if there is none, or if one of the files is missing.
    """
    places = [*(root / folder for folder in folders), root]
    for place in places:
        found = [_one_of(place / archive, place / archive.removesuffix(".gz")) for archive in archives]
        present = [path for path in found if path is not None]
        if len(present) == len(archives):
            return present
        if present:
            missing = next(archive for archive, path in zip(archives, found, strict=True) if path is None)
            raise DataError(f"{name}: {missing} is missing in {place}; it belongs beside {present[0].name}")
    raise DataError(
        f"{name}: found neither {' nor '.join(archives)} (nor the same without .gz) in {_listed(places)}; "
        f"put the files there, or leave out data_dir and {DATA_VARIABLE} to download them"
    )


def download(name: str, archive: str, sha256: str, mirrors: Sequence[str]) -> Path:
    """The file in the cache, fetched there from the first mirror that has it; its SHA-256 is always checked.

    The cache is the folder NEUROCHIP_CACHE, else the user's own. Raises DataError if no mirror answers.
    """
    import pooch

    cache = Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("neurochip")).expanduser() / name
    failures: list[str] = []
    for mirror in mirrors:
        try:
            return Path(pooch.retrieve(mirror + archive, f"sha256:{sha256}", fname=archive, path=cache))
        except (OSError, ValueError) as error:
            failures.append(f"{mirror}: {error}")
    raise DataError(
        f"{name}: {archive} is not in {cache} and could not be downloaded. Either run once with a network "
        f"(the files are kept), or put the files in a folder and name it with data_dir (--data-dir) or "
        f"{DATA_VARIABLE}. Tried {'; '.join(failures)}"
    )


def _one_of(*paths: Path) -> Path | None:
    return next((path for path in paths if path.is_file()), None)


def _listed(places: Iterable[Path]) -> str:
    return ", ".join(str(place) for place in places)
