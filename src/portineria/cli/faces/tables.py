"""Tables for people. What a tenant says is shown as plain text, never as markup."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from portineria.policy.show.visible import line, width
from portineria.tongue.say import say

WIDE = 200
"""Columns where nobody looks through a window: files and pipes."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout: as wide as the terminal, or WIDE, with colours on a terminal only. Heads
    are given in English."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(say(column), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    width = None if sys.stdout.isatty() else WIDE
    console = Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


FOLDED = 200
"""Rows that are laid out to the width of the terminal; more are printed as they come."""


def print_many(columns: Sequence[str], rows: Callable[[], Iterable[Sequence[str]]]) -> None:
    """The same for what may have thousands of rows, which `rows` makes anew each time.

    They are printed one by one, so that `head` has its ten at once and nothing is held; a line
    that is too long for the terminal is folded by it.
    """
    first = list(islice(rows(), FOLDED + 1))
    if len(first) <= FOLDED:
        print_table(columns, first)
        return
    columns = list(map(say, columns))
    widths = [width(column) for column in columns]
    for row in rows():
        widths = [max(had, width(plain(cell))) for had, cell in zip(widths, row, strict=True)]
    bold, end = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    print(f"{bold}{_aligned(columns, widths)}{end}")
    for row in rows():
        print(_aligned([plain(cell) for cell in row], widths))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (most - width(cell)) for cell, most in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip(" ")


def plain(text: str) -> str:
    """One line that a terminal only shows: controls are escaped, right-to-left names isolated."""
    return line(text)
