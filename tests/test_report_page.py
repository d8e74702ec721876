"""The page about a run: its sums, what it needs, and that a real browser shows it."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import browser, needs_browser
from small_runs import compiled, record_of, tiny

from neurochip.cost import ENERGY_KINDS, ROLES
from neurochip.errors import NeurochipError
from neurochip.experiment import execute, price
from neurochip.report.page import FILES, summary, write_report
from neurochip.report.page.numbers import figures, joules, memory, percent, seconds
from neurochip.report.page.render import html

SECTIONS = ("energy", "time", "mesh", "memory", "learning", "metrics", "area", "prices")
NEUROBENCH = (
    "Footprint", "ConnectionSparsity", "ActivationSparsity", "SynapticOperations", "Effective_ACs", "Dense",
    "MembraneUpdates",
)  # fmt: skip

pytestmark = compiled


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run on cores that talk to each other, with its report."""
    out = tmp_path_factory.mktemp("page") / "run"
    small = ("rows=16", "cols=8")
    sets = [f"hardware.crossbar.{it}" for it in small]
    execute(tiny(*sets, "hardware.core.crossbars=1", "hardware.mesh.rows=3", "hardware.mesh.cols=4"), out)
    write_report(out, record_of(out), price(out))
    return out


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


class Rows(HTMLParser):
    """Values of ``data-*`` attributes, by that of the row that they are in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.row = ""
        self.found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given[key] for key in ("src", "href") if key in given]
        if tag == "tr":
            self.row = given.get("data-kind") or given.get("data-role") or ""
        for key in ("data-pj", "data-bits", "data-phase-pj", "data-mm2", "data-core-pj", "data-action-pj"):
            if key in given:
                self.found[key, self.row].append(float(given[key]))


# --- sums ---------------------------------------------------------------------------------------------------


def test_sums_of_the_page_are_those_of_the_json(text: str, report: dict[str, Any]) -> None:
    page = Rows(text).found
    total = report["energy"]["total"]
    assert page["data-pj", "sum"] == [total["training_pj"], total["inference_pj"]]
    for part, column in (("training_pj", 0), ("inference_pj", 1)):
        shown = [page["data-pj", kind][column] for kind in ENERGY_KINDS]
        assert shown == [row[part] for row in report["energy"]["kinds"]]
        assert sum(shown) == pytest.approx(total[part])
    assert sum(page["data-phase-pj", "sum"]) == pytest.approx(total["training_pj"])
    cores = [value for (key, _), values in page.items() if key == "data-core-pj" for value in values]
    mesh = (report["mesh"][part]["energy_pj"] for part in ("training", "inference"))
    assert cores == [value for pair in zip(*mesh, strict=True) if any(pair) for value in pair]
    assert sum(cores) == pytest.approx(total["training_pj"] + total["inference_pj"])
    assert sum(page["data-action-pj", ""]) == pytest.approx(total["training_pj"])
    bits = [page["data-bits", role][0] for role in ROLES]
    assert bits == [it["used_bits"] for it in report["memory"]["roles"].values()]
    assert page["data-bits", "sum"] == [sum(bits)]
    *parts, whole = page["data-mm2", ""]
    assert whole == report["area"]["total_mm2"]
    assert sum(parts) == pytest.approx(whole)


def test_sums_of_the_json_agree(folder: Path, report: dict[str, Any]) -> None:
    for part in ("training", "inference"):
        total = report["energy"]["total"][f"{part}_pj"]
        assert sum(row[f"{part}_pj"] for row in report["energy"]["kinds"]) == pytest.approx(total)
        assert sum(report["energy"]["actions"][part].values()) == pytest.approx(total)
        assert sum(report["mesh"][part]["energy_pj"]) == pytest.approx(total)
        sent = sum(link["flits"] for link in report["mesh"][part]["links"])
        assert sent == pytest.approx(sum(report["mesh"][part]["flits"]))
        hops = record_of(folder)["counts"][part]["total"]["flit_hops"]
        assert sent * record_of(folder)["counts"][f"{part}_samples"] == pytest.approx(hops)
        assert sent > 0
    assert sum(phase["pj"] for phase in report["energy"]["phases"]) == pytest.approx(
        report["energy"]["total"]["training_pj"]
    )
    epoch = sum(row["epoch_pj"] for row in report["energy"]["kinds"])
    assert epoch == pytest.approx(report["energy"]["epoch_pj"])
    assert report["energy"]["epoch_pj"] == pytest.approx(60 * report["energy"]["total"]["training_pj"])


def test_the_csv_has_the_same_numbers(folder: Path, report: dict[str, Any]) -> None:
    with (folder / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    energy = {(row["item"], row["part"]): float(row["value"]) for row in rows if row["section"] == "energy"}
    for row in report["energy"]["kinds"]:
        for part in ("training", "inference"):
            assert energy[row["kind"], part] == row[f"{part}_pj"]
    by_core = [float(row["value"]) for row in rows if row["section"] == "energy by core"]
    assert sum(by_core) == pytest.approx(energy["sum", "training"] + energy["sum", "inference"])
    assert {row["section"] for row in rows} >= {
        "time",
        "memory",
        "metrics",
        "learning curve",
        "prices",
        "area",
    }


# --- what is on it ------------------------------------------------------------------------------------------


def test_a_report_leaves_four_files(folder: Path) -> None:
    for name in FILES:
        assert (folder / name).stat().st_size > 1000
    assert (folder / "report.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_needs_nothing_else(text: str) -> None:
    assert Rows(text).links == ["data:,"]
    assert not re.search(r"url\(|@import|<script|<iframe|<link[^>]*stylesheet", text)


def test_the_page_says_where_its_times_are_from(folder: Path, text: str, report: dict[str, Any]) -> None:
    """With the busiest core and link; without ticks in the record it names the averages."""
    for time in (report["time"][part] for part in ("training", "inference")):
        assert (time["estimate"], time["timed_samples"]) == ("ticks", 16)
        assert time["critical_link"]["flits"] > 0
    assert "Estimated tick by tick from the first 16 samples of each part" in text
    assert "<td>busiest core</td>" in text
    assert "<td>busiest link</td>" in text
    record = {**record_of(folder), "timing": None}
    assert "Estimated from average counts, coarsely" in html(summary(record, price(record)))


def test_every_section_is_there(text: str) -> None:
    assert [it for it in Rows(text).ids if it != "headline"] == list(SECTIONS)
    for word in (*NEUROBENCH, *ENERGY_KINDS, *ROLES, "BPTT", "busiest core", "busiest link"):
        assert word in text, word


def test_every_price_is_shown_with_its_source(text: str, report: dict[str, Any]) -> None:
    prices = report["prices"]
    for source in prices["sources"].values():
        assert source.replace("'", "&#39;") in text
    for entry in prices["entries"]:
        assert entry["source"] in prices["sources"]
        assert entry["included_in"] or entry["basis"] in text
    counted = {action for part in ("training", "inference") for action in report["energy"]["actions"][part]}
    priced = {entry["what"] for entry in prices["entries"]}
    assert counted - {"idle"} <= priced


def test_names_are_text_not_markup(folder: Path, tmp_path: Path) -> None:
    record = record_of(folder)
    record["experiment"]["name"] = "<b>bold</b> & $x^2$"
    write_report(tmp_path, record, price(record))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt; &amp;" in page


def test_another_table_gives_another_report(folder: Path, tmp_path: Path) -> None:
    record = record_of(folder)
    found = [summary(record, price(record, table)) for table in ("digital_28nm", "loihi_like_14nm")]
    assert found[0]["energy"]["total"] != found[1]["energy"]["total"]
    assert found[0]["learning"] == found[1]["learning"]


def test_a_folder_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NeurochipError, match="file"):
        write_report(tmp_path / "file", record_of(folder), price(folder))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (joules(0), "0 J"),
        (joules(0.4), "400 fJ"),
        (joules(571_960), "572 nJ"),
        (joules(1e6), "1.00 µJ"),
        (seconds(91_700), "91.7 µs"),
        (memory(8 * 1536), "1.50 KiB"),
        (figures(1234567), "1,234,567"),
        (figures(0.01234), "0.0123"),
        (percent(0.5), "50.0 %"),
        (percent(0.0001), "< 0.1 %"),
        (percent(0), "0 %"),
    ],
)
def test_numbers_are_readable(shown: str, expected: str) -> None:
    assert shown == expected


# --- in a browser -------------------------------------------------------------------------------------------

VISIBLE = """
return Array.from(document.querySelectorAll("section")).map(it => {
  const box = it.getBoundingClientRect();
  return [it.id, box.width > 200 && box.height > 80 && box.left >= 0 && box.right <= innerWidth + 1];
});
"""
WIDE = """
return Array.from(document.querySelectorAll("svg, .bar, .tile, h1, h2, p, td, dd")).filter(it => {
  const box = it.getBoundingClientRect();
  return box.right > innerWidth + 1 && !it.closest(".scroll");
}).length;
"""


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768, 390])
def test_a_browser_shows_every_section(folder: Path, tmp_path: Path, width: int, scheme: str) -> None:
    """No word on the console, nothing wider than the screen, all sections of some size."""
    with browser() as window:
        window.open(folder / "report.html", width, scheme=scheme)
        assert window.log() == []
        assert dict(window.run(VISIBLE)) == dict.fromkeys(SECTIONS, True)
        assert window.run("return document.documentElement.scrollWidth") == width
        assert window.run(WIDE) == 0
        window.picture(tmp_path / "page.png")
        assert (tmp_path / "page.png").stat().st_size > 50_000


INSIDE = """
return Array.from(document.querySelectorAll(".scroll")).filter(it => it.scrollWidth > it.clientWidth + 1)
  .map(it => it.querySelector("table").className);
"""


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_no_table_has_to_be_moved_sideways(folder: Path, width: int) -> None:
    with browser() as window:
        window.open(folder / "report.html", width)
        assert window.run(INSIDE) == []
        assert window.run("return document.querySelector('details').open") is True
