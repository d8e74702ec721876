"""Documents, places, overrides and the wording of every problem."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator, model_validator

from neurochip.config import (
    Model,
    Source,
    broken,
    build,
    find_preset,
    presets,
    problems,
    require_one_of,
)
from neurochip.errors import ConfigError
from neurochip.files import FORGOTTEN, replacing, write_json, write_text_atomic


def key(**bounds: Any) -> Any:
    return Field(description="A key.", **bounds)


class Dense(Model):
    kind: Literal["dense"] = key()
    units: int = key(ge=1, le=64)


class Pool(Model):
    kind: Literal["pool"] = key()
    pool: int = key(ge=2)


class Ramp(Model):
    start: float = key(gt=0)


class Nested(Model):
    lo: int = key(default=0)
    hi: int = key(default=1)

    @model_validator(mode="after")
    def _ordered(self) -> Nested:
        if self.lo >= self.hi:
            raise broken(("lo", f"must be below {self.hi}"), ("hi", f"must be above {self.lo}"))
        return self


class Sample(Model):
    name: str = key(default="x", min_length=1, max_length=8)
    rows: int = key(default=1, ge=1, le=65536)
    rate: float = key(default=0.5, gt=0, le=1)
    below: float = key(default=0.5, ge=0, lt=1)
    floor: int = key(default=1, ge=1)
    top: int = key(default=1, le=9)
    maybe: int | None = key(default=None, ge=1, le=5)
    multiple: int = key(default=8, multiple_of=8)
    on: bool = key(default=True)
    feedback: Literal["transposed", "mirrored"] = key(default="mirrored")
    only: Literal["sram"] = key(default="sram")
    pair: tuple[int, int] = key(default=(1, 2))
    sizes: tuple[int, ...] = key(default=(1,), min_length=1, max_length=3)
    table: dict[str, int] = key(default={})
    code: str = key(default="ab", pattern="^[a-z]+$")
    layers: tuple[Annotated[Dense | Pool, Field(discriminator="kind")], ...] = key(default=())
    amount: Annotated[int, Field(ge=1, le=9)] | Literal["all"] | Ramp = key(default=1)
    nested: Nested = key(default=Nested())
    even: int = key(default=2)
    device: str = key(default="sram")

    @field_validator("even")
    @classmethod
    def _even(cls, value: int) -> int:
        if value < 0:
            raise ValueError("this is a whole message")
        if value % 2:
            raise ValueError(f"must be even, not {value}")
        return value

    @field_validator("device")
    @classmethod
    def _device(cls, value: str) -> str:
        return require_one_of(value, {"sram": 1, "pcm": 2})


class Needy(Model):
    first: int = key()
    nested: Nested = key()


def parse(text: str) -> Source:
    return Source.parse(text, "chip.yaml")


def messages(text: str, model: type[Model] = Sample) -> list[str]:
    return [str(problem) for problem in problems(parse(text), model)]


# --- what is accepted -------------------------------------------------------------------------------------


def test_lists_load_into_tuples_and_integers_into_floats() -> None:
    record = build(parse("sizes: [1, 2]\npair: [3, 4]\nrate: 1\n"), Sample)
    assert (record.sizes, record.pair, record.rate) == ((1, 2), (3, 4), 1.0)


def test_unions_load() -> None:
    text = "layers: [{kind: pool, pool: 2}, {kind: dense, units: 3}]\namount: {start: 1}"
    record = build(parse(text), Sample)
    assert record.layers == (Pool(kind="pool", pool=2), Dense(kind="dense", units=3))
    assert record.amount == Ramp(start=1.0)
    assert build(parse("amount: all"), Sample).amount == "all"


def test_records_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        build(parse("rows: 3"), Sample).rows = 4


def test_a_field_without_description_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match=r"Silent: fields without a description: size, seed"):

        class Silent(Model):
            size: int
            shape: int = key()
            seed: int = 1


def test_json_schema_names_its_dialect_and_describes_every_key() -> None:
    schema = Sample.json_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    rows = schema["properties"]["rows"]
    assert rows.items() >= {"type": "integer", "minimum": 1, "maximum": 65536, "default": 1}.items()
    assert rows["description"] == "A key."
    assert schema["additionalProperties"] is False
    json.dumps(schema)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("5e2", 500.0), ("-1E+2", -100.0), (".5", 0.5), ("3.", 3.0), ("1_000.5", 1000.5),
        (".inf", float("inf")), ("-.Inf", float("-inf")), ("010", 10), ("1_000", 1000), ("0x1F", 31),
        ("0o17", 15), ("0b101", 5), ("+7", 7), ("1:30", "1:30"), ("yes", "yes"), ("on", "on"), ("true", True),
        ("False", False), ("null", None), ("~", None), ("", None), ("2024-01-01", "2024-01-01"), ("'1'", "1"),
        ("=", "="), ("1e", "1e"), ("e5", "e5"), (".", "."),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    read = parse(f"a: {text}").data["a"]
    assert (type(read), read) == (type(value), value)


@given(st.floats(allow_nan=False))
def test_every_float_that_json_writes_is_read_back(value: float) -> None:
    text = {"Infinity": ".inf", "-Infinity": "-.inf"}.get(json.dumps(value), json.dumps(value))
    assert parse(f"a: {text}").data["a"] == value


def test_aliases_are_copies() -> None:
    source = parse("a: &x {k: 1}\nb: *x\n").override("b.k", "2")
    assert source.data == {"a": {"k": 1}, "b": {"k": 2}}


# --- places -----------------------------------------------------------------------------------------------


def test_places_are_the_lines_of_the_keys() -> None:
    source = parse("# comment\na:\n  b:\n    1\nc:\n  - 1\n  - {d: 2}\n")
    wanted = {("a",): 2, ("a", "b"): 3, ("c",): 5, ("c", 0): 6, ("c", 1): 7, ("c", 1, "d"): 7}
    assert {loc: source.place(loc) for loc in wanted} == {loc: f"chip.yaml:{n}" for loc, n in wanted.items()}


def test_the_place_of_what_is_missing_is_that_of_its_parent() -> None:
    source = parse("\na:\n  b: 1\n")
    assert source.place(("a", "x", "y")) == "chip.yaml:2"
    assert source.place(("x",)) == "chip.yaml:1"


def test_files_below_the_working_folder_are_named_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "chip.yaml"
    file.write_text("a: 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Source.read(file).name == str(Path("sub/chip.yaml"))
    monkeypatch.chdir(tmp_path / "sub")
    assert Source.read(file).place(("a",)) == "chip.yaml:1"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert Source.read(file).data == {"a": 1}


# --- documents that cannot be read ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"^the document must be a mapping of keys, it is empty \(chip.yaml:1\)$"),
        ("# only a comment\n", r"it is empty \(chip.yaml:1\)$"),
        ("- 1\n- 2\n", r"^the document must be a mapping of keys, not a list of 2 \(chip.yaml:1\)$"),
        ("four", r"mapping of keys, not 'four' \(chip.yaml:1\)$"),
        ("a: 1\nb: [1\n", r"^not valid YAML: .*expected ',' or '\]'.* \(chip.yaml:3\)$"),
        ("a: 1\n\tb: 2\n", r"^not valid YAML: .*'\\t'.* \(chip.yaml:2\)$"),
        ("a: 1\n---\nb: 1\n", r"^not valid YAML: expected a single document.* \(chip.yaml:2\)$"),
        ("a: \x00", r"^not valid YAML: .*special characters are not allowed \(chip.yaml:1\)$"),
        ("a: *b\n", r"^not valid YAML: found undefined alias 'b' \(chip.yaml:1\)$"),
        ("a: &a\n  b: *a\n", r"^a.b contains itself \(chip.yaml:2\)$"),
        ("a: " + "[" * 3000, r"^not valid here: nested too deeply \(chip.yaml:1\)$"),
        ("a: !!int four\n", r"^a cannot be read as !!int \(chip.yaml:1\)$"),
        ("a: !!bool maybe\n", r"^a cannot be read as !!bool \(chip.yaml:1\)$"),
        ("a:\n  b: !!python/name:os\n", r"^a.b cannot be read as !!python/name:os \(chip.yaml:2\)$"),
        ("a: !!set {b}\n", r"^a cannot be read as !!set \(chip.yaml:1\)$"),
        ("a: " + "9" * 5000, r"^a cannot be read as !!int \(chip.yaml:1\)$"),
        ("a: {[1]: 2}\n", r"^a key in a must be plain text \(chip.yaml:1\)$"),
        ("a:\n  b: 1\n  b: 2\n", r"^duplicate key a.b; it is also at chip.yaml:2 \(chip.yaml:3\)$"),
    ],
)  # fmt: skip
def test_unreadable_documents(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text)


def test_all_duplicates_are_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [problem.place for problem in caught.value.problems] == ["chip.yaml:2", "chip.yaml:3"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: \xff\n")
    with pytest.raises(ConfigError, match=r"^there is no such file \(.*none.yaml\)$"):
        Source.read(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"^this is a folder, not a YAML file \("):
        Source.read(tmp_path)
    with pytest.raises(ConfigError, match=r"^the file must be UTF-8 text; byte 3 is 0xff \(.*latin.yaml\)$"):
        Source.read(latin)
    with pytest.raises(ConfigError, match=r"^the file cannot be read: .*\(.*latin.yaml.x.yaml\)$"):
        Source.read(latin / "x.yaml")


# --- the wording of problems ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: 0", "rows must be 1..65536, not 0"),
        ("rows: 65537", "rows must be 1..65536, not 65537"),
        ("rows: four", "rows must be an integer, not 'four'"),
        ("rows: true", "rows must be an integer, not true"),
        ("rows: 2.0", "rows must be an integer, not 2.0"),
        ("rows: null", "rows must be an integer, not null"),
        ("rows: {a: 1}", "rows must be an integer, not a mapping"),
        (f"rows: {'x' * 99}", f"rows must be an integer, not '{'x' * 56}..."),
        ("rate: 0", "rate must be more than 0 and at most 1, not 0"),
        ("rate: 1.5", "rate must be more than 0 and at most 1, not 1.5"),
        ("rate: .nan", "rate must be a finite number, not nan"),
        ("rate: .inf", "rate must be a finite number, not inf"),
        ("rate: yes", "rate must be a number, not 'yes'"),
        ("rate: false", "rate must be a number, not false"),
        ("below: 1", "below must be at least 0 and less than 1, not 1"),
        ("floor: 0", "floor must be at least 1, not 0"),
        ("top: 10", "top must be at most 9, not 10"),
        ("maybe: 6", "maybe must be 1..5, not 6"),
        ("multiple: 9", "multiple must be a multiple of 8, not 9"),
        ("on: 1", "on must be true or false, not 1"),
        ("name: 3", "name must be text, not 3"),
        ("name: ''", "name must be text with a length of 1..8, not ''"),
        ("name: long-enough", "name must be text with a length of 1..8, not 'long-enough'"),
        ("code: A1", "code must be text that matches ^[a-z]+$, not 'A1'"),
        ("feedback: mirored",
         "feedback must be one of transposed, mirrored, not 'mirored'; did you mean mirrored?"),
        ("feedback: x", "feedback must be one of transposed, mirrored, not 'x'"),
        ("feedback: 1", "feedback must be one of transposed, mirrored, not 1"),
        ("only: srm", "only must be sram, not 'srm'"),
        ("device: pc", "device must be one of sram, pcm, not 'pc'; did you mean pcm?"),
        ("pair: [1]", "pair must be a list of 2, not a list of 1"),
        ("pair: []", "pair must be a list of 2, not a list of 0"),
        ("pair: [1, 2, 3]", "pair must be a list of 2, not a list of 3"),
        ("pair: 1", "pair must be a list, not 1"),
        ("sizes: []", "sizes must be a list of 1..3, not a list of 0"),
        ("sizes: [1, 2, 3, 4]", "sizes must be a list of 1..3, not a list of 4"),
        ("sizes: [1, x]", "sizes.1 must be an integer, not 'x'"),
        ("sizes: [x]", "sizes.0 must be an integer, not 'x'"),
        ("table: {a: x}", "table.a must be an integer, not 'x'"),
        ("table: 3", "table must be a mapping of keys, not 3"),
        ("nested: 3", "nested must be a mapping of keys, not 3"),
        ("even: 3", "even must be even, not 3"),
        ("even: -1", "this is a whole message"),
        ("row: 3", "unknown key row; did you mean rows?"),
        ("nested: {xyz: 1}", "unknown key nested.xyz; allowed keys: lo, hi"),
        ("layers: [{kind: dens, units: 1}]",
         "layers.0.kind must be one of dense, pool, not 'dens'; did you mean dense?"),
        ("layers: [{kind: dense, units: 0}]", "layers.0.units must be 1..64, not 0"),
        ("layers: [{kind: pool, pool: 0}]", "layers.0.pool must be at least 2, not 0"),
        ("layers: [{kind: pool}]", "missing key layers.0.pool"),
        ("layers: [{kind: dense, units: 1, unit: 1}]", "unknown key layers.0.unit; did you mean units?"),
        ("layers: [{kind: 1}]", "layers.0.kind must be one of dense, pool, not 1"),
        ("layers: [{units: 1}]", "missing key layers.0.kind"),
        ("layers: [3]", "layers.0 must be a mapping of keys, not 3"),
        ("layers: {}", "layers must be a list, not an empty mapping"),
        ("amount: 10", "amount must be 1..9 or all or a mapping of keys, not 10"),
        ("amount: al", "amount must be an integer or all or a mapping of keys, not 'al'"),
        ("amount: {start: 0}", "amount.start must be more than 0, not 0"),
        ("amount: {}", "missing key amount.start"),
    ],
)  # fmt: skip
def test_each_problem_is_phrased_as_a_rule(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)} \\(chip.yaml:1\\)$"):
        build(parse(text), Sample)


def test_missing_keys_are_placed_at_their_parent() -> None:
    assert messages("\nnested: {}\n", Needy) == ["missing key first (chip.yaml:1)"]
    assert messages("first: 1", Needy) == ["missing key nested (chip.yaml:1)"]


def test_rules_between_keys_are_placed_at_the_key_they_name() -> None:
    assert messages("nested:\n  hi: 2\n  lo: 3\n") == [
        "nested.lo must be below 2 (chip.yaml:3)",
        "nested.hi must be above 3 (chip.yaml:2)",
    ]


def test_a_list_is_too_short_by_its_own_length_not_by_that_of_its_good_items() -> None:
    class Layers(Model):
        layers: tuple[Annotated[Dense | Pool, Field(discriminator="kind")], ...] = key(min_length=2)

    bad = "layers.0.kind must be one of dense, pool, not 'x' (chip.yaml:1)"
    assert messages("layers: [{kind: x}, {kind: pool, pool: 2}]", Layers) == [bad]
    assert messages("layers: [{kind: x}]", Layers) == [
        bad,
        "layers must be a list of at least 2, not a list of 1 (chip.yaml:1)",
    ]


def test_all_problems_are_raised_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        build(parse("rows: 0\nrow: 1\nlayers:\n- {kind: dense}\n- {kind: x}\nnested: {lo: a}\n"), Sample)
    assert str(caught.value).splitlines() == [
        "rows must be 1..65536, not 0 (chip.yaml:1)",
        "missing key layers.0.units (chip.yaml:4)",
        "layers.1.kind must be one of dense, pool, not 'x' (chip.yaml:5)",
        "nested.lo must be an integer, not 'a' (chip.yaml:6)",
        "unknown key row; did you mean rows? (chip.yaml:2)",
    ]


def test_problems_of_a_valid_document_are_none() -> None:
    assert problems(parse("rows: 3"), Sample) == []


def test_a_record_without_keys() -> None:
    class Empty(Model):
        pass

    assert messages("a: 1", Empty) == ["unknown key a; no keys are allowed here (chip.yaml:1)"]


# --- sections ---------------------------------------------------------------------------------------------


def test_a_section_is_built_and_named_from_the_root() -> None:
    source = parse("rules:\n- lo: 1\n  hi: 2\n- lo: 1\n  hi: a\n")
    assert build(source, Nested, "rules.0") == Nested(lo=1, hi=2)
    with pytest.raises(ConfigError, match=r"^rules.1.hi must be an integer, not 'a' \(chip.yaml:5\)$"):
        build(source, Nested, "rules.1")


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("rule", r"^missing key rule \(chip.yaml:1\)$"),
        ("rules.x.y", r"^missing key rules.x \(chip.yaml:2\)$"),
        ("rules.a.y", r"^rules.a is 1: it has no key y \(chip.yaml:3\)$"),
    ],
)
def test_missing_sections(prefix: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(parse("\nrules:\n  a: 1\n"), Nested, prefix)


# --- overrides --------------------------------------------------------------------------------------------

BASE = "a:\n  b: 1\n  c: [1, {d: 2}]\n  e: []\nn:\n"


@pytest.mark.parametrize(
    ("sets", "loc", "value"),
    [
        ("a.b=2", ("a", "b"), 2),
        ("a.b=1e-3", ("a", "b"), 0.001),
        ("a.b=", ("a", "b"), None),
        ("a.b=x=y", ("a", "b"), "x=y"),
        ("a.b={x: [1]}", ("a", "b"), {"x": [1]}),
        ("a.c.0=5", ("a", "c", 0), 5),
        ("a.c.1.d=5", ("a", "c", 1, "d"), 5),
        ("x.y.z=5", ("x", "y", "z"), 5),
        ("n.y=5", ("n", "y"), 5),
        ("a.c=[]", ("a", "c"), []),
        ("a.b=.nan", ("a", "b"), None),
    ],
)
def test_overrides(sets: str, loc: tuple[str | int, ...], value: object) -> None:
    before = parse(BASE)
    after = before.override_all([sets])
    found = after.section(".".join(map(str, loc)))
    assert found == (loc, value) or (sets.endswith("nan") and found[1] != found[1])
    assert after.place(loc) == "--set " + sets.partition("=")[0]
    assert before.data == parse(BASE).data
    assert before.places == parse(BASE).places


def test_what_is_below_an_overridden_value_has_its_place() -> None:
    source = parse(BASE).override("a.c", "[{d: 1}, {d: 2}]")
    assert source.place(("a", "c", 1, "d")) == "--set a.c"
    assert source.place(("a", "b")) == "chip.yaml:2"


def test_later_overrides_win_and_the_place_can_be_named() -> None:
    source = parse(BASE).override_all(["a.b=2", "a.b=3"]).override("a.c", "4", place="sweep.yaml:7")
    assert source.data["a"]["b"] == 3
    assert source.place(("a", "c")) == "sweep.yaml:7"


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ("foo", "--set needs key=value, not 'foo' (--set foo)"),
        ("=3", "a key must be names joined by single dots, not '' (--set )"),
        ("a..b=3", "a key must be names joined by single dots, not 'a..b' (--set a..b)"),
        ("a.=3", "a key must be names joined by single dots, not 'a.' (--set a.)"),
        ("a.c.2=3", "the index in a.c must be 0..1, not '2' (--set a.c.2)"),
        ("a.c.-1=3", "the index in a.c must be 0..1, not '-1' (--set a.c.-1)"),
        ("a.c.x.y=3", "the index in a.c must be 0..1, not 'x' (--set a.c.x.y)"),
        ("a.e.0=3", "a.e is an empty list: it has no item 0 (--set a.e.0)"),
        ("a.b.c=3", "a.b is 1: it has no key c (--set a.b.c)"),
        ("a.b=[1",
         "not valid YAML: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'"
         " (--set a.b)"),
        ("a.b={x: 1, x: 2}", "duplicate key a.b.x; it is also at --set a.b (--set a.b)"),
    ],
)  # fmt: skip
def test_bad_overrides(sets: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        parse(BASE).override_all([sets])


def test_all_bad_overrides_are_listed() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(BASE).override_all(["foo", "a.b=2", "a.c.9=1"])
    assert [problem.place for problem in caught.value.problems] == ["--set foo", "--set a.c.9"]


def test_a_problem_of_an_overridden_value_is_placed_there() -> None:
    with pytest.raises(ConfigError, match=r"^nested.lo must be an integer, not 'x' \(--set nested.lo\)$"):
        build(parse("rows: 1").override("nested.lo", "x"), Sample)


# --- presets ----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two presets, as an installed wheel has them."""
    place = tmp_path / "neurochip" / "hw_configs"
    (place / "experiments").mkdir(parents=True)
    (place / "digital.yaml").write_text("description: a chip\n", encoding="utf-8")
    (place / "ideal.yaml").write_text("name: ideal\n", encoding="utf-8")
    monkeypatch.setattr("neurochip.config.preset_files._PACKAGE", place.parent)
    monkeypatch.chdir(tmp_path)
    return place


def test_presets_are_found_by_name(folder: Path) -> None:
    assert find_preset("digital") == folder / "digital.yaml"
    assert presets() == [("digital", "a chip"), ("ideal", "")]


def test_presets_beside_the_package_are_found_too(folder: Path) -> None:
    folder.rename(folder.parent.parent / "hw_configs")
    assert find_preset("ideal") == folder.parent.parent / "hw_configs" / "ideal.yaml"


def test_paths_are_taken_as_they_are(folder: Path) -> None:
    Path("mine").write_text("a: 1\n", encoding="utf-8")
    assert find_preset("mine") == Path("mine")
    assert find_preset("no/such.yaml") == Path("no/such.yaml")
    assert find_preset(Path("x.yml")) == Path("x.yml")


def test_unknown_presets(folder: Path) -> None:
    with pytest.raises(
        ConfigError,
        match=r"^unknown preset 'digtal'; did you mean digital\? presets: digital, ideal \(hw_configs\)$",
    ):
        find_preset("digtal")
    with pytest.raises(ConfigError, match=r"^unknown preset 'q'; presets: digital, ideal \(hw_configs\)$"):
        find_preset("q")
    with pytest.raises(ConfigError, match=r"^unknown preset 'q'; there are no presets \(hw_configs/exp.*\)$"):
        find_preset("q", "experiments")


def test_the_folder_of_presets_is_no_name(folder: Path) -> None:
    with pytest.raises(ConfigError, match="unknown preset 'experiments'"):
        find_preset("experiments")
    assert presets("nowhere") == []


# --- files ------------------------------------------------------------------------------------------------


def test_files_are_replaced_whole_and_nothing_is_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a.json"
    write_json(file, {"b": [1, "ü"], "a": None})
    assert file.read_bytes().decode() == '{\n  "b": [\n    1,\n    "ü"\n  ],\n  "a": null\n}\n'
    write_text_atomic(file, "x\n")
    assert [path.name for path in file.parent.iterdir()] == ["a.json"]
    assert file.read_bytes() == b"x\n"


def test_what_a_killed_writer_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    """A young one may belong to a writer that is alive, and other names are not ours, however old."""
    old, older, young = (f".a[1].{digit * 32}.csv" for digit in "0af")
    foreign = [".a[1].notes.csv", f".a[1].{'0' * 31}.csv", f".a1.{'0' * 32}.csv", f".a[1].{'0' * 32}.json"]
    for name in (old, older, young, *foreign):
        (tmp_path / name).write_text("half", encoding="utf-8")
    long_ago = time.time() - FORGOTTEN - 60
    for name in (old, older, *foreign):
        os.utime(tmp_path / name, (long_ago, long_ago))
    write_text_atomic(tmp_path / "a[1].csv", "x\n")
    assert {path.name for path in tmp_path.iterdir()} == {young, *foreign, "a[1].csv"}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    file.write_text("old", encoding="utf-8")

    def fail() -> None:
        with replacing(file) as temporary:
            assert temporary.suffix == ".npz"
            temporary.write_text("half", encoding="utf-8")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(file, float("nan"))
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]
