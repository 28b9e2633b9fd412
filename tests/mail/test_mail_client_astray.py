"""Servers that refuse early, ask too much or leave the protocol: what the clients do then."""

from __future__ import annotations

import pytest
from mail_talk import (
    CLIENTS,
    IMAP_BYE,
    IMAP_HELLO,
    PASSWORD,
    SHORT,
    SMTP_HELLO,
    events_of,
    outcome,
    payload,
    play,
)

from portineria.mail.conversation import EXPLANATIONS, Answered, Broken, ClientEvent, Step
from portineria.mail.imap.client import MOST_LITERAL, ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.sasl import AUTH_LINE_LIMIT
from portineria.mail.smtp.client import SmtpClient

IMAP_IN = IMAP_HELLO + "C: A2 AUTHENTICATE XOAUTH2 {payload}\n"
POP_IN = """
S: +OK ready
C: CAPA
S: +OK
S: SASL XOAUTH2
S: .
C: AUTH XOAUTH2
S: +
C: {payload}
"""
SMTP_IN = SMTP_HELLO + "C: AUTH XOAUTH2 {payload}\n"
TO_THE_TOKEN = {"imap": IMAP_IN, "pop": POP_IN, "smtp": SMTP_IN}
ASKS = {"imap": "S: +", "pop": "S: +", "smtp": "S: 334"}


def last(events: list[ClientEvent]) -> Broken:
    """The conversation ended as broken, and ended there."""
    assert outcome(events).count("broken") == 1
    assert isinstance(events[-1], Broken)
    return events[-1]


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_a_server_that_asks_on_after_everything_was_said_is_left(name: str) -> None:
    """One question after the last step is an explained failure; a few may follow, no more."""
    patience = f"{ASKS[name]}\nC:\n" * EXPLANATIONS
    client = CLIENTS[name](SHORT, starttls=name == "smtp")
    events = play(client, TO_THE_TOKEN[name] + patience + f"{ASKS[name]}\n", payload=payload(SHORT))
    assert last(events) == Broken(Step.LOGIN, "the server keeps asking after everything was said")
    assert client.take() == b""


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_a_line_without_an_end_is_not_waited_for(name: str) -> None:
    client = CLIENTS[name](SHORT, starttls=False)
    client.receive(b"x" * (AUTH_LINE_LIMIT - 1))
    assert events_of(client) == []
    client.receive(b"x")
    assert events_of(client) == [Broken(Step.GREETING, "the server sent a line without an end")]
    client.receive(b"\r\n* OK after all\r\n")
    assert events_of(client) == []


# --- IMAP -----------------------------------------------------------------------------------


def imap_listening() -> ImapClient:
    """A client that has said A1 CAPABILITY."""
    client = ImapClient(SHORT, starttls=False)
    play(client, "S: * OK ready\nC: A1 CAPABILITY")
    return client


def test_imap_passes_over_a_literal_up_to_its_limit_and_leaves_at_a_longer_one() -> None:
    client = imap_listening()
    client.receive(b"* X {%d}\r\n" % MOST_LITERAL + b"y" * MOST_LITERAL + b"\r\nA1 NO full\r\n")
    assert outcome(events_of(client)) == ["no capability"]
    client = imap_listening()
    client.receive(b"* X {%d}\r\n" % (MOST_LITERAL + 1))
    assert last(events_of(client)).why == "the server sent a literal too long to be passed over"


def test_imap_bye_in_the_middle_is_the_answer_to_what_was_asked_and_the_end() -> None:
    client = imap_listening()
    client.receive(b"* BYE too many connections\r\nA1 OK late\r\n")
    events = events_of(client)
    assert outcome(events) == ["no capability", "end"]
    assert isinstance(events[0], Answered)
    assert events[0].line == "* BYE too many connections"
    assert client.take() == b""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("+ go on", "the server asks for more where nothing was promised"),
        ("A2 OK before it was asked", "this is not an answer to our command"),
        ("A1 MAYBE", "this is not an answer to our command"),
        ("A1", "this is not an answer to our command"),
        ("hello", "this is not an answer to our command"),
    ],
)
def test_imap_lines_that_answer_nothing_break_the_conversation(line: str, why: str) -> None:
    client = imap_listening()
    assert last(play(client, f"S: {line}")) == Broken(Step.CAPABILITY, why)


@pytest.mark.parametrize("line", [b"* ", b"*  3 EXISTS", b"* FLAGS ()", b"* LIST x"])
def test_imap_untagged_lines_of_any_shape_are_passed_over(line: bytes) -> None:
    client = imap_listening()
    client.receive(line + b"\r\n")
    assert events_of(client) == []
    assert outcome(play(client, "S: A1 NO nothing to tell\nC: A2 LOGOUT")) == ["no capability"]


def test_imap_refused_capability_ends_without_a_login() -> None:
    events = play(
        ImapClient(SHORT, starttls=False),
        "S: * OK ready\nC: A1 CAPABILITY\nS: A1 BAD what\nC: A2 LOGOUT" + IMAP_BYE,
        n="2",
    )
    assert outcome(events) == ["greeting", "no capability", "end"]


def test_imap_refused_starttls_ends_without_a_login() -> None:
    events = play(
        ImapClient(PASSWORD, starttls=True),
        """
        S: * OK ready
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN
        S: A1 OK done
        C: A2 STARTTLS
        S: A2 NO not today
        C: A3 LOGOUT
        """
        + IMAP_BYE,
        n="3",
    )
    assert outcome(events) == ["greeting", "no starttls", "end"]


# --- POP3 -----------------------------------------------------------------------------------


def test_pop_refused_stls_ends_without_a_login() -> None:
    events = play(
        PopClient(PASSWORD, starttls=True),
        """
        S: +OK ready
        C: CAPA
        S: +OK
        S: USER
        S: STLS
        S: .
        C: STLS
        S: -ERR not today
        C: QUIT
        S: +OK bye
        """,
    )
    assert outcome(events) == ["greeting", "no starttls", "end"]


@pytest.mark.parametrize("offered", ["S: TOP", "S: SASL GSSAPI", "S: USERS\nS: XSASL PLAIN", ""])
def test_pop_password_is_not_sent_where_no_way_for_it_is_offered(offered: str) -> None:
    dialogue = f"S: +OK ready\nC: CAPA\nS: +OK\n{offered}\nS: .\nC: QUIT\nS: +OK bye"
    events = play(PopClient(PASSWORD, starttls=False), dialogue)
    assert outcome(events) == ["greeting", "no capability", "end"]


# --- SMTP -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "two words", "näme", "tab\t", "line\r\nQUIT"])
def test_smtp_name_that_is_not_one_printable_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="EHLO"):
        SmtpClient(SHORT, starttls=False, name=name)


@pytest.mark.parametrize(
    ("talk", "wanted"),
    [
        ("S: 554 no service here\nC: QUIT", ["no greeting"]),
        ("S: 220 hi\nC: EHLO printer\nS: 501 5.5.4 Invalid name\nC: QUIT", ["no capability"]),
        (
            "S: 220 hi\nC: EHLO printer\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\n"
            "S: 454 4.7.0 not available\nC: QUIT",
            ["no starttls"],
        ),
        (
            "S: 220 hi\nC: EHLO printer\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nTLS:\n"
            "C: EHLO printer\nS: 250-x\nS: 250 AUTH NTLM\nC: QUIT",
            ["tls", "no capability"],
        ),
    ],
)
def test_smtp_refusal_at_any_step_ends_politely_without_a_login(
    talk: str, wanted: list[str]
) -> None:
    client = SmtpClient(PASSWORD, starttls=True, name="printer")
    events = play(client, f"{talk}\nS: 221 bye")
    told = outcome(events)
    assert told[-len(wanted) - 1 :] == [*wanted, "end"]
    assert "login" not in told


def test_smtp_mechanisms_written_the_old_way_are_understood() -> None:
    """`AUTH=LOGIN`, from before RFC 2554, beside or in place of `AUTH LOGIN`."""
    talk = "S: 220 hi\nC: EHLO [127.0.0.1]\nS: 250-x\nS: 250 AUTH=LOGIN\nC: AUTH LOGIN"
    assert outcome(play(SmtpClient(PASSWORD, starttls=False), talk))[-1] == "capability"


@pytest.mark.parametrize(
    "talk",
    ["S: welcome\n", "S: 2200 welcome\n", "S: 220-welcome\nS: 250 to two servers\n"],
    ids=["no number", "a longer number", "another number within one answer"],
)
def test_smtp_lines_that_are_no_answer_are_not_guessed_at(talk: str) -> None:
    events = play(SmtpClient(PASSWORD, starttls=False), talk)
    assert last(events) == Broken(Step.GREETING, "this is not the answer of an SMTP server")


@pytest.mark.parametrize("line", ["welcome", "OK", "+ welcome", "-err"])
def test_pop_lines_that_are_no_answer_are_not_guessed_at(line: str) -> None:
    events = play(PopClient(PASSWORD, starttls=False), f"S: {line}\n")
    assert last(events) == Broken(Step.GREETING, "this is not the answer of a POP3 server")
