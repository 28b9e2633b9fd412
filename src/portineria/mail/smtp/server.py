"""The server's end of SMTP submission: RFC 5321 with AUTH (4954), CHUNKING (3030), SIZE (1870).

It answers EHLO, HELO, NOOP, RSET, VRFY, HELP, QUIT, syntax errors and wrong order itself;
TLS, credentials, sender, recipients and the whole message become events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from portineria.mail.events import Event, MailFrom, Message, Quit, RcptTo, TlsAsked
from portineria.mail.machine import Machine
from portineria.mail.sasl import Challenge, Hearing
from portineria.mail.smtp import grammar
from portineria.mail.smtp.grammar import Command, Data, Path, SmtpSyntax
from portineria.mail.smtp.parameters import MAIL, RCPT, Rule, UnknownParameter, check
from portineria.mail.smtp.words import SmtpLimits, SmtpWords

_PIECE = 65_536


class SmtpServer(Machine):
    """A submission port, which starts in the clear unless `tls`. See `Machine`.

    `hello` is the name the client gave. With `login_needed` MAIL waits for a login.
    """

    def __init__(
        self,
        words: SmtpWords,
        *,
        tls: bool = False,
        login_needed: bool = True,
        limits: SmtpLimits | None = None,
        stamp: Callable[[], str] = str,
    ) -> None:
        self._words = words
        self._limits = limits or SmtpLimits()
        self._login_needed = login_needed
        self.hello = ""
        self._sender: MailFrom | None = None
        self._recipients: list[RcptTo] = []
        self._chunks = bytearray()
        self._chunked = False
        super().__init__(tls=tls, mistakes=self._limits.mistakes, stamp=stamp)

    def start(self) -> None:
        self._say(self._words.greeting)

    # --- from Machine ---

    def _challenge(self, challenge: Challenge) -> None:
        self._put(b"334 " + challenge.line)

    def _sasl_failed(self, *, cancelled: bool) -> None:
        self._say(self._words.cancelled if cancelled else self._words.malformed)

    def _goodbye(self) -> str:
        return self._words.too_many_mistakes

    def _settled(self, event: Event, *, yes: bool) -> None:
        match event:
            case MailFrom() if yes:
                self._sender = event
            case RcptTo() if yes:
                self._recipients.append(event)
            case Message():
                self._forget_mail()
            case _:
                pass

    def _reset(self) -> None:
        self.hello = ""  # RFC 3207 section 4.2: what was learnt before TLS is forgotten
        self._forget_mail()
        self._expect_command()

    def _too_long(self) -> Event | None:
        return self._wrong(self._words.too_long)

    def _command_line(self, line: bytes) -> Event | None:
        return self._foreign(line) or self._command(line)

    # --- commands ---

    def _command(self, line: bytes) -> Event | None:
        if len(line) > self._limits.line and line[:5].upper() != b"AUTH ":
            return self._wrong(self._words.too_long)
        try:
            command = grammar.command(line)
            own = _OWN.get(command.verb)
            if own is None:
                return self._wrong(self._words.unknown, verb=command.verb)
            return own(self, command)
        except SmtpSyntax:
            return self._wrong(self._words.syntax)
        except UnknownParameter:
            return self._wrong(self._words.parameter)

    def _wrong(self, sentence: str, **values: str) -> Event | None:
        self._say(sentence, **values)
        return self._mistake()

    def _out_of_order(self) -> Event | None:
        """No mistake of a client that may mail: what it sent behind a refused command was already
        on its way (RFC 2920 section 3.1, RFC 3030 section 2)."""
        if self._login_needed and not self.authenticated:
            return self._wrong(self._words.wrong_order)
        self._say(self._words.wrong_order)
        return None

    def _forget_mail(self) -> None:
        self._sender = None
        self._recipients = []
        self._chunks = bytearray()
        self._chunked = False

    def _ehlo(self, command: Command) -> Event | None:
        if not grammar.is_domain(command.rest):
            return self._wrong(self._words.bad_domain)
        self.hello = command.rest
        self._forget_mail()
        words = self._words
        lines = [words.hello]
        if command.verb == "EHLO":
            lines += self._extensions()
        for index, line in enumerate(lines, start=1):
            self._say(f"250{' ' if index == len(lines) else '-'}{line}")
        return None

    def _extensions(self) -> tuple[str, ...]:
        return self._words.extensions if self.tls else self._words.extensions_clear

    def _path(self, keyword: str, command: Command, rules: Mapping[str, Rule]) -> Path:
        """Raises SmtpSyntax, UnknownParameter."""
        path = grammar.path(keyword, command.rest)
        check(path.parameters, rules, {line.split()[0] for line in self._extensions()})
        return path

    def _starttls(self, command: Command) -> Event | None:
        if command.rest:
            raise SmtpSyntax
        return self._wrong(self._words.wrong_order) if self.tls else TlsAsked()

    def _auth(self, command: Command) -> Event | None:
        words = command.rest.split()
        if len(words) not in (1, 2):
            raise SmtpSyntax
        if not self.hello:
            return self._wrong(self._words.hello_first)
        if self.authenticated or self._sender is not None:
            return self._wrong(self._words.wrong_order)
        mechanism = words[0].upper()
        offered = self._words.mechanisms if self.tls else self._words.mechanisms_clear
        if mechanism not in offered:
            return self._wrong(self._words.unknown_mechanism)
        initial = words[1].encode() if len(words) == 2 else None
        hearing = Hearing(mechanism)
        return self._hear("AUTH", initial is not None, hearing, partial(hearing.open, initial))

    def _mail(self, command: Command) -> Event | None:
        if not self.hello:
            return self._wrong(self._words.hello_first)
        if self._login_needed and not self.authenticated:
            return self._wrong(self._words.login_first)
        if self._sender is not None:
            return self._out_of_order()
        path = self._path("FROM", command, MAIL)
        if not path.address.isascii() and "SMTPUTF8" not in path.parameters:
            return self._wrong(self._words.utf8_first)
        size = int(path.parameters.get("SIZE", "0"))
        if size > self._limits.message:
            self._say(self._words.too_large)
            return None
        return MailFrom(path.address, size, path.parameters)

    def _rcpt(self, command: Command) -> Event | None:
        sender = self._sender
        if sender is None or self._chunked:
            return self._out_of_order()
        path = self._path("TO", command, RCPT)
        if not path.address:
            raise SmtpSyntax
        if not path.address.isascii() and "SMTPUTF8" not in sender.parameters:
            return self._wrong(self._words.utf8_first)
        if len(self._recipients) >= self._limits.recipients:
            self._say(self._words.too_many_recipients)
            return None
        return RcptTo(path.address, path.parameters)

    def _rset(self, _command: Command) -> Event | None:
        self._forget_mail()
        self._say(self._words.reset)
        return None

    def _noop(self, _command: Command) -> Event | None:
        self._say(self._words.ok)
        return None

    def _verify(self, _command: Command) -> Event | None:
        self._say(self._words.verify)
        return None

    def _help(self, _command: Command) -> Event | None:
        self._say(self._words.help)
        return None

    def _quit(self, _command: Command) -> Event | None:
        self._say(self._words.bye)
        self.closed = True
        return Quit()

    # --- the message ---

    def _data(self, command: Command) -> Event | None:
        if command.rest:
            raise SmtpSyntax
        sender = self._sender
        binary = sender is not None and sender.parameters.get("BODY", "").upper() == "BINARYMIME"
        if sender is None or not self._recipients or self._chunked or binary:
            return self._out_of_order()  # RFC 3030 section 3: BINARYMIME comes by BDAT only
        self._say(self._words.start_data)
        self._cut = self._cut_some
        self._read = partial(self._data_piece, Data(self._limits.message))
        return None

    def _cut_some(self) -> bytes | None:
        return self._buffer.some(_PIECE) or None

    def _data_piece(self, data: Data, octets: bytes) -> Event | None:
        rest = data.feed(octets)
        if rest is None:
            return None
        self._buffer.put_back(rest)
        self._expect_command()
        return self._whole(b"" if data.too_large else data.content(), too_large=data.too_large)

    def _whole(self, content: bytes, *, too_large: bool) -> Event | None:
        sender, recipients = self._sender, tuple(self._recipients)
        if sender is None or too_large:
            self._forget_mail()
            self._say(self._words.too_large)
            return None
        return Message(
            sender.address,
            tuple(recipient.address for recipient in recipients),
            content,
            sender.parameters,
            tuple(recipient.parameters for recipient in recipients),
        )

    def _bdat(self, command: Command) -> Event | None:
        size, last = grammar.chunk(command.rest)
        self._chunked = True
        self._take_chunk(size, partial(self._chunk_over, size, last))
        return None

    def _take_chunk(self, left: int, over: Callable[[], Event | None]) -> None:
        self._cut = partial(self._cut_chunk, left)
        self._read = partial(self._chunk_piece, left, over)

    def _cut_chunk(self, left: int) -> bytes | None:
        return b"" if left == 0 else self._buffer.some(min(left, _PIECE)) or None

    def _chunk_piece(
        self, left: int, over: Callable[[], Event | None], octets: bytes
    ) -> Event | None:
        room = self._limits.message + 1 - len(self._chunks)  # one too many marks the excess
        self._chunks += octets[: max(0, room)]
        left -= len(octets)
        if left:
            self._take_chunk(left, over)
            return None
        self._expect_command()
        return over()

    def _chunk_over(self, size: int, last: bool) -> Event | None:
        if self._sender is None or not self._recipients:
            self._forget_mail()
            return self._out_of_order()
        if len(self._chunks) > self._limits.message:
            return self._whole(b"", too_large=True)
        if last:
            return self._whole(bytes(self._chunks), too_large=False)
        self._say(self._words.chunk, size=str(size))
        return None


_OWN: dict[str, Callable[[SmtpServer, Command], Event | None]] = {
    "EHLO": SmtpServer._ehlo,
    "HELO": SmtpServer._ehlo,
    "STARTTLS": SmtpServer._starttls,
    "AUTH": SmtpServer._auth,
    "MAIL": SmtpServer._mail,
    "RCPT": SmtpServer._rcpt,
    "DATA": SmtpServer._data,
    "BDAT": SmtpServer._bdat,
    "RSET": SmtpServer._rset,
    "NOOP": SmtpServer._noop,
    "VRFY": SmtpServer._verify,
    "EXPN": SmtpServer._verify,
    "HELP": SmtpServer._help,
    "QUIT": SmtpServer._quit,
}
