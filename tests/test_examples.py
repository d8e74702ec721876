"""Every script and every YAML in examples/ works; a new one that is not listed here fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from neurochip.config import Source
from neurochip.errors import ConfigError
from neurochip.experiment import execute, load
from neurochip.hardware import Hardware
from neurochip.sweep import Planner, processes, run_sweep

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"

SCRIPTS: dict[str, tuple[list[str], str]] = {
    "adc_bits.py": (["1"], "ADC bits"),
    "bit_widths.py": (["1"], "weight bits"),
    "by_hand.py": ([], "113 weights after"),
    "crossbar_cost.py": ([], "128 x 128"),
    "clock_by_clock.py": (["{folder}"], "both engines agree"),
    "layer_by_layer.py": ([], "patterns 0 1 2 3 are taken for [0 1 2 3]"),
    "max_pooling.py": (["{folder}"], "right winner"),
    "probe_figure.py": (["{folder}", "2"], "probe.png"),
    "ten_lines.py": (["{folder}"], "epoch 4"),
}
"""Arguments of each script, and what its output must contain; ``{folder}`` is where it puts its pictures."""

SLOW = {
    "adc_bits.py",
    "bit_widths.py",
    "clock_by_clock.py",
    "crossbar_cost.py",
    "probe_figure.py",
    "ten_lines.py",
}
PICTURES = {
    "clock_by_clock.py": {"trace.json", "trace.vcd"},
    "max_pooling.py": {"max_pooling.png"},
    "probe_figure.py": {"probe.png"},
    "ten_lines.py": {"ten_lines.png"},
}

EXPERIMENTS = ["my_experiment.yaml"]
CHIPS = ["my_chip.yaml"]
SWEEPS = {"sweeps/digits_sweep.yaml": 48, "sweeps/digits_search.yaml": None}
"""Sweeps and how many points they have; a search says it when it ends."""


def run(script: str, folder: Path) -> str:
    arguments = [argument.format(folder=folder) for argument in SCRIPTS[script][0]]
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_example_is_covered() -> None:
    files = (path for path in EXAMPLES.rglob("*") if path.suffix in (".py", ".yaml", ".yml"))
    found = {path.relative_to(EXAMPLES).as_posix() for path in files}
    assert found == {*SCRIPTS, *EXPERIMENTS, *CHIPS, *SWEEPS}


def test_every_example_is_in_the_readme() -> None:
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in (*SCRIPTS, *EXPERIMENTS, *CHIPS, *SWEEPS) if name not in page] == []


@pytest.mark.parametrize(
    "script", [pytest.param(it, marks=pytest.mark.slow) if it in SLOW else it for it in SCRIPTS]
)
def test_script_runs(script: str, tmp_path: Path) -> None:
    assert SCRIPTS[script][1] in run(script, tmp_path)
    pictures = {path.name for path in tmp_path.iterdir()}
    assert pictures == PICTURES.get(script, set())


@pytest.mark.parametrize("chip", CHIPS)
def test_chip_is_valid(chip: str) -> None:
    assert Hardware.load(EXAMPLES / chip).name == Path(chip).stem


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_experiment_learns_in_a_short_epoch(experiment: str, tmp_path: Path) -> None:
    short = ["experiment.data.train=200", "experiment.data.test=50", "experiment.data.validation=20"]
    setup = load(EXAMPLES / experiment, sets=short, epochs=1)
    assert setup.experiment.name == Path(experiment).stem
    assert setup.hardware.name == "my_chip"
    record = execute(setup, tmp_path / "run")
    assert record["complete"]
    assert record["counts"]["training"]["total"]["weight_writes"] > 0
    assert (tmp_path / "run" / "record.json").is_file()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_experiment_spells_out_what_it_decides(experiment: str) -> None:
    """A typing mistake in an example is refused: the file is read as strictly as any other."""
    assert Source.read(EXAMPLES / experiment).data["hardware"] == CHIPS[0]
    with pytest.raises(ConfigError, match=r"unknown key rule\.learning_rat"):
        load(EXAMPLES / experiment, sets=["experiment.rule.learning_rat=1"])


@pytest.mark.parametrize("name", SWEEPS)
def test_sweep_is_valid(name: str) -> None:
    planner = Planner(EXAMPLES / name)
    assert planner.sweep.name == Path(name).stem
    if planner.sweep.is_search:
        planner.probe()
    else:
        assert len(planner.points()) == SWEEPS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEPS)
def test_sweep_runs_when_it_is_made_short(name: str, tmp_path: Path) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    short = ["experiment.data.train=100", "experiment.data.test=50"]
    text = re.sub(r"experiment\.epochs=\d+", "\n  - ".join(["experiment.epochs=1", *short]), text)
    text = re.sub(r"^points: \d+", "points: 8", text, flags=re.MULTILINE)
    text = re.sub(r"^population: \d+", "population: 4", text, flags=re.MULTILINE)
    (tmp_path / "short.yaml").write_text(text, encoding="utf-8")
    with processes(2) as pool:
        outcome = run_sweep(tmp_path / "short.yaml", tmp_path / "out", pool)
    assert set(outcome.account["statuses"]) <= {"ok", "does_not_fit"}
    assert outcome.account["statuses"]["ok"] > 4
    if not outcome.planner.sweep.is_search:
        assert outcome.account["statuses"] == {"ok": 32, "does_not_fit": 16}
