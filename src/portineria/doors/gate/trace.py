"""One credential's sessions as they are spoken, without a secret and without anybody's mail.

Of what is said before the login, and of SMTP's commands, the words are shown that are no secret: a
verb, a mechanism, an address. Everything else is a number of octets: passwords, tokens, and mail.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from portineria.doors.gate.crossing import Crossing
from portineria.doors.gate.house import Record
from portineria.gateway.admission import folded
from portineria.tenant.mailbox import Protocol

MOST_HELD = 400
"""Lines of a session of which it is not known yet whose it is."""
MOST_WAITING = 2000
"""Lines that wait for a slow listener; what is more is left out, and said so."""
PIECE = 65_536
_PLAIN = (b"EHLO", b"HELO", b"MAIL", b"RCPT")
"""Verbs whose arguments are addresses and names of hosts."""
_LOGINS = (b"AUTH", b"AUTHENTICATE")
_VERBS = frozenset(
    b"USER PASS AUTH AUTHENTICATE LOGIN STARTTLS STLS CAPABILITY CAPA NOOP QUIT LOGOUT ID "
    b"DATA RSET BDAT STAT LIST UIDL RETR DELE TOP SELECT EXAMINE FETCH UID SEARCH IDLE DONE "
    b"STATUS APPEND STORE COPY MOVE CREATE LSUB CLOSE EXPUNGE ENABLE NAMESPACE".split()
)
_MECHANISM = re.compile(rb"[A-Za-z0-9-]{1,20}")
_TAG = re.compile(rb"[A-Za-z0-9.]{1,20}")
_LONG = re.compile(r"[A-Za-z0-9+/_=.~-]{20,}")

Told = dict[str, str]


def command(line: bytes) -> str:
    """What of a line that goes towards a server may be shown."""
    words = line.split(b" ")
    for at, word in enumerate(words[:2]):
        verb = word.upper()
        if at == 1 and not _TAG.fullmatch(words[0]):
            break
        if verb in _PLAIN and at == 0:
            return _text(line[:200])
        if verb in _VERBS:
            return _text(b" ".join(words[: at + 1])) + _arguments(verb, words[at + 1 :])
    return _octets(len(line)) if line else ""


def _arguments(verb: bytes, rest: list[bytes]) -> str:
    if not rest:
        return ""
    if verb in _LOGINS and _MECHANISM.fullmatch(rest[0]):
        more = len(b" ".join(rest[1:]))
        return f" {_text(rest[0])}" + (f" {_octets(more)}" if more else "")
    return f" {_octets(len(b' '.join(rest)))}"


def answer(line: bytes) -> str:
    """What of a server's line may be shown: a run that could be a secret is a number."""
    return _LONG.sub(lambda run: _octets(len(run[0])), _text(line[:300]))


def _octets(number: int) -> str:
    return f"<{number} octets>"


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace").encode("unicode_escape").decode("ascii")


@dataclass(slots=True)
class Tracer:
    """Knows who listens for what. While nobody does, no session has a tap."""

    listeners: list[tuple[str, asyncio.Queue[Told]]] = field(default_factory=list)

    @contextmanager
    def listen(self, name: str) -> Iterator[asyncio.Queue[Told]]:
        """Lines of sessions of this credential: by its id, or by a name that is logged in with."""
        one = (folded(name), asyncio.Queue[Told](MOST_WAITING))
        self.listeners.append(one)
        try:
            yield one[1]
        finally:
            self.listeners.remove(one)

    def tap(self, crossing: Crossing) -> SessionTap | None:
        return SessionTap(self, crossing) if self.listeners else None

    def tell(self, names: set[str], told: Told) -> None:
        for name, queue in self.listeners:
            if name not in names:
                continue
            if queue.qsize() < MOST_WAITING - 1:
                queue.put_nowait(told)
            elif not queue.full():
                queue.put_nowait({"half": "*", "text": "some lines are left out"})


@dataclass(slots=True)
class SessionTap:
    """Implements house.Tap. Lines wait until it is known whose session it is."""

    tracer: Tracer
    crossing: Crossing
    _held: list[Told] = field(default_factory=list)

    def heard(self, client: bool, octets: memoryview) -> None:
        """From the client, or from the mail server."""
        half, show = ("C>G", command) if client else ("G<S", answer)
        self._lines(half, bytes(octets[:PIECE]), show, len(octets))

    def said(self, client: bool, octets: bytes) -> None:
        """By the gateway, to the client or to the mail server."""
        half, show = ("C<G", answer) if client else ("G>S", command)
        self._lines(half, octets[:PIECE], show, len(octets))

    def over(self, record: Record) -> None:
        verdict = record.turned or record.why
        self._tell({"half": "*", "text": f"it is over: {verdict}"})

    def _lines(self, half: str, octets: bytes, show: object, total: int) -> None:
        smtp = self.crossing.protocol is Protocol.SMTP and show is answer
        if self.crossing.record.logged_in is not None and not smtp:
            # Mail passes here: only how much of it.
            first = octets.split(b"\r\n", 1)[0]
            word = command(first).partition(" <")[0] if half == "C>G" else ""
            told = word if word and not word.startswith("<") else ""
            self._tell({"half": half, "text": f"{told} {_octets(total)}".strip()})
            return
        assert callable(show)
        for line in octets.split(b"\r\n"):
            if line:
                self._tell({"half": half, "text": show(line)})

    def _tell(self, told: Told) -> None:
        record = self.crossing.record
        told = {"from": record.address, "protocol": record.protocol.value, **told}
        names = {folded(name) for name in (record.user, record.credential) if name}
        if not names:
            if len(self._held) < MOST_HELD:
                self._held.append(told)
            return
        held, self._held = self._held, []
        for one in (*held, told):
            self.tracer.tell(names, one)
