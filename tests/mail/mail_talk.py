"""Dialogues for the three clients: who asks, how they begin, and what came of it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from portineria.mail.conversation import (
    Answered,
    Broken,
    ClientEvent,
    Conversation,
    Finished,
    Password,
    TlsWanted,
    Token,
)
from portineria.mail.imap.client import ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.smtp.client import SmtpClient
from portineria.secret import Secret

ADA = "ada@contoso.example"
LONG = Token(ADA, Secret("eyJ0" + "aB3-_z" * 370))
SHORT = Token(ADA, Secret("shorttoken"))
PASSWORD = Password(ADA, Secret('s3cret "x" \\y'))

CLIENTS: dict[str, Callable[..., Conversation]] = {
    "imap": ImapClient,
    "pop": PopClient,
    "smtp": SmtpClient,
}


def payload(token: Token) -> str:
    text = f"user={token.user}\x01auth=Bearer {token.secret.reveal()}\x01\x01"
    return b64encode(text.encode()).decode()


def events_of(client: Conversation) -> list[ClientEvent]:
    found = []
    while (event := client.next_event()) is not None:
        found.append(event)
    return found


def play(client: Conversation, dialogue: str, **words: str) -> list[ClientEvent]:
    """Speak the S: lines, hold the client to the C: lines; TLS: is a handshake."""
    events: list[ClientEvent] = []
    said = b""
    for line in dialogue.strip().splitlines():
        if not line.strip():
            continue
        side, _, text = line.strip().partition(":")
        text = text[1:].format(**words)
        if side == "S":
            assert said == b"", f"the client also said {said!r}"
            client.receive(text.encode() + b"\r\n")
        elif side == "TLS":
            assert isinstance(events[-1], TlsWanted)
            client.tls_started()
        else:
            want = text.encode() + b"\r\n"
            assert said.startswith(want), f"wanted {want!r}, heard {said!r}"
            said = said[len(want) :]
        events += events_of(client)
        said += client.take()
    assert said == b""
    return events


def outcome(events: list[ClientEvent]) -> list[str]:
    """One word an event: `login`, `no login`, `tls`, `broken`, `end`."""
    words = []
    for event in events:
        match event:
            case Answered(step=step, ok=ok):
                words.append(str(step) if ok else f"no {step}")
            case TlsWanted():
                words.append("tls")
            case Broken():
                words.append("broken")
            case Finished():
                words.append("end")
    return words


IMAP_HELLO = """
S: * OK The Microsoft Exchange IMAP4 service is ready. [TQBO]
C: A1 CAPABILITY
S: * CAPABILITY IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS ID IDLE LITERAL+
S: A1 OK CAPABILITY completed.
"""
IMAP_OLD = IMAP_HELLO.replace("AUTH=XOAUTH2 LOGINDISABLED", "AUTH=PLAIN AUTH=XOAUTH2")
IMAP_BYE = """
S: * BYE Microsoft Exchange Server 2016 IMAP4 server signing off.
S: A{n} OK LOGOUT completed.
"""
POP_HELLO = """
S: +OK The Microsoft Exchange POP3 service is ready. [SABF]
C: CAPA
S: +OK
S: TOP
S: UIDL
S: SASL PLAIN XOAUTH2
S: USER
S: .
"""
SMTP_HELLO = """
S: 220 BL1.outlook.office365.com Microsoft ESMTP MAIL Service ready [08DC]
C: EHLO [127.0.0.1]
S: 250-BL1.outlook.office365.com Hello [203.0.113.7]
S: 250-SIZE 157286400
S: 250-STARTTLS
S: 250 SMTPUTF8
C: STARTTLS
S: 220 2.0.0 SMTP server ready
TLS:
C: EHLO [127.0.0.1]
S: 250-BL1.outlook.office365.com Hello [203.0.113.7]
S: 250-AUTH LOGIN XOAUTH2
S: 250 SMTPUTF8
"""
