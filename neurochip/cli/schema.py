"""``neurochip schema``: JSON Schemas, for editors and for readers of records."""

from __future__ import annotations

import json

from neurochip.config import Model
from neurochip.config.text import choose_from
from neurochip.cost import PriceTable
from neurochip.errors import NeurochipError
from neurochip.experiment.documents import MODELS
from neurochip.experiment.record_schema import RecordModel
from neurochip.sweep import Sweep

SCHEMAS: dict[str, type[Model]] = {
    **dict(MODELS.items()),
    "sweep": Sweep,
    "prices": PriceTable,
    "record": RecordModel,
}


def print_schema(kind: str) -> None:
    """Print one of the schemas; NeurochipError if there is none of that name."""
    if kind not in SCHEMAS:
        raise NeurochipError(f"schema {choose_from(kind, list(SCHEMAS))}")
    print(json.dumps(SCHEMAS[kind].json_schema(), indent=2, ensure_ascii=True))
