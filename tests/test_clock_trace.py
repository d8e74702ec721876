"""Timelines: VCD and trace events say what the cycle engine counted; the command line leaves them in a
folder."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from clock_pair import Pair, program, with_keys
from conv_cases import chip, conv, dense
from small_runs import TINY, compiled

from neurochip.cli import main
from neurochip.clock import columns as col
from neurochip.clock.perfetto import write_perfetto
from neurochip.clock.timeline import Timeline
from neurochip.clock.vcd import write_vcd
from neurochip.errors import NeurochipError
from neurochip.experiment import Run, load
from neurochip.network import Network

pytestmark = compiled

PS = 5000
"""Picoseconds of a cycle at 200 MHz."""


@pytest.fixture(scope="module")
def watched() -> tuple[Pair, Timeline]:
    """One sample of a small network on a mesh of nine cores, all of its ticks watched."""
    network = Network.build([conv(4, 3, window=2), conv(4, 2), dense(3)], (1, 8, 8), 3)
    hardware = with_keys(chip((3, 3), (10, 3), neurons=20), barrier={"cycles_per_level": 3})
    pair = Pair(network, hardware.model_copy(update={"clock_mhz": 200}), program(), scale=0.2)
    pair.clock.watch(range(12))
    pair.run(1)
    return pair, pair.clock.timeline()


class Wave:
    """A VCD file as a viewer reads it: changes [(time, value)] of each signal, by scope and name."""

    def __init__(self, path: Path) -> None:
        head, body = path.read_text().split("$enddefinitions $end\n")
        self.changes: dict[str, list[tuple[int, int]]] = defaultdict(list)
        names, scopes, self.time = {}, [], -1
        for line in head.splitlines():
            words = line.split()
            if words[0] == "$scope":
                scopes.append(words[2])
            elif words[0] == "$upscope":
                scopes.pop()
            elif words[0] == "$var":
                assert words[3] not in names
                names[words[3]] = ".".join([*scopes[1:], words[4]])
        assert scopes == []
        for line in body.splitlines():
            if line.startswith("#"):
                assert int(line[1:]) > self.time
                self.time = int(line[1:])
            elif not line.startswith("$"):
                value, code = line[1:].split(" ") if line[0] == "b" else (line[0], line[1:])
                self.changes[names[code]].append((self.time, int(value, 2)))
        assert self.changes.keys() == set(names.values())

    def high(self, name: str) -> int:
        """Time during which a signal is 1."""
        ends = [*(time for time, _ in self.changes[name][1:]), self.time]
        return sum(end - time for (time, on), end in zip(self.changes[name], ends, strict=True) if on)


def expected(pair: Pair, core: int) -> dict[str, int]:
    """Busy cycles of a core in ticks alone: the lanes also work at the edges of phases."""
    busy = dict(zip(col.MACHINES, pair.clock.machines.busy[core].tolist(), strict=True))
    edges = int(pair.clock.wiring.hubs[core, col.GROUPS]) * 6
    return {**busy, "lanes": busy["lanes"] - edges}


def test_a_wave_has_every_busy_cycle(watched: tuple[Pair, Timeline], tmp_path: Path) -> None:
    pair, timeline = watched
    write_vcd(timeline, tmp_path / "trace.vcd")
    wave = Wave(tmp_path / "trace.vcd")
    assert len(timeline.cores) > 3
    for core in timeline.cores:
        cycles = expected(pair, core)
        for machine in col.MACHINES[: col.ANY]:
            assert wave.high(f"core{core}.{machine}") == cycles[machine] * PS, (core, machine)
    assert wave.time == timeline.end * PS
    assert [value for _, value in wave.changes["phase"]] == [0, 1, 2]
    assert len(wave.changes["tick"]) == 12
    parts = Counter(value for _, value in wave.changes["part"][1:])
    assert parts[1] == parts[3] == 12
    assert max(value for _, value in wave.changes[f"core{timeline.cores[0]}.router"]) > 0


def test_events_have_every_busy_cycle(watched: tuple[Pair, Timeline], tmp_path: Path) -> None:
    pair, timeline = watched
    write_perfetto(timeline, tmp_path / "trace.json")
    events: list[dict[str, Any]] = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    names = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
    assert names[0] == "chip"
    worked: Counter[tuple[str, str]] = Counter()
    for event in events:
        assert event["ph"] in "XMC"
        if event["ph"] == "X":
            worked[names[event["pid"]], event["name"]] += event["args"]["cycles"]
            assert event["dur"] == pytest.approx(event["args"]["cycles"] / 200)
    for core in timeline.cores:
        cycles = expected(pair, core)
        for machine in col.MACHINES[: col.ANY]:
            assert worked[f"core {core}", machine] == cycles[machine]
    tree = 12 * 2 * timeline.barrier
    assert tree == worked["chip", "tree"] > 0
    assert worked["chip", "spikes"] + worked["chip", "sums and neurons"] + tree == sum(
        timeline.end_of(tick) - tick.begin for tick in timeline.ticks
    )
    assert {"free", "nudged+", "nudged-"} == {
        e["name"] for e in events if e["ph"] == "X" and e["tid"] == 0 == e["pid"]
    }


def test_only_the_chosen_ticks_are_watched() -> None:
    pair = Pair(Network.build([dense(4)], (1, 3, 3), 4), chip((1, 1), (16, 16)), program())
    pair.run(1)
    pair.clock.watch(range(2, 5))
    pair.run(2)
    timeline = pair.clock.timeline()
    assert [(tick.sample, tick.phase, tick.tick) for tick in timeline.ticks] == [
        (1, 0, 2),
        (1, 0, 3),
        (1, 0, 4),
    ]
    assert timeline.begin <= timeline.changes[0, 0]
    assert timeline.changes[-1, 0] <= timeline.end
    assert [span.name for span in timeline.spans_of_phases()] == ["free"]


def test_too_many_changes_are_told() -> None:
    pair = Pair(Network.build([dense(4)], (1, 3, 3), 4), chip((1, 1), (16, 16)), program())
    pair.clock.watch(range(12), rows=20)
    pair.run(1)
    with pytest.raises(
        NeurochipError, match=r"the timeline has \d+ changes of signals but keeps 20: watch fewer"
    ):
        pair.clock.timeline()


def command(monkeypatch: pytest.MonkeyPatch, *words: str | Path) -> int:
    sets = [word for item in TINY for word in ("--set", item)]
    monkeypatch.setattr(sys, "argv", ["neurochip", "trace", "digits_ep", *sets, *map(str, words)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "trace"
    assert command(monkeypatch, "--samples", "3", "--ticks", "7:10", "--out", out) == 0
    said = capsys.readouterr().out
    assert "equal in every register, spike, weight and count" in said
    assert "critical core  0" in said
    found = json.loads((out / "cycles.json").read_text())
    page = (Path(__file__).parent.parent / "docs" / "trace.md").read_text()
    told = {
        key
        for cells in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
        for key in re.findall(r"`(\w+)`", cells)
    }
    assert told == found.keys() | found["cycles"].keys()
    assert found["cycles"].keys() == found["estimate"].keys()
    assert found["equal"]
    assert found["differences"] == []
    assert found["timeline_ticks"] == [7, 10]
    assert len(found["cycles"]["samples"]) == 3
    assert found["cycles"]["phases"].keys() == {"free", "nudged+", "nudged-", "update"}
    assert re.search(rf"total +{found['cycles']['total_cycles']:,} ", said)
    assert [value for _, value in Wave(out / "trace.vcd").changes["phase"]] == [0, 1]
    assert json.loads((out / "trace.json").read_text())["traceEvents"]


@pytest.mark.parametrize("sets", [["batch=20"], ["batch=8", "rule.schedule=cosine_by_batch"]])
def test_what_was_learned_is_what_a_run_learns(sets: list[str]) -> None:
    """A trace of all samples ends where training on them does."""
    from neurochip.experiment.clocked import clocked

    sets = [*TINY, "experiment.data.train=20", *(f"experiment.{it}" for it in sets)]
    traced, trained = (Run(load("digits_ep", sets=sets), threads=1) for _ in range(2))
    assert clocked(traced, 20).differences == ()
    trained.train_epoch()
    for one, other in zip(traced.chip.masters, trained.chip.masters, strict=True):
        assert (one == other).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--samples", "0"], "samples must be 1..60 of the training part, not 0"),
        (["--samples", "61"], "samples must be 1..60 of the training part, not 61"),
        (["--ticks", "5"], "--ticks must be A:B, ticks A to B - 1 of the first sample, not '5'"),
        (["--ticks", "5:5"], "--ticks must be A:B"),
        (["--ticks", "15:17"], "ticks must lie within 0:16, the ticks of a sample, not 15:17"),
        (["--set", "hardware.noc.fifo_flits=0"], "noc.fifo_flits must be 1..1024, not 0"),
    ],
)
def test_mistakes_are_one_message(
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    assert command(monkeypatch, *words, "--out", tmp_path / "trace") == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "trace").exists()


def test_a_folder_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "cycles.json").write_text("{}")
    assert command(monkeypatch, "--out", tmp_path) == 2
    assert "already holds a trace" in capsys.readouterr().err
    file = tmp_path / "cycles.json"
    assert command(monkeypatch, "--out", file) == 2
    assert "is a file: name a folder for the trace" in capsys.readouterr().err


def test_a_difference_is_told_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from neurochip.clock import Clock

    whole = Clock.fill

    def broken(self: Clock) -> None:
        whole(self)
        self.memories.cells[:] ^= 1

    monkeypatch.setattr(Clock, "fill", broken)
    assert command(monkeypatch, "--samples", "1", "--out", tmp_path) == 2
    assert "the engines differ in" in capsys.readouterr().err
    assert json.loads((tmp_path / "cycles.json").read_text())["equal"] is False
