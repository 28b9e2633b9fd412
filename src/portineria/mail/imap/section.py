"""What FETCH asks for, read: data items, body sections and partials (RFC 3501 section 6.4.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from portineria.mail.events import Argument
from portineria.mail.imap.grammar import ImapSyntax, word

Text = Literal["", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME"]

ITEMS = frozenset(
    {"FLAGS", "UID", "RFC822.SIZE", "INTERNALDATE", "ENVELOPE", "BODY", "BODYSTRUCTURE"}
)
_MACROS = {
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_SECTION = re.compile(
    r"BODY(?P<peek>\.PEEK)?"
    r"\[(?P<part>[1-9]\d{0,9}(?:\.[1-9]\d{0,9})*)?"
    r"(?P<dot>\.)?(?P<text>HEADER\.FIELDS(?:\.NOT)?|HEADER|TEXT|MIME)?"
    r"(?: \((?P<names>[^()\r\n]*)\))?\]"
    r"(?:<(?P<start>\d{1,10})\.(?P<count>[1-9]\d{0,9})>)?",
    re.IGNORECASE,
)
_NAME = re.compile(r"\"(?P<quoted>[^\"]+)\"|(?P<atom>[^\s\"]+)")
_DEPTH = 40  # numbers in a part's address


@dataclass(frozen=True, slots=True)
class Section:
    """One body section. `label` is how the answer names it, `partial` start and octet count.

    `marks_seen` tells that fetching it sets the Seen flag.
    """

    label: str
    part: tuple[int, ...] = ()
    text: Text = ""
    names: tuple[str, ...] = ()
    partial: tuple[int, int] | None = None
    marks_seen: bool = False


Item = str | Section

_RFC822: dict[str, Section] = {
    "RFC822": Section("RFC822", marks_seen=True),
    "RFC822.HEADER": Section("RFC822.HEADER", text="HEADER"),
    "RFC822.TEXT": Section("RFC822.TEXT", text="TEXT", marks_seen=True),
}


def items(argument: Argument) -> tuple[Item, ...]:
    """The items of a FETCH, macros written out. Raises ImapSyntax."""
    if not isinstance(argument, tuple):
        name = word(argument).upper()
        return _MACROS[name] if name in _MACROS else (_item(word(argument)),)
    if not argument:
        raise ImapSyntax
    return tuple(_item(word(name)) for name in argument)


def _item(text: str) -> Item:
    name = text.upper()
    if name in ITEMS:
        return name
    return _RFC822[name] if name in _RFC822 else section(text)


def section(text: str) -> Section:
    """`BODY[…]<…>` or `BODY.PEEK[…]<…>`. Raises ImapSyntax."""
    found = _SECTION.fullmatch(text)
    if found is None:
        raise ImapSyntax
    part = tuple(int(number) for number in (found["part"] or "").split(".") if number)
    what = (found["text"] or "").upper()
    names = tuple(n["quoted"] or n["atom"] for n in _NAME.finditer(found["names"] or ""))
    dotted = bool(part) and bool(what)
    if (
        len(part) > _DEPTH
        or bool(found["dot"]) != dotted
        or (what == "MIME" and not part)
        or bool(names) != what.startswith("HEADER.FIELDS")
    ):
        raise ImapSyntax
    address = ".".join([*map(str, part), *([what] if what else [])])
    fields = f" ({' '.join(names)})" if names else ""
    label = f"BODY[{address}{fields}]"
    partial = (int(found["start"]), int(found["count"])) if found["start"] else None
    return Section(
        label + (f"<{partial[0]}>" if partial else ""),
        part,
        _TEXTS[what],
        names,
        partial,
        marks_seen=not found["peek"],
    )


_TEXTS: dict[str, Text] = {
    "": "",
    "HEADER": "HEADER",
    "HEADER.FIELDS": "HEADER.FIELDS",
    "HEADER.FIELDS.NOT": "HEADER.FIELDS.NOT",
    "TEXT": "TEXT",
    "MIME": "MIME",
}
