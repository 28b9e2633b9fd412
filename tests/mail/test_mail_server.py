"""The server machines in their own right: dialogues, splits, junk, and the rules of TLS."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_owner import MACHINES, Owner, heard

from dialogue import Dialogue, folder, play
from portineria.mail.events import (
    Dropped,
    ImapCommand,
    Login,
    TlsAsked,
)
from portineria.mail.sasl import PasswordOffered, plain, xoauth2
from portineria.secret import Secret


def dialogues() -> list[tuple[str, Dialogue]]:
    return [(name, dialogue) for name in MACHINES for dialogue in folder(name)]


VALUES = {
    "plain-right": plain("ada", Secret("right")).step(0).decode(),
    "plain-wrong": plain("ada", Secret("wrong")).step(0).decode(),
    "plain-why": plain("ada", Secret("why")).step(0).decode(),
    "token": xoauth2("ada", Secret("t" * 2_200)).step(0).decode(),
    "long": "x" * 12_000,
    "far-too-long": "x" * 20_000,
}


@pytest.mark.parametrize(
    ("protocol", "dialogue"), dialogues(), ids=[f"{p}-{d.name}" for p, d in dialogues()]
)
async def test_the_dialogue_goes_as_written(protocol: str, dialogue: Dialogue) -> None:
    tls = dialogue.settings.get("use") == "tls"
    await play(dialogue, Owner(MACHINES[protocol](tls)), VALUES)


# --- any split of the bytes gives the same events, and no input crashes ---

WORDS = {
    "imap": [
        b"a1 ",
        b"a2 LOGIN ada right\r\n",
        b"LOGIN ada {5}\r\n",
        b"right",
        b"b SELECT inbox\r\n",
        b"LOGIN {3+}\r\nada {5+}\r\nright\r\n",
        b"c FETCH 1:* (FLAGS BODY[])\r\n",
        b"(",
        b")",
        b'"',
        b"\r\n",
        b"\n",
        b"d IDLE\r\nDONE\r\n",
        b"h IDLE\r\n",
        b"DONE\r\n",
        b'i FETCH 1 BODY[HEADER.FIELDS (A "B")]<0.9>\r\n',
        b"e AUTHENTICATE PLAIN\r\n",
        b"AGFkYQByaWdodA==",
        b"f LOGOUT\r\n",
        b"{99999}\r\n",
        b"g UID FETCH 1 FLAGS\r\n",
        b"*",
        b"\xff",
        b"x" * 13_000,
    ],
    "pop": [
        b"USER ada\r\n",
        b"PASS right\r\n",
        b"PASS wrong\r\n",
        b"STAT\r\n",
        b"RETR 1\r\n",
        b"AUTH PLAIN\r\n",
        b"AGFkYQByaWdodA==\r\n",
        b"*\r\n",
        b"CAPA\r\n",
        b"QUIT\r\n",
        b"TOP 1 2\r\n",
        b"\n",
        b"\xff",
        b"x" * 13_000,
    ],
    "smtp": [
        b"EHLO me\r\n",
        b"AUTH PLAIN AGFkYQByaWdodA==\r\n",
        b"MAIL FROM:<a@b>\r\n",
        b"MAIL FROM:<a@b> SIZE=9 RET=HDRS\r\n",
        b"MAIL FROM:<\xc3\xbc@b> X\r\n",
        b"RCPT TO:<c@d> NOTIFY=NEVER\r\n",
        b"BDAT 0 LAST\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"DATA\r\n",
        b".\r\n",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"..\r\n",
        b"BDAT 5\r\n",
        b"BDAT 3 LAST\r\n",
        b"hello",
        b"x" * 600,
        b"\r\n",
        b"RSET\r\n",
        b"QUIT\r\n",
        b"AUTH LOGIN\r\n",
        b"\xff",
        b"x" * 13_000,
    ],
}


@pytest.mark.parametrize("protocol", MACHINES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_split_gives_the_same_events_and_answers(protocol: str, data: st.DataObject) -> None:
    words = st.lists(st.sampled_from(WORDS[protocol]), max_size=25).map(b"".join)
    octets = data.draw(words)
    places = data.draw(st.lists(st.integers(0, len(octets)), max_size=12))
    marks = [0, *sorted(places), len(octets)]
    chunks = [octets[a:b] for a, b in pairwise(marks)]
    assert heard(protocol, chunks) == heard(protocol, [octets])


@pytest.mark.parametrize("protocol", MACHINES)
@settings(max_examples=60, deadline=None)
@given(chunks=st.lists(st.binary(max_size=60), max_size=20))
def test_no_input_crashes_and_every_answer_is_whole_lines(
    protocol: str, chunks: list[bytes]
) -> None:
    _, said = heard(protocol, chunks)
    assert said.endswith(b"\r\n")


# --- TLS ---

STARTTLS = {"imap": b"a STARTTLS\r\n", "pop": b"STLS\r\n", "smtp": b"EHLO me\r\nSTARTTLS\r\n"}
INJECTED = {
    "imap": b"b LOGIN mallory right\r\n",
    "pop": b"USER mallory\r\nPASS right\r\n",
    "smtp": b"EHLO evil\r\nAUTH PLAIN AGFkYQByaWdodA==\r\n",
}


@pytest.mark.parametrize("protocol", MACHINES)
def test_what_was_sent_before_the_handshake_is_forgotten(protocol: str) -> None:
    owner = Owner(MACHINES[protocol](False))
    owner.feed(STARTTLS[protocol] + INJECTED[protocol])
    owner.feed(INJECTED[protocol])
    owner.shake()
    owner.feed(b"")
    assert owner.events == [TlsAsked()]


# --- strangers on the line ---


@pytest.mark.parametrize("protocol", MACHINES)
@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.0\r\n", b"PRI * HTTP/2.0\r\n"]
)
def test_a_browser_is_dropped_without_a_word(protocol: str, line: bytes) -> None:
    events, said = heard(protocol, [line + INJECTED[protocol]])
    assert events == [Dropped("speaks another protocol")]
    assert said.count(b"\r\n") == 1  # the greeting


@pytest.mark.parametrize("protocol", MACHINES)
def test_too_many_mistakes_end_the_conversation(protocol: str) -> None:
    events, said = heard(protocol, [b"?\r\n" * 50])
    assert events == [Dropped("too many mistakes")]
    assert said.count(b"\r\n") == 1 + 10 + 1


def test_a_login_wipes_the_slate() -> None:
    login = b"a LOGIN ada right\r\n"
    events, _ = heard("imap", [b"?\r\n" * 9 + login + b"?\r\n" * 9])
    assert len(events) == 1
    events, _ = heard("imap", [b"?\r\n" * 9 + login + b"?\r\n" * 10])
    assert events[-1] == Dropped("too many mistakes")


# --- IMAP and POP ---


def test_imap_arguments_keep_their_kinds() -> None:
    octets = (
        b"a LOGIN ada right\r\n"
        b'b UID FETCH 1,3:* (FLAGS BODY.PEEK[HEADER.FIELDS (FROM "TO")]<0.10>)\r\n'
        b'c FETCH 1 (FLAGS BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.10>)\r\n'
        b'd LIST "" "a \\"b\\" c%"\r\ne STATUS {5}\r\nin{bx (MESSAGES)\r\n'
    )  # fmt: skip
    events, _ = heard("imap", [octets])
    assert events[1:] == [
        ImapCommand(
            "FETCH",
            ("1,3:*", ("FLAGS", 'BODY.PEEK[HEADER.FIELDS (FROM "TO")]<0.10>')),
            uid=True,
        ),
        ImapCommand("FETCH", ("1", ("FLAGS", "BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.10>"))),
        ImapCommand("LIST", (b"", b'a "b" c%')),
        ImapCommand("STATUS", (b"in{bx", ("MESSAGES",))),
    ]


def test_imap_reports_what_came_behind_uid_and_nothing_else_may() -> None:
    octets = b"a LOGIN ada right\r\nb UID FETCH 5 FLAGS\r\nc UID LIST x\r\nd UID\r\n"
    events, said = heard("imap", [octets])
    assert events[1:] == [ImapCommand("FETCH", ("5", "FLAGS"), uid=True)]
    assert b"c BAD" in said
    assert b"d BAD" in said


def test_imap_limits_are_the_ones_handed_in() -> None:
    literal = b"b APPEND x {%d}\r\n"
    for size, answer in ((900, b"+ "), (1_001, b"b BAD too long")):
        _, said = heard("imap", [b"a LOGIN ada right\r\n", literal % size])
        assert said.splitlines()[-1].startswith(answer)


def test_imap_refuses_a_literal_before_it_is_sent() -> None:
    _, said = heard("imap", [b"a LOGIN {20000}\r\nb NOOP\r\n"])
    assert said.endswith(b"a BAD too long\r\nb OK NOOP completed.\r\n")


def test_imap_hangs_up_on_an_oversized_literal_that_nobody_can_stop() -> None:
    events, said = heard("imap", [b"a LOGIN {20000+}\r\nb LOGIN ada right\r\n"])
    assert events == [Dropped("too many mistakes")]
    assert b"a BAD too long" in said


@pytest.mark.parametrize("protocol", MACHINES)
def test_a_login_does_not_show_its_secret(protocol: str) -> None:
    octets = {"imap": b"a AUTHENTICATE PLAIN AGFkYQByaWdodA==\r\n"}
    events, _ = heard(
        protocol, [octets.get(protocol, b"EHLO x\r\nAUTH PLAIN AGFkYQByaWdodA==\r\n")]
    )
    logins = [event for event in events if isinstance(event, Login)]
    assert [event.initial for event in logins] == [True]
    assert "right" not in repr(logins)


def test_pop_passwords_may_hold_spaces() -> None:
    events, _ = heard("pop", [b"USER ada\r\nPASS two  words \r\n"])
    assert events == [
        Login("PASS", PasswordOffered("USER", "ada", Secret("two  words ")), initial=True)
    ]
