"""What no dialogue says: calls out of turn, lines without an end, pieces of a chunk."""

from __future__ import annotations

import pytest
from gateway_talk import BOX, SHORT, session

from portineria.gateway.mailflow import LINE, MailFlow, Over
from portineria.gateway.session import SmtpSession
from portineria.gateway.upstream import ImapLogin, Lost, PopLogin, Ready, SmtpLogin, UpstreamLogin
from portineria.mail.conversation import Token
from portineria.mail.sasl import AUTH_LINE_LIMIT


def test_calls_out_of_turn_do_nothing() -> None:
    one = session("smtp", tls=True)
    assert isinstance(one, SmtpSession)
    one.start()
    one.from_server(b"250 nobody asked\r\n")
    one.server_left()
    one.server_tls_started()
    one.go()
    one.stop("550 no")
    assert not one.busy
    assert one.next_event() is None
    assert b"250" not in one.to_client()


def test_what_waits_of_a_client_is_counted_before_and_after_the_login() -> None:
    one = session("smtp", tls=True)
    assert isinstance(one, SmtpSession)
    one.start()
    one.known(Token(BOX, SHORT))
    one.from_client(b"EHLO x\r\n")
    assert one.held == 8
    one.next_event()
    one.from_server(b"220 hi\r\n250 hi\r\n235 in\r\n")
    one.next_event()
    assert one.held == 0
    assert not one.busy
    one.from_client(f"MAIL FROM:<{BOX}>\r\nRCPT TO:<a@b.example>\r\n".encode())
    assert one.held == 23
    assert one.busy


def test_a_flow_that_was_not_asked_goes_nowhere() -> None:
    flow = MailFlow(("gate",))
    flow.go()
    assert flow.to_server() == b""


def test_a_line_without_an_end_is_refused_and_one_of_the_server_ends_it() -> None:
    flow = MailFlow(("gate",))
    flow.from_client(b"A" * (LINE + 1) + b"\r\nNOOP\r\n")
    assert flow.to_client() == b"500 5.5.2 line too long\r\n"
    assert flow.to_server() == b"NOOP\r\n"
    flow.from_server(b"B" * (LINE + 1))
    assert flow.next_event() == Over("the mail server left the protocol")


def test_a_chunk_goes_on_as_it_comes() -> None:
    flow = MailFlow(("gate",))
    flow.from_client(b"BDAT 4\r\nab")
    assert flow.to_server() == b"BDAT 4\r\nab"
    flow.from_client(b"cdNOOP\r\n")
    assert flow.to_server() == b"cdNOOP\r\n"


@pytest.mark.parametrize("login", [ImapLogin(), PopLogin(), SmtpLogin()])
def test_a_server_that_never_ends_its_line_is_left(login: UpstreamLogin) -> None:
    login.receive(b"A" * (AUTH_LINE_LIMIT + 1))
    assert login.outcome == Lost("the server sent a line without an end")
    login.receive(b"more")
    login.eof()
    assert login.outcome == Lost("the server sent a line without an end")


def test_what_a_server_offers_is_known_once_it_is_warm() -> None:
    login = ImapLogin()
    login.receive(b"* OK [CAPABILITY IMAP4rev1 SASL-IR] hello\r\n")
    assert login.offers == (b"IMAP4REV1", b"SASL-IR")
    login.begin(Token(BOX, SHORT))
    login.receive(b"G3 OK in\r\n")
    assert isinstance(login.outcome, Ready)
