"""Secrets in a pasted conversation: found, so that nothing that is shown of it holds one.

A log may hold what a client said at the login, in words or in base64, and what programs print
around it. Everything that could be one is taken for one: too much hidden does no harm.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator

from portineria.mail.transcript import Redactor
from portineria.secret import Secret

_KEY = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client_secret|client_assertion|(?:access|refresh|id)_token"
    r"|token|device_code|code|assertion|bearer|authorization"
)
_NAMED = re.compile(
    rf"(?:{_KEY})[\"']?\s*(?:[:=]|\s)\s*[\"']?(?:basic |bearer )?([^\s\"'&,;]+)", re.I
)
_LOGIN = re.compile(r"\blogin\s+(?:\"[^\"]*\"|\S+)\s+(\"[^\"]*\"|\S+)", re.I)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_READABLE = re.compile(r"[\x20-\x7e\x00\x01\u00a0-\uffff]+")
_LONG = 64 * 1024
"""Signs of one line that are looked at; a longer one is no login."""
MOST = 400
"""Secrets that are kept: each makes showing slower. The longest first, for they tell most."""


def redactor(raw: str) -> Redactor:
    """Whatever may be shown of this text goes through it."""
    found = dict.fromkeys(one for line in raw.splitlines() for one in _in_line(line[:_LONG]))
    longest = sorted(found, key=len, reverse=True)[:MOST]
    return Redactor(Secret(one) for one in longest)


def _in_line(line: str) -> Iterator[str]:
    for found in (*_NAMED.finditer(line), *_LOGIN.finditer(line)):
        yield found[1].strip('"')
    for found in _BASE64.finditer(line):
        if text := _decoded(found[0]):
            yield from (part for part in re.split(r"[\x00\x01]", text) if len(part) > 3)


def _decoded(word: str) -> str:
    """What base64 holds, where it is text; else ""."""
    padded = word.rstrip("=").translate(_URL) + "=" * (-len(word.rstrip("=")) % 4)
    try:
        text = b64decode(padded, validate=True).decode()
    except (Base64Error, ValueError):
        return ""
    return text if _READABLE.fullmatch(text) else ""


_URL = str.maketrans("-_", "+/")
