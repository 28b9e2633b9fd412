"""What the three server machines share: input, output, one open question at a time.

    machine.start()                    the greeting
    machine.receive(octets)            from the network
    machine.next_event()               Event or None; None means: more input, or an answer first
    machine.accept(...) refuse(...)    the answer to the event
    machine.take()                     what to send, always the last step

A machine never waits, never reads a clock and knows no sentence but the ones handed in.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

from portineria.mail.buffer import Buffer, LineTooLong, drained
from portineria.mail.events import Dropped, Event, Login, Quit, TlsAsked
from portineria.mail.sasl import (
    AUTH_LINE_LIMIT,
    Challenge,
    Hearing,
    MalformedSasl,
    Offered,
    SaslCancelled,
    encode,
)

# A browser made to speak to a mail port: cross-protocol attacks carry mail in a request body.
_HTTP = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT|PRI) \S+ HTTP/\d")

_UNSPEAKABLE = re.compile(r"[^\x20-\x7e]")


class NothingAsked(Exception):
    """An answer was given while no event was open: a mistake of the owner."""


class Machine(ABC):
    """Subclasses say how a line reads, how an answer is framed and what is too much."""

    LINE = AUTH_LINE_LIMIT + 256  # the longest command line: an initial response and its verb

    def __init__(self, *, tls: bool, mistakes: int, stamp: Callable[[], str] = str) -> None:
        self.tls = tls
        self.authenticated = False
        self.closed = False
        self.shaking = False  # between the answer to STARTTLS and the end of the handshake
        self._mistakes = self._mistakes_left = mistakes
        self._stamp = stamp
        self._buffer = Buffer()
        self._out = bytearray()
        self._open: Event | None = None
        self._cut: Callable[[], bytes | None] = self._cut_line
        self._read: Callable[[bytes], Event | None] = self._command_line

    # --- the owner's side ---

    @abstractmethod
    def start(self) -> None:
        """Say the greeting."""

    @property
    def held(self) -> int:
        """Octets that were received and not looked at yet."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        """Octets from the network. Ignored when closed, and until a begun handshake is over."""
        if not self.closed and not self.shaking:
            self._buffer.feed(data)

    def take(self) -> bytes:
        """Everything to be sent now; a second call gives nothing."""
        return drained(self._out)

    def next_event(self) -> Event | None:
        """The next event, or None while input or the answer to the last one is missing."""
        while not (self._open or self.closed or self.shaking):
            event = self._advance()
            if event is _STARVED:
                return None
            if event is not None:
                return self._ask(event)
        return None

    def accept(self, sentence: str) -> None:
        """Yes to the open event, in these words."""
        event = self._answer()
        if isinstance(event, Login):
            self.authenticated = True
            self._mistakes_left = self._mistakes  # what a stranger got wrong is not held against
        self._settled(event, yes=True)
        self._complete(sentence)

    def refuse(self, sentence: str, *, challenge: bytes | None = None) -> None:
        """No to the open event. With a `challenge` (raw octets) the failed login is explained
        first, and the sentence follows the client's line (RFC 7628 section 3.2.3)."""
        event = self._answer()
        self._settled(event, yes=False)
        if challenge is None or not isinstance(event, Login):
            self._complete(sentence)
            return
        self._challenge(Challenge(encode(challenge)))
        self._expect_line(partial(self._after_explanation, sentence))

    def begin_tls(self, sentence: str) -> None:
        """Yes to STARTTLS. Everything the peer sent before the handshake is forgotten."""
        if not isinstance(self._answer(), TlsAsked):
            raise NothingAsked("the open event was not TlsAsked")
        self._complete(sentence)
        self._buffer.clear()
        self.shaking = True

    def tls_started(self) -> None:
        """The handshake is over; the conversation begins anew under its protection."""
        self.shaking = False
        self.tls = True
        self._reset()

    def hang_up(self, sentence: str) -> None:
        """End the conversation with these words, open event or not."""
        self._open = None
        self._say(sentence)
        self.closed = True

    def surrender(self) -> bytes:
        """Give up the conversation after a login: what the peer sent behind it, unread.

        Somebody else goes on with both directions; this machine is closed and only `take` and
        `speak` are left of it.
        """
        self.closed = True
        return self._buffer.some(len(self._buffer))

    def speak(self, octets: bytes) -> None:
        """Octets that somebody else made, behind what this machine has said."""
        self._out += octets

    # --- the protocol's side ---

    @abstractmethod
    def _command_line(self, line: bytes) -> Event | None: ...

    @abstractmethod
    def _too_long(self) -> Event | None:
        """A line had no end within the limit."""

    @abstractmethod
    def _challenge(self, challenge: Challenge) -> None: ...

    @abstractmethod
    def _sasl_failed(self, *, cancelled: bool) -> None: ...

    @abstractmethod
    def _goodbye(self) -> str:
        """The sentence for somebody who made too many mistakes."""

    def _complete(self, sentence: str) -> None:
        """Frame the final answer to a command; IMAP puts the tag in front."""
        self._say(sentence)

    @abstractmethod
    def _settled(self, event: Event, *, yes: bool) -> None:
        """What an answer changes in the protocol's own state."""

    @abstractmethod
    def _reset(self) -> None:
        """After a handshake nothing of the conversation before it holds."""

    # --- tools of the protocols ---

    def _say(self, sentence: str, **values: str) -> None:
        if "{" in sentence:
            for name, value in {**values, "stamp": self._stamp()}.items():
                sentence = sentence.replace(f"{{{name}}}", value)
        self._put(sentence.encode())

    def _put(self, line: bytes) -> None:
        self._out += line + b"\r\n"

    def _expect_line(self, read: Callable[[bytes], Event | None]) -> None:
        self._cut, self._read = self._cut_line, read

    def _expect_command(self) -> None:
        self._expect_line(self._command_line)

    def _mistake(self) -> Event | None:
        self._mistakes_left -= 1
        if self._mistakes_left > 0:
            return None
        self.hang_up(self._goodbye())
        return Dropped("too many mistakes")

    def _foreign(self, line: bytes) -> Event | None:
        """Drop, without a word, whoever speaks another protocol."""
        if _HTTP.match(line):
            self.closed = True
            return Dropped("speaks another protocol")
        return None

    def _hear(
        self, verb: str, initial: bool, hearing: Hearing, listen: Callable[[], Challenge | Offered]
    ) -> Event | None:
        """One step of a SASL exchange."""
        self._expect_command()
        try:
            said = listen()
        except (SaslCancelled, MalformedSasl) as fault:
            self._sasl_failed(cancelled=isinstance(fault, SaslCancelled))
            return None
        if not isinstance(said, Challenge):
            return Login(verb, said, initial)
        self._challenge(said)
        self._expect_line(
            lambda line: self._hear(verb, initial, hearing, partial(hearing.hear, line))
        )
        return None

    # --- inside ---

    def _cut_line(self) -> bytes | None:
        return self._buffer.line(self.LINE)

    def _advance(self) -> Event | None:
        try:
            piece = self._cut()
        except LineTooLong:
            self._expect_command()
            return self._too_long()
        return _STARVED if piece is None else self._read(piece)

    def _ask(self, event: Event) -> Event:
        if not isinstance(event, Quit | Dropped):
            self._open = event
        return event

    def _answer(self) -> Event:
        if self._open is None:
            raise NothingAsked
        event, self._open = self._open, None
        return event

    def _after_explanation(self, sentence: str, _line: bytes) -> Event | None:
        self._expect_command()
        self._complete(sentence)
        return None


_STARVED = Dropped("starved")  # a mark by identity: no piece of input is complete


def speakable(raw: bytes, most: int = 64) -> str:
    """What a peer sent, fit to be repeated in a sentence: printable ASCII, `most` characters."""
    return _UNSPEAKABLE.sub("?", raw.decode("latin-1"))[:most]
