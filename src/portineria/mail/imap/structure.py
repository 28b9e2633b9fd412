"""A message as FETCH shows it: ENVELOPE, BODY, BODYSTRUCTURE, sections (RFC 3501 section 7.4.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from email.utils import getaddresses

from portineria.mail import mime
from portineria.mail.imap.section import Section
from portineria.mail.mime import Part, Valued

_PLAIN = re.compile(rb"[\x20-\x7e\t]*")
_GROUP = re.compile(r"\s*([^\s:;,<>@\"][^:;,<>@\"]*|\"[^\"]*\")\s*:([^;]*);?")
_LONGEST_QUOTED = 1_000


def literal(octets: bytes) -> bytes:
    return b"{%d}\r\n" % len(octets) + octets


def nstring(raw: bytes | None) -> bytes:
    """NIL, a quoted string, or a literal for what cannot be quoted."""
    if raw is None:
        return b"NIL"
    if len(raw) > _LONGEST_QUOTED or not _PLAIN.fullmatch(raw):
        return literal(raw)
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


# --- ENVELOPE -------------------------------------------------------------------------------


def envelope(header: bytes, *, defaults: bool = True) -> bytes:
    """Encoded words stay encoded. With `defaults` a missing Sender or Reply-To is the From."""
    sender = addresses(header, "from")
    others = [addresses(header, name) for name in ("sender", "reply-to")]
    if defaults:
        others = [sender if row == b"NIL" else row for row in others]
    rows = [
        nstring(mime.first(header, "date")),
        nstring(mime.first(header, "subject")),
        sender,
        *others,
        *(addresses(header, name) for name in ("to", "cc", "bcc")),
        nstring(mime.first(header, "in-reply-to")),
        nstring(mime.first(header, "message-id")),
    ]
    return b"(" + b" ".join(rows) + b")"


def addresses(header: bytes, name: str) -> bytes:
    """The address list of a field, NIL without one; a group opens and closes as RFC 3501 says."""
    rows: list[bytes] = []
    for value in mime.all_of(header, name):
        rows += _addresses(value.decode("latin-1"))
    return b"(" + b"".join(rows) + b")" if rows else b"NIL"


def _addresses(text: str) -> list[bytes]:
    group = _GROUP.fullmatch(text)
    if group is None:
        return [_address(*pair) for pair in getaddresses([text]) if pair[1]]
    name = group[1].strip().strip('"').encode("latin-1")
    opens = b"(NIL NIL " + nstring(name) + b" NIL)"
    members = [_address(*pair) for pair in getaddresses([group[2]]) if pair[1]]
    return [opens, *members, b"(NIL NIL NIL NIL)"]


def _address(shown: str, address: str) -> bytes:
    local, _, domain = address.rpartition("@")
    if not local:  # no domain was written
        local, domain = domain, ""
    row = (_text(shown), b"NIL", _text(local), nstring(domain.encode("latin-1")))
    return b"(" + b" ".join(row) + b")"


def _text(text: str) -> bytes:
    return nstring(text.encode("latin-1") or None)


# --- BODY and BODYSTRUCTURE -----------------------------------------------------------------


def structure(part: Part, *, extended: bool, defaults: bool = True) -> bytes:
    """BODY, or with `extended` BODYSTRUCTURE. `defaults` as for the envelope."""
    if part.is_multipart:
        inside = b"".join(
            structure(inner, extended=extended, defaults=defaults) for inner in part.parts
        )
        rows = [inside, nstring(part.subtype.encode("latin-1"))]
        if extended:
            rows += [_parameters(part.parameters), *_extension(part)]
        return b"(" + b" ".join(rows) + b")"
    rows = [*_leaf(part)]
    if part.is_message:
        message = part.parts[0]
        rows += [
            envelope(message.header, defaults=defaults),
            structure(message, extended=extended, defaults=defaults),
        ]
    if part.is_message or part.kind == "text":
        rows.append(b"%d" % _lines(part))
    if extended:
        rows += [nstring(mime.first(part.header, "content-md5")), *_extension(part)]
    return b"(" + b" ".join(rows) + b")"


def _leaf(part: Part) -> Sequence[bytes]:
    parameters = part.parameters
    if part.kind == "text" and not any(name == "charset" for name, _ in parameters):
        parameters = (*parameters, ("charset", "us-ascii"))
    header = part.header
    return (
        nstring(part.kind.encode("latin-1")),
        nstring(part.subtype.encode("latin-1")),
        _parameters(parameters),
        nstring(mime.first(header, "content-id")),
        nstring(mime.first(header, "content-description")),
        nstring(mime.first(header, "content-transfer-encoding") or b"7BIT"),
        b"%d" % (part.end - part.middle),
    )


def _lines(part: Part) -> int:
    """Line ends in the body, and one for a last line without."""
    count = part.source.count(b"\n", part.middle, part.end)
    unended = part.end > part.middle and not part.source.endswith(b"\n", part.middle, part.end)
    return count + unended


def _parameters(parameters: mime.Parameters) -> bytes:
    if not parameters:
        return b"NIL"
    words = (nstring(text.encode("latin-1")) for pair in parameters for text in pair)
    return b"(" + b" ".join(words) + b")"


def _extension(part: Part) -> list[bytes]:
    """Disposition, language, location."""
    disposition = mime.valued(mime.first(part.header, "content-disposition"))
    location = mime.first(part.header, "content-location")
    return [_disposition(disposition), _languages(part.header), nstring(location)]


def _disposition(found: Valued | None) -> bytes:
    if found is None or not found.value:
        return b"NIL"
    return (
        b"(" + nstring(found.value.encode("latin-1")) + b" " + _parameters(found.parameters) + b")"
    )


def _languages(header: bytes) -> bytes:
    raw = mime.first(header, "content-language") or b""
    tags = [nstring(tag.strip()) for tag in raw.split(b",") if tag.strip()]
    if len(tags) > 1:
        return b"(" + b" ".join(tags) + b")"
    return tags[0] if tags else b"NIL"


# --- sections -------------------------------------------------------------------------------


def cut(message: Part, section: Section) -> bytes | None:
    """The octets of a section, the partial applied; None where the message has no such part."""
    octets = _section(message, section)
    if octets is None or section.partial is None:
        return octets
    start, count = section.partial
    return octets[start : start + count]


def _section(message: Part, section: Section) -> bytes | None:
    part = _at(message, section.part)
    if part is None:
        return None
    if section.part and section.text not in ("", "MIME"):
        if not part.is_message:
            return None
        part = part.parts[0]
    if section.text.startswith("HEADER.FIELDS"):
        return _chosen(part.header, section)
    if section.part and not section.text:
        return part.body
    return _TEXTS[section.text](part)


_TEXTS: dict[str, Callable[[Part], bytes]] = {
    "": lambda part: part.whole,
    "HEADER": lambda part: part.header,
    "MIME": lambda part: part.header,
    "TEXT": lambda part: part.body,
}


def _at(message: Part, numbers: Sequence[int]) -> Part | None:
    """The part of an address. Part 1 of what has no parts is its own body."""
    here, is_message = message, True
    for number in numbers:
        if not is_message and here.is_message:
            here, is_message = here.parts[0], True
        if here.is_multipart and number <= len(here.parts):
            here, is_message = here.parts[number - 1], False
        elif here.is_multipart or not is_message or number != 1:
            return None
        else:
            is_message = False
    return here


def _chosen(header: bytes, section: Section) -> bytes:
    names = {name.lower() for name in section.names}
    keep = section.text == "HEADER.FIELDS"
    kept = [octets + b"\r\n" for name, octets in mime.fields(header) if (name in names) == keep]
    return b"".join(kept) + b"\r\n"
