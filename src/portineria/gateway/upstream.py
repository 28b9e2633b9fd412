"""The login at a mail server that takes tokens: greeting, STARTTLS, XOAUTH2, and no step more.

    login.receive(octets)   from the server;  login.eof() when it ended
    login.take()            what to send
    login.outcome           None while it lasts, then Ready, Refused or Lost

At `login.wants_tls` the owner makes the handshake and calls `tls_started()`. What came behind the
last answer belongs to the session that follows: `Ready.rest`. A login may stop before the
credential and go on later (`begin`): so a connection is kept warm without anybody's token.

Source: RFC 9051, 1939, 5034, 5321, 4954, 4959; XOAUTH2 in the dossier exchange-online 5.1.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from portineria.mail.buffer import Buffer, LineTooLong, drained
from portineria.mail.conversation import Token
from portineria.mail.sasl import AUTH_LINE_LIMIT, Proposal, xoauth2

ONE_LINE = 512
"""Octets of a command with its initial response; a longer one waits for the server's challenge."""
MOST_LINES = 200
"""Of the server, until the login is decided."""


@dataclass(frozen=True, slots=True)
class Ready:
    """In. `said` is the server's answer, `rest` what came behind it.

    `offers` is what the server can do: what it told with that answer (IMAP), or before it (SMTP).
    """

    said: bytes
    offers: tuple[bytes, ...]
    rest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no, in these words; `at_login` is false where it did not get so far."""

    said: bytes
    at_login: bool = True


@dataclass(frozen=True, slots=True)
class Lost:
    """The server left the protocol, said too much, or hung up."""

    why: str


Outcome = Ready | Refused | Lost


class UpstreamLogin(ABC):
    """Subclasses say how a line reads. `starttls` where the port begins in the clear."""

    def __init__(self, *, starttls: bool = False) -> None:
        self.outcome: Outcome | None = None
        self.wants_tls = False
        self.warm = False
        """Greeted and told what it can do: nothing is missing but the credential."""
        self._starttls = starttls
        self._proposal: Proposal | None = None
        self._presented = 0
        self._offers: list[bytes] = []
        self._buffer = Buffer()
        self._out = bytearray()
        self._lines = 0

    # --- the owner's side ---

    def begin(self, token: Token) -> None:
        """The credential, before or after the connection is warm."""
        self._proposal = xoauth2(token.user, token.secret)
        if self.warm:
            self._authenticate(self._proposal)

    def receive(self, data: bytes) -> None:
        """Octets of the server. Whatever came before a handshake is forgotten."""
        if self.outcome is not None or self.wants_tls:
            return
        self._buffer.feed(data)
        while (line := self._line()) is not None:
            self._hear(line)

    def eof(self) -> None:
        if self.outcome is None:
            self.outcome = Lost("the server closed the connection before it answered")

    def take(self) -> bytes:
        return drained(self._out)

    @property
    def offers(self) -> tuple[bytes, ...]:
        """What the server says that it can do, as far as it is known."""
        return tuple(self._offers)

    def speak(self, octets: bytes) -> None:
        """Octets that somebody else made, behind what this login has said."""
        self._out += octets

    def tls_started(self) -> None:
        self.wants_tls = False
        self._starttls = False
        self._offers.clear()
        self._ask()

    # --- the protocol's side ---

    @abstractmethod
    def _hear(self, line: bytes) -> None:
        """One line of the server."""

    @abstractmethod
    def _ask(self) -> None:
        """Ask what the server can do, first or after the handshake."""

    @abstractmethod
    def _authenticate(self, proposal: Proposal) -> None:
        """Send the command that presents the credential."""

    # --- tools of the protocols ---

    def _send(self, line: bytes) -> None:
        self._out += line + b"\r\n"

    def _known(self) -> None:
        """The server has told what it can do."""
        self.warm = True
        if self._proposal is not None:
            self._authenticate(self._proposal)

    def _secure(self) -> None:
        self._buffer.clear()
        self.wants_tls = True

    def _challenged(self) -> None:
        """The token, and an empty line where the server explains why not."""
        proposal = self._proposal
        if proposal is None or self._presented > len(proposal.steps):
            self._lose("the server keeps asking after everything was said")
            return
        self._send(proposal.step(self._presented))
        self._presented += 1

    def _in(self, said: bytes) -> None:
        rest = self._buffer.some(len(self._buffer))
        self.outcome = Ready(said, tuple(self._offers), rest)

    def _no(self, said: bytes) -> None:
        self.outcome = Refused(said, at_login=self.warm)

    def _lose(self, why: str) -> None:
        self.outcome = Lost(why)

    def _line(self) -> bytes | None:
        if self.outcome is not None or self.wants_tls:
            return None
        try:
            line = self._buffer.line(AUTH_LINE_LIMIT)
        except LineTooLong:
            self._lose("the server sent a line without an end")
            return None
        if line is not None:
            self._lines += 1
            if self._lines > MOST_LINES:
                self._lose("the server says too much")
                return None
        return line


class ImapLogin(UpstreamLogin):
    """RFC 9051: CAPABILITY unless the greeting told it, then AUTHENTICATE."""

    _stage = "greeting"
    _CODE = re.compile(rb"\[CAPABILITY ([^\]]*)\]", re.IGNORECASE)

    def _ask(self) -> None:
        self._stage = "capability"
        self._send(b"G1 CAPABILITY")

    def _hear(self, line: bytes) -> None:
        head = line[:5].upper()
        if self._stage == "greeting":
            self._greeted(line, head)
        elif head[:2] == b"* ":
            self._untagged(line)
        elif head[:1] == b"+" and self._stage == "login":
            self._challenged()
        elif head[:3] in (b"G1 ", b"G2 ", b"G3 "):
            self._tagged(line)
        else:
            self._lose("this is not the answer of an IMAP server")

    def _greeted(self, line: bytes, head: bytes) -> None:
        if head != b"* OK ":
            if head == b"* BYE":
                self._no(line)
            else:
                self._lose("this is no greeting that wants a login")
            return
        told = self._CODE.search(line)
        if told is None or self._starttls:
            self._ask()
        else:
            self._offers = told[1].upper().split()
            self._known()

    def _untagged(self, line: bytes) -> None:
        words = line[2:].upper().split()
        if words[:1] == [b"CAPABILITY"]:
            self._offers = words[1:]
        elif words[:1] == [b"BYE"]:
            self._no(line)

    def _tagged(self, line: bytes) -> None:
        good = line[3:5].upper() == b"OK"
        if not good:
            self._no(line[3:])
        elif self._stage == "capability":
            self._told()
        elif self._stage == "starttls":
            self._secure()
        else:
            told = self._CODE.search(line)
            self._offers = told[1].split() if told is not None else []
            self._in(line[3:])

    def _told(self) -> None:
        if not self._starttls:
            self._known()
        elif b"STARTTLS" in self._offers:
            self._stage = "starttls"
            self._send(b"G2 STARTTLS")
        else:
            self._lose("the server offers no STARTTLS")

    def _authenticate(self, proposal: Proposal) -> None:
        self._stage = "login"
        command = b"G3 AUTHENTICATE " + proposal.mechanism.encode()
        first = proposal.step(0)
        if b"SASL-IR" in self._offers and len(command) + len(first) + 3 <= self.longest:
            self._presented = 1
            self._send(command + b" " + first)
        else:
            self._send(command)

    longest = AUTH_LINE_LIMIT
    """With SASL-IR a line may be as long as a token (RFC 4959); Exchange and Dovecot take it."""


class PopLogin(UpstreamLogin):
    """RFC 1939, 2595, 5034. Always two steps: the servers meant refuse the initial response."""

    _stage = "greeting"

    def _ask(self) -> None:
        self._known()

    def _hear(self, line: bytes) -> None:
        if self._stage == "login" and (line[:2] == b"+ " or line == b"+"):
            self._challenged()
        elif line[:3] == b"+OK":
            self._agreed(line)
        elif line[:4] == b"-ERR":
            self._no(line)
        else:
            self._lose("this is not the answer of a POP3 server")

    def _agreed(self, line: bytes) -> None:
        if self._stage == "starttls":
            self._secure()
        elif self._stage == "login":
            self._in(line)
        elif self._starttls:
            self._stage = "starttls"
            self._send(b"STLS")
        else:
            self._ask()

    def _authenticate(self, proposal: Proposal) -> None:
        self._stage = "login"
        self._send(b"AUTH " + proposal.mechanism.encode())


class SmtpLogin(UpstreamLogin):
    """RFC 5321, 3207, 4954. `name` is said in EHLO."""

    def __init__(self, *, starttls: bool = False, name: str = "[127.0.0.1]") -> None:
        super().__init__(starttls=starttls)
        self._stage = "greeting"
        self._name = name.encode()
        self._reply: list[bytes] = []

    def _ask(self) -> None:
        self._stage = "ehlo"
        self._send(b"EHLO " + self._name)

    def _hear(self, line: bytes) -> None:
        code, mark = line[:3], line[3:4]
        if not code.isdigit() or mark not in (b" ", b"-", b""):
            self._lose("this is not the answer of an SMTP server")
            return
        self._reply.append(line)
        if mark != b"-":
            whole, self._reply = self._reply, []
            self._answered(code, whole)

    def _answered(self, code: bytes, whole: list[bytes]) -> None:
        if code == b"334" and self._stage == "login":
            self._challenged()
        elif code != _GOOD[self._stage]:
            self._no(b"\r\n".join(whole))
        elif self._stage == "greeting":
            self._ask()
        elif self._stage == "ehlo":
            self._offers = [line[4:].upper() for line in whole[1:]]
            self._greeted()
        elif self._stage == "starttls":
            self._secure()
        else:
            self._in(b"\r\n".join(whole))

    def _greeted(self) -> None:
        if not self._starttls:
            self._known()
        elif b"STARTTLS" in self._offers:
            self._stage = "starttls"
            self._send(b"STARTTLS")
        else:
            self._lose("the server offers no STARTTLS")

    def _authenticate(self, proposal: Proposal) -> None:
        self._stage = "login"
        command = b"AUTH " + proposal.mechanism.encode()
        first = proposal.step(0)
        if len(command) + len(first) + 3 <= ONE_LINE:
            self._presented = 1
            self._send(command + b" " + first)
        else:
            self._send(command)


_GOOD = {"greeting": b"220", "ehlo": b"250", "starttls": b"220", "login": b"235"}
