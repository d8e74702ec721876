"""The hardware schema, its presets, and the page that explains them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurochip.config import Model, Source, presets, problems
from neurochip.devices import DEVICES
from neurochip.errors import ConfigError
from neurochip.fixed import Format
from neurochip.hardware import Hardware, hardware_source

FOLDER = Path(__file__).parent.parent / "hw_configs"
PRESETS = [name for name, _ in presets()]
WIDTHS = {
    "weight": (2, 16), "bias": (2, 32), "partial": (8, 32), "current": (8, 32), "decoded": (8, 32),
    "membrane": (8, 32), "residual": (8, 32), "bank": (4, 16), "trace": (4, 16), "accumulator": (16, 62),
}  # fmt: skip
FULL = ("weight", "bias", "decoded", "membrane", "residual", "bank", "trace")


def refused(*sets: str) -> list[str]:
    """Every message for the tiny chip after overrides."""
    with pytest.raises(ConfigError) as caught:
        Hardware.load("tiny", sets)
    return [str(problem) for problem in caught.value.problems]


def schema_keys(schema: dict[str, Any], root: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, JSON Schema) of every leaf of the record."""
    for key, entry in schema["properties"].items():
        references = [option.get("$ref", "") for option in (entry, *entry.get("anyOf", []))]
        below = next((root["$defs"][it.rpartition("/")[2]] for it in references if it), None)
        if below:
            yield from schema_keys(below, root, f"{prefix}{key}.")
        else:
            yield prefix + key, entry


SCHEMA = Hardware.json_schema()
LEAVES = dict(schema_keys(SCHEMA, SCHEMA))


# --- presets ----------------------------------------------------------------------------------------------


def test_there_are_presets() -> None:
    assert {"digital_28nm", "ideal", "tiny"} <= set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_preset_loads_under_its_own_name(name: str) -> None:
    chip = Hardware.load(name)
    assert (chip.name, chip.description) == (name, dict(presets())[name])


@pytest.mark.parametrize("name", PRESETS)
def test_preset_spells_out_every_key(name: str) -> None:
    def given_keys(record: Model, prefix: str = "") -> Iterator[str]:
        for key in record.model_fields_set:
            value = getattr(record, key)
            yield from given_keys(value, f"{prefix}{key}.") if isinstance(value, Model) else [prefix + key]

    chip = Hardware.load(name)
    left_out = {
        f"crossbar.{section}" for section in ("cell", "adc") if getattr(chip.crossbar, section) is None
    }
    wanted = {key for key in LEAVES if not key.endswith(".frac") and key.rpartition(".")[0] not in left_out}
    assert set(given_keys(chip)) == wanted


@pytest.mark.parametrize("name", PRESETS)
def test_a_resolved_record_loads_again(name: str) -> None:
    chip = Hardware.load(name)
    source = Source.parse(chip.model_dump_json(indent=2), "hardware.json")
    assert problems(source, Hardware) == []
    assert Hardware.model_validate_json(chip.model_dump_json()) == chip


def test_changing_bits_alone_keeps_the_range() -> None:
    wide, narrow = (
        Hardware.load("digital_28nm", [f"registers.weight.bits={bits}"]).registers.formats()["weight"]
        for bits in (8, 4)
    )
    assert (wide.frac, narrow.frac) == (7, 3)
    assert wide.lo * wide.lsb == narrow.lo * narrow.lsb == -1.0


def test_the_tiny_chip_needs_tiles_for_16_12_4() -> None:
    chip = Hardware.load("tiny")
    rows, cols, cores = chip.crossbar.rows, chip.crossbar.cols, chip.mesh.rows * chip.mesh.cols
    blocks = [-(-pre // rows) * -(-post // cols) for pre, post in ((16, 12), (12, 4))]
    assert min(blocks) > 1
    assert chip.core.crossbars < sum(blocks) <= chip.core.crossbars * cores


# --- registers --------------------------------------------------------------------------------------------


def test_formats_of_the_digital_chip() -> None:
    registers = Hardware.load("digital_28nm").registers
    assert registers.formats() == {
        "weight": Format(8, 7, rounding="stochastic"),
        "bias": Format(16, 13, rounding="stochastic"),
        "decoded": Format(16, 10),
        "membrane": Format(16, 12),
        "residual": Format(16, 12),
        "bank": Format(12, 10),
        "trace": Format(12, 10),
        "partial": Format(24, 7),
        "current": Format(24, 7),
        "accumulator": Format(32, 20),
    }
    assert registers.fraction.bits == 16


def test_format_carries_every_key_of_the_register() -> None:
    sets = ["registers.bank={bits: 9, frac: 4, signed: false, overflow: wrap, rounding: floor}",
            "registers.current={bits: 16, overflow: error}"]  # fmt: skip
    formats = Hardware.load("tiny", sets).registers.formats()
    assert formats["bank"] == Format(9, 4, False, "wrap", "floor")
    assert formats["current"] == Format(16, 7, overflow="error")
    assert formats["accumulator"].frac == 8


def test_defaults_of_a_register() -> None:
    formats = Hardware.load("tiny", ["registers.trace={bits: 8, whole: 2}", "registers.current={bits: 16}"])
    assert formats.registers.formats()["trace"] == Format(8, 5, True, "saturate", "nearest")
    assert formats.registers.formats()["current"].overflow == "saturate"


@given(st.sampled_from(sorted(WIDTHS)), st.integers(-4, 80))
def test_width_of_a_register(name: str, bits: int) -> None:
    low, high = WIDTHS[name]
    point = "frac: 0" if name in FULL else "overflow: saturate"
    sets = [f"registers.{name}={{bits: {bits}, {point}}}", "registers.bank.bits=4", "registers.weight.bits=2"]
    if name in ("bank", "weight"):
        sets = [sets[0], "registers.accumulator.bits=62", "registers.current.bits=32"]
    source = hardware_source("tiny", sets)
    found = [str(problem) for problem in problems(source, Hardware)]
    bad = f"registers.{name}.bits must be {low}..{high}, not {bits} (--set registers.{name})"
    assert found == ([] if low <= bits <= high else [bad])


@given(st.sampled_from(FULL), st.data(), st.booleans(), st.sampled_from(["frac", "whole"]))
def test_binary_point_of_a_register(name: str, data: st.DataObject, signed: bool, key: str) -> None:
    bits = data.draw(st.integers(*WIDTHS[name]))
    point = data.draw(st.integers(-2, bits + 2))
    text = f"{{bits: {bits}, {key}: {point}, signed: {str(signed).lower()}}}"
    sets = [f"registers.{name}={text}", "registers.accumulator.bits=62"]
    source = hardware_source("tiny", sets)
    room = bits - signed
    if name == "weight" and not signed:
        assert "weight.signed must be true" in str(problems(source, Hardware)[0])
    elif 0 <= point <= room:
        found = Hardware.load("tiny", sets).registers.formats()[name]
        assert found.frac == (point if key == "frac" else room - point)
        assert 0 <= found.frac <= room
    else:
        message = f"registers.{name}.{key} must be 0..{room}, not {point} (--set registers.{name})"
        assert [str(problem) for problem in problems(source, Hardware)] == [message]


# --- messages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (["core.neurons=0"], "core.neurons must be 1..65536, not 0 (--set core.neurons)"),
        (["mesh.rows=four"], "mesh.rows must be an integer, not 'four' (--set mesh.rows)"),
        (["mesh.rows=65"], "mesh.rows must be 1..64, not 65 (--set mesh.rows)"),
        (["crossbar.row=8"], "unknown key crossbar.row; did you mean rows? (--set crossbar.row)"),
        (["crossbar.feedback=x"],
         "crossbar.feedback must be one of transposed, mirrored, not 'x' (--set crossbar.feedback)"),
        (["crossbar.device=rram"],
         "crossbar.device must be one of sram, resistive, not 'rram'; did you mean sram? "
         "(--set crossbar.device)"),
        (["registers.weight={whole: 0}"], "missing key registers.weight.bits (--set registers.weight)"),
        (["registers.weight={bits: 8}"],
         "registers.weight must have one of frac and whole, not neither (--set registers.weight)"),
        (["registers.weight={bits: 8, frac: 7, whole: 0}"],
         "registers.weight must have one of frac and whole, not both (--set registers.weight)"),
        (["registers.current.frac=3"],
         "unknown key registers.current.frac; allowed keys: bits, overflow (--set registers.current.frac)"),
        (["registers.fraction.bits=17"],
         "registers.fraction.bits must be 0..16, not 17 (--set registers.fraction.bits)"),
        (["update_unit.rate_bits=17"],
         "update_unit.rate_bits must be 1..16, not 17 (--set update_unit.rate_bits)"),
        (["registers.accumulator.bits=20"], "registers.accumulator.bits must be at least 21 "
         "(twice the bank's fraction bits and a sign), not 20 (--set registers.accumulator.bits)"),
    ],
)  # fmt: skip
def test_messages(sets: list[str], message: str) -> None:
    assert refused(*sets) == [message]


def test_every_sum_that_is_too_narrow_is_named() -> None:
    wide = "registers.weight={bits: 16, frac: 15}"
    found = refused(wide, "registers.partial.bits=15", "registers.current.bits=8")
    assert found == [
        "registers.partial.bits must be at least 16 (the weight's fraction bits and a sign), not 15"
        " (--set registers.partial.bits)",
        "registers.current.bits must be at least 16 (the weight's fraction bits and a sign), not 8"
        " (--set registers.current.bits)",
    ]


def test_all_problems_at_once_with_file_and_line(tmp_path: Path) -> None:
    text = (FOLDER / "tiny.yaml").read_text(encoding="utf-8")
    file = tmp_path / "chip.yaml"
    spoilt = text.replace("neurons: 64", "neurons: 0").replace("flit_bits", "flits_bits")
    file.write_text(spoilt, encoding="utf-8")
    line = {key: 1 + text[: text.index(key)].count("\n") for key in ("neurons:", "flit_bits", "noc:")}
    with pytest.raises(ConfigError) as caught:
        Hardware.load(file)
    assert str(caught.value).splitlines() == [
        f"core.neurons must be 1..65536, not 0 ({file}:{line['neurons:']})",
        f"missing key noc.flit_bits ({file}:{line['noc:']})",
        f"unknown key noc.flits_bits; did you mean flit_bits? ({file}:{line['flit_bits']})",
    ]


def test_whole_is_cleared_to_give_frac() -> None:
    chip = Hardware.load("tiny", ["registers.weight.whole=null", "registers.weight.frac=6"])
    assert chip.registers.formats()["weight"].frac == 6


# --- the vocabulary page and the schema for editors -------------------------------------------------------


def _range(entry: dict[str, Any]) -> str:
    if "minimum" in entry:
        return f"{entry['minimum']}..{entry['maximum']}"
    return ", ".join(entry["enum"]) if "enum" in entry else "text"


def test_readme_lists_every_key_with_its_range_and_default() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)`((?: \|[^|\n]*){4})\|$", _readme(), re.MULTILINE)
    page = {}
    for key, cells in rows:
        _, _, values, default, _ = (cell.strip() for cell in cells.split("|"))
        page[key] = (values, default)
    own = {"frac", "whole", "signed", "overflow", "rounding"}
    plain = {key: entry for key, entry in LEAVES.items() if key.rpartition(".")[2] not in own}
    assert {key: page[key] for key in page if key not in own} == {
        key: (_range(entry), str(entry.get("default", ""))) for key, entry in plain.items()
    }
    assert page["overflow"] == ("saturate, wrap, error", LEAVES["registers.bank.overflow"]["default"])
    assert page["rounding"] == ("floor, nearest, stochastic", LEAVES["registers.bank.rounding"]["default"])
    assert page["signed"] == ("true, false", str(LEAVES["registers.bank.signed"]["default"]).lower())
    assert own <= set(page)


def test_readme_lists_every_preset() -> None:
    page = _readme().replace("\N{MULTIPLICATION SIGN}", "x")
    assert dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", page, re.MULTILINE)) == dict(presets())


def _readme() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted(LEAVES))
def test_schema_describes_and_bounds_every_key(key: str) -> None:
    entry = LEAVES[key]
    assert entry["description"]
    choices = [*entry.get("anyOf", []), entry]
    assert any({"type"} & option.keys() or {"enum"} & option.keys() for option in choices)
    if any(option.get("type") in ("integer", "number") for option in choices):
        assert entry["minimum"] <= entry["maximum"]


def test_schema_refuses_unknown_keys_everywhere() -> None:
    assert all(record["additionalProperties"] is False for record in [SCHEMA, *SCHEMA["$defs"].values()])


# --- devices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DEVICES)
def test_device_is_a_documented_record_that_hardware_accepts(name: str) -> None:
    assert issubclass(DEVICES[name], Model)
    assert (DEVICES[name].__doc__ or "").strip()
    assert DEVICES[name]() == DEVICES[name]()
    assert Hardware.load("tiny", [f"crossbar.device={name}"]).crossbar.device == name


def test_the_sram_cell_is_exact() -> None:
    assert DEVICES["sram"].exact is True
    assert DEVICES["resistive"].exact is False
