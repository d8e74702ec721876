"""The base of every record that is read from a YAML file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from neurochip.config.text import choose_from

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Model(BaseModel):
    """A frozen record; unknown keys, quiet conversions, NaN and fields without a description are refused.

    Lists load into tuple fields and integers into float fields; booleans are neither integers nor floats.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Every field is explained in the JSON Schema: a missing description is a TypeError at import."""
        silent = [name for name, field in cls.model_fields.items() if not field.description]
        if silent:
            raise TypeError(f"{cls.__name__}: fields without a description: {', '.join(silent)}")

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the record, for editors that complete and check YAML."""
        return {"$schema": SCHEMA_DIALECT, **cls.model_json_schema()}


def broken(*rules: tuple[str, str]) -> PydanticCustomError:
    """The error a validator raises for (key, rule) pairs; keys are dotted, below the record ("" = itself).

    ``raise broken(("frac", "must be 0..7, not 9"))`` in ``registers.weight`` is reported as
    ``registers.weight.frac must be 0..7, not 9 (chip.yaml:12)``.
    """
    return PydanticCustomError("broken_rules", "broken rules", {"rules": rules})


def require_one_of(value: str, names: Iterable[str]) -> str:
    """``value`` if it is one of ``names`` (say, of a shelf); for field validators."""
    known = list(names)
    if value not in known:
        raise broken(("", choose_from(value, known)))
    return value
