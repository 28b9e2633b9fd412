"""The PROXY protocol: what balancers say, in any pieces, and what is no such thing."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.gateway.proxyline import (
    MOST_HEADER,
    MOST_LINE,
    SIGNATURE,
    Nonsense,
    ProxyLine,
    Said,
)

FOUR = ip_address("203.0.113.7").packed
SIX = ip_address("2001:db8::7").packed


def second(kind: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + struct.pack("!BBH", kind, family, len(body)) + body


GOOD = {
    "v1 four": (b"PROXY TCP4 203.0.113.7 192.0.2.1 51000 993\r\n", "203.0.113.7"),
    "v1 six": (b"PROXY TCP6 2001:db8::7 2001:db8::1 51000 993\r\n", "2001:db8::7"),
    "v1 unknown": (b"PROXY UNKNOWN\r\n", None),
    "v1 unknown, with more": (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
    "v2 four": (second(0x21, 0x11, FOUR + FOUR + b"\0\1\0\2"), "203.0.113.7"),
    "v2 six": (second(0x21, 0x21, SIX + SIX + b"\0\1\0\2"), "2001:db8::7"),
    "v2 with more": (second(0x21, 0x11, FOUR + FOUR + b"\0\1\0\2" + b"\3\0\4abcd"), "203.0.113.7"),
    "v2 local": (second(0x20, 0x11, FOUR + FOUR + b"\0\1\0\2"), None),
    "v2 unspecified": (second(0x21, 0x00, b""), None),
}
BAD = {
    "another protocol": b"GET / HTTP/1.1\r\n",
    "TLS at once": b"\x16\x03\x01\x02\x00",
    "no address": b"PROXY TCP4 nobody 192.0.2.1 1 2\r\n",
    "too few words": b"PROXY TCP4 203.0.113.7\r\n",
    "another family": b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
    "no such family": b"PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n",
    "not ASCII": b"PROXY TCP4 \xff 192.0.2.1 1 2\r\n",
    "endless": b"PROXY TCP4 " + b"1" * MOST_LINE,
    "v2 of version 1": second(0x11, 0x11, FOUR + FOUR + b"\0\1\0\2"),
    "v2 unknown command": second(0x22, 0x11, FOUR + FOUR + b"\0\1\0\2"),
    "v2 too short": second(0x21, 0x11, FOUR),
    "v2 six too short": second(0x21, 0x21, SIX),
    "v2 datagrams": second(0x21, 0x12, FOUR + FOUR + b"\0\1\0\2"),
    "v2 too long": SIGNATURE + struct.pack("!BBH", 0x21, 0x11, MOST_HEADER),
}


@pytest.mark.parametrize("case", GOOD)
@given(data=st.data())
def test_what_a_balancer_says_is_heard_in_any_pieces(case: str, data: st.DataObject) -> None:
    octets, address = GOOD[case]
    whole, line, answer = octets + b"behind", ProxyLine(), None
    while answer is None:
        cut = data.draw(st.integers(1, len(whole)))
        answer = line.feed(whole[:cut])
        whole = whole[cut:]
    assert isinstance(answer, Said)
    assert answer.address == (None if address is None else ip_address(address))
    assert answer.rest + whole == b"behind"


@pytest.mark.parametrize("case", BAD)
def test_anything_else_is_refused(case: str) -> None:
    line = ProxyLine()
    answers = [line.feed(bytes([octet])) for octet in BAD[case]]
    assert any(isinstance(answer, Nonsense) for answer in answers)


@given(octets=st.binary(max_size=5000))
def test_whatever_comes_is_answered_before_too_much_is_held(octets: bytes) -> None:
    line = ProxyLine()
    answer = line.feed(octets)
    assert answer is not None or len(octets) < MOST_HEADER
