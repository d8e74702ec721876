"""Timelines of any chip are what their formats ask for, by a reader that is strict and knows the formats
alone; both files say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clock_pair import Pair, program, with_keys
from conv_cases import chip, chips, conv, dense, networks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import compiled
from timeline_formats import event_problems, vcd_problems

from neurochip.clock.perfetto import write_perfetto
from neurochip.clock.timeline import Timeline
from neurochip.clock.vcd import write_vcd
from neurochip.network import Network

pytestmark = compiled

TICKS = 12
"""Of `program`."""


def timeline(pair: Pair, ticks: range) -> Timeline:
    """Of ticks of one random sample."""
    inputs, targets = pair.data(1)
    pair.clock.watch(ticks)
    pair.clock.run(inputs, targets, [0], 5)
    return pair.clock.timeline()


def files(found: Timeline, folder: Path) -> tuple[str, dict[str, Any]]:
    write_vcd(found, folder / "trace.vcd")
    write_perfetto(found, folder / "trace.json")
    events = (folder / "trace.json").read_text(encoding="utf-8")
    return (folder / "trace.vcd").read_text(encoding="utf-8"), json.loads(events)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_timeline_is_well_formed(tmp_path: Path, data: st.DataObject) -> None:
    network = data.draw(networks())
    hardware = with_keys(
        data.draw(chips(network)), barrier={"cycles_per_level": data.draw(st.integers(0, 3))}
    )
    clock = data.draw(st.sampled_from([0.001, 7.0, 286.0, 333.3, 10000.0]))
    pair = Pair(network, hardware.model_copy(update={"clock_mhz": clock}), program())
    first = data.draw(st.integers(0, TICKS - 1))
    found = timeline(pair, range(first, data.draw(st.integers(first + 1, TICKS))))
    wave, events = files(found, tmp_path)
    assert list(vcd_problems(wave)) == []
    assert list(event_problems(events)) == []


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """Of so many cores that identifiers have two letters."""
    network = Network.build([conv(4, 3, window=2), conv(4, 2), dense(3)], (1, 8, 8), 3)
    pair = Pair(network, chip((5, 5), (10, 3), neurons=9), program(), scale=0.2)
    return files(timeline(pair, range(TICKS)), tmp_path_factory.mktemp("mesh"))


def test_a_mesh_with_many_signals(mesh: tuple[str, dict[str, Any]]) -> None:
    wave, events = mesh
    assert re.search(r"\$var wire \d+ \S\S ", wave)
    assert list(vcd_problems(wave)) == []
    assert list(event_problems(events)) == []


def test_both_files_count_the_same(mesh: tuple[str, dict[str, Any]]) -> None:
    """Spikes in the FIFO of each core: the last value at each time, in picoseconds and microseconds."""
    wave, events = mesh
    head, body = wave.split("$enddefinitions $end\n")
    codes = {}
    for core, fifo in re.findall(r"\$scope module core(\d+) \$end.*? (\S+) fifo \$end", head, re.DOTALL):
        codes[fifo] = int(core)
    time, from_wave = 0, set()
    for line in body.splitlines():
        if line[0] == "#":
            time = int(line[1:])
        elif line[0] == "b" and line.split()[1] in codes:
            from_wave.add((codes[line.split()[1]], time, int(line[1:].split()[0], 2)))
    from_events = {
        (event["pid"] - 1, round(event["ts"] * 1e6), event["args"]["spikes"])
        for event in events["traceEvents"]
        if event["ph"] == "C" and event["name"] == "input FIFO"
    }
    changes = {it for it in from_wave if it[1] > min(time for _, time, _ in from_wave)}
    assert len(changes) > 100
    assert changes <= from_events


DAMAGES: list[tuple[Callable[[str], str], str]] = [
    (lambda text: text.replace("$var wire 2 ", "$var wire 1 ", 1), "is no value of 1 bits"),
    (lambda text: re.sub(r"\nb\d+ (\S+)\n", r"\nb111111111111111111111 \1\n", text, count=1), "is no value"),
    (lambda text: re.sub(r"\n#(\d+)\n$", r"\n#0\n", text), "#0 after"),
    (lambda text: re.sub(r"\$var wire 1 \S+ ", "$var wire 1 ! ", text, count=1), "declared twice"),
    (lambda text: text.replace("$upscope $end\n", "", 1), "scopes are open"),
    (lambda text: text.replace("1 ps", "5 ps"), "timescale"),
    (lambda text: re.sub(r"(\$dumpvars\n).*\n", r"\1", text, count=1), "not all values"),
    (lambda text: text + "1~~~\n", "was not declared"),
    (lambda text: text + "hello\n", "no value: hello"),
]


@pytest.mark.parametrize(("damage", "problem"), DAMAGES)
def test_the_reader_is_strict(
    mesh: tuple[str, dict[str, Any]], damage: Callable[[str], str], problem: str
) -> None:
    assert any(problem in it for it in vcd_problems(damage(mesh[0])))


def test_the_reader_of_events_is_strict() -> None:
    names = [
        {"name": name, "ph": "M", "pid": 1, "tid": 2, "args": {"name": "a"}}
        for name in ("process_name", "thread_name")
    ]
    span = {"name": "a", "ph": "X", "pid": 1, "tid": 2, "ts": 1.0, "dur": 2.0}
    count = {"name": "n", "ph": "C", "pid": 1, "tid": 0, "ts": 1.0, "args": {"n": 1}}

    def problems(*events: dict[str, Any]) -> list[str]:
        return list(event_problems({"traceEvents": [*names, *events]}))

    assert problems(span, {**span, "ts": 3.0}, {**span, "ts": 1.5, "dur": 0.5}, count) == []
    assert "ends after" in problems(span, {**span, "ts": 2.0})[0]
    assert "has no name" in problems({**span, "tid": 3})[0]
    assert "a span at" in problems({**span, "dur": 0.0})[0]
    assert "back in time" in problems(count, count)[0]
    assert "no count" in problems({**count, "args": {"n": -1}})[0]
    assert "unknown phase" in problems({**span, "ph": "Q"})[0]
