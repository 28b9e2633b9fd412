"""The SMTP server machine: one end of data and no other, chunks, sizes, order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_owner import MACHINES, SMTP_WORDS, Owner, heard

from portineria.mail.events import Login, MailFrom, Message, RcptTo, TlsAsked
from portineria.mail.machine import NothingAsked
from portineria.mail.smtp.server import SmtpServer
from portineria.mail.smtp.words import SmtpLimits

# --- SMTP: one end of data and no other ---

READY = b"EHLO me\r\nAUTH PLAIN AGFkYQByaWdodA==\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"


def messages(octets: bytes) -> list[bytes]:
    events, _ = heard("smtp", [READY, octets])
    return [event.content for event in events if isinstance(event, Message)]


@pytest.mark.parametrize(
    "false_end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n\x00.\r\n", b"\n.\r"],
)
def test_only_crlf_dot_crlf_ends_data(false_end: bytes) -> None:
    smuggled = b"one" + false_end + b"MAIL FROM:<evil@b>\r\nRCPT TO:<c@d>\r\nDATA\r\ntwo"
    found = messages(smuggled + b"\r\n.\r\n")
    assert len(found) == 1
    assert b"evil@b" in found[0]


lines = st.lists(st.sampled_from([b"", b".", b"..", b".x", b"text", b"a\nb", b"a\rb"]), max_size=8)


@given(lines)
def test_stuffing_is_undone(content: list[bytes]) -> None:
    message = b"".join(line + b"\r\n" for line in content)
    stuffed = re.sub(rb"(?:(?<=\r\n)|\A)\.", b"..", message)
    assert messages(stuffed + b".\r\n") == [message]


def test_a_message_over_the_limit_is_refused_and_the_session_goes_on() -> None:
    line = b"x" * 98 + b"\r\n"
    assert messages(line * 10 + b".\r\n") == [line * 10]
    events, said = heard("smtp", [READY, line * 11, line * 100, b".\r\n", b"NOOP\r\n"])
    assert not [event for event in events if isinstance(event, Message)]
    assert said.endswith(b"552 5.3.4 too large\r\n250 2.0.0 OK\r\n")


def test_a_declared_size_over_the_limit_is_refused_at_mail() -> None:
    start = READY.split(b"MAIL")[0]
    events, said = heard("smtp", [start + b"MAIL FROM:<a@b> SIZE=1001\r\n"])
    assert said.endswith(b"552 5.3.4 too large\r\n")
    assert not [event for event in events if isinstance(event, MailFrom)]
    events, _ = heard("smtp", [start + b"MAIL FROM:<a@b> SIZE=1000\r\n"])
    assert events[-1] == MailFrom("a@b", 1_000, {"SIZE": "1000"})


def test_chunks_carry_any_octets() -> None:
    start = READY.removesuffix(b"DATA\r\n")
    events, _ = heard("smtp", [start + b"BDAT 7\r\n\r\n.\r\n\x00\nBDAT 0 LAST\r\n"])
    assert [e.content for e in events if isinstance(e, Message)] == [b"\r\n.\r\n\x00\n"]


def test_a_refused_chunk_is_swallowed_whole() -> None:
    events, said = heard("smtp", [b"EHLO me\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"])
    assert events == []
    assert said.endswith(b"503 5.5.1 bad sequence\r\n250 2.0.0 OK\r\n")


def test_pipelined_commands_are_reported_one_after_the_other() -> None:
    machine = MACHINES["smtp"](True)
    machine.receive(READY)
    assert isinstance(machine.next_event(), Login)
    assert machine.next_event() is None
    machine.accept("235 yes")
    assert machine.next_event() == MailFrom("a@b")
    machine.refuse("550 no")
    assert machine.next_event() is None  # RCPT and DATA are out of order now
    assert machine.take().count(b"503 ") == 2


def test_an_answer_without_a_question_is_the_owners_mistake() -> None:
    with pytest.raises(NothingAsked):
        MACHINES["smtp"](True).accept("250 what?")


def test_a_recipient_keeps_its_parameters() -> None:
    start = READY.removesuffix(b"RCPT TO:<c@d>\r\nDATA\r\n")
    events, _ = heard("smtp", [start + b"RCPT TO:<@relay.example:c@d> NOTIFY=NEVER\r\n"])
    assert events[-1] == RcptTo("c@d", {"NOTIFY": "NEVER"})


def test_smtp_forgets_the_name_given_before_tls() -> None:
    owner = Owner(SmtpServer(SMTP_WORDS))
    owner.feed(b"EHLO me\r\nSTARTTLS\r\n")
    assert owner.events == [TlsAsked()]
    owner.shake()
    owner.feed(b"AUTH PLAIN AGFkYQByaWdodA==\r\n")
    assert owner.said.endswith(b"503 5.5.1 EHLO first\r\n")


def test_recipients_are_counted_to_the_limit_and_no_further() -> None:
    machine = SmtpServer(SMTP_WORDS, tls=True, limits=SmtpLimits(recipients=2))
    owner = Owner(machine)
    owner.feed(READY.removesuffix(b"DATA\r\n") + b"RCPT TO:<e@f>\r\nRCPT TO:<g@h>\r\n")
    assert owner.said.endswith(b"250 yes\r\n250 yes\r\n452 4.5.3 too many recipients\r\n")
