"""A plain owner for the server machines, with sentences of nobody's."""

from __future__ import annotations

from collections.abc import Callable

from portineria.mail.events import (
    Dropped,
    Event,
    ImapCommand,
    Login,
    PopCommand,
    Quit,
    TlsAsked,
)
from portineria.mail.imap.server import ImapServer
from portineria.mail.imap.words import ImapLimits, ImapWords
from portineria.mail.machine import Machine
from portineria.mail.pop.server import PopServer
from portineria.mail.pop.words import PopWords
from portineria.mail.sasl import PasswordOffered
from portineria.mail.smtp.server import SmtpServer
from portineria.mail.smtp.words import SmtpLimits, SmtpWords

MECHANISMS = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"})
SMALL = 1_000

IMAP_WORDS = ImapWords(
    greeting="OK hello",
    capability_clear="IMAP4rev1 STARTTLS LOGINDISABLED",
    capability="IMAP4rev1 AUTH=PLAIN",
    capability_authenticated="IMAP4rev1 IDLE",
    identity='("name" "machine")',
    mechanisms=MECHANISMS,
    bye="BYE see you",
)
POP_WORDS = PopWords(
    greeting="+OK hello",
    capabilities_clear=("STLS",),
    capabilities=("USER", "SASL PLAIN"),
    mechanisms=MECHANISMS,
    bye="+OK see you",
)
SMTP_WORDS = SmtpWords(
    greeting="220 hello",
    hello="at your service",
    extensions_clear=("STARTTLS",),
    extensions=("SIZE", "DSN", "AUTH PLAIN", "8BITMIME", "CHUNKING"),
    mechanisms_clear=frozenset(),
    mechanisms=MECHANISMS,
    bye="221 see you",
    unknown="500 what is {verb}",
)

MACHINES: dict[str, Callable[[bool], Machine]] = {
    "imap": lambda tls: ImapServer(IMAP_WORDS, tls=tls, limits=ImapLimits(literal=SMALL)),
    "pop": lambda tls: PopServer(POP_WORDS, tls=tls),
    "smtp": lambda tls: SmtpServer(SMTP_WORDS, tls=tls, limits=SmtpLimits(message=SMALL)),
}


class Owner:
    """Answers every event in the plainest way; the right password is `right`, any token is."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.events: list[Event] = []
        self.said = b""

    @property
    def closed(self) -> bool:
        return self.machine.closed

    async def open(self) -> bytes:
        self.machine.start()
        return self.machine.take()

    async def hear(self, octets: bytes) -> bytes:
        self.feed(octets)
        answer, self.said = self.said, b""
        return answer

    def feed(self, octets: bytes) -> None:
        self.machine.receive(octets)
        while event := self.machine.next_event():
            self.events.append(event)
            self.answer(event)
        self.said += self.machine.take()

    def shake(self) -> None:
        self.machine.tls_started()

    def answer(self, event: Event) -> None:
        machine = self.machine
        ok, no = YES_NO[type(machine)]
        match event:
            case Login(offered=PasswordOffered(password=password)) if password.reveal() == "wrong":
                machine.refuse(no)
            case Login(offered=PasswordOffered(password=password)) if password.reveal() == "why":
                machine.refuse(no, challenge=b"because")
            case TlsAsked():
                machine.begin_tls(ok)
            case ImapCommand(verb="IDLE"):
                machine.idle("OK idled")  # type: ignore[attr-defined]
            case ImapCommand() | PopCommand():
                machine.reply(ok)  # type: ignore[attr-defined]
            case Quit() | Dropped():
                pass
            case _:
                machine.accept(ok)


YES_NO: dict[type[Machine], tuple[str, str]] = {
    ImapServer: ("OK yes", "NO no"),
    PopServer: ("+OK yes", "-ERR no"),
    SmtpServer: ("250 yes", "535 no"),
}


def heard(protocol: str, chunks: list[bytes]) -> tuple[list[Event], bytes]:
    owner = Owner(MACHINES[protocol](True))
    owner.machine.start()
    for chunk in [b"", *chunks]:
        owner.feed(chunk)
    return owner.events, owner.said
