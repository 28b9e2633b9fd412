"""What will work for this mailbox with this client: servers, ports, TLS and the way to log in.

Nothing is given that effective access refuses, and nothing that it could not tell. A client that
speaks OAuth goes to Microsoft's servers; one that does not goes to the gateway, where a grant opens
it there. Whatever is closed says by which layer, and what would open it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portineria.policy.effective import Access, Context, walk
from portineria.policy.verdict import Allowed, Answer, Refused
from portineria.settings.clients import Client
from portineria.tenant.caller import UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot


class Tls(StrEnum):
    """How a connection begins."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class Login(StrEnum):
    OAUTH = "OAuth2"
    TYPED = "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    host: str
    port: int
    tls: Tls


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One protocol that works. `user` is what is typed as user name; `ca` is the file that has to
    be trusted, where the server's certificate is of nobody's whom the world knows."""

    protocol: Protocol
    place: Place
    login: Login
    user: str
    ca: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """One protocol that does not: NO, or UNKNOWN. `opens` is what would change it."""

    protocol: Protocol
    answer: Answer
    because: str
    opens: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What is known of the gateway: where it listens, whom it opens what for.

    `opened` are protocols that a grant opens for this mailbox there; `names` login names of the
    mailbox's credentials, by protocol.
    """

    places: Mapping[Protocol, Place]
    opened: Collection[Protocol]
    names: Mapping[Protocol, str]
    ca: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of it, for one mailbox and one client."""

    address: str
    display_name: str
    client: Client
    servers: tuple[Server, ...] = ()
    closed: tuple[Closed, ...] = ()

    def of(self, protocol: Protocol) -> Server | None:
        return next((one for one in self.servers if one.protocol is protocol), None)


NEEDS_GATEWAY = "SMTP by a password, through the gateway"
"""What a relay needs that knows no OAuth."""


class Missing(ValueError):
    """The format needs a protocol that is closed; which."""

    def __init__(self, protocols: str) -> None:
        super().__init__(f"this format needs {protocols}, which is closed here")


def settings(
    snapshot: Snapshot,
    box: Mailbox,
    client: Client,
    direct: Mapping[Protocol, Place],
    gateway: Gateway | None,
    now: datetime,
    protocols: Collection[Protocol] = tuple(Protocol),
) -> Settings:
    """Raises ValueError as `effective` does."""
    found = [
        _direct(snapshot, box, client, protocol, direct[protocol], now)
        if client.oauth is not Answer.NO
        else _through(box, client, protocol, gateway)
        for protocol in Protocol
        if protocol in protocols
    ]
    return Settings(
        address=box.address,
        display_name=box.display_name,
        client=client,
        servers=tuple(one for one in found if isinstance(one, Server)),
        closed=tuple(one for one in found if isinstance(one, Closed)),
    )


def _direct(
    snapshot: Snapshot,
    box: Mailbox,
    client: Client,
    protocol: Protocol,
    place: Place,
    now: datetime,
) -> Server | Closed:
    caller = UserThrough(client.client_id)
    verdict = walk(Access(snapshot, box, protocol, caller, Context(now)))
    if isinstance(verdict, Allowed):
        return Server(protocol=protocol, place=place, login=Login.OAUTH, user=box.address)
    answer = Answer.NO if isinstance(verdict, Refused) else Answer.UNKNOWN
    by = verdict.by
    return Closed(protocol=protocol, answer=answer, because=by.because, opens=by.remedy)


_GRANT = "write a grant through: gateway that names it, then: portineria gateway doors policy.yaml"
_LISTEN = "name it in gateway.yaml, or give one with --gateway"


def _through(
    box: Mailbox, client: Client, protocol: Protocol, gateway: Gateway | None
) -> Server | Closed:
    """The first thing that is missing, or the gateway's place."""

    def closed(because: str, opens: str) -> Closed:
        return Closed(protocol=protocol, answer=Answer.NO, because=because, opens=opens)

    spoken = protocol.value.upper()
    if gateway is None:
        return closed(
            f"{client.name} knows no OAuth and needs the gateway, and none is known here",
            "portineria gateway init; then give its file with --gateway",
        )
    if protocol not in gateway.opened:
        return closed(f"no grant opens {spoken} of it through the gateway", _GRANT)
    place = gateway.places.get(protocol)
    if place is None:
        return closed(f"the gateway does not listen for {spoken}", _LISTEN)
    name = gateway.names.get(protocol)
    if name is None:
        return closed(
            f"no credential of the gateway opens {spoken} of it",
            f"portineria gateway credential add NAME --mailbox {box.address} "
            f"--protocol {protocol.value}",
        )
    return Server(protocol=protocol, place=place, login=Login.TYPED, user=name, ca=gateway.ca)
