"""POP3 commands and multi-line bodies (RFC 1939 sections 3 and 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMAND = re.compile(rb"([A-Za-z]{3,16})(?: (.*))?", re.DOTALL)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_NUMBER = re.compile(r"\d{1,9}")


class PopSyntax(Exception):
    """The command does not parse."""


@dataclass(frozen=True, slots=True)
class Command:
    verb: str
    rest: str

    @property
    def words(self) -> list[str]:
        return self.rest.split()


def command(line: bytes) -> Command:
    """Verb and the rest as it stands, for a password may hold spaces. Raises PopSyntax."""
    found = _COMMAND.fullmatch(line)
    if found is None or _CONTROL.search(line):
        raise PopSyntax
    try:
        return Command(found[1].decode().upper(), (found[2] or b"").decode())
    except UnicodeDecodeError:
        raise PopSyntax from None


def numbers(words: list[str], least: int, most: int) -> tuple[int, ...]:
    """Message numbers and line counts. Raises PopSyntax."""
    if not least <= len(words) <= most or not all(_NUMBER.fullmatch(w) for w in words):
        raise PopSyntax
    return tuple(int(word) for word in words)


def stuffed(body: bytes) -> bytes:
    """A multi-line body on the wire: CRLF ends, dots doubled, closed by a lone dot."""
    lines = re.sub(rb"\r?\n", b"\r\n", body)
    if lines and not lines.endswith(b"\r\n"):
        lines += b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"
