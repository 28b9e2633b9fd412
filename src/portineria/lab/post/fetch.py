"""What FETCH gives: the data items of one message as IMAP writes them (RFC 3501 section 7.4.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portineria.lab.post.mailboxes import Stored
from portineria.lab.post.view import Row, View
from portineria.mail.imap.dates import written
from portineria.mail.imap.section import Item, Section
from portineria.mail.imap.structure import cut, envelope, literal, nstring, structure


def marks_seen(items: Iterable[Item]) -> bool:
    """Whether fetching these sets the Seen flag."""
    return any(isinstance(item, Section) and item.marks_seen for item in items)


def line(row: Row, items: Iterable[Item], view: View) -> bytes:
    """One untagged FETCH, literals inside, without `* ` and line end."""
    number, stored = row
    message = _Shown(stored, view)
    return b"%d FETCH (%s)" % (number, b" ".join(message.item(item) for item in items))


@dataclass(frozen=True, slots=True)
class _Shown:
    """One message of one answer."""

    stored: Stored
    view: View

    def item(self, item: Item) -> bytes:
        if isinstance(item, Section):
            return item.label.encode() + b" " + self._section(item)
        return item.encode() + b" " + _ITEMS[item](self)

    def _section(self, section: Section) -> bytes:
        octets = cut(self.stored.part, section)
        return nstring(None) if octets is None else literal(octets)

    # Sender and Reply-To are not filled in where they are missing: so it was captured (5.8).

    def envelope(self) -> bytes:
        return envelope(self.stored.part.header, defaults=False)

    def structure(self, *, extended: bool) -> bytes:
        return structure(self.stored.part, extended=extended, defaults=False)


_ITEMS: dict[str, Callable[[_Shown], bytes]] = {
    "FLAGS": lambda shown: b"(" + shown.view.said(shown.stored) + b")",
    "UID": lambda shown: b"%d" % shown.stored.uid,
    "RFC822.SIZE": lambda shown: b"%d" % len(shown.stored.content),
    "INTERNALDATE": lambda shown: f'"{written(shown.stored.received)}"'.encode(),
    "ENVELOPE": _Shown.envelope,
    "BODY": lambda shown: shown.structure(extended=False),
    "BODYSTRUCTURE": lambda shown: shown.structure(extended=True),
}
