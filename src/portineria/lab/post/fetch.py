"""What FETCH gives: the data items of one message as IMAP writes them (RFC 3501 section 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message as Parsed
from email.utils import getaddresses

from portineria.lab.post.mailboxes import Stored
from portineria.mail.events import Argument
from portineria.mail.imap.grammar import ImapSyntax, word

_SECTION = re.compile(
    r"BODY(?P<peek>\.PEEK)?\[(?P<what>[A-Z.]*)(?: \((?P<names>[^)]*)\))?\]"
    r"(?:<(?P<start>\d{1,10})\.(?P<count>\d{1,10})>)?",
    re.IGNORECASE,
)
_MACROS = {
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
_RFC822 = {"RFC822": "BODY[]", "RFC822.HEADER": "BODY.PEEK[HEADER]", "RFC822.TEXT": "BODY[TEXT]"}


def wanted(argument: Argument, *, uid: bool) -> list[str]:
    """The names of the items asked for. Raises ImapSyntax for what is not served."""
    names = [word(item) for item in argument] if isinstance(argument, tuple) else [word(argument)]
    if len(names) == 1:
        names = list(_MACROS.get(names[0].upper(), names))
    if uid and "UID" not in (name.upper() for name in names):
        names.append("UID")
    for name in names:
        known = name.upper() in _ITEMS or name.upper() in _RFC822
        if not known and not _SECTION.fullmatch(name):
            raise ImapSyntax
    return names


def marks_seen(names: list[str]) -> bool:
    """Whether fetching these sets the Seen flag."""
    sections = [_SECTION.fullmatch(_RFC822.get(name.upper(), name)) for name in names]
    return any(found is not None and not found["peek"] for found in sections)


def line(number: int, stored: Stored, names: list[str]) -> bytes:
    """One untagged FETCH, literals inside, without `* ` and line end."""
    items = b" ".join(_item(stored, name) for name in names)
    return b"%d FETCH (%s)" % (number, items)


def _item(stored: Stored, name: str) -> bytes:
    plain = _ITEMS.get(name.upper())
    if plain is not None:
        return name.upper().encode() + b" " + plain(stored)
    found = _SECTION.fullmatch(_RFC822.get(name.upper(), name))
    if found is None:
        raise ImapSyntax
    octets = _section(stored.content, found["what"].upper(), found["names"] or "")
    label = _RFC822.get(name.upper()) and name.upper()
    if not label:
        fields = f" ({found['names']})" if found["names"] else ""
        label = f"BODY[{found['what'].upper()}{fields}]"
    if found["start"] is not None:
        start = int(found["start"])
        octets = octets[start : start + int(found["count"])]
        label += f"<{start}>"
    return label.encode() + b" " + _literal(octets)


def _section(content: bytes, what: str, names: str) -> bytes:
    head, blank, body = content.partition(b"\r\n\r\n")
    header = head + blank if blank else head + b"\r\n\r\n"
    match what:
        case "":
            return content
        case "HEADER":
            return header
        case "TEXT" | "1":
            return body
        case "HEADER.FIELDS" | "HEADER.FIELDS.NOT":
            chosen = {name.lower() for name in names.replace('"', "").split()}
            keep = what == "HEADER.FIELDS"
            kept = [f for key, f in _fields(head) if (key in chosen) == keep]
            return b"".join(kept) + b"\r\n"
        case _:
            raise ImapSyntax


def _fields(head: bytes) -> Iterator[tuple[str, bytes]]:
    for field in re.findall(rb"[^\r\n]+(?:\r\n[ \t][^\r\n]*)*", head):
        yield field.split(b":", 1)[0].decode("latin-1").strip().lower(), field + b"\r\n"


def flags(stored: Stored) -> bytes:
    recent = ["\\Recent"] if stored.recent else []
    return "({})".format(" ".join(sorted(stored.flags) + recent)).encode()


def _date(stored: Stored) -> bytes:
    return stored.received.strftime('"%d-%b-%Y %H:%M:%S +0000"').encode()


def _envelope(stored: Stored) -> bytes:
    message: Parsed = message_from_bytes(stored.content)
    sender = _addresses(message, "From")
    rows = [
        _string(message.get("Date")),
        _string(message.get("Subject")),
        sender,
        _addresses(message, "Sender") if message.get("Sender") else sender,
        _addresses(message, "Reply-To") if message.get("Reply-To") else sender,
        *(_addresses(message, name) for name in ("To", "Cc", "Bcc")),
        _string(message.get("In-Reply-To")),
        _string(message.get("Message-ID")),
    ]
    return b"(" + b" ".join(rows) + b")"


def _addresses(message: Parsed, name: str) -> bytes:
    found = [pair for pair in getaddresses([str(v) for v in message.get_all(name, [])]) if pair[1]]
    if not found:
        return b"NIL"
    rows = []
    for shown, address in found:
        local, _, domain = address.rpartition("@")
        rows.append(
            b"(" + b" ".join((_string(shown), b"NIL", _string(local), _string(domain))) + b")"
        )
    return b"(" + b"".join(rows) + b")"


def _structure(stored: Stored) -> bytes:
    """Every message is shown as one plain text: the structure of parts is not imitated."""
    body = _section(stored.content, "TEXT", "")
    return b'("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" %d %d)' % (
        len(body),
        body.count(b"\n"),
    )


def _string(value: object) -> bytes:
    if not value:
        return b"NIL"
    text = str(value).replace("\r\n", "").encode("ascii", "replace")
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _literal(octets: bytes) -> bytes:
    return b"{%d}\r\n" % len(octets) + octets


_ITEMS: dict[str, Callable[[Stored], bytes]] = {
    "FLAGS": flags,
    "UID": lambda stored: b"%d" % stored.uid,
    "RFC822.SIZE": lambda stored: b"%d" % len(stored.content),
    "INTERNALDATE": _date,
    "ENVELOPE": _envelope,
    "BODY": _structure,
    "BODYSTRUCTURE": _structure,
}
