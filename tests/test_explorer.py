"""The page of a sweep, in a headless browser: it fetches nothing and shows what the table holds."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, browser, needs_browser
from sweep_work import bits, in_threads, made_up, text

from neurochip.experiment import load
from neurochip.report.explorer import explorer
from neurochip.sweep import Outcome
from neurochip.sweep.content import content, heat_axes, mapped

CELL = "  cell: {keys: [hardware.crossbar.rows, hardware.crossbar.cols], values: [16, 64]}"
NAME = "</script><b>sweep</b> & 'co'"


def work(task: dict[str, Any]) -> dict[str, Any]:
    if task["hardware"]["crossbar"]["rows"] == 16 and task["hardware"]["registers"]["weight"]["bits"] == 4:
        return {**made_up(task), "status": "does_not_fit", "reason": "too <small> & narrow", "row": {}}
    return made_up(task)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A sweep of 3 x 2 settings with two seeds, one of which does not fit; the page is index.html."""
    folder = tmp_path_factory.mktemp("page")
    path = folder / "sweep.yaml"
    lines = ["axes:", bits("[4, 6, 8]"), CELL, "seeds: [0, 3]"]
    path.write_text(text(*lines, name=json.dumps(NAME)), encoding="utf-8")
    found = in_threads(path, folder / "out", work)
    explorer(content(found), folder / "index.html")
    return found


@pytest.fixture(scope="module")
def page(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "index.html"
    explorer(content(outcome), path)
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_page_is_one_file_that_names_no_other(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert "@@" not in html
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<link[^>]+href=\"(?!data:)|<script[^>]+src=|@import|url\(", html)
    assert "default-src 'none'" in html
    assert html.count("</script>") == 2


@needs_browser
def test_it_opens_without_network_and_without_complaint(page: Path, chromium: Browser) -> None:
    chromium.open(page)
    eventually(lambda: chromium.count(".dot") == 5)
    assert chromium.log() == []
    assert chromium.run("return performance.getEntriesByType('resource').length") == 0
    assert chromium.text("h1") == NAME
    assert "6 settings" in chromium.text("#facts")
    assert chromium.count("tbody tr") == 6


@needs_browser
def test_axes_are_chosen(page: Path, chromium: Browser) -> None:
    chromium.open(page)
    chromium.choose("#x", "weight_bits")
    assert "Test accuracy against weight bits" in chromium.text("#caption")
    ticks = chromium.run("return [...document.querySelectorAll('#chart text')].map(it => it.textContent)")
    assert {"4", "6", "8", "Weight bits", "Test accuracy, %"} <= set(ticks)
    chromium.choose("#y", "training_energy_nj")
    assert "Training energy against weight bits" in chromium.text("#caption")
    chromium.click("#mean")
    assert chromium.count(".dot") == 10
    chromium.click("#mean")
    assert chromium.count(".dot") == 5


@needs_browser
def test_filters_leave_out_settings(page: Path, chromium: Browser) -> None:
    chromium.open(page)
    chromium.click("[data-axis=weight_bits] button:nth-of-type(2)")
    assert chromium.count(".dot") == 3
    assert chromium.count("tbody tr") == 4
    assert chromium.text("#shown") == "3 of 6"
    chromium.click("[data-axis=status] button:nth-of-type(1)")
    assert chromium.count("tbody tr") == 3
    chromium.click("#reset")
    assert (chromium.count(".dot"), chromium.count("tbody tr")) == (5, 6)
    for index in (1, 2, 3):
        chromium.click(f"[data-axis=weight_bits] button:nth-of-type({index})")
    assert "Nothing to show" in chromium.text("#chart")
    assert chromium.log() == []


@needs_browser
def test_pointing_shows_the_configuration(page: Path, chromium: Browser, outcome: Outcome) -> None:
    chromium.open(page)
    chromium.hover(".dot")
    tip = chromium.text("#tip")
    row = outcome.means[1]
    assert re.search(r"Weight bits\s+4\s+Cell\s+64\s+Seeds\s+0, 3", tip)
    assert f"{100 * float(row['test_accuracy'] or 0):.2f} %" in tip
    chromium.hover("h1")
    assert chromium.run("return document.querySelector('#tip').hidden")


@needs_browser
def test_a_click_copies_the_command_of_that_point(page: Path, chromium: Browser, outcome: Outcome) -> None:
    chromium.open(page)
    chromium.cdp(
        "Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    )
    chromium.click(".dot")
    eventually(lambda: "Copied" in chromium.text("#toast"))
    command = chromium.text("#toast code")
    assert chromium.run("return navigator.clipboard.readText()") == command
    words = shlex.split(command)
    assert words[:3] == ["neurochip", "run", "digits_ep"]
    assert words[-2:] == ["--seed", "0"]
    setup = load("digits_ep", sets=[word for word in words[3:-2] if word != "--set"], seed=0)
    point = next(point for point in outcome.points if point.setting == 1)
    chip = setup.hardware.model_dump(mode="json", exclude={"name", "description"})
    assert chip == json.loads(point.hardware)


@needs_browser
def test_the_heat_map_has_a_cell_for_each_setting(page: Path, chromium: Browser) -> None:
    chromium.open(page)
    chromium.click("#view-heat")
    assert (chromium.count(".cell"), chromium.count(".cell.none")) == (6, 1)
    assert "does not fit" in chromium.run("return document.querySelector('#chart').textContent")
    chromium.hover(".cell.none")
    assert "does not fit: too <small> & narrow" in chromium.text("#tip")
    assert chromium.run("return document.querySelector('.scatter-only').offsetParent === null")


@needs_browser
def test_the_table_is_sorted_by_a_click(page: Path, chromium: Browser, outcome: Outcome) -> None:
    chromium.open(page)
    names = chromium.run("return [...document.querySelectorAll('th')].map(it => it.textContent)")
    chromium.click(f"th:nth-of-type({names.index('Test accuracy') + 1})")
    column = names.index("Test accuracy") + 1
    cells = chromium.run(
        f"return [...document.querySelectorAll('td:nth-child({column})')].map(it => it.textContent)"
    )
    numbers = [float(cell.removesuffix(" %")) for cell in cells[:-1]]
    assert numbers == sorted(numbers, reverse=True)
    assert cells[-1] == "–"


@needs_browser
@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_it_fits_every_width(width: int, page: Path, chromium: Browser) -> None:
    chromium.open(page, width, 900)
    for view in ("#view-scatter", "#view-heat"):
        chromium.click(view)
        assert chromium.run("return document.documentElement.scrollWidth <= innerWidth")
        inside = "return [...document.querySelectorAll('.dot, .cell')].every(it => {"
        inside += "const b = it.getBoundingClientRect(); return b.left >= 0 && b.right <= innerWidth })"
        assert chromium.run(inside)


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_systems_colours_and_the_button(scheme: str, page: Path, chromium: Browser) -> None:
    other = {"light": "dark", "dark": "light"}[scheme]
    chromium.open(page, scheme=scheme)
    shown = "return document.documentElement.dataset.theme"
    colours = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    assert chromium.run(shown) == scheme
    before = chromium.run(colours)
    chromium.click("#theme")
    assert chromium.run(shown) == other
    assert chromium.run(colours) != before


@needs_browser
@pytest.mark.parametrize(("low", "high"), [(0.025, 0.25), (0.13, 0.44), (0.985, 0.989), (0.3, 0.99)])
def test_accuracies_of_any_size_have_ticks(
    low: float, high: float, outcome: Outcome, chromium: Browser, tmp_path: Path
) -> None:
    page = content(outcome)
    at = page["columns"].index("test_accuracy")
    for number, row in enumerate(page["rows"]):
        row[at] = None if row[at] is None else low + (high - low) * (number % 5) / 4
    explorer(page, tmp_path / "index.html")
    chromium.open(tmp_path / "index.html")
    assert chromium.run("return document.querySelectorAll('#chart text[text-anchor=end]').length") > 2
    assert chromium.log() == []


@needs_browser
def test_thousands_of_settings(chromium: Browser, tmp_path: Path) -> None:
    """A range of many values has a slider, and no heat map; the table shows the first rows."""
    path = tmp_path / "sweep.yaml"
    lines = ["axes:", "  beta: {keys: [experiment.rule.beta], low: 0.1, high: 1.0}", bits(), "points: 2000"]
    path.write_text(text(*lines, strategy="random"), encoding="utf-8")
    planned = in_threads(path, tmp_path / "out")
    assert not mapped(planned)
    assert heat_axes(planned) == ["weight_bits", "beta"]
    explorer(content(planned), tmp_path / "index.html")
    chromium.open(tmp_path / "index.html")
    assert (chromium.count(".dot"), chromium.count("tbody tr")) == (2000, 300)
    half = "const it = document.querySelector('[data-axis=beta] input'); it.value = 1000;"
    chromium.run(half + "it.dispatchEvent(new Event('input'))")
    assert chromium.count(".dot") == 1000
    chromium.click("#view-heat")
    assert "Beta has 1,000 values, too many for a heat map" in chromium.text("#chart")
    assert chromium.log() == []
