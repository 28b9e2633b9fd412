"""What the gateway says to its clients, in its own name and never in Microsoft's."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from portineria.mail.imap.words import ImapWords
from portineria.mail.pop.words import PopWords
from portineria.mail.smtp.words import SmtpWords
from portineria.tenant.mailbox import Protocol

NAME = "Portineria"


class No(StrEnum):
    """Why a client is not let in. The first is said of every fault of its credential alike."""

    CREDENTIAL = "credential"
    BUSY = "busy"
    NOT_NOW = "not now"
    UPSTREAM = "upstream"
    LEFT = "left"


IMAP_NO = {
    No.CREDENTIAL: "NO [AUTHENTICATIONFAILED] User name or password is wrong.",
    No.BUSY: "NO [LIMIT] Too many sessions. Try again later.",
    No.NOT_NOW: "NO [UNAVAILABLE] The mail server cannot be reached now. Try again later.",
    No.UPSTREAM: "NO [CONTACTADMIN] The mail server refused this mailbox; the log says why.",
    No.LEFT: "NO [UNAVAILABLE] The mail server hung up. Try again later.",
}
POP_NO = {
    No.CREDENTIAL: "-ERR [AUTH] User name or password is wrong.",
    No.BUSY: "-ERR [IN-USE] Too many sessions. Try again later.",
    No.NOT_NOW: "-ERR [SYS/TEMP] The mail server cannot be reached now. Try again later.",
    No.UPSTREAM: "-ERR [SYS/PERM] The mail server refused this mailbox; the log says why.",
    No.LEFT: "-ERR [SYS/TEMP] The mail server hung up. Try again later.",
}
SMTP_NO = {
    No.CREDENTIAL: "535 5.7.8 User name or password is wrong.",
    No.BUSY: "421 4.7.0 Too many sessions. Try again later.",
    No.NOT_NOW: "454 4.7.0 The mail server cannot be reached now. Try again later.",
    No.UPSTREAM: "535 5.7.8 The mail server refused this mailbox; the log says why.",
    No.LEFT: "421 4.3.0 The mail server hung up. Try again later.",
}
BUSY = {
    Protocol.IMAP: b"* BYE Too many sessions. Try again later.\r\n",
    Protocol.POP: b"-ERR [IN-USE] Too many sessions. Try again later.\r\n",
    Protocol.SMTP: b"421 4.7.0 Too many sessions. Try again later.\r\n",
}
"""Said in place of a greeting."""
STOPPING = {
    Protocol.IMAP: b"* BYE The gateway stops. Try again later.\r\n",
    Protocol.POP: b"-ERR [SYS/TEMP] The gateway stops. Try again later.\r\n",
    Protocol.SMTP: b"421 4.3.2 The gateway stops. Try again later.\r\n",
}
LATER = b"421 4.3.0 The mail server cannot be reached now. Try again later.\r\n"
PASSWORDS = frozenset({"PLAIN", "LOGIN"})


@lru_cache
def imap_words(*, clear_login: bool) -> ImapWords:
    offers = "IMAP4rev1 SASL-IR LITERAL+ ID"
    ways = "AUTH=PLAIN AUTH=LOGIN"
    return ImapWords(
        greeting=f"OK {NAME} is ready.",
        capability_clear=f"{offers} STARTTLS {ways if clear_login else 'LOGINDISABLED'}",
        capability=f"{offers} {ways}",
        capability_authenticated=offers,
        identity=f'("name" "{NAME}")',
        mechanisms=PASSWORDS,
        bye=f"BYE {NAME} says goodbye.",
        unknown_mechanism="NO [CANNOT] This login is not offered; PLAIN and LOGIN are.",
        tls_first="NO [PRIVACYREQUIRED] STARTTLS first.",
        clear_login=clear_login,
    )


@lru_cache
def pop_words(*, clear_login: bool) -> PopWords:
    offers = ("USER", "SASL PLAIN LOGIN", "UIDL", "TOP", "RESP-CODES", "PIPELINING")
    closed = ("UIDL", "TOP", "RESP-CODES", "PIPELINING")
    return PopWords(
        greeting=f"+OK {NAME} is ready.",
        capabilities_clear=(*(offers if clear_login else closed), "STLS"),
        capabilities=offers,
        mechanisms=PASSWORDS,
        bye=f"+OK {NAME} says goodbye.",
        unknown_mechanism="-ERR This login is not offered; PLAIN and LOGIN are.",
        tls_first="-ERR STLS first.",
        clear_login=clear_login,
    )


@lru_cache
def smtp_words(host: str, offers: tuple[str, ...], *, clear_login: bool) -> SmtpWords:
    """`offers` are extensions that the mail server behind has too, with its SIZE."""
    ways = PASSWORDS if clear_login else frozenset[str]()
    auth = ("AUTH PLAIN LOGIN",)
    return SmtpWords(
        greeting=f"220 {host} ESMTP {NAME}",
        hello=host,
        extensions_clear=(*offers, "STARTTLS", *(auth if clear_login else ())),
        extensions=(*offers, *auth),
        mechanisms_clear=ways,
        mechanisms=PASSWORDS,
        bye=f"221 2.0.0 {NAME} says goodbye.",
        login_first="530 5.7.0 Log in first.",
        unknown_mechanism="504 5.5.4 This login is not offered; PLAIN and LOGIN are.",
    )


@lru_cache
def smtp_offers(upstream: tuple[bytes, ...]) -> tuple[str, ...]:
    """Of what the mail server offers, whatever passes through here unharmed: its SIZE is ours."""
    known = (line.decode("ascii", "replace").strip() for line in upstream)
    return tuple(line for line in known if line.partition(" ")[0].upper() in _PASSING)


_PASSING = frozenset(
    {
        "SIZE",
        "8BITMIME",
        "PIPELINING",
        "CHUNKING",
        "BINARYMIME",
        "ENHANCEDSTATUSCODES",
        "SMTPUTF8",
        "DSN",
    }
)
