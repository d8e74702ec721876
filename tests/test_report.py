"""Pictures: they are written whole, hold what they should, and nothing is complained about."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurochip.errors import NeurochipError
from neurochip.report import learning_curve, trace_plot
from neurochip.report.comparing import accuracies, trajectories, widths
from neurochip.report.curves import _limits
from neurochip.report.estimates import cosines, errors
from neurochip.report.style import figure
from neurochip.report.traces import _spread

Draw = Callable[[Path], None]


def record(accuracies: list[float], name: str = "digits_ep", **more: float) -> dict[str, Any]:
    """What a picture needs of a record, with these test accuracies."""
    rows = [
        {"epoch": epoch, "train_accuracy": accuracy / 2, "test_accuracy": accuracy, **more}
        for epoch, accuracy in enumerate(accuracies, 1)
    ]
    return {
        "experiment": {"name": name},
        "hardware": {"name": "digital_28nm", "registers": {"weight": {"bits": 8}}},
        "network": {"name": "64-8-10"},
        "data": {part: {"samples": 40} for part in ("train", "test", "validation")},
        "epochs": rows,
        "seed": 0,
    }


def trace(ticks: int = 16, neurons: int = 5) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    return {
        "spikes": generator.integers(-1, 2, (ticks, neurons)),
        "membrane": generator.integers(0, 4096, (ticks, neurons)),
        "residual": generator.integers(-2048, 2048, (ticks, neurons)),
    }


def estimate(sweep: str, by: str, value: float, cosine: float, error: float | None) -> dict[str, Any]:
    row = {"sweep": sweep, "by": by, "variant": "symmetric", "value": value}
    return {**row, "cosine": [cosine, 0.9], "relative_error": [error, 0.5]}


ESTIMATES = [
    estimate("after one epoch", "chip", 0.5, 0.96, 0.3),
    *(estimate("theorem", "rates", beta, 1.0 - beta**2, beta**2) for beta in (0.1, 0.01, 0.001)),
    *(estimate("beta", by, beta, 0.99 - beta, beta) for beta in (0.1, 1.5) for by in ("spikes", "chip")),
    estimate("weight bits", "chip", 8, 1.0, 0.0),
    estimate("weight bits", "chip", 3, 0.0, None),
]
LAYERS = ("input-hidden1", "hidden1-output")


def sweep(register: str, *errors: float) -> dict[str, Any]:
    names = {"register": register, "place": "hidden1", "kernel": "what it does", "slope": -1.0}
    found = {"fraction_bits": list(range(len(errors))), "mean_absolute_error": list(errors)}
    return {**names, **found, "slope": -1.0 if all(errors) else None}


def courses(*ends: float) -> dict[str, Any]:
    return {"courses": [{"chip": [0.1, 0.5, end], "float": [0.1, 0.6, end]} for end in ends]}


def witnesses(*names: str) -> dict[str, Any]:
    record = {**trace(), "membrane": trace()["membrane"] / 4096}
    return dict.fromkeys(names, record)


TITLE = "experiment · 64-2-3 on digital_28nm · seed 0"
PHASES = [("free", 8), ("nudged+", 4), ("nudged-", 4)]
PICTURES: dict[str, Draw] = {
    "curve": lambda path: learning_curve(record([0.5, 0.8, 0.9, 0.95]), path),
    "one epoch": lambda path: learning_curve(record([0.5]), path),
    "no epoch": lambda path: learning_curve(record([]), path),
    "many epochs": lambda path: learning_curve(record([1 - 0.9 / (e + 1) for e in range(300)]), path),
    "no error": lambda path: learning_curve(record([0.9, 1.0, 1.0]), path),
    "nothing right": lambda path: learning_curve(record([0.0, 0.0]), path),
    "validation": lambda path: learning_curve(record([0.5, 0.9], validation_accuracy=0.7), path),
    "a name like a formula": lambda path: learning_curve(record([0.5, 0.9], name="a$b$\\foo_{ % & 5$"), path),
    "a long name": lambda path: learning_curve(record([0.5, 0.9], name="long name " * 20), path),
    "letters that no font has": lambda path: learning_curve(record([0.5, 0.9], name="数字 \U0001f600"), path),
    "trace": lambda path: trace_plot(trace(), PHASES, path, one=4096, title="outputs"),
    "trace of a register": lambda path: trace_plot(trace(), PHASES, path, one=4096, register="residual"),
    "trace with names": lambda path: trace_plot(
        trace(neurons=3), PHASES, path, one=4096, labels=["$a", "b", "字"]
    ),
    "trace of one neuron": lambda path: trace_plot(trace(neurons=1), PHASES, path, one=4096),
    "trajectories": lambda path: trajectories(
        witnesses("chip", "float", "brian2"), [("a", 0, [1, 0]), ("b", 2, [2])], PHASES, path, parted=3
    ),
    "trajectories of one": lambda path: trajectories(
        witnesses("chip"), [("a", 0, [1, 0])], PHASES, path, title=TITLE
    ),
    "widths": lambda path: widths([sweep(name, 1.0, 0.5, 0.25) for name in ("a", "b", "c")], path, TITLE),
    "widths without error": lambda path: widths([sweep("a", 1.0, 0.0), sweep("b", 1.0, 0.5)], path, "$a_{"),
    "accuracies": lambda path: accuracies(courses(0.9, 0.95), path, TITLE),
    "accuracies without error": lambda path: accuracies(courses(1.0), path, "long name " * 20),
    "cosines": lambda path: cosines(ESTIMATES, LAYERS, path, TITLE),
    "errors of gradients": lambda path: errors(ESTIMATES, LAYERS, path, "long name " * 20),
    "trace of many neurons": lambda path: trace_plot(trace(neurons=64), PHASES, path, one=4096),
}


def size(path: Path) -> tuple[int, int]:
    """Width and height in the header of a PNG file."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


@pytest.mark.parametrize("what", PICTURES)
def test_pictures_are_drawn_without_complaint(
    what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    from matplotlib.image import imread

    path = tmp_path / "new" / "picture.png"
    PICTURES[what](path)
    width, height = size(path)
    assert width >= 1200
    assert height >= 700
    darkness = 1 - imread(path)[..., :3].min(axis=2)
    assert len(np.unique(darkness)) > 20
    assert 0.005 < (darkness > 0.1).mean() < 0.6
    for edge in (darkness[0], darkness[-1], darkness[:, 0], darkness[:, -1]):
        assert not edge.any()
    assert [file.name for file in path.parent.iterdir()] == ["picture.png"]
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


def test_a_curve_holds_every_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.axes import Axes

    drawn: list[tuple[str, list[float]]] = []
    plot = Axes.plot

    def noted(self: Any, x: Any, y: Any, *given: Any, **keys: Any) -> Any:
        drawn.append((keys["label"], list(y)))
        return plot(self, x, y, *given, **keys)

    monkeypatch.setattr(Axes, "plot", noted)
    learning_curve(record([0.75, 1.0], validation_accuracy=0.5), tmp_path / "a.png")
    assert drawn == [
        ("train (before each update)", [62.5, 50.0]), ("validation", [50.0, 50.0]), ("test", [25.0, 1.25]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("errors", "limits"),
    [
        ([3.0, 40.0], (2, 50)),
        ([1.0, 10.0], (0.5, 10)),
        ([100.0], (50, 100)),
        ([0.04], (0.02, 0.05)),
        ([], (0.5, 100)),
    ],
)
def test_the_axis_ends_at_round_errors(errors: list[float], limits: tuple[float, float]) -> None:
    assert _limits(errors) == pytest.approx(limits)


@pytest.mark.parametrize(
    "heights", [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.5, 0.51, 0.2, 0.9, 0.89], [0.3]]
)
def test_names_beside_lines_keep_their_order_and_distance(heights: list[float]) -> None:
    moved = _spread(np.array(heights), 0.05, 1.0)
    assert (np.diff(np.sort(moved)) >= 0.05 - 1e-12).all()
    assert moved.max() <= 1.0
    assert (np.argsort(moved) == np.argsort(heights, kind="stable")).all()
    assert np.array_equal(_spread(np.array([0.1, 0.9, 0.5]), 0.05, 1.0), [0.1, 0.9, 0.5])


def test_a_picture_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    learning_curve(record([0.5]), path)
    before = path.read_bytes()

    def fail() -> None:
        with figure(path):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_bytes() == before
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NeurochipError, match=r"file/a\.png cannot be written: "):
        learning_curve(record([0.5]), tmp_path / "file" / "a.png")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "file"]


def test_figures_are_closed_and_leave_the_users_style_alone(tmp_path: Path) -> None:
    from matplotlib import pyplot

    before, size_before = pyplot.get_fignums(), pyplot.rcParams["font.size"]
    for draw in list(PICTURES.values())[:3]:
        draw(tmp_path / "a.png")
    assert pyplot.get_fignums() == before
    assert pyplot.rcParams["font.size"] == size_before


def test_matplotlib_is_imported_when_it_is_used() -> None:
    program = "import sys, neurochip.report; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
