"""Where in a record's schema an error of pydantic belongs: its key, type and bounds.

Pydantic names the chosen member of a union inside an error's location; readers of a YAML file know no such
thing, so the location is walked along the type annotations and these names are left out.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from neurochip.config.text import Loc


@dataclass(frozen=True)
class Spot:
    """A place in a schema: the key as the reader knows it, the type there, and the bounds declared for it."""

    loc: Loc
    kind: Any
    bounds: tuple[Any, ...]
    owner: Any
    """The record (or other type) that holds the key."""
    union: Loc | None
    """Key of the innermost untagged union on the way, if any."""


def find_spot(model: type[BaseModel], error_loc: Loc) -> Spot:
    """The spot that a pydantic error location of ``model`` points to; unknown keys have the type Any."""
    kind, bounds, owner = _opened(model)[0], tuple[Any, ...](), Any
    loc: Loc = ()
    union: Loc | None = None
    for step in error_loc:
        if _is_union(kind):
            union = union if _tagged(kind, step) else loc
            kind, extra = _opened(_member(kind, step))
            bounds += extra
        elif step == "[key]":
            kind, bounds = Any, ()
        else:
            loc += (step,)
            owner = kind
            kind, bounds = _opened(*_child(kind, step))
    return Spot(loc, kind, bounds, owner, union)


def _opened(kind: Any, bounds: tuple[Any, ...] = ()) -> tuple[Any, tuple[Any, ...]]:
    """The type inside ``Annotated[...]`` and ``... | None``, with the bounds found on the way."""
    while True:
        if get_origin(kind) is Annotated:
            kind, *notes = get_args(kind)
            bounds += tuple(_bounds(notes))
        elif _is_union(kind) and type(None) in get_args(kind):
            kind = Union[tuple(arg for arg in get_args(kind) if arg is not type(None))]  # noqa: UP007
        else:
            return kind, bounds


def _bounds(notes: list[Any]) -> Iterator[Any]:
    for note in notes:
        yield from note.metadata if isinstance(note, FieldInfo) else (note,)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _tags(kind: Any) -> set[Any]:
    """Every value of the ``Literal`` fields of a record: among them is its tag."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return set()
    literals = (field.annotation for field in kind.model_fields.values())
    return {tag for literal in literals if get_origin(literal) is Literal for tag in get_args(literal)}


def _tagged(union: Any, step: str | int) -> bool:
    return any(step in _tags(_opened(arg)[0]) for arg in get_args(union))


def _member(union: Any, step: str | int) -> Any:
    """The member of a union that pydantic calls ``step``: a tag, a record's name, or a type such as int."""
    for arg in get_args(union):
        kind = _opened(arg)[0]
        name = getattr(kind, "__name__", "")
        if step in _tags(kind) or str(step).removeprefix("constrained-") == name:
            return arg
        if get_origin(kind) is Literal and str(step).startswith("literal["):
            return arg
    return Any


def _child(kind: Any, step: str | int) -> tuple[Any, tuple[Any, ...]]:
    """The type below ``kind`` at a key or an index, with its bounds."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(step))
        return (field.annotation, tuple(field.metadata)) if field else (Any, ())
    arguments = get_args(kind)
    if not arguments:
        return Any, ()
    if get_origin(kind) is tuple and arguments[-1] is not Ellipsis:
        return (arguments[step], ()) if isinstance(step, int) and step < len(arguments) else (Any, ())
    return (arguments[1] if get_origin(kind) in (dict, Mapping) else arguments[0]), ()
