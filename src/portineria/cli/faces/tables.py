"""Tables for people. What a tenant says is shown as plain text, never as markup."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from portineria.policy.show.visible import line

WIDE = 200
"""Columns where nobody looks through a window: files and pipes."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout: as wide as the terminal, or WIDE, with colours on a terminal only."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    width = None if sys.stdout.isatty() else WIDE
    console = Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def plain(text: str) -> str:
    """One line that a terminal only shows: controls are escaped, right-to-left names isolated."""
    return line(text)
