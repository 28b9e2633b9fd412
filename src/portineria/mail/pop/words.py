"""POP3's verbs by state (RFC 1939), its limits, and the sentences handed in."""

from __future__ import annotations

from dataclasses import dataclass

# Verb -> how many numbers it takes, at least and at most.
TRANSACTION = {
    "STAT": (0, 0),
    "LIST": (0, 1),
    "RETR": (1, 1),
    "DELE": (1, 1),
    "NOOP": (0, 0),
    "RSET": (0, 0),
    "TOP": (2, 2),
    "UIDL": (0, 1),
}


@dataclass(frozen=True, slots=True)
class PopLimits:
    """Octets. RFC 2449 section 4 allows 255 for a command; passwords in use are longer."""

    line: int = 1_024
    mistakes: int = 10


@dataclass(frozen=True, slots=True)
class PopWords:
    """What the owner says through the machine; each begins with +OK or -ERR."""

    greeting: str
    capabilities_clear: tuple[str, ...]
    capabilities: tuple[str, ...]
    mechanisms: frozenset[str]
    bye: str
    capa: str = "+OK"
    user: str = "+OK"
    syntax: str = "-ERR syntax error"
    wrong_state: str = "-ERR not now"
    tls_first: str = "-ERR STLS first"
    unknown_mechanism: str = "-ERR unknown mechanism"
    cancelled: str = "-ERR cancelled"
    malformed: str = "-ERR malformed credentials"
    too_long: str = "-ERR too long"
    too_many_mistakes: str = "-ERR too many mistakes"
    clear_login: bool = False  # credentials are taken before TLS
