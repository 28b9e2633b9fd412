"""The server machines in their own right: dialogues, splits, junk, and the rules of TLS."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue import Dialogue, folder, play
from portineria.mail.events import (
    Dropped,
    Event,
    ImapCommand,
    Login,
    MailFrom,
    Message,
    PopCommand,
    Quit,
    RcptTo,
    TlsAsked,
)
from portineria.mail.imap.server import ImapServer
from portineria.mail.imap.words import ImapLimits, ImapWords
from portineria.mail.machine import Machine, NothingAsked
from portineria.mail.pop.server import PopServer
from portineria.mail.pop.words import PopWords
from portineria.mail.sasl import PasswordOffered, plain, xoauth2
from portineria.mail.smtp.server import SmtpServer
from portineria.mail.smtp.words import SmtpLimits, SmtpWords
from portineria.secret import Secret

MECHANISMS = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
SMALL = 1_000

IMAP_WORDS = ImapWords(
    greeting="OK hello",
    capability_clear="IMAP4rev1 STARTTLS LOGINDISABLED",
    capability="IMAP4rev1 AUTH=PLAIN",
    capability_authenticated="IMAP4rev1 IDLE",
    identity='("name" "machine")',
    mechanisms=MECHANISMS,
    bye="BYE see you",
)
POP_WORDS = PopWords(
    greeting="+OK hello",
    capabilities_clear=("STLS",),
    capabilities=("USER", "SASL PLAIN"),
    mechanisms=MECHANISMS,
    bye="+OK see you",
)
SMTP_WORDS = SmtpWords(
    greeting="220 hello",
    hello="at your service",
    extensions_clear=("STARTTLS",),
    extensions=("AUTH PLAIN", "CHUNKING"),
    mechanisms_clear=frozenset(),
    mechanisms=MECHANISMS,
    bye="221 see you",
    unknown="500 what is {verb}",
)

MACHINES: dict[str, Callable[[bool], Machine]] = {
    "imap": lambda tls: ImapServer(IMAP_WORDS, tls=tls, limits=ImapLimits(literal=SMALL)),
    "pop": lambda tls: PopServer(POP_WORDS, tls=tls),
    "smtp": lambda tls: SmtpServer(SMTP_WORDS, tls=tls, limits=SmtpLimits(message=SMALL)),
}


class Owner:
    """Answers every event in the plainest way; the right password is `right`, any token is."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.events: list[Event] = []
        self.said = b""

    @property
    def closed(self) -> bool:
        return self.machine.closed

    async def open(self) -> bytes:
        self.machine.start()
        return self.machine.take()

    async def hear(self, octets: bytes) -> bytes:
        self.feed(octets)
        answer, self.said = self.said, b""
        return answer

    def feed(self, octets: bytes) -> None:
        self.machine.receive(octets)
        while event := self.machine.next_event():
            self.events.append(event)
            self.answer(event)
        self.said += self.machine.take()

    def shake(self) -> None:
        self.machine.tls_started()

    def answer(self, event: Event) -> None:
        machine = self.machine
        ok, no = YES_NO[type(machine)]
        match event:
            case Login(offered=PasswordOffered(password=password)) if password.reveal() == "wrong":
                machine.refuse(no)
            case Login(offered=PasswordOffered(password=password)) if password.reveal() == "why":
                machine.refuse(no, challenge=b"because")
            case TlsAsked():
                machine.begin_tls(ok)
            case ImapCommand(verb="IDLE"):
                machine.idle("OK idled")  # type: ignore[attr-defined]
            case ImapCommand() | PopCommand():
                machine.reply(ok)  # type: ignore[attr-defined]
            case Quit() | Dropped():
                pass
            case _:
                machine.accept(ok)


YES_NO: dict[type[Machine], tuple[str, str]] = {
    ImapServer: ("OK yes", "NO no"),
    PopServer: ("+OK yes", "-ERR no"),
    SmtpServer: ("250 yes", "535 no"),
}


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


def heard(protocol: str, chunks: list[bytes]) -> tuple[list[Event], bytes]:
    owner = Owner(MACHINES[protocol](True))
    owner.machine.start()
    for chunk in [b"", *chunks]:
        owner.feed(chunk)
    return owner.events, owner.said


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


def test_smtp_forgets_the_name_given_before_tls() -> None:
    owner = Owner(SmtpServer(SMTP_WORDS))
    owner.feed(STARTTLS["smtp"])
    owner.shake()
    owner.feed(b"AUTH PLAIN AGFkYQByaWdodA==\r\n")
    assert owner.said.endswith(b"503 5.5.1 EHLO first\r\n")


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


# --- IMAP and POP ---


def test_imap_arguments_keep_their_kinds() -> None:
    octets = (
        b"a LOGIN ada right\r\n"
        b'b UID FETCH 1,3:* (FLAGS BODY.PEEK[HEADER.FIELDS (FROM "TO")]<0.10>)\r\n'
        b'c FETCH 1 (FLAGS BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.10>)\r\n'
        b'd LIST "" "a \\"b\\" c%"\r\ne STATUS {5}\r\nin{bx (MESSAGES)\r\n'
    )  # fmt: skip
    events, said = heard("imap", [octets])
    assert events[1:] == [
        ImapCommand("FETCH", ("1", ("FLAGS", "BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.10>"))),
        ImapCommand("LIST", (b"", b'a "b" c%')),
        ImapCommand("STATUS", (b"in{bx", ("MESSAGES",))),
    ]
    assert b"b BAD" in said


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


def test_a_recipient_keeps_its_parameters() -> None:
    start = READY.removesuffix(b"RCPT TO:<c@d>\r\nDATA\r\n")
    events, _ = heard("smtp", [start + b"RCPT TO:<@relay.example:c@d> NOTIFY=NEVER\r\n"])
    assert events[-1] == RcptTo("c@d", {"NOTIFY": "NEVER"})


def test_pop_passwords_may_hold_spaces() -> None:
    events, _ = heard("pop", [b"USER ada\r\nPASS two  words \r\n"])
    assert events == [
        Login("PASS", PasswordOffered("USER", "ada", Secret("two  words ")), initial=True)
    ]
