"""A list of mailboxes as people keep them: a CSV export or one address a line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO

HEADERS = ("address", "mailbox", "userprincipalname", "primarysmtpaddress")

Row = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class RowError(Exception):
    """A row that holds no address, and what to do. Rows count from 1 as a spreadsheet counts
    them: the header, empty rows and remarks included."""

    row: int
    why: str
    try_: str = "correct that row"


def addresses(text: str) -> tuple[str, ...]:
    """Addresses, lower case, in order and once each.

    Commas, semicolons and tabs separate; a byte-order mark, empty lines and lines that begin
    with # are passed over. The first row may name columns: the first of HEADERS found there is
    taken (case and spaces aside). Without a header every row holds one address alone.
    Raises RowError.
    """
    rows = list(rows_of(text.removeprefix("\ufeff")))
    if not rows:
        return ()
    column, rows = _column(rows)
    found: dict[str, None] = {}
    for number, cells in rows:
        cell = cells[column].strip() if column < len(cells) else ""
        if not is_address(cell):
            shown = repr(cell[:60]) if cell else "an empty cell"
            raise RowError(number, f"{shown} is no address")
        found[cell.lower()] = None
    return tuple(found)


def is_address(text: str) -> bool:
    """Whether text looks like one mail address: something@something, no spaces or controls.

    An apostrophe may be inside the local part (o'malley@), not around it: there it is a quote.
    """
    local, _, domain = text.rpartition("@")
    plain = text.isprintable() and not any(sign in text for sign in ' ,;<>"()')
    unquoted = local == local.strip("'") and "'" not in domain
    return bool(plain and unquoted and local and "@" not in local and "." in domain.strip("."))


@dataclass(slots=True)
class _Lines:
    """The lines of a file, remarks emptied; a # inside a quoted cell is none."""

    text: str
    quoted: bool = field(default=False, init=False)

    def __iter__(self) -> Iterator[str]:
        # Only line ends count as such: a cell may hold U+2028 or a vertical tab.
        for line in StringIO(self.text, newline=None):
            if not self.quoted and line.lstrip().startswith("#"):
                yield "\n"
                continue
            self.quoted ^= line.count('"') % 2 == 1
            yield line


def rows_of(text: str) -> Iterator[Row]:
    """Numbered rows that hold anything."""
    first = next((line for line in _Lines(text) if line.strip()), "")
    lines = _Lines(text)
    number = 0
    try:
        for number, cells in enumerate(
            csv.reader(lines, delimiter=max(",;\t", key=first.count)), 1
        ):
            if lines.quoted:
                break
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error:
        number += 1
        lines.quoted = True
    if lines.quoted:
        raise RowError(number, "a quote is opened and never closed", 'close it with a "')


def _column(rows: list[Row]) -> tuple[int, list[Row]]:
    number, first = rows[0]
    names = ["".join(cell.split()).lower() for cell in first]
    for wanted in HEADERS:
        if wanted in names:
            return names.index(wanted), rows[1:]
    if len(first) > 1:
        raise RowError(
            number,
            f"several columns, and none is called {' or '.join(HEADERS)}",
            "name the columns in the first row, or write one address a line",
        )
    return 0, rows
