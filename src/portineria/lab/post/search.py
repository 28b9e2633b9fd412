"""Which messages a SEARCH means (RFC 3501 section 6.4.4): text is compared decoded, in any case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date
from email.utils import parsedate_to_datetime
from functools import cached_property

from portineria.lab.post.reading import decoded, texts
from portineria.lab.post.view import Row, View
from portineria.mail import mime
from portineria.mail.imap.grammar import chosen
from portineria.mail.imap.searching import (
    Day,
    Either,
    Every,
    Flag,
    Header,
    Key,
    Not,
    Numbers,
    Size,
    Words,
)


def matching(view: View, key: Key) -> list[Row]:
    """The rows that meet the key."""
    sets = _Sets(view)
    return [row for row in view if _meets(key, _Read(row, sets))]


class _Sets:
    """The sequence sets of one SEARCH, each worked out once."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._known: dict[Numbers, frozenset[int]] = {}

    def hold(self, key: Numbers, number: int) -> bool:
        if key not in self._known:
            keys = [stored.uid if key.uid else number for number, stored in self.view]
            self._known[key] = frozenset(chosen(key.pairs, keys))
        return number in self._known[key]


class _Read:
    """One message while it is looked at; what was decoded once is kept."""

    def __init__(self, row: Row, sets: _Sets) -> None:
        self.number, self.stored = row
        self.sets = sets

    @cached_property
    def flags(self) -> frozenset[str]:
        return frozenset(flag.lower() for flag in self.sets.view.flags(self.stored))

    def header(self, name: str) -> Iterator[str]:
        return (decoded(raw).lower() for raw in mime.all_of(self.stored.part.header, name))

    @cached_property
    def headers(self) -> str:
        return "\n".join(
            decoded(octets) for _, octets in mime.fields(self.stored.part.header)
        ).lower()

    @cached_property
    def body(self) -> str:
        return "\n".join(texts(self.stored.part)).lower()

    @cached_property
    def sent(self) -> date | None:
        """The day in the Date header, as written there."""
        raw = mime.first(self.stored.part.header, "date") or b""
        try:
            return parsedate_to_datetime(raw.decode("latin-1")).date()
        except (ValueError, TypeError):
            return None


def _meets(key: Key, message: _Read) -> bool:
    match key:
        case Every(keys):
            return all(_meets(inner, message) for inner in keys)
        case Either(left, right):
            return _meets(left, message) or _meets(right, message)
        case Not(inner):
            return not _meets(inner, message)
        case Numbers():
            return message.sets.hold(key, message.stored.uid if key.uid else message.number)
        case _:
            return _says(key, message)


def _says(key: Flag | Header | Words | Day | Size, message: _Read) -> bool:
    match key:
        case Flag(name):
            return name.lower() in message.flags
        case Header(name, text):
            return any(_text(text) in value for value in message.header(name))
        case Words(text, header):
            return _text(text) in message.body or (header and _text(text) in message.headers)
        case Size(larger, octets):
            size = len(message.stored.content)
            return size > octets if larger else size < octets
        case Day():
            return _on(key, message.sent if key.sent else _received(message))


def _received(message: _Read) -> date:
    return message.stored.received.astimezone(UTC).date()


def _on(key: Day, when: date | None) -> bool:
    if when is None:
        return False
    rows = {"BEFORE": when < key.day, "ON": when == key.day, "SINCE": when >= key.day}
    return rows[key.relation]


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace").lower()
