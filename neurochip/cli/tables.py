"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], left: int = 1) -> None:
    """Print a table whose first ``left`` columns are text and the others numbers."""
    grid = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0),
        show_header=any(columns),
    )  # fmt: skip
    for index, name in enumerate(columns):
        grid.add_column(name, justify="left" if index < left else "right", header_style="dim", overflow="fold")
    for row in rows:
        grid.add_row(*(cell if isinstance(cell, str) else number(cell) for cell in row))
    console.print(grid)
    console.print()


def number(value: float) -> str:
    """An integer with thin thousands, or a real number with four digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def percent(part: float) -> str:
    """A fraction as a percentage with two decimals."""
    return f"{100 * part:.2f} %"


def presets_table() -> None:
    """All presets, by kind."""
    from neurochip.config import presets

    for title, folder in (("hardware", "."), ("experiments", "experiments")):
        table(title, ("name", "what it is"), presets(folder), left=2)
