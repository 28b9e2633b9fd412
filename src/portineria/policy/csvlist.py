"""A list of mailboxes as people keep them: a CSV export or one address a line."""

from __future__ import annotations

import csv
from dataclasses import dataclass

HEADERS = ("address", "mailbox", "userprincipalname", "primarysmtpaddress")


@dataclass(frozen=True, slots=True)
class RowError(Exception):
    """A row that holds no address. Rows count from 1, the header included."""

    row: int
    why: str


def addresses(text: str) -> tuple[str, ...]:
    """Addresses, lower case, in order and once each.

    Commas, semicolons and tabs separate; a byte-order mark, empty lines and lines that begin
    with # are passed over. The first row may name columns: the first of HEADERS found there is
    taken (case and spaces aside). Without a header every row holds one address alone.
    Raises RowError.
    """
    rows = _rows(text.removeprefix("\ufeff"))
    if not rows:
        return ()
    column, rows = _column(rows)
    found: dict[str, None] = {}
    for number, cells in rows:
        cell = cells[column].strip() if column < len(cells) else ""
        if not is_address(cell):
            shown = repr(cell) if cell else "an empty cell"
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


def _rows(text: str) -> list[tuple[int, list[str]]]:
    lines = text.splitlines()
    first = next((line for line in lines if line.strip() and not _aside(line)), "")
    sign = max(",;\t", key=first.count)
    kept = [(at, line) for at, line in enumerate(lines, 1) if line.strip() and not _aside(line)]
    cells = csv.reader((line for _, line in kept), delimiter=sign)
    try:
        return [(at, row) for (at, _), row in zip(kept, cells, strict=False) if any(row)]
    except csv.Error as error:
        raise RowError(kept[0][0], f"not a CSV file: {error}") from None


def _aside(line: str) -> bool:
    return line.lstrip().startswith("#")


def _column(rows: list[tuple[int, list[str]]]) -> tuple[int, list[tuple[int, list[str]]]]:
    number, first = rows[0]
    names = ["".join(cell.split()).lower() for cell in first]
    for wanted in HEADERS:
        if wanted in names:
            return names.index(wanted), rows[1:]
    if len(first) > 1:
        raise RowError(number, f"several columns, and none is called {' or '.join(HEADERS)}")
    return 0, rows
