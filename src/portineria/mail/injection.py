"""Does a server drop what is sent in the clear behind STARTTLS (CVE-2011-0411)?

Whoever sits on the wire can write behind somebody else's STARTTLS. A server that keeps such octets
and answers them after the handshake takes a stranger's command for one of its protected client. The
question is put with NOOP, or POP3's CAPA, in the same write as STARTTLS: neither does anything.

    talk.receive(octets);  talk.take() is to be sent;  at `wants_tls` make the handshake and call
    tls_started();  talk.eof() when the network ended;  `found` is the answer, None until then
"""

from __future__ import annotations

import re
from enum import StrEnum

from portineria.mail.buffer import Buffer, LineTooLong, drained
from portineria.mail.sasl import AUTH_LINE_LIMIT

MOST_LINES = 200  # of the server, in one conversation

_WHOLE = {
    "imap": re.compile(rb"(\* (OK|BYE|PREAUTH)|A\d )"),
    "pop": re.compile(rb"(\+OK|-ERR)"),
    "smtp": re.compile(rb"\d{3}( |$)"),
}
"""The line that ends an answer."""
_YES = {"imap": b"A1 OK", "pop": b"+OK", "smtp": b"220"}
_ASK = {
    "imap": b"A1 STARTTLS\r\nA2 NOOP\r\n",
    "pop": b"STLS\r\nCAPA\r\n",
    "smtp": b"STARTTLS\r\nNOOP\r\n",
}
_BYE = {"imap": b"A3 LOGOUT\r\n", "pop": b"QUIT\r\n", "smtp": b"QUIT\r\n"}
_OBEYED = {
    "imap": re.compile(rb"A2 "),
    "pop": re.compile(rb"[^+]"),
    "smtp": re.compile(rb"(?!221|421)\d"),
}
"""What can only be the answer to the injected command, where goodbye is answered first."""
_LAST = {"imap": re.compile(rb"A3 "), "pop": re.compile(rb"\+OK"), "smtp": re.compile(rb"221")}


class Hygiene(StrEnum):
    DROPPED = "dropped"
    OBEYED = "obeyed"
    ENDED = "ended"
    """It broke off, which obeys nothing either."""
    NOT_ASKED = "not asked"
    """It never came to STARTTLS, or left the protocol before."""


class Injection:
    """One conversation. `protocol` is imap, pop or smtp."""

    def __init__(self, protocol: str, name: str = "[127.0.0.1]") -> None:
        self._protocol = protocol
        self._hello = f"EHLO {name}\r\n".encode() if protocol == "smtp" else b""
        self._out = bytearray()
        self._buffer = Buffer()
        self._lines = 0
        self._stage = "greeting"
        self.wants_tls = False
        self.found: Hygiene | None = None

    def take(self) -> bytes:
        return drained(self._out)

    def receive(self, data: bytes) -> None:
        """Octets from the network; ignored while a handshake is due and when it is over."""
        if self.wants_tls or self.found is not None:
            return
        self._buffer.feed(data)
        try:
            while self._open and (line := self._buffer.line(AUTH_LINE_LIMIT)) is not None:
                self._lines += 1
                self._hear(line)
        except LineTooLong:
            self.eof()

    def eof(self) -> None:
        """The network has ended, by a close, a cut, a failed handshake or a wait too long."""
        if self.found is None and self._stage == "end":
            self.found = Hygiene.DROPPED
        elif self.found is None:
            asked = self._stage in ("asked", "bye")
            self.found = Hygiene.ENDED if asked else Hygiene.NOT_ASKED

    def tls_started(self) -> None:
        self.wants_tls = False
        self._buffer.clear()
        self._stage = "bye"
        self._out += _BYE[self._protocol]

    @property
    def _open(self) -> bool:
        return self.found is None and not self.wants_tls

    def _hear(self, line: bytes) -> None:
        if self._lines > MOST_LINES:
            self.eof()
        elif self._stage in ("bye", "end"):
            self._judge(line)
        elif _WHOLE[self._protocol].match(line):
            self._answered(line)

    def _answered(self, line: bytes) -> None:
        if self._stage == "greeting" and self._hello:
            self._stage = "hello"
            self._out += self._hello
        elif self._stage in ("greeting", "hello"):
            self._stage = "asked"
            self._out += _ASK[self._protocol]
        elif line.startswith(_YES[self._protocol]):
            self.wants_tls = True
            self._buffer.clear()
        else:
            self.found = Hygiene.NOT_ASKED

    def _judge(self, line: bytes) -> None:
        if self._stage == "end" or _OBEYED[self._protocol].match(line):
            self.found = Hygiene.OBEYED
        elif _LAST[self._protocol].match(line):
            # POP3 says +OK to both commands: there a second answer tells, or the end.
            self._stage = "end"
            if self._protocol != "pop":
                self.eof()
