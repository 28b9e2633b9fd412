"""Whatever both sides say: no crash, nothing of a client reaches the mail server before the login,
nothing of the server reaches the client before its own, and what is held is bounded."""

from __future__ import annotations

import os
from base64 import b64encode

import pytest
from gateway_talk import BOX, SHORT, session
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.gateway.session import (
    Again,
    Check,
    ClientTls,
    Connect,
    Pipe,
    Sending,
    ServerTls,
    Session,
    SmtpSession,
)
from portineria.gateway.words import No
from portineria.mail.conversation import Token
from portineria.mail.sasl import AUTH_LINE_LIMIT

PLAIN = b64encode(b"\0scan\0right")
CLIENT = [
    b"a1 CAPABILITY\r\n",
    b"a1 STARTTLS\r\n",
    b"a1 LOGIN scan right\r\n",
    b"a1 LOGIN {4}\r\nscan right\r\n",
    b"a1 LOGIN {4+}\r\nscan right\r\n",
    b"a1 AUTHENTICATE PLAIN " + PLAIN + b"\r\n",
    b"CAPA\r\nSTLS\r\n",
    b"USER scan\r\nPASS right\r\n",
    b"EHLO x\r\n",
    b"STARTTLS\r\n",
    b"AUTH PLAIN " + PLAIN + b"\r\n",
    b"AUTH LOGIN\r\nc2Nhbg==\r\ncmlnaHQ=\r\n",
    b"MAIL FROM:<" + BOX.encode() + b">\r\n",
    b"RCPT TO:<a@b.example>\r\n",
    b"DATA\r\n",
    b"BDAT 5 LAST\r\nhello",
    b"x\r\n.\r\n",
    b"\n.\n",
    b"\r.\r",
    b"QUIT\r\n",
    b"SECRET-OF-THE-CLIENT",
    b"\x00\xff",
    b"A" * 3000,
]
SERVER = [
    b"* OK [CAPABILITY IMAP4rev1 SASL-IR] hello\r\n",
    b"* OK hello\r\n",
    b"* CAPABILITY IMAP4rev1 STARTTLS\r\n",
    b"G1 OK\r\n",
    b"G2 OK\r\n",
    b"G3 OK in\r\n",
    b"G3 NO out\r\n",
    b"+ \r\n",
    b"+OK\r\n",
    b"-ERR\r\n",
    b"220 hello\r\n",
    b"250-x\r\n250 SIZE 100\r\n",
    b"334 \r\n",
    b"235 in\r\n",
    b"535 out\r\n",
    b"354 go\r\n",
    b"250 ok\r\n",
    b"421 bye\r\n",
    b"SECRET-OF-THE-SERVER\r\n",
    b"B" * 3000,
]
MOST_HELD = 4 * AUTH_LINE_LIMIT + 64 * 1024
EXAMPLES = int(os.environ.get("EXAMPLES", 200))


class Owner:
    """Does what a session asks for, and watches what it lets through."""

    def __init__(self, one: Session, admits: list[bool]) -> None:
        self.session = one
        self.admits = admits
        self.secured = False
        self.client, self.server = b"", b""

    def turn(self) -> None:
        while not self.session.piping and (event := self.session.next_event()) is not None:
            self._do(event)
        self.client += self.session.to_client()
        self.server += self.session.to_server()

    def _do(self, event: object) -> None:
        one = self.session
        match event:
            case ClientTls():
                one.client_tls_started()
            case ServerTls():
                one.server_tls_started()
            case Check() if self.admits and self.admits.pop():
                one.admit(Token(BOX, SHORT))
            case Check():
                one.deny(No.CREDENTIAL)
            case Again():
                one.admit(Token(BOX, SHORT))
            case Connect() if len(self.admits) % 3 == 2:
                one.deny(No.NOT_NOW)
            case Sending():
                assert isinstance(one, SmtpSession)
                if len(self.admits) % 2:
                    one.stop("451 4.7.1 Later.")
                else:
                    one.go()
            case Pipe():
                pass

    @property
    def inside(self) -> bool:
        return self.session.inside


PIECES = st.one_of(
    st.tuples(st.just("client"), st.sampled_from(CLIENT)),
    st.tuples(st.just("server"), st.sampled_from(SERVER)),
    st.tuples(st.just("client"), st.binary(max_size=40)),
    st.tuples(st.just("server"), st.binary(max_size=40)),
    st.tuples(st.sampled_from(["client left", "server left"]), st.just(b"")),
)


@pytest.mark.parametrize("protocol", ["imap", "pop", "smtp"])
@settings(max_examples=EXAMPLES)
@given(
    tls=st.booleans(),
    starttls=st.booleans(),
    admits=st.lists(st.booleans(), max_size=6),
    pieces=st.lists(PIECES, max_size=40),
)
def test_nothing_passes_before_the_login_whatever_both_sides_say(
    protocol: str,
    tls: bool,
    starttls: bool,
    admits: list[bool],
    pieces: list[tuple[str, bytes]],
) -> None:
    owner = Owner(session(protocol, tls=tls, starttls=starttls, clear=True), list(admits))
    owner.session.start()
    owner.turn()
    for side, octets in pieces:
        if owner.session.piping or owner.session.over:
            break
        match side:
            case "client":
                owner.session.from_client(octets)
            case "server":
                owner.session.from_server(octets)
            case "client left":
                owner.session.client_left()
            case _:
                owner.session.server_left()
        owner.turn()
        if not owner.inside:
            assert b"SECRET-OF-THE-CLIENT" not in owner.server
            assert b"SECRET-OF-THE-SERVER" not in owner.client
            assert b"right" not in owner.server
        assert SHORT.reveal().encode() not in owner.client


@pytest.mark.parametrize("protocol", ["imap", "pop", "smtp"])
@pytest.mark.parametrize("octets", [b"A", b"a1 LOGIN {9999999}\r\n", b"\r\n", b"a1 NOOP\r\n"])
def test_of_a_client_that_never_ends_little_is_held(protocol: str, octets: bytes) -> None:
    """How long it may go on is the owner's to say: `login_seconds`."""
    owner = Owner(session(protocol, tls=True), [])
    owner.session.start()
    for _ in range(50):
        owner.session.from_client(octets * 10_000)
        owner.turn()
        owner.client = b""
        held = len(owner.session._front._buffer)
        assert held < MOST_HELD or owner.session.over, held
