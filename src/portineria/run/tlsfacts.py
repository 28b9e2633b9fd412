"""What a handshake showed: version, cipher, and whose certificate it is until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Protocol, runtime_checkable

SOON = 21
"""Days before its end from which a certificate is spoken of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The server's own certificate. `names` are those of its subjectAltName; dates in UTC.

    `chain` are the subjects from it to the end of what was built, or of what the server sent
    where nothing was checked.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    chain: tuple[str, ...] = ()

    @property
    def self_signed(self) -> bool:
        return self.subject == self.issuer

    def days_left(self, now: datetime) -> int:
        """Whole days until its end, below zero when it is over."""
        return (self.ends - now).days


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFacts:
    """`version` as TLSv1.3, `cipher` in OpenSSL's words. `trusted` means chain and name were
    checked and hold."""

    version: str
    cipher: str
    certificate: Certificate | None
    trusted: bool


@runtime_checkable
class Shown(Protocol):
    """A stream that can tell what its handshake showed, None before it."""

    @property
    def tls_facts(self) -> TlsFacts | None: ...


def covers(names: Iterable[str], host: str) -> bool:
    """Whether a certificate of these names is good for `host` (RFC 9525 6.3): a star stands for one
    whole label, the first."""
    host = host.rstrip(".").lower()
    for name in (name.rstrip(".").lower() for name in names):
        if name == host or _same_address(name, host):
            return True
        star, _, rest = name.partition(".")
        if star == "*" and "." in rest and host.partition(".")[2] == rest:
            return True
    return False


def _same_address(name: str, host: str) -> bool:
    try:
        return ip_address(name) == ip_address(host)
    except ValueError:
        return False


def complaints(found: Certificate, host: str, now: datetime) -> Iterator[str]:
    """What is wrong with a certificate, each a whole clause; nothing where only its authority is
    unknown."""
    if not covers(found.names, host):
        for_whom = ", ".join(found.names[:5]) or "no name at all"
        yield f"it is made out to {for_whom}, not to {host}"
    if found.ends < now:
        yield f"it expired on {found.ends:%Y-%m-%d}"
    if found.begins > now:
        yield f"it is not valid before {found.begins:%Y-%m-%d}"
    if found.self_signed:
        yield "it is signed by itself, by no authority"
