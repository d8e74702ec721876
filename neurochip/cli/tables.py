"""Text and tables on the terminal. Names and paths are printed as they are, never taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(highlight=False, markup=False, emoji=False)

_UNBOUNDED = 10_000
"""Width of a table that goes to a pipe or file: nothing is folded there."""


def say(text: str | Text) -> None:
    """Print a line; a terminal wraps it between words, a pipe or file gets it whole."""
    console.print(text, soft_wrap=not console.is_terminal)


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    left: int = 1,
    optional: Sequence[str] = (),
) -> None:
    """Print a table whose first ``left`` columns are text and the others numbers.

    In a narrow terminal the last column of text folds, if it is not the only one, and as many of the
    ``optional`` columns as must are left out, in the order given.
    """
    cells = [[cell if isinstance(cell, str) else number(cell) for cell in row] for row in rows]
    shown = _that_fit(columns, cells, optional)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(columns), header_style="dim")
    for index in shown:
        justify: Literal["left", "right"] = "left" if index < left else "right"
        grid.add_column(columns[index], justify=justify, no_wrap=not 0 < index == left - 1)
    for row in cells:
        grid.add_row(*(Text(row[index]) for index in shown))
    out = console if console.is_terminal else Console(file=console.file, width=_UNBOUNDED)
    if title:
        say(Text(title, "bold"))
    out.print(grid)
    out.print()


def _that_fit(columns: Sequence[str], cells: list[list[str]], optional: Sequence[str]) -> list[int]:
    """Indices of the columns that the terminal has room for."""
    widths = [max(len(cell) for cell in column) for column in zip(columns, *cells, strict=True)]
    shown = list(range(len(columns)))
    for name in optional:
        if not console.is_terminal or sum(widths[index] + 2 for index in shown) - 2 <= console.width:
            break
        shown.remove(columns.index(name))
    return shown


def facts(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Print a title and a value for each name, one a line."""
    pairs = list(rows)
    widest = max(len(name) for name, _ in pairs)
    console.print(Text(title, "bold"), soft_wrap=True)
    for name, value in pairs:
        console.print(f"{name:<{widest}}  {value}", soft_wrap=True)


def number(value: float) -> str:
    """An integer with commas between thousands, or a real number with six digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def percent(part: float) -> str:
    """A fraction as a percentage with two decimals."""
    return f"{100 * part:.2f} %"


def presets_table() -> None:
    """All presets, by kind."""
    from neurochip.config import presets

    for title, folder in (("hardware", "."), ("experiments", "experiments"), ("prices", "energy")):
        table(title, ("name", "what it is"), presets(folder), left=2)
