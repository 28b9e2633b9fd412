"""SMTP commands, paths and parameters, and the one end that message data has.

RFC 5321 section 4.1. Data ends at CRLF dot CRLF and nowhere else: a lone LF or CR beside the
dot is content, however other servers read it (SMTP smuggling).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMAND = re.compile(r"([A-Za-z]{1,16})(?: (.*))?")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,253})|\[[A-Za-z0-9.:-]{1,64}\]")
_PATH = re.compile(r'<(?P<path>(?:[^<>"\s]|"(?:[^"\\]|\\.)*")*)>(?: (?P<rest>.*))?')
_ROUTE = re.compile(r"@[^:]*:")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,31})(?:=([\x21-\x3c\x3e-\U0010ffff]+))?")
_CHUNK = re.compile(r"(\d{1,12})( LAST)?", re.IGNORECASE)


class SmtpSyntax(Exception):
    """The command does not parse."""


@dataclass(frozen=True, slots=True)
class Command:
    verb: str
    rest: str


@dataclass(frozen=True, slots=True)
class Path:
    """An address without its brackets and source route ("" is the null path), and parameters."""

    address: str
    parameters: dict[str, str]


def command(line: bytes) -> Command:
    """Raises SmtpSyntax."""
    if _CONTROL.search(line):
        raise SmtpSyntax
    try:
        found = _COMMAND.fullmatch(line.decode())
    except UnicodeDecodeError:
        raise SmtpSyntax from None
    if found is None:
        raise SmtpSyntax
    return Command(found[1].upper(), (found[2] or "").strip())


def is_domain(text: str) -> bool:
    """A domain or address literal fit for EHLO."""
    return _DOMAIN.fullmatch(text) is not None


def path(keyword: str, rest: str) -> Path:
    """`FROM:<...> ...` or `TO:<...> ...`, also with a space after the colon. Raises SmtpSyntax."""
    name, colon, text = rest.partition(":")
    found = _PATH.fullmatch(text.strip())
    if name.strip().upper() != keyword or not colon or found is None:
        raise SmtpSyntax
    address = _ROUTE.sub("", found["path"], count=1) if found["path"][:1] == "@" else found["path"]
    if address and "@" not in address and address.lower() != "postmaster":
        raise SmtpSyntax
    return Path(address, _parameters(found["rest"] or ""))


def _parameters(text: str) -> dict[str, str]:
    parameters = {}
    for item in text.split():
        found = _PARAMETER.fullmatch(item)
        if found is None or found[1].upper() in parameters:
            raise SmtpSyntax
        parameters[found[1].upper()] = found[2] or ""
    return parameters


def chunk(rest: str) -> tuple[int, bool]:
    """Octets of a BDAT chunk and whether it is the last (RFC 3030). Raises SmtpSyntax."""
    found = _CHUNK.fullmatch(rest)
    if found is None:
        raise SmtpSyntax
    return int(found[1]), bool(found[2])


class Data:
    """The octets after 354 until CRLF dot CRLF, unstuffed, within a limit."""

    __slots__ = ("_held", "_limit", "_searched", "too_large")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = bytearray(b"\r\n")  # the line end of DATA itself, so a first dot counts
        self._searched = 0
        self.too_large = False

    def feed(self, octets: bytes) -> bytes | None:
        """What followed the end of the data, or None while it has not come."""
        self._held += octets
        end = self._held.find(b"\r\n.\r\n", self._searched)
        if end >= 0:
            rest = bytes(self._held[end + 5 :])
            del self._held[end + 2 :]
            size = len(self._held) - 2 - self._held.count(b"\r\n.")
            self.too_large = self.too_large or size > self._limit
            return rest
        self._searched = max(0, len(self._held) - 4)
        # Stuffing can double a message at most; beyond that only its end is looked for.
        if len(self._held) > 2 * self._limit + 8:
            self.too_large = True
            del self._held[:-4]
            self._searched = 0
        return None

    def content(self) -> bytes:
        """The message as it was before stuffing (RFC 5321 section 4.5.2)."""
        return bytes(self._held).replace(b"\r\n.", b"\r\n")[2:]
