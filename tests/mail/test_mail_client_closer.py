"""Who looks closer: capabilities after the login, a sender without a message, OAUTHBEARER, and a
look at a server without any login."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_talk import (
    ADA,
    CLIENTS,
    IMAP_BYE,
    IMAP_HELLO,
    PASSWORD,
    POP_HELLO,
    SHORT,
    SMTP_HELLO,
    events_of,
    outcome,
    payload,
    play,
)
from test_mail_client import cut

from portineria.mail.conversation import Conversation, Nobody, Token, When
from portineria.mail.imap.client import ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.smtp.client import SmtpClient
from portineria.secret import Secret

BEARER = b64encode(f"n,a={ADA},\x01auth=Bearer shorttoken\x01\x01".encode()).decode()
ONLY_BEARER = IMAP_HELLO.replace("XOAUTH2", "OAUTHBEARER")


def test_imap_asks_again_after_the_login_and_opens_the_inbox_whatever_it_hears() -> None:
    for answer in ("S: * CAPABILITY IMAP4rev1 MOVE\nS: A3 OK done", "S: A3 BAD no more of that"):
        client = ImapClient(SHORT, starttls=False, closer=True)
        events = play(
            client,
            IMAP_HELLO
            + f"""
            C: A2 AUTHENTICATE XOAUTH2 {{payload}}
            S: A2 OK AUTHENTICATE completed.
            C: A3 CAPABILITY
            {answer.replace(chr(10), chr(10) + " " * 12)}
            C: A4 EXAMINE INBOX
            S: A4 OK [READ-ONLY] EXAMINE completed.
            C: A5 LOGOUT
            """
            + IMAP_BYE,
            payload=payload(SHORT),
            n="5",
        )
        assert outcome(events) == ["greeting", "capability", "login", "open", "end"]
        after = ("IMAP4REV1", "MOVE") if "MOVE" in answer else ()
        assert client.offered[When.LOGIN] == after
        assert "AUTH=XOAUTH2" in client.offered[When.TLS]


def test_pop_asks_again_after_the_login_and_then_for_the_mailbox() -> None:
    for answer in ("S: +OK\nS: TOP\nS: EXPIRE 7\nS: .", "S: -ERR no"):
        client = PopClient(SHORT, starttls=False, closer=True)
        events = play(
            client,
            POP_HELLO
            + f"C: AUTH XOAUTH2\nS: +\nC: {{payload}}\nS: +OK in\nC: CAPA\n{answer}\n"
            + "C: STAT\nS: +OK 0 0\nC: QUIT\nS: +OK bye",
            payload=payload(SHORT),
        )
        assert outcome(events)[-3:] == ["login", "open", "end"]
        assert ("EXPIRE 7" in client.offered[When.LOGIN]) == ("EXPIRE" in answer)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [("250 2.1.0 Sender OK", "sender"), ("550 5.7.60 may not send as this sender", "no sender")],
)
def test_smtp_asks_for_the_sender_and_leaves_before_any_recipient(answer: str, wanted: str) -> None:
    client = SmtpClient(SHORT, starttls=True, sender=ADA)
    events = play(
        client,
        SMTP_HELLO
        + f"""
        C: AUTH XOAUTH2 {{payload}}
        S: 235 2.7.0 Authentication successful
        C: MAIL FROM:<{ADA}>
        S: {answer}
        C: QUIT
        S: 221 bye
        """,
        payload=payload(SHORT),
    )
    assert outcome(events)[-3:] == ["login", wanted, "end"]
    assert client.offered[When.CLEAR][-2:] == ("STARTTLS", "SMTPUTF8")
    assert client.offered[When.TLS][0] == "AUTH LOGIN XOAUTH2"


@pytest.mark.parametrize(
    "sender",
    ["", "ada", "a b@contoso.example", "<a>@contoso.example", "à@contoso.example", "a@b\r"],
)
def test_a_sender_that_is_no_plain_address_is_not_tried(sender: str) -> None:
    client = SmtpClient(SHORT, starttls=True, sender=sender)
    talk = SMTP_HELLO + "C: AUTH XOAUTH2 {payload}\nS: 235 in\nC: QUIT"
    assert outcome(play(client, talk, payload=payload(SHORT)))[-1] == "login"


def test_oauthbearer_is_spoken_where_only_that_is_offered() -> None:
    events = play(
        ImapClient(SHORT, starttls=False),
        ONLY_BEARER + f"C: A2 AUTHENTICATE OAUTHBEARER {BEARER}\nS: A2 OK in\nC: A3 EXAMINE INBOX",
    )
    assert outcome(events)[-1] == "login"
    both = "S: 220 x\nC: EHLO [127.0.0.1]\nS: 250-x\nS: 250 AUTH OAUTHBEARER XOAUTH2\n"
    client = SmtpClient(SHORT, starttls=False)
    play(client, both + "C: AUTH XOAUTH2 {payload}", payload=payload(SHORT))


def test_oauthbearer_failure_is_ended_by_one_octet_as_its_rfc_says() -> None:
    client = PopClient(SHORT, starttls=False)
    events = play(
        client,
        POP_HELLO.replace("XOAUTH2", "OAUTHBEARER")
        + f"""
        C: AUTH OAUTHBEARER
        S: +
        C: {BEARER}
        S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
        C: AQ==
        S: -ERR [AUTH] Authentication failed.
        C: QUIT
        """,
    )
    assert outcome(events)[-1] == "no login"
    assert "C: (no more)" in str(client.transcript)


def test_nobody_looks_and_leaves_before_any_login() -> None:
    imap = play(ImapClient(Nobody(), starttls=False), IMAP_HELLO + "C: A2 LOGOUT" + IMAP_BYE, n="2")
    pop = play(PopClient(Nobody(), starttls=False), POP_HELLO + "C: QUIT\nS: +OK bye")
    smtp = play(SmtpClient(Nobody(), starttls=True), SMTP_HELLO + "C: QUIT\nS: 221 bye")
    for events in (imap, pop, smtp):
        assert outcome(events)[-2:] == ["no capability", "end"]
    unlisted = "S: +OK\nC: CAPA\nS: -ERR what\nC: QUIT"
    assert outcome(play(PopClient(Nobody(), starttls=False), unlisted))[-1] == "no capability"


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), max_size=8))
def test_octets_between_starttls_and_the_handshake_are_counted_however_they_arrive(
    places: list[int],
) -> None:
    hello = b"220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n"
    injected = b"250 AUTH PLAIN\r\n535 no\r\n"
    client = SmtpClient(PASSWORD, starttls=True)
    for chunk in cut(hello + injected, places):
        client.receive(chunk)
        events_of(client)
    assert client.dropped == len(injected)
    client.tls_started()
    assert client.take().endswith(b"STARTTLS\r\nEHLO [127.0.0.1]\r\n")
    assert events_of(client) == []


def whole(name: str) -> Conversation:
    more = {"sender": ADA} if name == "smtp" else {"closer": True}
    return CLIENTS[name](SHORT, starttls=False, **more)


CLOSER = {
    "imap": b"* OK x\r\n* CAPABILITY AUTH=XOAUTH2 SASL-IR\r\nA1 OK\r\nA2 OK in\r\n* CAPABILITY "
    b"MOVE\r\nA3 OK\r\n* 1 EXISTS\r\nA4 OK\r\n* BYE\r\nA5 OK\r\n",
    "pop": b"+OK\r\n+OK\r\nSASL XOAUTH2\r\n.\r\n+ \r\n+OK in\r\n+OK\r\nTOP\r\n.\r\n"
    b"+OK 0 0\r\n+OK\r\n",
    "smtp": b"220 x\r\n250-x\r\n250 AUTH XOAUTH2\r\n235 in\r\n250 sender\r\n221 bye\r\n",
}


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), max_size=12))
def test_any_split_gives_the_same_for_who_looks_closer(places: list[int]) -> None:
    def told(name: str, chunks: list[bytes]) -> tuple[object, ...]:
        client = whole(name)
        events, said = [], b""
        for chunk in chunks:
            client.receive(chunk)
            events += events_of(client)
            said += client.take()
        return outcome(events), said, client.offered, client.heard, str(client.transcript)

    for name, data in CLOSER.items():
        once = told(name, [data])
        assert once[0][-1] == "end"  # type: ignore[index]
        assert told(name, cut(data, places)) == once


def test_a_token_is_shown_as_whose_it_is_and_until_when() -> None:
    part = (
        b64encode(b'{"aud":"https://outlook.office365.com","exp":1793786400}').decode().rstrip("=")
    )
    client = PopClient(Token(ADA, Secret(f"x.{part}.y")), starttls=False)
    play(client, POP_HELLO + "C: AUTH XOAUTH2")
    client.receive(b"+ \r\n")
    events_of(client)
    last = str(client.transcript).splitlines()[-1]
    assert last.endswith("octets, for https://outlook.office365.com, until 2026-11-04 10:00 UTC>")
