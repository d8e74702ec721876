"""From YAML text to plain data, keeping the place of every value.

The scalars are those of YAML 1.2: ``1e-3`` is a number, ``yes`` and ``on`` are text, ``010`` is ten.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from neurochip.config.text import Loc, dotted
from neurochip.errors import Problem

_TAG = "tag:yaml.org,2002:"
_INT = r"[-+]?[0-9][0-9_]*|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+"
_FLOAT = (
    r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
)


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the scalar rules of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _kind, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(rf"(?:{_pattern})\Z"), _first)


class Reader:
    """Reads one text; ``problems`` and ``places`` then tell what was found.

    ``place_of`` turns a line (from 1) into the place shown in messages.
    """

    def __init__(self, place_of: Callable[[int], str]) -> None:
        self.problems: list[Problem] = []
        self.places: dict[Loc, str] = {}
        self._place_of = place_of
        self._open: set[int] = set()

    def read(self, text: str, loc: Loc) -> Any:
        """The data in ``text``, which stands at ``loc``; None when it is empty or not YAML."""
        try:
            node = _Loader(text).get_single_node()
            self.places[loc] = self._place_of(1)
            return None if node is None else self._value(node, loc)
        except yaml.MarkedYAMLError as error:
            reasons = ", ".join(part for part in (error.context, error.problem) if part)
            mark = error.problem_mark or error.context_mark
            self._problem(f"not valid YAML: {reasons}", mark.line + 1 if mark else 1)
        except yaml.YAMLError as error:
            self._problem(f"not valid YAML: {str(error).splitlines()[0]}", 1)
        except RecursionError:
            self._problem("not valid here: nested too deeply", 1)
        return None

    def _problem(self, message: str, line: int) -> None:
        self.problems.append(Problem(message, self._place_of(line)))

    def _value(self, node: yaml.Node, loc: Loc) -> Any:
        if id(node) in self._open:
            self.problems.append(Problem(f"{dotted(loc)} contains itself", self.places[loc]))
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
                return self._mapping(node, loc)
            if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
                return [self._item(item, (*loc, index)) for index, item in enumerate(node.value)]
            return self._scalar(node, loc)
        finally:
            self._open.discard(id(node))

    def _item(self, node: yaml.Node, loc: Loc) -> Any:
        self.places[loc] = self._place_of(_line(node))
        return self._value(node, loc)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self._problem(f"a key in {dotted(loc) or 'the document'} must be plain text", _line(key_node))
            elif key in found:
                first = self.places[(*loc, key)]
                self._problem(f"duplicate key {dotted((*loc, key))}; it is also at {first}", _line(key_node))
            else:
                self.places[(*loc, key)] = self._place_of(_line(key_node))
                found[key] = self._value(value_node, (*loc, key))
        return found

    def _scalar(self, node: yaml.Node, loc: Loc) -> Any:
        convert = _CONVERT.get(node.tag.removeprefix(_TAG))
        try:
            if convert and isinstance(node, yaml.ScalarNode):
                return convert(node.value)
        except ValueError:
            pass
        tag = node.tag.replace(_TAG, "!!")
        self._problem(f"{dotted(loc) or 'the document'} cannot be read as {tag}", _line(node))
        return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _int(text: str) -> int:
    return int(text, 0 if text[:2].lower() in ("0o", "0x", "0b") else 10)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


_CONVERT: dict[str, Callable[[str], Any]] = {
    "null": lambda _text: None,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "str": str,
}
