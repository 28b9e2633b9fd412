"""Who a balancer says that it speaks for: the PROXY protocol, versions 1 and 2.

Source: HAProxy, The PROXY protocol, versions 1 and 2 (proxy-protocol.txt), sections 2.1 and 2.2.
Only a balancer that is trusted may say so; of anybody else these octets are no greeting.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from portineria.gateway.admission import Address

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
MOST_LINE = 107
"""Octets of a version 1 line with its end."""
MOST_HEADER = 16 + 2048
"""Octets of a version 2 header: addresses and whatever a balancer says beside them."""


@dataclass(frozen=True, slots=True)
class Said:
    """The client's address, None where the balancer speaks for itself; and what came behind it."""

    address: Address | None
    rest: bytes


@dataclass(frozen=True, slots=True)
class Nonsense:
    why: str


class ProxyLine:
    """Fed until it answers."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, octets: bytes) -> Said | Nonsense | None:
        """None: more is needed. At most MOST_HEADER octets are held."""
        self._held += octets
        held = bytes(self._held)
        if held[: len(SIGNATURE)] == SIGNATURE[: len(held)]:
            return _binary(held)
        if held[:6] == b"PROXY "[: len(held)]:
            return _line(held)
        return Nonsense("the balancer did not say for whom it speaks")


def _line(held: bytes) -> Said | Nonsense | None:
    end = held.find(b"\r\n", 0, MOST_LINE)
    if end < 0:
        return Nonsense("the PROXY line does not end") if len(held) >= MOST_LINE else None
    words, rest = held[:end].split(b" "), held[end + 2 :]
    if len(words) >= 2 and words[1] == b"UNKNOWN":
        return Said(None, rest)
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        return Nonsense("the PROXY line is not understood")
    try:
        address = ip_address(words[2].decode("ascii"))
    except ValueError:
        return Nonsense("the PROXY line names no address")
    if (address.version == 4) is not (words[1] == b"TCP4"):
        return Nonsense("the PROXY line names an address of another kind")
    return Said(address, rest)


def _binary(held: bytes) -> Said | Nonsense | None:
    if len(held) < 16:
        return None
    kind, family, length = held[12], held[13], int.from_bytes(held[14:16], "big")
    if kind >> 4 != 2 or kind & 15 > 1:
        return Nonsense("the PROXY header is of another version")
    if 16 + length > MOST_HEADER:
        return Nonsense("the PROXY header is too long")
    if len(held) < 16 + length:
        return None
    body, rest = held[16 : 16 + length], held[16 + length :]
    if kind & 15 == 0 or family == 0:
        return Said(None, rest)  # LOCAL: a health check; UNSPEC: it does not say
    if family == 0x11 and length >= 12:
        return Said(IPv4Address(body[:4]), rest)
    if family == 0x21 and length >= 36:
        return Said(IPv6Address(body[:16]), rest)
    return Nonsense("the PROXY header names no TCP address")
