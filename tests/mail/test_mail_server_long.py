"""A login line has room for 12,288 octets (RFC 4954 section 4), on the command and behind it."""

from __future__ import annotations

import pytest
from mail_owner import heard

from portineria.mail.events import Login
from portineria.mail.sasl import AUTH_LINE_LIMIT, TokenOffered, xoauth2
from portineria.secret import Secret

COMMAND = {"imap": b"a AUTHENTICATE XOAUTH2", "pop": b"AUTH XOAUTH2", "smtp": b"AUTH XOAUTH2"}
HELLO = {"imap": b"", "pop": b"", "smtp": b"EHLO me\r\n"}


def line(octets: int) -> tuple[bytes, str]:
    """A base64 line of that length with its line end, and the token in it."""
    around = len(xoauth2("ada", Secret("")).steps[0].reveal())
    token = "t" * ((octets - 2) // 4 * 3 - around)
    found = xoauth2("ada", Secret(token)).step(0) + b"\r\n"
    assert octets - 4 < len(found) <= octets
    return found, token


@pytest.mark.parametrize("protocol", COMMAND)
@pytest.mark.parametrize("octets", [2_960, 10_300, AUTH_LINE_LIMIT])
@pytest.mark.parametrize("initial", [True, False])
def test_a_token_of_any_length_that_is_allowed_is_heard(
    protocol: str, octets: int, initial: bool
) -> None:
    text, token = line(octets)
    said = COMMAND[protocol] + (b" " if initial else b"\r\n") + text
    events, _ = heard(protocol, [HELLO[protocol] + said])
    (login,) = events
    assert isinstance(login, Login)
    assert login.initial is initial
    assert isinstance(login.offered, TokenOffered)
    assert login.offered.token.reveal() == token


@pytest.mark.parametrize("protocol", COMMAND)
@pytest.mark.parametrize("initial", [True, False])
def test_a_longer_one_is_refused_and_the_conversation_goes_on(protocol: str, initial: bool) -> None:
    text, _ = line(AUTH_LINE_LIMIT + 300)
    said = HELLO[protocol] + COMMAND[protocol] + (b" " if initial else b"\r\n") + text
    short, _ = line(400)
    events, _ = heard(protocol, [said + COMMAND[protocol] + b" " + short])
    assert len(events) == 1
