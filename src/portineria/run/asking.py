"""One login to try, and what a real conversation said to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from portineria.mail.conversation import Credential, Nobody, When
from portineria.mail.transcript import Line
from portineria.policy.refusals import CallerKind, Reading, Stage
from portineria.policy.verdict import Answer
from portineria.run.tlsfacts import TlsFacts
from portineria.tenant.mailbox import Protocol


class Tls(StrEnum):
    IMPLICIT = "implicit"
    STARTTLS = "starttls"


class Trouble(StrEnum):
    """Why there is no answer of the service: a layer below all those of the ladder."""

    NETWORK = "network"
    TLS = "TLS"
    PROTOCOL = "protocol"
    SERVICE = "service"
    """It answered, and said that it cannot answer now."""
    CREDENTIAL = "no credential"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a server to end a line, however it drips, and for a whole conversation. A
    single wait is bounded by the stream."""

    line: float = 30.0
    whole: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One login to try.

    `mailbox` is the one in question, as it is reported; `credential.user` is what is sent, the
    same address unless a person's own name opens a shared mailbox. With Nobody the server is
    looked at and left before any login. `source` is the local address to speak from.
    `closer` asks more than the login needs: what is offered after it, and of SMTP whether
    the mailbox would be taken as a sender. `foreign` is a server of which nobody says that it is
    Exchange Online: its words mean what the RFCs say. Raises ValueError if the credential
    cannot be sent (control characters).
    """

    protocol: Protocol
    host: str
    port: int
    tls: Tls
    mailbox: str
    credential: Credential | Nobody = field(repr=False)
    caller: CallerKind
    source: str | None = None
    closer: bool = False
    foreign: bool = False
    patience: Patience = Patience()

    @property
    def server(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a real conversation said.

    `stage` is the last one reached, `line` the server's deciding words as they may be shown,
    `reading` what they mean (None where the server said nothing), `because` a whole clause
    for people. `seconds` is the length of the conversation; `tls` the version spoken, if known.
    `trouble` says why there is no answer where there is none for a reason of its own; `advice`
    what may help then. `offered` are the server's capabilities and when it told them; `dropped`
    counts octets that came between STARTTLS and the handshake.
    """

    protocol: Protocol
    mailbox: str
    caller: CallerKind
    server: str
    answer: Answer
    because: str
    stage: Stage
    line: str
    reading: Reading | None
    transcript: tuple[Line, ...]
    seconds: float
    tls: str | None
    trouble: Trouble | None = None
    advice: str = ""
    facts: TlsFacts | None = None
    offered: Mapping[When, tuple[str, ...]] = field(default_factory=dict)
    dropped: int = 0
