"""A TLS session is offered to a mail server again while that pays."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from portineria.clock import VirtualClock
from portineria.doors.gate.house import Behind
from portineria.doors.gate.resumption import ENOUGH, LIFE, Resumption

START = datetime(2026, 1, 1, tzinfo=UTC)
BEHIND = Behind("mail.contoso.example", 993, False, ssl.create_default_context())


@dataclass
class Server:
    """`takes` a session up, or never does."""

    takes: bool
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    offered: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = Resumption(self.clock)

    def login(self) -> None:
        session = self.kept.session(BEHIND)
        self.offered.append(session is not None)
        tls = SimpleNamespace(session=object(), session_reused=self.takes and session is not None)
        leg: Any = SimpleNamespace(tls=tls, resume=session)
        self.kept.keep(BEHIND, leg)


def test_a_server_that_takes_it_up_is_offered_it_again_and_again() -> None:
    server = Server(takes=True)
    for _ in range(20):
        server.login()
    assert server.offered == [False, *[True] * 19]


def test_a_server_that_never_does_is_spared_until_there_is_another() -> None:
    server = Server(takes=False)
    for _ in range(20):
        server.login()
    assert sum(server.offered) == ENOUGH
    server.clock.advance(LIFE + 1)
    for _ in range(20):
        server.login()
    assert sum(server.offered) == 2 * ENOUGH


def test_one_that_is_too_old_is_not_offered() -> None:
    server = Server(takes=True)
    server.login()
    server.clock.advance(2 * LIFE + 1)
    server.login()
    assert server.offered == [False, False]
