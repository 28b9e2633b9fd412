"""Text of a message as people read it: encoded words, transfer encodings and charsets undone."""

from __future__ import annotations

import quopri
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header

from portineria.mail import mime
from portineria.mail.mime import Part


def decoded(raw: bytes) -> str:
    """A header value, its encoded words decoded; what cannot be is left as it stands."""
    text = raw.decode("utf-8", "replace")
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    return "".join(
        piece if isinstance(piece, str) else _as_text(piece, charset or "ascii")
        for piece, charset in pieces
    )


def texts(part: Part) -> Iterator[str]:
    """Every text part, the ones inside attached messages too."""
    for inner in part.parts:
        yield from texts(inner)
    if part.kind == "text":
        charset = next((value for name, value in part.parameters if name == "charset"), "ascii")
        yield _as_text(_octets(part), charset)


def _octets(part: Part) -> bytes:
    encoding = (mime.first(part.header, "content-transfer-encoding") or b"").lower()
    if encoding == b"quoted-printable":
        return quopri.decodestring(part.body)
    if encoding == b"base64":
        try:
            return b64decode(part.body)
        except (Base64Error, ValueError):
            return part.body
    return part.body


def _as_text(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except (LookupError, ValueError):
        return octets.decode("latin-1")
