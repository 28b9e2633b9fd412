"""SMTP after the login: command by command between messages, a pipe inside them.

The client's commands go on as they come (PIPELINING), so its answers are those of the mail server,
in their order. The gateway answers for itself only what it alone knows: EHLO, a second AUTH, a
sender that the credential may not use, a limit. It never says a 250 that the server has not said.

    flow.from_client(octets) from_server(octets)
    flow.next_event()        Sending | Delivered | Over, or None
    flow.to_client() to_server()

At `Sending` the owner says `go()`, now or when the mailbox's pace allows, or `stop(reply)`.

Source: RFC 5321, 2920 (PIPELINING), 3030 (BDAT), 1870 (SIZE).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from portineria.gateway.bodies import BareLf, Body
from portineria.mail.buffer import Buffer, LineTooLong, drained
from portineria.mail.smtp import grammar
from portineria.mail.smtp.grammar import Command, SmtpSyntax

LINE = 2_048
MOST_WAITING = 100
"""Answers of the server that are out; beyond it the client's next command waits."""
MOST_ANSWER = 65_536
"""Octets of one answer of the server."""
MISTAKES = 20


@dataclass(frozen=True, slots=True)
class Sending:
    """A transaction begins. `size` is the declared one in octets, 0 when undeclared."""

    sender: str
    size: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server has answered for a whole message: `taken` when it said 250."""

    sender: str
    recipients: int
    size: int
    taken: bool
    answer: bytes


@dataclass(frozen=True, slots=True)
class Over:
    """The conversation is over. `ambiguous`: a message was cut between its end and its answer."""

    why: str
    ambiguous: bool = False


class _Wait(Enum):
    """What an answer of the server is an answer to."""

    ANY = "any"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    CHUNK = "chunk"
    QUIT = "quit"
    SILENT = "silent"


class MailFlow:
    """`hello` are the lines of the EHLO answer, without codes. `said` is what was said to client
    and server before, and is still to be sent."""

    def __init__(
        self,
        hello: tuple[str, ...],
        bare_lf: BareLf = BareLf.MEND,
        said: tuple[bytes, bytes] = (b"", b""),
    ) -> None:
        self._hello = hello
        self._bare_lf = bare_lf
        self._lf_ends = False
        self._most = _size_of(hello)
        self._commands = Buffer()
        self._replies = Buffer()
        self._reply: list[bytes] = []
        self._waiting: deque[_Wait | bytes] = deque()
        self._client, self._server = map(bytearray, said)
        self._events: deque[Sending | Delivered | Over] = deque()
        self._asking: bytes | None = None  # the MAIL line that waits for go() or stop()
        self._body: Body | None = None
        self._chunk = 0
        self._last_chunk = False
        self._blocked = False  # DATA was sent: nothing of the client is read before its answer
        self._mistakes = 0
        self._sender = ""
        self._recipients = 0
        self._size = 0
        self.over = False

    # --- the owner's side ---

    def from_client(self, data: bytes) -> None:
        if not self.over:
            self._commands.feed(data)
            self._go_on()

    def from_server(self, data: bytes) -> None:
        if self.over:
            return
        self._replies.feed(data)
        while (line := self._answer_line()) is not None:
            self._reply.append(line)
            if line[3:4] != b"-":
                whole, self._reply = b"\r\n".join(self._reply) + b"\r\n", []
                self._answered(whole)
        self._go_on()

    def server_left(self) -> None:
        """The mail server hung up."""
        if not self.over:
            ambiguous = _Wait.BODY in self._waiting or _Wait.CHUNK in self._waiting
            self._client += b"421 4.3.0 The mail server hung up. Try again later.\r\n"
            self._end("the mail server hung up", ambiguous)

    def client_left(self) -> None:
        if not self.over:
            ambiguous = _Wait.BODY in self._waiting
            self._end("the client hung up", ambiguous)

    def next_event(self) -> Sending | Delivered | Over | None:
        return self._events.popleft() if self._events else None

    def to_client(self) -> bytes:
        return drained(self._client)

    def to_server(self) -> bytes:
        return drained(self._server)

    @property
    def busy(self) -> bool:
        """Whether a transaction is open, or an answer is still to come."""
        return not self.over and bool(self._sender or self._waiting)

    def go(self) -> None:
        """Yes to Sending."""
        line, self._asking = self._asking, None
        if line is not None:
            self._forward(line, _Wait.MAIL)
            self._go_on()

    def stop(self, reply: str) -> None:
        """No to Sending, in these words."""
        self._asking = None
        self._sender = ""
        self._say(reply)
        self._go_on()

    @property
    def held(self) -> int:
        """Octets of the client that wait here."""
        return len(self._commands)

    # --- the client's side ---

    def _go_on(self) -> None:
        while not (self.over or self._blocked or self._asking is not None):
            if len(self._waiting) >= MOST_WAITING or not self._step():
                return

    def _step(self) -> bool:
        """Take one piece of what the client sent; whether there was one."""
        if self._body is not None:
            return self._body_piece(self._body)
        if self._chunk:
            return self._chunk_piece()
        try:
            line = self._commands.line(LINE)
        except LineTooLong:
            self._wrong("500 5.5.2 line too long")
            return True
        if line is None:
            return False
        self._command(line)
        return True

    def _body_piece(self, body: Body) -> bool:
        octets = self._commands.some(len(self._commands))
        if not octets:
            return False
        self._server += body.feed(octets)
        if body.broken:
            self._client += b"550 5.6.11 Lines of a message end with CR and LF.\r\n"
            self._end("the message has bare line ends")  # and what was sent of it has no end
            return True
        if body.rest is not None:
            self._commands.put_back(body.rest)
            self._size = body.size
            self._body = None
            self._waiting.append(_Wait.BODY)
        return True

    def _chunk_piece(self) -> bool:
        octets = self._commands.some(self._chunk)
        if not octets:
            return False
        self._chunk -= len(octets)
        self._size += len(octets)
        self._server += octets
        return True

    def _command(self, line: bytes) -> None:
        try:
            command = grammar.command(line)
            own = _OWN.get(command.verb)
            if own is None:
                self._wrong("500 5.5.1 unknown command")
            else:
                own(self, command, line)
        except SmtpSyntax:
            self._wrong("501 5.5.4 syntax error")

    def _wrong(self, reply: str) -> None:
        self._mistakes += 1
        if self._mistakes < MISTAKES:
            self._say(reply)
        else:
            self._say("421 4.7.0 too many mistakes")
            self._end("too many mistakes", ambiguous=_Wait.BODY in self._waiting)

    def _forward(self, line: bytes, wait: _Wait) -> None:
        self._server += line + b"\r\n"
        self._waiting.append(wait)

    def _say(self, reply: str) -> None:
        """A reply of our own, behind those of the server that are still out."""
        octets = reply.encode() + b"\r\n"
        if self._waiting:
            self._waiting.append(octets)
        else:
            self._client += octets

    def _ehlo(self, command: Command, _line: bytes) -> None:
        if not grammar.is_domain(command.rest):
            raise SmtpSyntax
        if self._sender:
            self._forward(b"RSET", _Wait.SILENT)
            self._forget()
        lines = self._hello if command.verb == "EHLO" else self._hello[:1]
        told = [f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines]
        self._say("\r\n".join(told))

    def _mail(self, command: Command, line: bytes) -> None:
        if self._sender:
            self._wrong("503 5.5.1 one transaction at a time")
            return
        path = grammar.path("FROM", command.rest)
        size = path.parameters.get("SIZE", "0")
        if self._most and size.isdecimal() and int(size) > self._most:
            self._say(f"552 5.3.4 The mail server takes messages up to {self._most} octets.")
            return
        self._sender = path.address or "<>"
        self._recipients = self._size = 0
        self._asking = line
        self._events.append(Sending(path.address, int(size) if size.isdecimal() else 0))

    def _rcpt(self, command: Command, line: bytes) -> None:
        grammar.path("TO", command.rest)
        self._forward(line, _Wait.RCPT)

    def _data(self, command: Command, line: bytes) -> None:
        if command.rest:
            raise SmtpSyntax
        self._blocked = True
        self._lf_ends = self._commands.bare and self._bare_lf is BareLf.END
        self._forward(line, _Wait.DATA)

    def _bdat(self, command: Command, line: bytes) -> None:
        size, last = grammar.chunk(command.rest)
        self._chunk, self._last_chunk = size, last
        self._forward(line, _Wait.BODY if last else _Wait.CHUNK)

    def _rset(self, _command: Command, line: bytes) -> None:
        self._forget()
        self._forward(line, _Wait.ANY)

    def _noop(self, _command: Command, _line: bytes) -> None:
        self._forward(b"NOOP", _Wait.ANY)

    def _quit(self, _command: Command, _line: bytes) -> None:
        self._forward(b"QUIT", _Wait.QUIT)

    def _verify(self, _command: Command, _line: bytes) -> None:
        self._say("252 2.1.5 cannot verify")

    def _again(self, _command: Command, _line: bytes) -> None:
        self._wrong("503 5.5.1 you are logged in")

    def _forget(self) -> None:
        self._sender = ""
        self._recipients = 0

    # --- the server's side ---

    def _answer_line(self) -> bytes | None:
        if self.over:
            return None
        try:
            line = self._replies.line(LINE)
        except LineTooLong:
            line = b""
        if line is None:
            return None
        size = sum(map(len, self._reply)) + len(line)
        if len(line) < 3 or not line[:3].isdigit() or size > MOST_ANSWER:
            self._client += b"421 4.3.0 The mail server left the protocol.\r\n"
            self._end("the mail server left the protocol", _Wait.BODY in self._waiting)
            return None
        return line

    def _answered(self, whole: bytes) -> None:
        if not self._waiting:
            self._client += whole
            self._end("the mail server spoke unasked")
            return
        wait = self._waiting.popleft()
        good = whole[:1] == b"2"
        if wait is not _Wait.SILENT:
            self._client += whole
        assert isinstance(wait, _Wait)  # replies of our own at the head are said at once, below
        self._settle(wait, good, whole)
        while self._waiting and isinstance(own := self._waiting[0], bytes):
            self._client += own
            self._waiting.popleft()

    def _settle(self, wait: _Wait, good: bool, whole: bytes) -> None:
        match wait:
            case _Wait.MAIL if not good:
                self._sender = ""
            case _Wait.RCPT if good:
                self._recipients += 1
            case _Wait.DATA:
                self._blocked = False
                if whole[:3] == b"354":
                    strict = self._bare_lf is BareLf.REFUSE
                    self._body = Body(lf_ends=self._lf_ends, strict=strict)
            case _Wait.BODY:
                self._events.append(
                    Delivered(self._sender, self._recipients, self._size, good, whole.rstrip())
                )
                self._forget()
            case _Wait.QUIT:
                self._end("the client said goodbye")
            case _:
                pass
        if whole[:3] == b"421" and not self.over:
            self._end("the mail server said goodbye")

    def _end(self, why: str, ambiguous: bool = False) -> None:
        self.over = True
        self._events.append(Over(why, ambiguous))


def _size_of(hello: tuple[str, ...]) -> int:
    """The most octets that the mail server takes; 0 where it does not say (RFC 1870, 4)."""
    for line in hello:
        word, _, value = line.partition(" ")
        if word.upper() == "SIZE" and value.isdecimal():
            return int(value)
    return 0


_Own = Callable[[MailFlow, Command, bytes], None]
_OWN: dict[str, _Own] = {
    "EHLO": MailFlow._ehlo,
    "HELO": MailFlow._ehlo,
    "MAIL": MailFlow._mail,
    "RCPT": MailFlow._rcpt,
    "DATA": MailFlow._data,
    "BDAT": MailFlow._bdat,
    "RSET": MailFlow._rset,
    "NOOP": MailFlow._noop,
    "QUIT": MailFlow._quit,
    "VRFY": MailFlow._verify,
    "EXPN": MailFlow._verify,
    "AUTH": MailFlow._again,
    "STARTTLS": MailFlow._again,
}
