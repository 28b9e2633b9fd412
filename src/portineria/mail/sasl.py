"""SASL at both ends: PLAIN (RFC 4616), LOGIN, XOAUTH2, OAUTHBEARER (RFC 7628).

A client makes a `Proposal` and sends its steps; a server makes a `Hearing` and hands it the
lines. Steps and lines are base64 text without line ends, as they stand on the wire; the
framing (`AUTH`, `AUTHENTICATE`, `334`, `+`) belongs to the protocols.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass

from portineria.secret import Secret

AUTH_LINE_LIMIT = 12_288  # RFC 4954 section 4: base64 lines of an exchange, line end included


class MalformedSasl(Exception):
    """What the peer sent does not fit the mechanism. The text never holds what was sent."""


class SaslCancelled(Exception):
    """The client sent `*` (RFC 4954 section 4, RFC 9051 section 6.2.2, RFC 5034 section 4)."""


class UnknownMechanism(Exception):
    """Nobody here speaks the mechanism asked for."""


def encode(raw: bytes) -> bytes:
    """One base64 line."""
    return b64encode(raw)


def decode(line: bytes) -> bytes:
    """What a base64 line holds; `=` alone is the empty string. Raises MalformedSasl."""
    if line == b"=":
        return b""
    try:
        return b64decode(line, validate=True)
    except (Base64Error, ValueError):
        raise MalformedSasl("not base64") from None


# --- the client's end -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a client says in one mechanism, step by step.

    `step(0)` may ride on the command as initial response when `opens` is true. Any challenge
    after the last step (a failure explained in JSON) is answered by the empty line.
    """

    mechanism: str
    steps: tuple[Secret, ...]
    opens: bool

    def step(self, index: int) -> bytes:
        """The base64 line that answers challenge number `index`, counted from 0."""
        if index >= len(self.steps):
            return b""
        return encode(self.steps[index].reveal().encode())


def plain(user: str, password: Secret, authzid: str = "") -> Proposal:
    """RFC 4616: authzid NUL authcid NUL password."""
    return Proposal("PLAIN", (Secret(f"{authzid}\0{user}\0{password.reveal()}"),), opens=True)


def login(user: str, password: Secret) -> Proposal:
    """The undocumented mechanism of two questions; its client never speaks first."""
    return Proposal("LOGIN", (Secret(user), password), opens=False)


def xoauth2(user: str, token: Secret) -> Proposal:
    """`user` is the mailbox being opened, which need not be the token's own (dossier 5.1)."""
    text = f"user={user}\x01auth=Bearer {token.reveal()}\x01\x01"
    return Proposal("XOAUTH2", (Secret(text),), opens=True)


def oauthbearer(user: str, token: Secret, host: str = "", port: int = 0) -> Proposal:
    """RFC 7628 section 3.1."""
    name = user.replace("=", "=3D").replace(",", "=2C")
    pairs = f"host={host}\x01port={port}\x01" if host else ""
    text = f"n,a={name},\x01{pairs}auth=Bearer {token.reveal()}\x01\x01"
    return Proposal("OAUTHBEARER", (Secret(text),), opens=True)


# --- the server's end -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Challenge:
    """A base64 line to put behind `334 ` or `+ `."""

    line: bytes


@dataclass(frozen=True, slots=True)
class PasswordOffered:
    mechanism: str
    user: str
    password: Secret
    authzid: str = ""


@dataclass(frozen=True, slots=True)
class TokenOffered:
    mechanism: str
    user: str
    token: Secret


Offered = PasswordOffered | TokenOffered


class Hearing:
    """One exchange at the server's end. Raises UnknownMechanism for a name not in MECHANISMS."""

    __slots__ = ("_heard", "_read", "mechanism")

    def __init__(self, mechanism: str) -> None:
        self.mechanism = mechanism.upper()
        if self.mechanism not in MECHANISMS:
            raise UnknownMechanism(self.mechanism)
        self._read = MECHANISMS[self.mechanism]
        self._heard: list[bytes] = []

    def open(self, initial: bytes | None) -> Challenge | Offered:
        """The answer to the command itself, with or without an initial response."""
        return self._next() if initial is None else self.hear(initial)

    def hear(self, line: bytes) -> Challenge | Offered:
        """The answer to one line. Raises SaslCancelled and MalformedSasl."""
        if line == b"*":
            raise SaslCancelled
        self._heard.append(decode(line))
        return self._next()

    def _next(self) -> Challenge | Offered:
        return self._read(tuple(self._heard))


def _read_plain(heard: tuple[bytes, ...]) -> Challenge | Offered:
    if not heard:
        return Challenge(b"")
    parts = _text(heard[0]).split("\0")
    if len(parts) != 3 or not parts[1]:
        raise MalformedSasl("PLAIN holds authzid, user and password between NULs")
    return PasswordOffered("PLAIN", _name(parts[1]), Secret(parts[2]), authzid=parts[0])


def _read_login(heard: tuple[bytes, ...]) -> Challenge | Offered:
    if len(heard) < 2:
        return Challenge(encode((b"Username:", b"Password:")[len(heard)]))
    return PasswordOffered("LOGIN", _name(_text(heard[0])), Secret(_text(heard[1])))


def _read_xoauth2(heard: tuple[bytes, ...]) -> Challenge | Offered:
    if not heard:
        return Challenge(b"")
    pairs = _pairs(_text(heard[0]))
    return TokenOffered("XOAUTH2", _name(pairs.get("user", "")), _bearer(pairs))


def _read_oauthbearer(heard: tuple[bytes, ...]) -> Challenge | Offered:
    if not heard:
        return Challenge(b"")
    header, _, rest = _text(heard[0]).partition("\x01")
    found = _GS2.fullmatch(header)
    if found is None:
        raise MalformedSasl("OAUTHBEARER begins with a GS2 header")
    name = (found["name"] or "").replace("=2C", ",").replace("=3D", "=")
    return TokenOffered("OAUTHBEARER", _name(name), _bearer(_pairs(rest)))


_GS2 = re.compile(r"[ny],(?:a=(?P<name>[^,]*))?,")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedSasl("not UTF-8") from None


def _name(name: str) -> str:
    if not name or _CONTROL.search(name):
        raise MalformedSasl("the user name is missing or holds control characters")
    return name


def _pairs(text: str) -> dict[str, str]:
    """key=value pairs, each ended by 0x01 and the whole by one more (RFC 7628 section 3.1)."""
    if not text.endswith("\x01\x01"):
        raise MalformedSasl("the pairs end with two 0x01")
    pairs = (pair.partition("=") for pair in text[:-2].split("\x01"))
    return {key.lower(): value for key, _, value in pairs}


def _bearer(pairs: dict[str, str]) -> Secret:
    kind, _, token = pairs.get("auth", "").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token or _CONTROL.search(token):
        raise MalformedSasl("auth is not a bearer token")
    return Secret(token)


MECHANISMS: dict[str, Callable[[tuple[bytes, ...]], Challenge | Offered]] = {
    "PLAIN": _read_plain,
    "LOGIN": _read_login,
    "XOAUTH2": _read_xoauth2,
    "OAUTHBEARER": _read_oauthbearer,
}
