"""Dialogues of three: a client (`C:`), the gateway to it (`G:`), the gateway to the mail server
(`U:`), and the mail server (`S:`).

    use: imap tls            before the first line: protocol; tls, starttls (towards the server),
                             lf-end, lf-refuse (what a bare LF is)
    C: a1 LOGIN scan right   what a side says, one line; `\\x01` escapes, {words} are filled in
    C| octets without an end
    ADMIT · DENY · CONNECT   what the owner is asked, and does
    WARM S-lines             ADMIT, on a connection that has heard these lines (split by `|`)
    KNOWN                    the owner knows the client by its address
    AGAIN · FRESH            the token was refused: no other is to be had; here is another
    TLS client · TLS server  a handshake on that side
    PIPE · BACK · END        what the session reports
    GONE client · GONE server
    AMBIGUOUS yes|no         whether a message was cut between its end and its answer
    SENDING address · STOP reply · DELIVERED yes|no

A line beginning with # is a comment. Octets that a side says and nobody expects fail the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from portineria.gateway.bodies import BareLf
from portineria.gateway.mailflow import Delivered, Sending
from portineria.gateway.session import (
    Again,
    Back,
    Check,
    ClientTls,
    Connect,
    End,
    Pipe,
    ServerTls,
    Session,
    SessionEvent,
    SmtpSession,
)
from portineria.gateway.upstream import ImapLogin, PopLogin, SmtpLogin, UpstreamLogin
from portineria.gateway.words import No, imap_words, pop_words, smtp_offers, smtp_words
from portineria.mail.conversation import Token
from portineria.mail.imap.server import ImapServer
from portineria.mail.pop.server import PopServer
from portineria.mail.sasl import plain, xoauth2
from portineria.mail.smtp.server import SmtpServer
from portineria.secret import Secret

FOLDER = Path(__file__).parent.parent / "dialogues" / "gateway"
BOX = "scan@contoso.example"
LONG = Secret("eyJ0" + "aB3-_z" * 370)
SHORT = Secret("shorttoken")
FRESH = Secret("freshtoken")
HELLO = ("gate.example", "SIZE 1000000", "8BITMIME", "PIPELINING", "CHUNKING")
WORDS = {
    "plain": plain("scan", Secret("right")).step(0).decode(),
    "token": xoauth2(BOX, SHORT).step(0).decode(),
    "fresh": xoauth2(BOX, FRESH).step(0).decode(),
    "long": xoauth2(BOX, LONG).step(0).decode(),
}


def session(
    protocol: str,
    *,
    tls: bool,
    starttls: bool = False,
    clear: bool = False,
    bare_lf: BareLf = BareLf.MEND,
) -> Session:
    if protocol == "imap":
        front = ImapServer(imap_words(clear_login=clear), tls=tls)
        return Session(front, lambda: ImapLogin(starttls=starttls))
    if protocol == "pop":
        return Session(
            PopServer(pop_words(clear_login=clear), tls=tls), lambda: PopLogin(starttls=starttls)
        )
    words = smtp_words("gate.example", HELLO[1:], clear_login=clear)
    return SmtpSession(
        SmtpServer(words, tls=tls),
        lambda: SmtpLogin(starttls=starttls, name="gate.example"),
        lambda offers: ("gate.example", *smtp_offers(offers)),
        bare_lf,
    )


class Talk:
    """Plays one dialogue; each line is either done or expected."""

    def __init__(self, path: Path) -> None:
        lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
        protocol, *ways = lines[0].removeprefix("use:").split()
        bare_lf = next((one for one in BareLf if f"lf-{one}" in ways), BareLf.MEND)
        self.session = session(
            protocol,
            tls="tls" in ways,
            starttls="starttls" in ways,
            clear="clear" in ways,
            bare_lf=bare_lf,
        )
        self.protocol = protocol
        self.token = Token(BOX, LONG if "long" in ways else SHORT)
        self.lines = lines[1:]
        self.said = {"G": bytearray(), "U": bytearray()}
        self.events: list[SessionEvent] = []

    def play(self) -> None:
        self.session.start()
        for number, line in enumerate(self.lines, start=1):
            self._hear()
            try:
                self._line(line)
            except AssertionError as error:
                raise AssertionError(f"line {number}: {line}\n{error}") from None
        self._hear()
        assert not any(self.said.values()), f"said and not expected: {self.said}"
        assert not self.events, f"asked and not expected: {self.events}"

    def _hear(self) -> None:
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
        self.said["G"] += self.session.to_client()
        self.said["U"] += self.session.to_server()

    def _line(self, line: str) -> None:
        head, text = line[:2], octets(line[3:])
        if head in ("C:", "C|"):
            self.session.from_client(text + (b"\r\n" if head == "C:" else b""))
        elif head in ("S:", "S|"):
            self.session.from_server(text + (b"\r\n" if head == "S:" else b""))
        elif head in ("G:", "U:", "G|", "U|"):
            want = text + (b"\r\n" if head[1] == ":" else b"")
            got = bytes(self.said[head[0]][: len(want)])
            assert got == want, f"said {bytes(self.said[head[0]])!r}"
            del self.said[head[0]][: len(want)]
        else:
            self._mark(*line.split(" ", 1))

    def _mark(self, mark: str, rest: str = "") -> None:
        if mark == "KNOWN":
            assert isinstance(self.session, SmtpSession)
            self.session.known(self.token)
            return
        if mark == "AMBIGUOUS":
            assert self.session.ambiguous is (rest == "yes")
            return
        if mark == "GONE":
            (self.session.client_left if rest == "client" else self.session.server_left)()
            return
        assert self.events, "nothing was asked"
        event = self.events.pop(0)
        for _ in self._answer(mark, rest, event):
            pass

    def _answer(self, mark: str, rest: str, event: SessionEvent) -> Iterator[None]:
        match mark, event:
            case "ADMIT", Check(offered):
                assert offered.user == (rest or "scan")
                self.session.admit(self.token)
            case "WARM", Check():
                self.session.admit(self.token, self._warm(rest))
            case "AGAIN", Again():
                self.session.deny(No.UPSTREAM)
            case "FRESH", Again():
                self.session.admit(Token(BOX, FRESH))
            case "DENY", Check() | Connect():
                self.session.deny(No(rest or "credential"))
            case "CONNECT", Connect():
                pass
            case "TLS", ClientTls() if rest == "client":
                self.session.client_tls_started()
            case "TLS", ServerTls() if rest == "server":
                self.session.server_tls_started()
            case "PIPE", Pipe():
                pass
            case ("BACK", Back(why)) | ("END", End(why)):
                assert why == rest
            case "SENDING", Sending(sender):
                assert sender == rest
                assert isinstance(self.session, SmtpSession)
                self.session.go()
            case "STOP", Sending():
                assert isinstance(self.session, SmtpSession)
                self.session.stop(rest)
            case "DELIVERED", Delivered(taken=taken):
                assert ("yes" if taken else "no") == rest
            case _:
                raise AssertionError(f"asked was {event}")
        yield

    def _warm(self, lines: str) -> UpstreamLogin:
        """A login that waits for a token: greeted, and told what the server can do."""
        makes = {"imap": ImapLogin, "pop": PopLogin, "smtp": SmtpLogin}
        login: UpstreamLogin = makes[self.protocol]()
        for line in lines.split("|"):
            login.receive(octets(line.strip()) + b"\r\n")
        login.take()
        assert login.warm
        return login


def octets(text: str) -> bytes:
    for word, value in WORDS.items():
        text = text.replace(f"{{{word}}}", value)
    return text.encode().decode("unicode_escape").encode("latin-1")
