"""What a server machine reports to its owner. Frozen, and silent about secrets.

The next event comes only after the one before it was answered, so pipelined input is safe.
`Quit` and `Dropped` need no answer: the machine has said goodbye and is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portineria.mail.sasl import Offered

Argument = str | bytes | tuple["Argument", ...]  # IMAP: atom, string, parenthesised list


@dataclass(frozen=True, slots=True)
class TlsAsked:
    """STARTTLS or STLS. Answer: `begin_tls()`, handshake, `tls_started()`; or `refuse`."""


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials. Answer: `accept` or `refuse`.

    `verb` is the command that brought them (AUTHENTICATE, LOGIN, AUTH, PASS); `initial` tells
    that they rode on the command itself.
    """

    verb: str
    offered: Offered
    initial: bool


@dataclass(frozen=True, slots=True)
class ImapCommand:
    """A command on the mailbox. Answer: `reply`, `idle` for IDLE, or `hang_up`."""

    verb: str
    arguments: tuple[Argument, ...]
    uid: bool = False  # it came behind UID


@dataclass(frozen=True, slots=True)
class PopCommand:
    """A command on the maildrop with its numbers. Answer: `reply` or `hang_up`."""

    verb: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MailFrom:
    """Answer: `accept` or `refuse`. `size` is the declared one in octets, 0 when undeclared."""

    address: str
    size: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RcptTo:
    """Answer: `accept` or `refuse`."""

    address: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message, unstuffed, as octets. Answer: `accept` or `refuse`; only then is it ours.

    `parameters` are those of MAIL, `wishes` those of each RCPT, in the order of `recipients`.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)
    wishes: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Quit:
    """The peer said goodbye and was answered."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The machine ended the conversation; `why` is for the log."""

    why: str


Event = TlsAsked | Login | ImapCommand | PopCommand | MailFrom | RcptTo | Message | Quit | Dropped
