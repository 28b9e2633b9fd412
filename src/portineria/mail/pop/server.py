"""The server's end of POP3: RFC 1939 with CAPA (2449), STLS (2595) and AUTH (5034).

It answers CAPA, USER, QUIT, syntax errors and wrong states itself; credentials and commands on
the maildrop become events.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from portineria.mail.events import Event, Login, PopCommand, Quit, TlsAsked
from portineria.mail.machine import Machine
from portineria.mail.pop import grammar
from portineria.mail.pop.grammar import Command, PopSyntax
from portineria.mail.pop.words import TRANSACTION, PopLimits, PopWords
from portineria.mail.sasl import Challenge, Hearing, PasswordOffered
from portineria.secret import Secret


class PopServer(Machine):
    """`tls` is true on a port with implicit TLS. See `Machine` for how it is driven."""

    def __init__(
        self,
        words: PopWords,
        *,
        tls: bool,
        limits: PopLimits | None = None,
        stamp: Callable[[], str] = str,
    ) -> None:
        self._words = words
        self._limits = limits or PopLimits()
        self._user = ""
        super().__init__(tls=tls, mistakes=self._limits.mistakes, stamp=stamp)

    def start(self) -> None:
        self._say(self._words.greeting)

    def reply(self, sentence: str, body: bytes | None = None) -> None:
        """Answer a PopCommand; a `body` follows as a multi-line response."""
        self._answer()
        self._say(sentence)
        if body is not None:
            self._out += grammar.stuffed(body)

    # --- from Machine ---

    def _challenge(self, challenge: Challenge) -> None:
        self._put(b"+ " + challenge.line)

    def _sasl_failed(self, *, cancelled: bool) -> None:
        self._say(self._words.cancelled if cancelled else self._words.malformed)

    def _goodbye(self) -> str:
        return self._words.too_many_mistakes

    def _settled(self, event: Event, *, yes: bool) -> None:
        self._user = ""

    def _reset(self) -> None:
        self._user = ""
        self._expect_command()

    def _too_long(self) -> Event | None:
        return self._wrong(self._words.too_long)

    def _command_line(self, line: bytes) -> Event | None:
        return self._foreign(line) or self._command(line)

    # --- commands ---

    def _command(self, line: bytes) -> Event | None:
        try:
            command = grammar.command(line)
            if command.verb != "AUTH" and len(line) > self._limits.line:
                return self._wrong(self._words.too_long)
            return self._dispatch(command)
        except PopSyntax:
            return self._wrong(self._words.syntax)

    def _dispatch(self, command: Command) -> Event | None:
        if command.verb in _ANY_STATE:
            return _ANY_STATE[command.verb](self, command)
        if self.authenticated and command.verb in TRANSACTION:
            least, most = TRANSACTION[command.verb]
            return PopCommand(command.verb, grammar.numbers(command.words, least, most))
        if not self.authenticated and command.verb in _BEFORE_LOGIN:
            return _BEFORE_LOGIN[command.verb](self, command)
        return self._wrong(self._words.wrong_state)

    def _wrong(self, sentence: str) -> Event | None:
        self._say(sentence)
        return self._mistake()

    def _capa(self, _command: Command) -> Event | None:
        words = self._words
        self._say(words.capa)
        for line in words.capabilities if self.tls else words.capabilities_clear:
            self._say(line)
        self._say(".")
        return None

    def _quit(self, _command: Command) -> Event | None:
        self._say(self._words.bye)
        self.closed = True
        return Quit()

    def _stls(self, _command: Command) -> Event | None:
        return self._wrong(self._words.wrong_state) if self.tls else TlsAsked()

    def _user_named(self, command: Command) -> Event | None:
        if not command.rest:
            raise PopSyntax
        if self._may_log_in():
            self._user = command.rest
            self._say(self._words.user)
        return None

    def _pass(self, command: Command) -> Event | None:
        if not self._user:
            return self._wrong(self._words.wrong_state)
        offered = PasswordOffered("USER", self._user, Secret(command.rest))
        return Login("PASS", offered, initial=True)

    def _auth(self, command: Command) -> Event | None:
        words = command.words
        if not words:  # RFC 1734's descendants list the mechanisms; clients probe with it
            return self._wrong(self._words.syntax)
        if not self._may_log_in():
            return None
        mechanism = words[0].upper()
        if len(words) > 2 or mechanism not in self._words.mechanisms:
            return self._wrong(self._words.unknown_mechanism)
        initial = words[1].encode() if len(words) == 2 else None
        hearing = Hearing(mechanism)
        return self._hear("AUTH", initial is not None, hearing, partial(hearing.open, initial))

    def _may_log_in(self) -> bool:
        if self.tls or self._words.clear_login:
            return True
        self._say(self._words.tls_first)
        return False


_Own = Callable[[PopServer, Command], Event | None]
_ANY_STATE: dict[str, _Own] = {"CAPA": PopServer._capa, "QUIT": PopServer._quit}
_BEFORE_LOGIN: dict[str, _Own] = {
    "STLS": PopServer._stls,
    "USER": PopServer._user_named,
    "PASS": PopServer._pass,
    "AUTH": PopServer._auth,
}
