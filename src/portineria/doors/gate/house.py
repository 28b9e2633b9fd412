"""What a crossing is told, writes down, and asks of the gate that it belongs to."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from typing import Protocol as Shape

from portineria.doors.gate.turns import Answer
from portineria.gateway.admission import Address, Admitted, Turned
from portineria.gateway.mailflow import Delivered, Sending
from portineria.gateway.session import Again, Back, Check, Session
from portineria.gateway.upstream import UpstreamLogin
from portineria.mail.conversation import Token
from portineria.tenant.mailbox import Protocol

if TYPE_CHECKING:
    from portineria.doors.gate.crossing import Crossing
    from portineria.doors.gate.leg import Leg


address_of = lru_cache(maxsize=4096)(ip_address)
"""Those who come, come again."""


@dataclass(slots=True)
class Record:
    """What the log says of one session. Octets are those of the clear text, by direction."""

    protocol: Protocol
    address: str
    began: float
    user: str = ""
    credential: str = ""
    mailbox: str = ""
    grant: str = ""
    tls: str = ""
    from_client: int = 0
    from_server: int = 0
    messages: int = 0
    refused: int = 0
    """Messages that the mail server did not take."""
    ambiguous: int = 0
    """Messages cut between their end and its answer: nobody knows."""
    last: float = 0.0
    """When something was last seen to have come from either side, and how many octets in all."""
    counted: int = 0
    logged_in: float | None = None
    refusal: bytes = field(default=b"", repr=False)
    turned: str = ""
    why: str = ""


def told(record: Record, now: float) -> dict[str, str | int | float]:
    """One session for the log: who, from where, what, how much, how long, why it ended."""
    every: dict[str, str | int | float] = {
        "protocol": record.protocol.value,
        "from": record.address,
        "user": record.user,
        "credential": record.credential,
        "mailbox": record.mailbox,
        "grant": record.grant,
        "tls": record.tls,
        "in": record.from_client,
        "out": record.from_server,
        "messages": record.messages,
        "refused": record.refused,
        "ambiguous": record.ambiguous,
        "seconds": round(now - record.began, 3),
        "turned": record.turned,
        "refusal": record.refusal.decode("utf-8", "replace")[:300],
        "why": record.why,
    }
    return {key: value for key, value in every.items() if value != ""}


@dataclass(frozen=True, slots=True)
class Behind:
    """The mail server of one protocol. `starttls`: the port begins in the clear."""

    host: str
    port: int
    starttls: bool
    context: ssl.SSLContext = field(repr=False)


class Tap(Shape):
    """Somebody who listens to one session. `client`: the half between client and gateway."""

    def heard(self, client: bool, octets: memoryview) -> None: ...
    def said(self, client: bool, octets: bytes) -> None: ...
    def over(self, record: Record) -> None: ...


class House(Shape):
    """What a crossing asks of the gate it belongs to."""

    def trusts(self, peer: Address) -> bool:
        """Whether it is a balancer, that says for whom it speaks."""
        ...

    def enter(self, crossing: Crossing) -> str:
        """Why this session is one too many, or nothing."""
        ...

    def session(self, crossing: Crossing, *, tls: bool) -> Session: ...
    def known(self, crossing: Crossing) -> Admitted | Turned | None:
        """Whoever needs no login here."""
        ...

    def judge(self, check: Check, crossing: Crossing) -> Admitted | Turned: ...
    async def place(self, crossing: Crossing) -> bool:
        """Wait for one of the mailbox's connections; False where patience ended."""
        ...

    async def token(self, crossing: Crossing, *, fresh: bool = False) -> Token | None:
        """None: `fresh` was asked, and what there is was fresh. Raises Fault."""
        ...

    def warmed(self, protocol: Protocol) -> tuple[Leg, UpstreamLogin] | None: ...
    def behind(self, protocol: Protocol) -> Behind: ...
    async def reach(self, leg: Leg, behind: Behind) -> None:
        """Connect the leg. Raises OSError."""
        ...

    def resumable(self, behind: Behind) -> ssl.SSLSession | None:
        """A TLS session with it that can be taken up again: a handshake without certificates."""
        ...

    def may_send(self, crossing: Crossing, sending: Sending) -> str | Answer | Awaitable[Answer]:
        """The reply that refuses, or when to go on; awaited where others are asked first."""
        ...

    def heard(self, crossing: Crossing, event: Delivered | Again | Back) -> None:
        """What the mail server said of a message or a login."""
        ...

    def let_in(self, crossing: Crossing, offers: tuple[bytes, ...]) -> None: ...
    def context(self, crossing: Crossing) -> ssl.SSLContext: ...
    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...
    def arrived(self, crossing: Crossing) -> None: ...
    def left(self, crossing: Crossing) -> None: ...
    def time(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...
