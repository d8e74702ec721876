"""From a document to a record, or to everything that is wrong with it."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import ValidationError

from neurochip.config.model import Model
from neurochip.config.rules import findings
from neurochip.config.source import Source
from neurochip.config.text import Loc
from neurochip.errors import ConfigError, Problem

M = TypeVar("M", bound=Model)


def build(source: Source, model: type[M], prefix: str = "") -> M:
    """The record ``model`` made of the document, or of its section with the dotted key ``prefix``.

    Raises ConfigError with all problems at once; messages name keys from the document's root.
    """
    record, found = _validated(source, model, prefix)
    if record is None:
        raise ConfigError(found)
    return record


def problems(source: Source, model: type[Model], prefix: str = "") -> list[Problem]:
    """What ``build`` would raise, as a list: for callers that check several documents and raise once."""
    return _validated(source, model, prefix)[1]


def _validated(source: Source, model: type[M], prefix: str) -> tuple[M | None, list[Problem]]:
    try:
        loc, section = source.section(prefix)
    except ConfigError as error:
        return None, list(error.problems)
    try:
        # As JSON, because pydantic's strict mode takes lists for tuples there and nowhere else.
        return model.model_validate_json(json.dumps(section)), []
    except ValidationError as invalid:
        return None, _problems(source, model, loc, invalid)


def _problems(source: Source, model: type[Model], prefix: Loc, error: ValidationError) -> list[Problem]:
    found = findings(model, error.errors(include_url=False))
    return list(dict.fromkeys(Problem(f.message(prefix), source.place((*prefix, *f.loc))) for f in found))
