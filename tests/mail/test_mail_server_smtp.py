"""The SMTP server machine: one end of data and no other, chunks, sizes, order."""

from __future__ import annotations

import re
from dataclasses import replace

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


# --- behind a refused command everything is refused, and the session goes on ---

IN = b"EHLO me\r\nAUTH PLAIN AGFkYQByaWdodA==\r\n"


def test_what_was_pipelined_behind_a_refused_command_is_no_mistake() -> None:
    behind = b"RCPT TO:<c@d>\r\n" * 30 + b"DATA\r\n" + b"BDAT 3\r\nabc" * 30 + b"BDAT 0 LAST\r\n"
    events, said = heard("smtp", [IN + behind + b"MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\nNOOP\r\n"])
    assert events[1:] == [MailFrom("a@b")]
    assert said.count(b"503 5.5.1 bad sequence\r\n") == 63
    assert said.endswith(b"250 2.0.0 OK\r\n")


def test_a_stranger_has_few_mistakes_left() -> None:
    _, said = heard("smtp", [b"EHLO me\r\n" + b"RCPT TO:<c@d>\r\n" * 30])
    assert said.endswith(b"421 4.7.0 too many mistakes\r\n")


def test_a_chunk_over_the_limit_is_swallowed_and_refused() -> None:
    start = READY.removesuffix(b"DATA\r\n")
    chunks = b"BDAT 900\r\n" + b"x" * 900 + b"BDAT 70000\r\n" + b"x" * 70_000
    events, said = heard("smtp", [start + chunks + b"BDAT 2 LAST\r\nhiNOOP\r\n"])
    assert not [event for event in events if isinstance(event, Message)]
    assert said.endswith(b"552 5.3.4 too large\r\n503 5.5.1 bad sequence\r\n250 2.0.0 OK\r\n")


def test_a_message_keeps_what_mail_and_rcpt_wished() -> None:
    rcpt = b"RCPT TO:<c@d> NOTIFY=NEVER\r\nRCPT TO:<e@f>\r\n"
    events, _ = heard("smtp", [IN + b"MAIL FROM:<a@b> RET=HDRS\r\n" + rcpt + b"BDAT 1 LAST\r\nx"])
    assert events[-1] == Message(
        "a@b", ("c@d", "e@f"), b"x", {"RET": "HDRS"}, ({"NOTIFY": "NEVER"}, {})
    )


# --- addresses, parameters, and commands that do not parse ---


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"MAIL FROM:<a@b> X=1", b"555 5.5.4 unknown parameter"),
        (b"MAIL FROM:<a@b> SMTPUTF8", b"555 5.5.4 unknown parameter"),  # not offered here
        (b"MAIL FROM:<a@b> SIZE=1 SIZE=2", b"501 5.5.4 syntax error"),
        (b"MAIL FROM:<a@b> =", b"501 5.5.4 syntax error"),
        (b"MAIL FROM:<a@b", b"501 5.5.4 syntax error"),
        (b"MAIL FROM:<a>", b"501 5.5.4 syntax error"),
        (b"MAIL TO:<a@b>", b"501 5.5.4 syntax error"),
        (b"MAIL FROM:<gr\xfcn@b>", b"501 5.5.4 syntax error"),  # not UTF-8
        ("MAIL FROM:<grün@b>".encode(), b"553 5.6.7 SMTPUTF8 first"),
        (b"MAIL FROM:<>", b"250 yes"),
        (b'MAIL FROM: <"a b"@b>', b"250 yes"),
        (b"STARTTLS now", b"501 5.5.4 syntax error"),
        (b"STARTTLS", b"503 5.5.1 bad sequence"),
        (b"AUTH", b"501 5.5.4 syntax error"),
        (b"DATA now", b"501 5.5.4 syntax error"),
        (b"BDAT x", b"501 5.5.4 syntax error"),
        (b"NOOP \x01", b"501 5.5.4 syntax error"),
        (b"12345", b"501 5.5.4 syntax error"),
        (b"VRFY ada", b"252 2.1.5 cannot verify"),
        (b"EXPN all", b"252 2.1.5 cannot verify"),
        (b"HELP", b"214 2.0.0 see RFC 5321"),
        (b"HELO me", b"250 at your service"),
    ],
)
def test_each_line_gets_its_reply(line: bytes, reply: bytes) -> None:
    assert heard("smtp", [IN + line + b"\r\n"])[1].splitlines()[-1] == reply


def test_recipients_need_an_address_and_smtputf8_for_some() -> None:
    words = replace(SMTP_WORDS, extensions=("SMTPUTF8", "AUTH PLAIN"))
    for mail, rcpt, reply in [
        ("a@b", "", b"501 5.5.4 syntax error"),
        ("a@b", "postmaster", b"250 yes"),
        ("a@b", "grün@b", b"553 5.6.7 SMTPUTF8 first"),
        ("ü@b> SMTPUTF8", "grün@b", b"250 yes"),
    ]:
        owner = Owner(SmtpServer(words, tls=True))
        lines = f"MAIL FROM:<{mail}{'' if '>' in mail else '>'}\r\nRCPT TO:<{rcpt}>\r\n"
        owner.feed(IN + lines.encode())
        assert owner.said.splitlines()[-1] == reply, (mail, rcpt)


def test_a_server_that_asks_for_no_login_takes_mail_and_forgives_the_order() -> None:
    owner = Owner(SmtpServer(SMTP_WORDS, tls=True, login_needed=False))
    owner.feed(b"EHLO me\r\n" + b"DATA\r\n" * 20 + b"MAIL FROM:<a@b>\r\n")
    assert owner.events == [MailFrom("a@b")]


def test_tls_can_only_begin_when_it_was_asked_for() -> None:
    machine = MACHINES["smtp"](True)
    machine.receive(IN)
    machine.next_event()
    with pytest.raises(NothingAsked):
        machine.begin_tls("220 go")
