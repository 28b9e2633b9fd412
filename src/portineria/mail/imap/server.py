"""The server's end of IMAP: RFC 3501 with SASL-IR (4959), LITERAL+ (7888), ID (2971), IDLE (2177).

It answers CAPABILITY, ID, LOGOUT, NOOP before login, syntax errors and wrong states itself;
everything that touches credentials or a mailbox becomes an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from portineria.mail.events import Argument, Event, ImapCommand, Login, Quit, TlsAsked
from portineria.mail.imap import grammar
from portineria.mail.imap.grammar import Head, ImapSyntax, LiteralMark
from portineria.mail.imap.words import (
    AFTER_LOGIN,
    BEFORE_LOGIN,
    BEHIND_UID,
    ImapLimits,
    ImapWords,
)
from portineria.mail.machine import Machine, NothingAsked
from portineria.mail.sasl import Challenge, Hearing, PasswordOffered
from portineria.secret import Secret

Arguments = tuple[Argument, ...]


class ImapServer(Machine):
    """`tls` is true on a port with implicit TLS. See `Machine` for how it is driven."""

    def __init__(
        self,
        words: ImapWords,
        *,
        tls: bool,
        limits: ImapLimits | None = None,
        stamp: Callable[[], str] = str,
    ) -> None:
        self._words = words
        self._limits = limits or ImapLimits()
        self._tag = "*"
        self._parts: list[bytes] = []
        self.idling = False  # between IDLE and DONE: `untagged` may be said at any time
        super().__init__(tls=tls, mistakes=self._limits.mistakes, stamp=stamp)

    def start(self) -> None:
        self._say(f"* {self._words.greeting}")

    def reply(self, sentence: str, untagged: Iterable[bytes] = ()) -> None:
        """Answer an ImapCommand: untagged lines without `* ` and line ends, then the sentence."""
        event = self._answer()
        for line in untagged:
            self._put(b"* " + line)
        verb = event.verb if isinstance(event, ImapCommand) else ""
        self._complete(sentence.replace("{verb}", verb))

    def idle(self, sentence: str) -> None:
        """Yes to IDLE; at DONE the machine completes the command with this sentence."""
        self._answer()
        self._put(f"+ {self._words.idling}".encode())
        self.idling = True
        self._expect_line(partial(self._idling, sentence))

    def untagged(self, lines: Iterable[bytes]) -> None:
        """News for a client that idles, without `* ` and line ends. Raises NothingAsked when it
        does not: nothing may be said between commands (RFC 3501 section 5.3, RFC 2177)."""
        if not self.idling:
            raise NothingAsked("the client does not idle")
        for line in lines:
            self._put(b"* " + line)

    # --- from Machine ---

    def _complete(self, sentence: str) -> None:
        self._say(f"{self._tag} {sentence}")

    def _challenge(self, challenge: Challenge) -> None:
        self._put(b"+ " + challenge.line)

    def _sasl_failed(self, *, cancelled: bool) -> None:
        self._complete(self._words.cancelled if cancelled else self._words.malformed)

    def _goodbye(self) -> str:
        return f"* {self._words.too_many_mistakes}"

    def _settled(self, event: Event, *, yes: bool) -> None:
        pass

    def _reset(self) -> None:
        self._parts.clear()
        self._expect_command()

    def _too_long(self) -> Event | None:
        self._parts.clear()
        self.idling = False
        self._say(f"* {self._words.too_long}")
        return self._mistake()

    def _command_line(self, line: bytes) -> Event | None:
        mark = grammar.literal_mark(line)
        if mark is not None:
            return self._announced(mark)
        parts, self._parts = [*self._parts, line], []
        return self._foreign(line) or self._command(parts)

    # --- literals ---

    def _announced(self, mark: LiteralMark) -> Event | None:
        most = self._limits.literal if self.authenticated else self._limits.literal_before_login
        self._parts.append(mark.before)
        size = mark.size + sum(map(len, self._parts))
        if size > most or len(self._parts) > 2 * self._limits.literals:
            return self._literal_refused(mark)
        if mark.waits:
            self._say(f"+ {self._words.go_ahead}")
        self._cut = partial(self._buffer.exactly, mark.size)
        self._read = self._literal
        return None

    def _literal(self, octets: bytes) -> Event | None:
        self._parts.append(octets)
        self._expect_command()
        return None

    def _literal_refused(self, mark: LiteralMark) -> Event | None:
        first = grammar.head(self._parts[0])
        self._parts.clear()
        self._tag = first.tag if first else "*"
        self._complete(self._words.too_long)
        if not mark.waits:  # the octets are on their way: nothing behind them can be trusted
            self._mistakes_left = 0
        return self._mistake()

    # --- commands ---

    def _command(self, parts: Sequence[bytes]) -> Event | None:
        first = grammar.head(parts[0])
        self._tag = first.tag if first else "*"
        if first is None or not first.verb:
            return self._wrong(self._words.syntax)
        if first.verb != "AUTHENTICATE" and len(parts[0]) > self._limits.line:
            return self._wrong(self._words.too_long)
        try:
            return self._dispatch(first, grammar.arguments([first.rest, *parts[1:]]))
        except ImapSyntax:
            return self._wrong(self._words.syntax)

    def _dispatch(self, first: Head, arguments: Arguments) -> Event | None:
        own = _OWN.get(first.verb)
        if self.authenticated and first.verb in AFTER_LOGIN | {"NOOP"}:
            return self._on_mailbox(first.verb, arguments)
        if own is None and first.verb not in AFTER_LOGIN:
            return self._wrong(self._words.unknown)
        if own is None or (self.authenticated and first.verb in BEFORE_LOGIN):
            return self._wrong(self._words.wrong_state)
        return own(self, arguments)

    def _on_mailbox(self, verb: str, arguments: Arguments) -> Event:
        if verb != "UID":
            return ImapCommand(verb, arguments)
        inner = grammar.word(arguments[0]).upper() if arguments else ""
        if inner not in BEHIND_UID:
            raise ImapSyntax
        return ImapCommand(inner, arguments[1:], uid=True)

    def _wrong(self, sentence: str) -> Event | None:
        self._complete(sentence)
        return self._mistake()

    def _done(self, verb: str) -> None:
        self._complete(self._words.completed.replace("{verb}", verb))

    def _capability(self, _arguments: Arguments) -> Event | None:
        words = self._words
        tls = words.capability if self.tls else words.capability_clear
        self._say(f"* CAPABILITY {words.capability_authenticated if self.authenticated else tls}")
        self._done("CAPABILITY")
        return None

    def _id(self, _arguments: Arguments) -> Event | None:
        self._say(f"* ID {self._words.identity}")
        self._done("ID")
        return None

    def _noop(self, _arguments: Arguments) -> Event | None:
        self._done("NOOP")
        return None

    def _logout(self, _arguments: Arguments) -> Event | None:
        self._say(f"* {self._words.bye}")
        self._done("LOGOUT")
        self.closed = True
        return Quit()

    def _starttls(self, arguments: Arguments) -> Event | None:
        if self.tls or arguments:
            return self._wrong(self._words.wrong_state)
        return TlsAsked()

    def _login(self, arguments: Arguments) -> Event | None:
        if len(arguments) != 2:
            raise ImapSyntax
        user, password = (grammar.word(argument) for argument in arguments)
        if not self._may_log_in():
            return None
        return Login("LOGIN", PasswordOffered("LOGIN", user, Secret(password)), initial=True)

    def _authenticate(self, arguments: Arguments) -> Event | None:
        if len(arguments) not in (1, 2):
            raise ImapSyntax
        mechanism = grammar.word(arguments[0]).upper()
        if not self._may_log_in():
            return None
        if mechanism not in self._words.mechanisms:
            self._complete(self._words.unknown_mechanism)
            return None
        initial = grammar.word(arguments[1]).encode() if len(arguments) == 2 else None
        hearing = Hearing(mechanism)
        return self._hear(
            "AUTHENTICATE", initial is not None, hearing, partial(hearing.open, initial)
        )

    def _may_log_in(self) -> bool:
        if self.tls or self._words.clear_login:
            return True
        self._complete(self._words.tls_first)
        return False

    def _idling(self, sentence: str, line: bytes) -> Event | None:
        """DONE ends IDLE; any other line is answered for itself, and IDLE goes on."""
        if line.upper() != b"DONE":
            found = grammar.head(line)
            self._say(f"{found.tag if found else '*'} {self._words.wrong_state}")
            return self._mistake()
        self.idling = False
        self._expect_command()
        self._complete(sentence)
        return None


_OWN: dict[str, Callable[[ImapServer, Arguments], Event | None]] = {
    "CAPABILITY": ImapServer._capability,
    "ID": ImapServer._id,
    "NOOP": ImapServer._noop,
    "LOGOUT": ImapServer._logout,
    "STARTTLS": ImapServer._starttls,
    "LOGIN": ImapServer._login,
    "AUTHENTICATE": ImapServer._authenticate,
}
