"""Mailbox names: modified UTF-7 (RFC 3501 section 5.1.3), hierarchy, and LIST's wildcards.

On the wire and in our hands a name is its encoded form; `shown` is what a person reads.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable

SEPARATOR = "/"

_ENCODED = re.compile(r"&([A-Za-z0-9+,]*)-")
_FOREIGN = re.compile(r"&|[^\x20-\x7e]+")
_WILD = re.compile(r"[*%]+")


class BadName(Exception):
    """Not modified UTF-7, or a hierarchy with an empty level."""


def shown(name: str) -> str:
    """The name as people read it. Raises BadName."""
    if re.search(r"[^\x20-\x7e]", name) or "&" in _ENCODED.sub("", name):
        raise BadName(name)
    return _ENCODED.sub(_decoded, name)


def _decoded(found: re.Match[str]) -> str:
    if not found[1]:
        return "&"
    text = found[1].replace(",", "/")
    try:
        return a2b_base64(text + "=" * (-len(text) % 4)).decode("utf-16-be")
    except (Base64Error, UnicodeDecodeError):
        raise BadName(found[0]) from None


def encoded(text: str) -> str:
    """Any text as modified UTF-7."""
    return _FOREIGN.sub(_encoded, text)


def _encoded(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    octets = b2a_base64(found[0].encode("utf-16-be"), newline=False)
    return f"&{octets.decode().rstrip('=').replace('/', ',')}-"


def levels(name: str) -> tuple[str, ...]:
    """The levels of a name, a separator at its end left out. Raises BadName."""
    shown(name)
    found = tuple(name.removesuffix(SEPARATOR).split(SEPARATOR))
    if not all(found):
        raise BadName(name)
    return found


def ancestors(name: str) -> list[str]:
    """The names above this one, the highest first."""
    parts = name.split(SEPARATOR)
    return [SEPARATOR.join(parts[:count]) for count in range(1, len(parts))]


def is_inbox(name: str) -> bool:
    return name.upper() == "INBOX"


def matcher(reference: str, pattern: str) -> Callable[[str], bool]:
    """Whether a name is meant by LIST: `*` is anything, `%` anything within a level; the name
    INBOX is matched in any case (RFC 3501 section 6.3.8)."""
    text = reference + pattern
    parts = []
    place = 0
    for found in _WILD.finditer(text):
        parts += [re.escape(text[place : found.start()]), ".*" if "*" in found[0] else "[^/]*"]
        place = found.end()
    whole = re.compile("".join([*parts, re.escape(text[place:])]), re.DOTALL)
    inbox = re.compile(whole.pattern, re.DOTALL | re.IGNORECASE)

    def matches(name: str) -> bool:
        return (inbox if is_inbox(name) else whole).fullmatch(name) is not None

    return matches
