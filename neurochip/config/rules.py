"""From an error of pydantic to the rule it broke, in the words of the vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from neurochip.config.spot import Spot, find_spot
from neurochip.config.text import Loc, choice, dotted, must_be, number, suggestion

Error = Mapping[str, Any]

_LIST, _MAPPING = "a list", "a mapping of keys"
_NOUNS = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "int_parsing": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "none_required": "null",
}


@dataclass(frozen=True)
class Finding:
    """One broken rule about the key at ``loc``.

    Either ``noun`` and ``value`` ("must be noun, not value"), or ``rule``: the words after the key, and
    ``before`` those before it; with ``whole`` the rule is a complete message and the key is not named.
    """

    loc: Loc
    rule: str = ""
    before: str = ""
    whole: bool = False
    noun: str = ""
    value: object = None
    hint: str = ""
    union: Loc | None = None

    def message(self, prefix: Loc) -> str:
        """The message, naming the key from the document's root."""
        if self.whole:
            return self.rule
        name = dotted((*prefix, *self.loc)) or "the document"
        rule = " " + must_be(self.noun, self.value, self.hint) if self.noun else self.rule
        return self.before + name + rule


def findings(model: type[BaseModel], errors: list[Any]) -> list[Finding]:
    """One finding for each mistake in a document (an untagged union makes several errors of one)."""
    meant = [error for error in errors if not _counts_without_bad_items(error, errors)]
    return _merged([found for error in meant for found in _of(find_spot(model, error["loc"]), error)])


def _counts_without_bad_items(error: Error, errors: list[Any]) -> bool:
    """Whether pydantic calls a list too short only because it leaves out items with errors of their own."""
    loc = error["loc"]
    bad_items = any(other["loc"][: len(loc)] == loc != other["loc"] for other in errors)
    return error["type"] == "too_short" and bad_items and len(error["input"]) >= error["ctx"]["min_length"]


def _of(spot: Spot, error: Error) -> list[Finding]:
    kind = error["type"]
    if kind == "broken_rules":
        return [_broken(spot, key, rule) for key, rule in error["ctx"]["rules"]]
    if kind in _NOUNS:
        return [_must(spot, _NOUNS[kind], error)]
    if kind in _WORDING:
        return [_WORDING[kind](spot, error)]
    return [Finding(spot.loc, f": {error['msg']}", union=spot.union)]


def _must(spot: Spot, noun: str, error: Error, hint: str = "") -> Finding:
    return Finding(spot.loc, noun=noun, value=error["input"], hint=hint, union=spot.union)


def _missing(spot: Spot, error: Error) -> Finding:
    if isinstance(spot.loc[-1], int):
        return _length(replace(spot, loc=spot.loc[:-1], kind=spot.owner), error)
    return Finding(spot.loc, before="missing key ", union=spot.union)


def _unknown(spot: Spot, error: Error) -> Finding:
    allowed = list(getattr(spot.owner, "model_fields", ()))
    otherwise = f"; allowed keys: {', '.join(allowed)}" if allowed else "; no keys are allowed here"
    hint = suggestion(spot.loc[-1], allowed) or otherwise
    return Finding(spot.loc, hint, before="unknown key ", union=spot.union)


def _literal(spot: Spot, error: Error) -> Finding:
    names = get_args(spot.kind) or (error["ctx"]["expected"],)
    return _must(spot, choice(names), error, suggestion(error["input"], names) if len(names) > 1 else "")


def _wrong_tag(spot: Spot, error: Error) -> Finding:
    names, loc = re.findall(r"'([^']*)'", error["ctx"]["expected_tags"]), _tag_loc(spot, error)
    tag = error["input"][loc[-1]]
    return Finding(loc, noun=choice(names), value=tag, hint=suggestion(tag, names), union=spot.union)


def _no_tag(spot: Spot, error: Error) -> Finding:
    return Finding(_tag_loc(spot, error), before="missing key ", union=spot.union)


def _tag_loc(spot: Spot, error: Error) -> Loc:
    return (*spot.loc, error["ctx"]["discriminator"].strip("'"))


def _out_of_range(spot: Spot, error: Error) -> Finding:
    return _must(spot, _MEASURE.get(error["type"], "") + _limits(spot, error), error)


def _limits(spot: Spot, error: Error) -> str:
    low, high = _bound(spot, error, "ge", "min_length"), _bound(spot, error, "le", "max_length")
    above, below = _bound(spot, error, "gt"), _bound(spot, error, "lt")
    words = [f"{low}..{high}"] if low and high else [*_words("at least", low), *_words("at most", high)]
    words = [*_words("more than", above), *words, *_words("less than", below)]
    return " and ".join(words)


def _length(spot: Spot, error: Error) -> Finding:
    items = get_args(spot.kind)
    if get_origin(spot.kind) is tuple and Ellipsis not in items:
        return _must(spot, f"a list of {len(items)}", error)
    if isinstance(error["input"], dict):
        limits = _limits(spot, error)
        return _must(spot, f"a mapping of {limits} key{'s' * (limits != 'at least 1')}", error)
    return _out_of_range(spot, error)


_MEASURE = {
    "too_short": "a list of ",
    "too_long": "a list of ",
    "string_too_short": "text with a length of ",
    "string_too_long": "text with a length of ",
}


def _words(relation: str, bound: str) -> list[str]:
    return [f"{relation} {bound}"] if bound else []


def _bound(spot: Spot, error: Error, *names: str) -> str:
    """A bound declared for the key, else the one named by the error itself, else an empty string."""
    for holder in (*spot.bounds, error.get("ctx", {})):
        for name in names:
            value = holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)
            if value is not None:
                return number(value)
    return ""


def _multiple(spot: Spot, error: Error) -> Finding:
    return _must(spot, f"a multiple of {number(error['ctx']['multiple_of'])}", error)


def _pattern(spot: Spot, error: Error) -> Finding:
    return _must(spot, f"text that matches {error['ctx']['pattern']}", error)


def _broken(spot: Spot, key: str, rule: str) -> Finding:
    """A rule of ``neurochip.config.broken``, about a key below the record that was checked."""
    steps = (int(step) if step.isdecimal() else step for step in key.split(".") if step)
    return Finding((*spot.loc, *steps), f" {rule}", union=spot.union)


def _own_words(spot: Spot, error: Error) -> Finding:
    """A validator's own message; one that begins with "must" is about the key that it checked."""
    text = str(error["ctx"]["error"])
    if text.startswith("must "):
        return Finding(spot.loc, f" {text}", union=spot.union)
    return Finding(spot.loc, text, whole=True, union=spot.union)


_WORDING: dict[str, Callable[[Spot, Error], Finding]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _literal,
    "union_tag_invalid": _wrong_tag,
    "union_tag_not_found": _no_tag,
    "greater_than": _out_of_range,
    "greater_than_equal": _out_of_range,
    "less_than": _out_of_range,
    "less_than_equal": _out_of_range,
    "too_short": _length,
    "too_long": _length,
    "string_too_short": _out_of_range,
    "string_too_long": _out_of_range,
    "multiple_of": _multiple,
    "string_pattern_mismatch": _pattern,
    "value_error": _own_words,
    "assertion_error": _own_words,
}


def _merged(found: list[Finding]) -> list[Finding]:
    """The members of an untagged union speak once: "an integer or text"; deeper findings silence them."""
    merged: list[Finding] = []
    for finding in found:
        others = [other for other in found if other.union is not None and other.union == finding.union]
        if finding.union != finding.loc:
            merged.append(finding)
        elif finding is others[0] and all(other.loc == finding.loc for other in others):
            nouns = dict.fromkeys(other.noun for other in others if other.noun)
            hint = next((other.hint for other in others if other.hint), "")
            merged.append(replace(finding, noun=" or ".join(nouns), hint=hint))
    return merged
