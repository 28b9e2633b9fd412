"""The IMAP server machine: news while a client idles, arguments, wrong states."""

from __future__ import annotations

import pytest
from mail_owner import IMAP_WORDS, MACHINES, Owner, heard

from portineria.mail.events import ImapCommand
from portineria.mail.imap.grammar import ImapSyntax, arguments
from portineria.mail.imap.server import ImapServer
from portineria.mail.machine import NothingAsked

LOGIN = b"a LOGIN ada right\r\n"


def idling() -> ImapServer:
    machine = ImapServer(IMAP_WORDS, tls=True)
    owner = Owner(machine)
    owner.feed(LOGIN + b"b IDLE\r\n")
    assert owner.said.endswith(b"+ idling\r\n")
    return machine


def test_news_are_said_while_the_client_idles_and_at_no_other_time() -> None:
    machine = idling()
    machine.untagged([b"3 EXISTS", b"1 RECENT"])
    assert machine.take() == b"* 3 EXISTS\r\n* 1 RECENT\r\n"
    machine.receive(b"DONE\r\n")
    assert machine.next_event() is None
    assert machine.take() == b"b OK idled\r\n"
    with pytest.raises(NothingAsked):
        machine.untagged([b"4 EXISTS"])


@pytest.mark.parametrize(("line", "tag"), [(b"c LOGOUT", b"c"), (b"(", b"*"), (b"", b"*")])
def test_another_line_while_idling_is_answered_for_itself(line: bytes, tag: bytes) -> None:
    machine = idling()
    machine.receive(line + b"\r\n")
    assert machine.next_event() is None
    assert machine.take() == tag + b" BAD not now\r\n"
    assert machine.idling
    machine.untagged([b"3 EXISTS"])


def test_too_many_such_lines_or_one_too_long_end_the_idling() -> None:
    machine = idling()
    machine.receive(b"?\r\n" * 20)
    assert machine.next_event() is not None
    assert machine.closed
    machine = idling()
    machine.receive(b"x" * 20_000 + b"\r\nc NOOP\r\n")
    assert machine.next_event() == ImapCommand("NOOP", ())
    assert not machine.idling


@pytest.mark.parametrize(
    "text",
    ["a  b", "(a", "a)", "( a)", "a ", '"a" b{', '(a "b)', "a(b)", "(" * 9 + ")" * 9, "\xff"],
)
def test_arguments_that_do_not_parse(text: str) -> None:
    with pytest.raises(ImapSyntax):
        arguments([text.encode("latin-1")])


def test_untagged_lines_come_before_the_sentence() -> None:
    machine = MACHINES["imap"](True)
    assert isinstance(machine, ImapServer)
    owner = Owner(machine)
    owner.feed(LOGIN)
    machine.receive(b"b NOOP\r\n")
    machine.next_event()
    machine.reply("OK {verb} done", [b"1 EXISTS"])
    assert machine.take() == b"* 1 EXISTS\r\nb OK NOOP done\r\n"


def test_login_and_authenticate_take_as_many_arguments_as_they_take() -> None:
    for line in (b"a LOGIN ada\r\n", b"a AUTHENTICATE\r\n", b"a AUTHENTICATE PLAIN x y\r\n"):
        assert heard("imap", [line])[1].endswith(b"a BAD syntax error\r\n")
