"""What the three client machines share: one login, one look at the mailbox, and goodbye.

    client.receive(octets)     from the network;  client.eof() when it ended
    client.next_event()        Event or None; None means: more input
    client.take()              what to send, always the last step

A client needs no answers from its owner but one: at TlsWanted it makes the handshake and
calls `tls_started()`. It never waits and reads no clock. However the octets are split, the
events are the same; whatever the server says, it ends. It keeps no more than one line of the
server and, for each conversation, at most MOST_LINES shortened ones to show.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from portineria.mail.buffer import Buffer, LineTooLong, drained
from portineria.mail.sasl import AUTH_LINE_LIMIT, Proposal, login, oauthbearer, plain, xoauth2
from portineria.mail.tokenfacts import facts_of
from portineria.mail.transcript import Redactor, Transcript, label
from portineria.secret import Secret

ONE_LINE = 512  # octets, line end included: a longer command waits for the server (RFC 5321 4.5.3)
MOST_LINES = 500  # of the server, in one conversation
EXPLANATIONS = 3  # challenges after the last step that are answered without words
_ENDINGS = {"OAUTHBEARER": (b"AQ==", "(no more)")}  # RFC 7628 3.2.3: one octet 0x01

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Password:
    user: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Token:
    """An OAuth access token. `user` is the mailbox to open, which need not be the token's own."""

    user: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Nobody:
    """Nothing to log in with: look at the server, and leave before the login."""

    user: str = ""
    secret: Secret = field(default=Secret(""), repr=False)


Credential = Password | Token


class Step(StrEnum):
    GREETING = "greeting"
    CAPABILITY = "capability"
    STARTTLS = "starttls"
    LOGIN = "login"
    AFTER = "after"
    """Capabilities once more, after the login: asked by who looks closer, and never decisive."""
    OPEN = "open"
    SENDER = "sender"
    """MAIL FROM, after which nothing follows: asked of SMTP by who looks closer."""
    GOODBYE = "goodbye"


class When(StrEnum):
    """A server offers other things at other times."""

    CLEAR = "before TLS"
    TLS = "before the login"
    LOGIN = "after the login"


@dataclass(frozen=True, slots=True)
class Answered:
    """The server has decided a step. After a no the client says goodbye by itself.

    `line` is the whole answer as it came, for judging only; `shown` is it redacted.
    A step CAPABILITY that is not ok means: no way offered to present this credential.
    """

    step: Step
    ok: bool
    line: str = field(repr=False)
    shown: str


@dataclass(frozen=True, slots=True)
class TlsWanted:
    """Do the handshake now, forgetting what arrived before it; then `tls_started()`."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The server left the protocol, said too much, or hung up. The conversation is over."""

    step: Step
    why: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Goodbye was said; close the connection."""


ClientEvent = Answered | TlsWanted | Broken | Finished


class Conversation(ABC):
    """Subclasses say how a line reads and which command comes next.

    With `closer` it also asks what is offered after the login. Raises ValueError for a user name
    or secret with control characters: it cannot be sent.
    """

    last = Step.OPEN
    """The step whose yes is the answer: the login opens what it was made for."""

    def __init__(
        self, credential: Credential | Nobody, *, starttls: bool, closer: bool = False
    ) -> None:
        if _CONTROL.search(credential.user) or _CONTROL.search(credential.secret.reveal()):
            raise ValueError("a user name or secret with control characters cannot be sent")
        self._credential = credential
        self._starttls = starttls
        self._closer = closer
        self._step = Step.GREETING
        self._closed = False
        self._shaking = False
        self._mechanism = ""
        self.offered: dict[When, tuple[str, ...]] = {}
        """What the server offered, word by word, and when."""
        self.dropped = 0
        """Octets that came after the yes to STARTTLS and before the handshake: never believed."""
        self._buffer = Buffer()
        self._out = bytearray()
        self._events: deque[ClientEvent] = deque()
        self._lines = 0
        self._pending: deque[tuple[bytes, str]] = deque()
        self._explanations = 0
        self._facts = facts_of(credential.secret) if isinstance(credential, Token) else ""
        wrapped = [step for proposal in self._proposals().values() for step in proposal.steps]
        self.transcript = Transcript(Redactor([credential.secret], wrapped))

    # --- the owner's side ---

    def receive(self, data: bytes) -> None:
        """Octets from the network; ignored while a handshake is due and when it is over."""
        if self._shaking:
            self.dropped += len(data)
        elif not self._closed:
            self._buffer.feed(data)

    @property
    def heard(self) -> int:
        """Whole lines of the server so far: who waits can tell whether it gets anywhere."""
        return self._lines

    def eof(self) -> None:
        """The network has ended; the next event tells what that means."""
        if self._closed:
            return
        if self._step is Step.GOODBYE:
            self._finish()
        else:
            self._break("the server closed the connection before it answered")

    def take(self) -> bytes:
        """Everything to be sent now; a second call gives nothing."""
        return drained(self._out)

    def next_event(self) -> ClientEvent | None:
        """The next event, or None while input is missing."""
        while not self._events:
            if self._closed or self._shaking:
                return None
            line = self._next_line()
            if line is not None:
                self._hear(line, self.transcript.server(line))
            elif not self._events:
                return None
        return self._events.popleft()

    def tls_started(self) -> None:
        """The handshake is over: all that was said before it is forgotten."""
        self._shaking = False
        self._starttls = False
        self.transcript.note("TLS")
        self._greet_again()

    # --- the protocol's side ---

    @abstractmethod
    def _hear(self, line: bytes, shown: str) -> None:
        """One line of the server."""

    @abstractmethod
    def _greet_again(self) -> None:
        """Ask for the capabilities, first or after the handshake."""

    @abstractmethod
    def _say_goodbye(self) -> None:
        """Send the command that ends the conversation."""

    # --- tools of the protocols ---

    def _send(self, text: str) -> None:
        """Send a line that may be seen."""
        self.transcript.client(text)
        self._out += text.encode() + b"\r\n"

    def _send_secret(self, open_part: str, secret_part: bytes) -> None:
        """Send a line of which only the beginning may be seen."""
        self.transcript.client(open_part, self._label(secret_part))
        self._out += open_part.encode() + secret_part + b"\r\n"

    @property
    def _kind(self) -> str:
        return "password" if isinstance(self._credential, Password) else "token"

    def _proposals(self) -> dict[str, Proposal]:
        """By mechanism, the ways to present this credential, best first."""
        user, secret = self._credential.user, self._credential.secret
        if isinstance(self._credential, Token):
            return {"XOAUTH2": xoauth2(user, secret), "OAUTHBEARER": oauthbearer(user, secret)}
        if isinstance(self._credential, Nobody):
            return {}
        return {"LOGIN": login(user, secret), "PLAIN": plain(user, secret)}

    def _queue(self, proposal: Proposal, begin: int = 0) -> None:
        """Steps to be sent as the server asks for them."""
        self._mechanism = proposal.mechanism
        steps = (proposal.step(index) for index in range(begin, len(proposal.steps)))
        self._pending.extend((step, self._label(step)) for step in steps)

    def _label(self, secret_part: bytes) -> str:
        """How a secret line is shown: of a token also whom it is for and until when."""
        return label(self._kind, secret_part, self._facts)

    def _challenged(self) -> None:
        """The server asks: the next step, or a line without words where a failure is explained."""
        if self._pending:
            step, shown = self._pending.popleft()
            self.transcript.client("", shown)
            self._out += step + b"\r\n"
        elif self._explanations < EXPLANATIONS:
            self._explanations += 1
            ending, shown = _ENDINGS.get(self._mechanism, (b"", "(empty line)"))
            self.transcript.client("", shown)
            self._out += ending + b"\r\n"
        else:
            self._break("the server keeps asking after everything was said")

    def _answer(self, ok: bool, line: str, shown: str) -> None:
        self._events.append(Answered(self._step, ok, line, shown))

    def _want_tls(self) -> None:
        self._shaking = True
        self.dropped += self._buffer.clear()
        self._events.append(TlsWanted())

    def _note_offered(self, words: Iterable[str], *, after: bool = False) -> None:
        when = When.CLEAR if self._starttls else When.LOGIN if after else When.TLS
        self.offered[when] = tuple(self.transcript.shown(word) for word in words)

    def _leave(self) -> None:
        self._step = Step.GOODBYE
        self._say_goodbye()

    def _finish(self) -> None:
        self._closed = True
        self._events.append(Finished())

    def _break(self, why: str) -> None:
        self._closed = True
        self.transcript.note(why)
        self._events.append(Broken(self._step, why))

    def _read_piece(self) -> bytes | None:
        return self._buffer.line(AUTH_LINE_LIMIT)

    # --- inside ---

    def _next_line(self) -> bytes | None:
        try:
            line = self._read_piece()
        except LineTooLong:
            self._break("the server sent a line without an end")
            return None
        if line is None:
            return None
        self._lines += 1
        if self._lines > MOST_LINES:
            self._break("the server says too much")
            return None
        return line


def plain_text(line: bytes) -> str:
    """A line of the server as text; what is not UTF-8 is replaced."""
    return line.decode("utf-8", "replace")
