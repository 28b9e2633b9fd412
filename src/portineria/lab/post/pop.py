"""Exchange Online's POP3: XOAUTH2 in two lines, passwords never.

Source: dossier exchange-online 1.10, 5.3. Where a mailbox with PopEnabled false is refused is
not known: at the first command, or at AUTH by the reading `pop-disabled-refusal`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from portineria.lab.post import bearer, gates, sentences
from portineria.lab.post.bearer import Bearer
from portineria.lab.post.connected import MailboxFront
from portineria.lab.post.mailboxes import Stored
from portineria.lab.post.office import PostOffice
from portineria.lab.post.refusals import TokenRefused
from portineria.mail.events import Event, Login, PopCommand, Quit, TlsAsked
from portineria.mail.pop.server import PopServer

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


class PopFront(MailboxFront):
    """Port 995 (`tls`) or 110."""

    face = "pop"
    permission = bearer.POP
    flag = "PopEnabled"

    def __init__(self, office: PostOffice, address: str = "127.0.0.1", *, tls: bool = True) -> None:
        session = office.session()
        self._pop = PopServer(sentences.pop_words(session), tls=tls)
        super().__init__(office, session, self._pop, address)
        self._drop: list[Stored] | None = None  # the maildrop as it was at the first command
        self._deleted: set[int] = set()

    async def _on(self, event: Event) -> None:
        match event:
            case TlsAsked():
                self._pop.begin_tls(sentences.POP_BEGIN_TLS)
            case Login():
                await self._on_login(event, sentences.POP_AUTHENTICATED)
            case PopCommand():
                self._on_command(event)
            case Quit():
                if self._guid:
                    self.office.store.inbox(self._guid).remove(self._deleted)
            case _:
                return

    def _at_auth(self, event: Login, bearer: Bearer) -> None:
        if event.initial:
            raise TokenRefused  # one line is not enough: only the two-line form works (5.3)
        wire = self.office.wire()
        recipient = wire.recipient(event.offered.user)
        if recipient and wire.weather.reading("pop-disabled-refusal") == "auth":
            gates.protocol_flag(wire, recipient, self.flag)

    def _failed(self, event: Login) -> str:
        by_pass = event.verb == "PASS"
        return sentences.POP_LOGON_FAILED if by_pass else sentences.POP_AUTH_FAILED

    def _not_connected(self) -> str:
        return sentences.POP_NOT_CONNECTED

    # --- the maildrop ---

    def _on_command(self, event: PopCommand) -> None:
        guid = self._mailbox()
        if guid is None:
            self._pop.reply(sentences.POP_NOT_CONNECTED)
            return
        if self._drop is None:
            self._drop = list(self.office.store.inbox(guid).messages)
        _COMMANDS[event.verb](self, event.numbers)

    def _alive(self) -> list[tuple[int, Stored]]:
        """Message numbers and messages that are not marked deleted."""
        numbered = enumerate(self._drop or (), start=1)
        return [(number, stored) for number, stored in numbered if stored.uid not in self._deleted]

    def _message(self, number: int) -> Stored | None:
        return dict(self._alive()).get(number)

    def _ok(self, _numbers: tuple[int, ...]) -> None:
        self._pop.reply("+OK")

    def _stat(self, _numbers: tuple[int, ...]) -> None:
        sizes = [len(stored.content) for _, stored in self._alive()]
        self._pop.reply(f"+OK {len(sizes)} {sum(sizes)}")

    def _list(self, numbers: tuple[int, ...]) -> None:
        self._rows(numbers, lambda stored: str(len(stored.content)))

    def _uidl(self, numbers: tuple[int, ...]) -> None:
        self._rows(numbers, lambda stored: str(stored.uid))

    def _rows(self, numbers: tuple[int, ...], column: Callable[[Stored], str]) -> None:
        rows = [(n, column(stored)) for n, stored in self._alive() if n in (numbers or (n,))]
        if not numbers:
            body = "".join(f"{number} {value}\r\n" for number, value in rows)
            self._pop.reply("+OK", body.encode())
        elif rows:
            self._pop.reply(f"+OK {rows[0][0]} {rows[0][1]}")
        else:
            self._pop.reply(sentences.POP_NO_MESSAGE)

    def _retr(self, numbers: tuple[int, ...]) -> None:
        self._body(numbers[0], lambda stored: stored.content)

    def _top(self, numbers: tuple[int, ...]) -> None:
        self._body(numbers[0], lambda stored: _top(stored, numbers[1]))

    def _body(self, number: int, cut: Callable[[Stored], bytes]) -> None:
        stored = self._message(number)
        if stored is None:
            self._pop.reply(sentences.POP_NO_MESSAGE)
        else:
            self._pop.reply("+OK", cut(stored))

    def _dele(self, numbers: tuple[int, ...]) -> None:
        stored = self._message(numbers[0])
        if stored is None:
            self._pop.reply(sentences.POP_NO_MESSAGE)
            return
        self._deleted.add(stored.uid)
        self._pop.reply("+OK")

    def _rset(self, _numbers: tuple[int, ...]) -> None:
        self._deleted.clear()
        self._pop.reply("+OK")


def _top(stored: Stored, lines: int) -> bytes:
    """Header, blank line and so many lines of the body (RFC 1939, TOP)."""
    return stored.part.header + b"".join(_LINE.findall(stored.part.body)[:lines])


_COMMANDS: dict[str, Callable[[PopFront, tuple[int, ...]], None]] = {
    "NOOP": PopFront._ok,
    "STAT": PopFront._stat,
    "LIST": PopFront._list,
    "UIDL": PopFront._uidl,
    "RETR": PopFront._retr,
    "TOP": PopFront._top,
    "DELE": PopFront._dele,
    "RSET": PopFront._rset,
}
