"""Needs as people write them down: a list in YAML, or a table in CSV, with the same columns.

Every mistake is told at once with its line, as in a policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

from ruamel.yaml.nodes import ScalarNode, SequenceNode

from portineria.policy.advise.needs import Knows, Need, Sends
from portineria.policy.csvlist import RowError, rows_of
from portineria.policy.desired import Place
from portineria.policy.marked import Complaint, FileFault, Page, Spot
from portineria.tenant.mailbox import Protocol

KEYS = ("name", "mailbox", "protocol", "client", "knows", "sends", "volume", "fixed_address")
"""`volume` is recipients a day."""
_YES, _NO = ("yes", "true"), ("no", "false")
_SHOWN = 40

Word = TypeVar("Word", bound=StrEnum)
Cell = tuple[str, Place]


def parse(text: str, file: str) -> tuple[Need, ...]:
    """The needs of a file; CSV where its name says so. Raises FileFault with every mistake."""
    page = Page(file)
    text = text.removeprefix("\ufeff")
    rows = _csv(page, text) if file.lower().endswith(".csv") else _yaml(page, text)
    needs = [_need(page, cells, place, at) for at, (cells, place) in enumerate(rows, 1)]
    page.finish()
    if not needs:
        why = "the file describes no need"
        raise FileFault(file, [Complaint(Place(1, 1), why, "write one: - protocol: smtp")])
    return tuple(needs)


def _yaml(page: Page, text: str) -> Iterator[tuple[dict[str, Cell], Place]]:
    root = page.open(text)
    if not isinstance(root.node, SequenceNode):
        found = page.mapping(root, ("needs",), "the file") or {}
        if "needs" not in found:
            page.complain(root, "the file has no needs", "write needs: and a list under it")
            return
        root = found["needs"]
    for spot in page.items(root, "needs") or ():
        found = page.mapping(spot, KEYS, "a need") or {}
        cells = {key: _cell(page, one, key) for key, one in found.items()}
        yield cells, spot.place


def _cell(page: Page, spot: Spot, key: str) -> Cell:
    if isinstance(spot.node, ScalarNode):
        return str(spot.node.value).strip(), spot.place
    page.complain(spot, f"{key} is no single value", "write one word or number")
    return "", spot.place


def _csv(page: Page, text: str) -> Iterator[tuple[dict[str, Cell], Place]]:
    try:
        rows = list(rows_of(text))
    except RowError as error:
        page.complaints.append(Complaint(Place(error.row, 1), error.why, error.try_))
        return
    if not rows:
        return
    number, first = rows[0]
    names = ["_".join(cell.split()).lower() for cell in first]
    for at, name in enumerate(names, 1):
        if name not in KEYS:
            why = f"there is no column {name[:_SHOWN]!r}"
            advice = f"known are {', '.join(KEYS)}"
            page.complaints.append(Complaint(Place(number, at), why, advice))
    for row, cells in rows[1:]:
        given = zip(names, cells, strict=False)
        yield (
            {name: (cell.strip(), Place(row, 1)) for name, cell in given if cell.strip()},
            Place(row, 1),
        )


def _need(page: Page, cells: Mapping[str, Cell], place: Place, at: int) -> Need:
    reader = _Reader(page, cells)
    if "protocol" not in cells:
        page.complaints.append(
            Complaint(place, "a need has no protocol", "write imap, pop or smtp")
        )
    mailbox = reader.text("mailbox")
    return Need(
        name=reader.text("name") or mailbox or f"#{at}",
        protocol=reader.word("protocol", Protocol, Protocol.SMTP),
        mailbox=mailbox,
        client=reader.text("client"),
        knows=reader.word("knows", Knows, Knows.UNKNOWN),
        sends=reader.word("sends", Sends, Sends.UNKNOWN),
        volume=reader.number("volume"),
        fixed_address=reader.yes_or_no("fixed_address"),
    )


class _Reader:
    """One need's cells; what is wrong is complained about, and read as not said."""

    def __init__(self, page: Page, cells: Mapping[str, Cell]) -> None:
        self._page = page
        self._cells = cells

    def text(self, key: str) -> str:
        return self._cells.get(key, ("", Place(1, 1)))[0]

    def word(self, key: str, words: type[Word], otherwise: Word) -> Word:
        known = {str(word.value): word for word in words}
        text = self.text(key).lower()
        if key in self._cells and text not in known:
            self._complain(key, f"write one of {', '.join(known)}")
        return known.get(text, otherwise)

    def number(self, key: str) -> int | None:
        text = self.text(key)
        if key not in self._cells:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            self._complain(key, "write how many recipients a day, as 200")
            return None
        return int(text)

    def yes_or_no(self, key: str) -> bool | None:
        text = self.text(key).lower()
        if key not in self._cells or text == "unknown":
            return None
        if text not in (*_YES, *_NO):
            self._complain(key, "write yes or no")
            return None
        return text in _YES

    def _complain(self, key: str, advice: str) -> None:
        text, place = self._cells[key]
        self._page.complaints.append(Complaint(place, f"{key} cannot be {text[:_SHOWN]!r}", advice))
