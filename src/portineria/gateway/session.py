"""One client of the gateway, from its greeting to the pipe.

    session.start()                              the greeting
    session.from_client(octets)  client_left()   from the two sides; either may come in any pieces
    session.from_server(octets)  server_left()
    session.next_event()                         what the owner has to do, or None: wait for more
    session.to_client()  to_server()             what to send, always the last step

The events, and what the owner answers:

    ClientTls    make the handshake, then `client_tls_started()`
    Check        `admit(token)` when credential, address and grant agree, else `deny(No.…)`
    Connect      open the mail server, feed what it says; `deny(No.NOT_NOW)` where that fails
    ServerTls    make the handshake, then `server_tls_started()`
    Again        close the mail server's side; `admit` with a fresh token, else `deny(No.UPSTREAM)`
    Back         close the mail server's side, the client's goes on
    Pipe         IMAP and POP: from here on octets go across unread
    Sending      SMTP: a message begins; `go()` when sender and pace allow it, else `stop(reply)`
    Delivered    SMTP: the mail server has answered for a message
    End          close both sides

A session never waits and never reads a clock. No octet of a client reaches the mail server before
the login, and none of the server's reaches the client before it but the words after its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from portineria.gateway.bodies import BareLf
from portineria.gateway.mailflow import Delivered, MailFlow, Over, Sending
from portineria.gateway.upstream import Lost, Ready, UpstreamLogin
from portineria.gateway.words import IMAP_NO, POP_NO, SMTP_NO, No
from portineria.mail.conversation import Token
from portineria.mail.events import Dropped, Event, Login, TlsAsked
from portineria.mail.imap.server import ImapServer
from portineria.mail.machine import Machine
from portineria.mail.pop.server import PopServer
from portineria.mail.sasl import PasswordOffered
from portineria.mail.smtp.server import SmtpServer


@dataclass(frozen=True, slots=True)
class ClientTls:
    """The client asked for TLS, and was told to begin."""


@dataclass(frozen=True, slots=True)
class Check:
    """Who says to be there, and with what: `offered.user`, `offered.password`."""

    offered: PasswordOffered
    verb: str


@dataclass(frozen=True, slots=True)
class Connect:
    """A connection to the mail server is wanted."""


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The mail server agreed to begin TLS."""


@dataclass(frozen=True, slots=True)
class Pipe:
    """From here on nothing is read any more. The rests were already in `to_client`/`to_server`."""


@dataclass(frozen=True, slots=True)
class Back:
    """The mail server did not let us in; the client was told and may try again.

    `said` is what the server refused with, for the log.
    """

    why: str
    said: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Again:
    """The mail server refused the token, for the first time: it may have been withdrawn."""

    said: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class End:
    """It is over; `why` is for the log."""

    why: str


SessionEvent = (
    ClientTls | Check | Connect | ServerTls | Again | Back | Pipe | Sending | Delivered | End
)


class Session:
    """The front machine, and a login behind it that is made anew for each try. For IMAP and POP."""

    def __init__(self, front: Machine, login: Callable[[], UpstreamLogin]) -> None:
        self._front = front
        self._make_login = login
        self._login: UpstreamLogin | None = None
        self._connected = False
        self._server_tls = False
        self._renewed = False
        self.inside = False
        """Whether the mail server has let somebody in."""
        self.offers: tuple[bytes, ...] = ()
        """What the mail server can do, once it has let somebody in."""
        self.ambiguous = False
        """SMTP: a message was cut between its end and its answer."""
        self.over = False
        self.piping = False

    # --- the owner's side ---

    def start(self) -> None:
        self._front.start()

    def from_client(self, data: bytes) -> None:
        self._front.receive(data)

    def from_server(self, data: bytes) -> None:
        if self._login is not None:
            self._login.receive(data)

    @property
    def held(self) -> int:
        """Octets of the client that wait here: while they are many, its owner reads no more."""
        return self._front.held

    def client_left(self) -> None:
        """The client hung up."""

    def server_left(self) -> None:
        if self._login is not None:
            self._login.eof()

    def to_client(self) -> bytes:
        return self._front.take()

    def to_server(self) -> bytes:
        return b"" if self._login is None else self._login.take()

    def next_event(self) -> SessionEvent | None:
        if self.over or self.piping:
            return None
        if self._login is not None:
            return self._behind(self._login)
        event = self._front.next_event()
        return None if event is None else self._before(event)

    def client_tls_started(self) -> None:
        self._front.tls_started()

    def server_tls_started(self) -> None:
        self._server_tls = False
        if self._login is not None:
            self._login.tls_started()

    def admit(self, token: Token, warmed: UpstreamLogin | None = None) -> None:
        """Yes to Check: open `token.user` with it. `warmed` is a login that waits for a token, on
        a connection that the owner has: then nothing is connected anew."""
        self._login = warmed or self._make_login()
        self._connected = warmed is not None
        self._login.begin(token)

    def deny(self, why: No) -> None:
        """No to Check, Connect or Again; the client may try again."""
        self._renewed = False
        self._forget()
        self._front.refuse(_NO[type(self._front)][why])

    # --- inside ---

    def _forget(self) -> None:
        self._login = None
        self._connected = self._server_tls = False

    def _before(self, event: Event) -> SessionEvent:
        match event:
            case TlsAsked():
                self._front.begin_tls(_BEGIN_TLS[type(self._front)])
                return ClientTls()
            case Login(verb, PasswordOffered() as offered):
                return Check(offered, verb)
            case Dropped(why):
                return self._end(why)
            case _:  # Quit: no other login than by password is offered
                return self._end("the client said goodbye")

    def _behind(self, login: UpstreamLogin) -> SessionEvent | None:
        if not self._connected:
            self._connected = True
            return Connect()
        if login.wants_tls and not self._server_tls:
            self._server_tls = True
            return ServerTls()
        outcome = login.outcome
        if outcome is None:
            return None
        if isinstance(outcome, Ready):
            return self._joined(login, outcome)
        if isinstance(outcome, Lost):
            self.deny(No.NOT_NOW)
            return Back(outcome.why)
        if outcome.at_login and not self._renewed:
            self._renewed = True
            self._forget()
            return Again(outcome.said)
        self.deny(No.UPSTREAM)
        return Back("the mail server refused the login", outcome.said)

    def _joined(self, login: UpstreamLogin, ready: Ready) -> SessionEvent | None:
        """In: the client's login is answered, and the pipe opens."""
        offers = b" ".join(ready.offers).decode("ascii", "replace")
        self._front.accept(_accepted(self._front, offers))
        login.speak(self._front.surrender())
        self._front.speak(ready.rest)
        self.inside, self.offers = True, ready.offers
        self.piping = True
        return Pipe()

    def _end(self, why: str) -> End:
        self.over = True
        return End(why)


class SmtpSession(Session):
    """After the login it goes on reading: a sender is bound to its credential, and paced.

    `hello` makes of what the mail server offers what EHLO is answered with, without codes.
    """

    def __init__(
        self,
        front: SmtpServer,
        login: Callable[[], UpstreamLogin],
        hello: Callable[[tuple[bytes, ...]], tuple[str, ...]],
        bare_lf: BareLf = BareLf.MEND,
    ) -> None:
        super().__init__(front, login)
        self._bare_lf = bare_lf
        self._hello = hello
        self._flow: MailFlow | None = None
        self._known = False

    def known(self, token: Token) -> None:
        """The client is known without a login, by where it is: the mail server is opened for it at
        once, and nothing that it says is read before."""
        self._known = True
        self.admit(token)

    @property
    def held(self) -> int:
        return (self._front if self._flow is None else self._flow).held

    @property
    def busy(self) -> bool:
        """Whether a message is on its way."""
        return self._flow is not None and self._flow.busy

    def go(self) -> None:
        """Yes to Sending."""
        if self._flow is not None:
            self._flow.go()

    def stop(self, reply: str) -> None:
        """No to Sending, with this reply."""
        if self._flow is not None:
            self._flow.stop(reply)

    def from_client(self, data: bytes) -> None:
        if self._flow is None:
            super().from_client(data)
        else:
            self._flow.from_client(data)

    def from_server(self, data: bytes) -> None:
        if self._flow is None:
            super().from_server(data)
        else:
            self._flow.from_server(data)

    def client_left(self) -> None:
        if self._flow is not None:
            self._flow.client_left()

    def server_left(self) -> None:
        if self._flow is None:
            super().server_left()
        else:
            self._flow.server_left()

    def to_client(self) -> bytes:
        return super().to_client() if self._flow is None else self._flow.to_client()

    def to_server(self) -> bytes:
        return super().to_server() if self._flow is None else self._flow.to_server()

    def next_event(self) -> SessionEvent | None:
        if self._flow is None or self.over:
            return super().next_event()
        event = self._flow.next_event()
        if isinstance(event, Over):
            self.ambiguous = event.ambiguous
            return self._end(event.why)
        return event

    def deny(self, why: No) -> None:
        """Whoever cannot log in cannot try again either."""
        if not self._known:
            super().deny(why)
            return
        self._forget()
        self._front.speak(f"{SMTP_NO[No.LEFT]}\r\n".encode())
        self.over = True

    def _joined(self, login: UpstreamLogin, ready: Ready) -> SessionEvent | None:
        self.inside, self.offers = True, ready.offers
        if not self._known:
            self._front.accept("235 2.7.0 Welcome.")
        said = self._front.take(), login.take()
        self._login = None  # it holds the token
        self._flow = MailFlow(self._hello(ready.offers), self._bare_lf, said)
        self._flow.from_client(self._front.surrender())
        if ready.rest:
            self._flow.from_server(ready.rest)
        return self.next_event()


_NO: dict[type[Machine], dict[No, str]] = {
    ImapServer: IMAP_NO,
    PopServer: POP_NO,
    SmtpServer: SMTP_NO,
}
_BEGIN_TLS: dict[type[Machine], str] = {
    ImapServer: "OK Begin TLS.",
    PopServer: "+OK Begin TLS.",
    SmtpServer: "220 2.0.0 Begin TLS.",
}


def _accepted(front: Machine, offers: str) -> str:
    if isinstance(front, ImapServer):
        return f"OK [CAPABILITY {offers}] Welcome." if offers else "OK Welcome."
    return "+OK Welcome."
