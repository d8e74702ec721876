"""The documents say what is true: their Python runs, their commands parse, their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from neurochip.cli.app import app
from neurochip.experiment import load
from neurochip.sweep import Planner

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {"venv", "build", "dist", "runs"}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```[ ]*$", re.MULTILINE | re.DOTALL)
SHELLS = {"bash", "sh", "console"}


def is_page(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return not any(part in LEFT_OUT or part.startswith(".") for part in parts)


PAGES = sorted(path for path in ROOT.rglob("*.md") if is_page(path))
DOCS = [page for page in PAGES if page.parent == ROOT / "docs"]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, languages: set[str]) -> Iterator[tuple[str, str]]:
    """(place, text) of a page's fenced blocks; a further word after the language, as in
    ``python no-run``, takes a block out."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        if found[1].strip() in languages:
            yield f"{name(page)}:{text[: found.start()].count(chr(10)) + 2}", found[2]


PYTHON = dict(block for page in PAGES for block in blocks(page, {"python"}))
SHELL = dict(block for page in PAGES for block in blocks(page, SHELLS))


def commands(text: str) -> list[str]:
    """The arguments of every ``neurochip`` command of a shell text, each as one line."""
    lines = text.replace("\\\n", " ").splitlines()
    parts = (part for line in lines for part in re.split(r"&&|\|\||;|\|", line.removeprefix("$ ")))
    words = (shlex.split(part, comments=True) for part in parts)
    return [shlex.join(found[1:]) for found in words if found[:1] == ["neurochip"]]


COMMANDS = [(place, command) for place, text in SHELL.items() for command in commands(text)]


def parsed(command: str) -> dict[str, Any]:
    """What the command line makes of a command that it then does not run; SystemExit(2) if it refuses it."""
    found: dict[str, Any] = {}
    group: Any = typer.main.get_command(app)
    for each in group.commands.values():
        each.callback = lambda _name=each.name, **given: found.update(given, command=_name)
    with pytest.raises(SystemExit) as stopped:
        group.main(shlex.split(command), prog_name="neurochip")
    if stopped.value.code:
        raise stopped.value
    return found


def test_there_are_pages_with_python_and_with_commands() -> None:
    assert {"README.md", "docs/architecture.md", "docs/machine.md"} <= {name(page) for page in PAGES}
    assert PYTHON
    assert COMMANDS


@pytest.mark.parametrize("place", PYTHON)
def test_python_runs(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    program = [sys.executable, "-c", PYTHON[place]]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("place", "command"), COMMANDS)
def test_commands_parse(place: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands and options exist, and what `run` names is an experiment with these keys."""
    monkeypatch.chdir(ROOT)
    given = parsed(command)
    if given.get("command") == "run":
        keys = {key: given[key] for key in ("seed", "epochs")}
        load(given["experiment"], given["hardware"], given["sets"] or [], **keys)
    if given.get("command") == "sweep":
        Planner(given["sweep"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("neurochip run digits_ep --epochs 2  # short", ["run digits_ep --epochs 2"]),
        ("pip install . && neurochip presets", ["presets"]),
        ("$ neurochip run a \\\n  --set b=1 | tail", ["run a --set b=1"]),
        ("pytest\n# neurochip run nothing", []),
    ],
)
def test_commands_are_found(text: str, found: list[str]) -> None:
    assert commands(text) == found


@pytest.mark.parametrize("wrong", ["run", "run digits_ep --epoch 2", "train", "run x --seed one"])
def test_wrong_commands_are_refused(wrong: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed(wrong)


def links(page: Path) -> list[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    text = re.sub(r"`[^`\n]*`", "", text)
    inline = re.findall(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)", text)
    images = re.findall(r"<img[^>]*src=\"([^\"]+)\"", text)
    return [*inline, *images, *re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*?) *#*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    file = (page.parent / target).resolve() if target else page
    if not file.exists() or not file.is_relative_to(ROOT):
        return False
    return not anchor or file.suffix != ".md" or anchor in anchors(file)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    own = [link for link in links(page) if not re.match(r"[a-z]+:", link)]
    assert [link for link in own if not leads_somewhere(page, link)] == []
    for link in own:
        if link.endswith(".png"):
            assert (page.parent / link).read_bytes().startswith(b"\x89PNG"), link


@pytest.mark.parametrize("page", DOCS, ids=name)
def test_paths_exist(page: Path) -> None:
    folders = "|".join(path.name for path in ROOT.iterdir() if path.is_dir())
    named = re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_layers_of_the_architecture_are_those_that_are_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    checked = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    _, shown = next(blocks(ROOT / "docs" / "architecture.md", {""}))
    assert shown.splitlines() == checked
