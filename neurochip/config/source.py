"""A parsed YAML document that knows where each of its values was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from neurochip.config.reader import Reader
from neurochip.config.text import Loc, dotted, show
from neurochip.errors import ConfigError, Problem


@dataclass(frozen=True)
class Source:
    """A document: its name in messages, its data (plain dicts, lists, scalars) and the place of each value.

    Treat ``data`` as read-only; ``override`` returns a changed copy.
    """

    name: str
    data: dict[str, Any]
    places: Mapping[Loc, str]

    @classmethod
    def read(cls, path: str | Path) -> Source:
        """The document in a file of UTF-8 text; ConfigError when it cannot be read or parsed."""
        name = _short(Path(path))
        try:
            text = Path(path).read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            raise ConfigError([Problem("there is no such file", name)]) from None
        except IsADirectoryError:
            raise ConfigError([Problem("this is a folder, not a YAML file", name)]) from None
        except UnicodeDecodeError as error:
            message = f"the file must be UTF-8 text; byte {error.start} is {error.object[error.start]:#04x}"
            raise ConfigError([Problem(message, name)]) from None
        except OSError as error:
            raise ConfigError([Problem(f"the file cannot be read: {error.strerror}", name)]) from None
        return cls.parse(text, name)

    @classmethod
    def parse(cls, text: str, name: str) -> Source:
        """The document in ``text``; ConfigError for bad YAML, duplicate keys or a root that is no mapping."""
        return _parsed(text, name)

    def place(self, loc: Loc) -> str:
        """``file:line`` or ``--set key`` of a value, or of the nearest parent that is in the document."""
        for end in range(len(loc), 0, -1):
            if loc[:end] in self.places:
                return self.places[loc[:end]]
        return self.places.get((), self.name)

    def section(self, key: str) -> tuple[Loc, Any]:
        """Location and value of the dotted ``key`` ("": the whole document); ConfigError when missing."""
        loc: Loc = ()
        here: Any = self.data
        for name in key.split(".") if key else ():
            step = _step(here, loc, name, self.place(loc))
            if isinstance(here, dict) and step not in here:
                raise ConfigError([Problem(f"missing key {dotted((*loc, step))}", self.place(loc))])
            loc, here = (*loc, step), here[step]
        return loc, here

    def override(self, key: str, text: str, place: str | None = None) -> Source:
        """A copy in which the dotted ``key`` has the YAML value ``text``; its place is then ``place``.

        Missing mappings on the way are made; list items are named by index. Raises ConfigError.
        """
        return _with_value(self, key, text, place or f"--set {key}")

    def override_all(self, sets: Iterable[str]) -> Source:
        """A copy with every ``a.b.c=value`` applied in order; one ConfigError for all that are wrong."""
        source = self
        found: list[Problem] = []
        for item in sets:
            key, sign, text = item.partition("=")
            try:
                if not sign:
                    raise ConfigError([Problem(f"--set needs key=value, not {item!r}", f"--set {item}")])
                source = source.override(key.strip(), text)
            except ConfigError as error:
                found += error.problems
        if found:
            raise ConfigError(found)
        return source


@lru_cache(maxsize=64)
def _parsed(text: str, name: str) -> Source:
    """`Source.parse`; a sweep reads the same documents for every point."""
    reader = Reader(lambda line: f"{name}:{line}")
    data = reader.read(text, ())
    if not reader.problems and not isinstance(data, dict):
        what = "it is empty" if data is None else f"not {show(data)}"
        reader.problems.append(Problem(f"the document must be a mapping of keys, {what}", f"{name}:1"))
    if reader.problems:
        raise ConfigError(reader.problems)
    return Source(name, data, MappingProxyType(reader.places))


def _short(path: Path) -> str:
    """The path relative to the working folder when it is below it, else as given."""
    full, here = path.absolute(), Path.cwd()
    return str(full.relative_to(here)) if full.is_relative_to(here) else str(path)


def _with_value(source: Source, key: str, text: str, place: str) -> Source:
    if not all(key.split(".")):
        raise ConfigError([Problem(f"a key must be names joined by single dots, not {key!r}", place)])
    data, places = deepcopy(source.data), dict(source.places)
    loc, parent = _parent(data, places, key.split("."), place)
    reader = Reader(lambda _line: place)
    value = reader.read(text, loc)
    if reader.problems:
        raise ConfigError(reader.problems)
    parent[loc[-1]] = value
    kept = {old: where for old, where in places.items() if old[: len(loc)] != loc}
    return Source(source.name, data, MappingProxyType({**kept, **reader.places, loc: place}))


def _parent(data: Any, places: dict[Loc, str], names: list[str], place: str) -> tuple[Loc, Any]:
    """The location named by ``names`` and the mapping or list that holds it; makes missing mappings."""
    here = data
    loc: Loc = ()
    for position, name in enumerate(names):
        step = _step(here, loc, name, place)
        loc += (step,)
        if position == len(names) - 1:
            break
        if isinstance(here, dict) and here.get(name) is None:
            here[name] = {}
            places[loc] = place
        here = here[step]
    return loc, here


def _step(here: Any, loc: Loc, name: str, place: str) -> str | int:
    """``name`` as a key or list index of the value ``here`` at ``loc``; ConfigError when it is neither."""
    if isinstance(here, dict):
        return name
    if not isinstance(here, list):
        message = f"{dotted(loc)} is {show(here)}: it has no key {name}"
    elif name.isdecimal() and int(name) < len(here):
        return int(name)
    elif not here:
        message = f"{dotted(loc)} is an empty list: it has no item {name}"
    else:
        message = f"the index in {dotted(loc)} must be 0..{len(here) - 1}, not {name!r}"
    raise ConfigError([Problem(message, place)])
