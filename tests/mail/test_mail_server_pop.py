"""The POP3 server machine: bodies, order, logins before TLS."""

from __future__ import annotations

import pytest
from mail_owner import MACHINES, POP_WORDS, Owner, heard

from portineria.mail.events import PopCommand
from portineria.mail.machine import speakable
from portineria.mail.pop.server import PopServer

LOGIN = b"USER ada\r\nPASS right\r\n"


@pytest.mark.parametrize(
    ("body", "wire"),
    [
        (b"", b".\r\n"),
        (b".one\n..two\r\nend", b"..one\r\n...two\r\nend\r\n.\r\n"),
    ],
)
def test_a_body_is_stuffed_and_closed_by_a_dot(body: bytes, wire: bytes) -> None:
    machine = MACHINES["pop"](True)
    assert isinstance(machine, PopServer)
    owner = Owner(machine)
    owner.feed(LOGIN)
    machine.receive(b"RETR 1\r\n")
    assert machine.next_event() == PopCommand("RETR", (1,))
    machine.reply("+OK", body)
    assert machine.take() == b"+OK\r\n" + wire


@pytest.mark.parametrize(
    "line", [b"USER", b"PASS x", b"RETR", b"RETR 1 2", b"UIDL x", b"AUTH", b"USER \xff"]
)
def test_a_line_that_does_not_fit_is_refused(line: bytes) -> None:
    login = b"" if line[:4] in (b"USER", b"PASS", b"AUTH") else LOGIN
    assert heard("pop", [login + line + b"\r\n"])[1].splitlines()[-1].startswith(b"-ERR ")


def test_nobody_logs_in_before_tls_unless_that_is_allowed() -> None:
    owner = Owner(PopServer(POP_WORDS, tls=False))
    owner.feed(b"USER ada\r\nAUTH PLAIN AGFkYQByaWdodA==\r\n")
    assert owner.events == []
    assert owner.said.count(b"-ERR STLS first\r\n") == 2


def test_what_a_peer_sent_is_made_fit_to_be_repeated() -> None:
    assert speakable(b"a\r\nb\xff" + b"x" * 100, most=6) == "a??b?x"
