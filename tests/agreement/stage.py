"""A lab in this process with its mail hosts on real sockets, and a client that looks at it.

The tenant is arranged through the lab's own administration interfaces; after each arrangement
virtual time moves by more than a day, so that every delay and every cache is behind us.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid5

import httpx2
from agreement_tls import serving_context

from portineria.clock import VirtualClock
from portineria.doors.crew import AsyncCrew
from portineria.doors.http import HttpDoor
from portineria.doors.stream import TcpDial
from portineria.lab.app import build_app
from portineria.lab.lab import Lab, open_lab
from portineria.lab.post.imap import ImapFront
from portineria.lab.post.office import PostOffice
from portineria.lab.post.pop import PopFront
from portineria.lab.post.smtp import SmtpFront
from portineria.lab.weather import forecast
from portineria.m365.endpoints import Endpoints, HostPort
from portineria.m365.oauth.client_credentials import ClientCredentials
from portineria.m365.reader import TenantReading
from portineria.m365.session import Session
from portineria.run.look import Wants, look
from portineria.secret import Secret
from portineria.tenant import mailbox as words
from portineria.tenant.snapshot import Snapshot

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
A_DAY_AND_MORE = timedelta(hours=26).total_seconds()
HOST = "127.0.0.1"
GRAPH = "https://graph.microsoft.com/.default"
EXCHANGE = "https://outlook.office365.com/.default"
MAIL_SCOPES = "IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"
POLICIES = "identity/conditionalAccess/policies"
DEFAULTS = "policies/identitySecurityDefaultsEnforcementPolicy"
_NAMES = UUID("a61e0f0c-93b1-4d61-8a35-3b8a4a3d9a11")


class Front(Protocol):
    """The lab's end of one mail conversation."""

    @property
    def closed(self) -> bool: ...
    @property
    def shaking(self) -> bool: ...
    async def open(self) -> bytes: ...
    async def receive(self, data: bytes) -> bytes: ...
    def tls_started(self) -> None: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class Stage:
    """The lab, whoever administers it, and its three mail hosts."""

    lab: Lab
    clock: VirtualClock
    http: httpx2.AsyncClient
    dial: TcpDial
    office: PostOffice
    history: list[dict[str, Any]]
    """What the mail hosts wrote down: each login, first command and message, with its gate."""
    hosts: dict[words.Protocol, HostPort] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    # --- administration ---

    async def graph(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        self.clock.advance(2.0)
        bearer = await self._bearer(GRAPH)
        content = {} if body is None else {"json": body}
        url = f"https://graph.lab/v1.0/{path}"
        return await self.http.request(
            method, url, headers={"authorization": f"Bearer {bearer}"}, **content
        )

    async def exchange(self, cmdlet: str, **parameters: Any) -> list[dict[str, Any]]:
        bearer = await self._bearer(EXCHANGE)
        tenant = self.lab.world.tenant_id
        answer = await self.http.post(
            f"https://exchange.lab/adminapi/beta/{tenant}/InvokeCommand",
            json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}},
            headers={"authorization": f"Bearer {bearer}"},
        )
        assert answer.status_code == 200, f"{cmdlet}: {answer.text}"
        return list(answer.json()["value"])

    async def token(self, **form: str) -> httpx2.Response:
        url = f"https://login.lab/{self.lab.world.tenant_id}/oauth2/v2.0/token"
        return await self.http.post(url, data=form)

    async def _bearer(self, scope: str) -> str:
        kept = self._tokens.get(scope)
        if kept is None or kept[1] < self.clock.tick():
            admin = self.lab.info["admin"]
            answer = await self.token(
                grant_type="client_credentials",
                client_id=admin["client_id"],
                client_secret=admin["client_secret"],
                scope=scope,
            )
            assert answer.status_code == 200, answer.text
            kept = (str(answer.json()["access_token"]), self.clock.tick() + 600)
            self._tokens[scope] = kept
        return kept[0]

    def settle(self) -> None:
        """Let every delay pass that the service has for a change."""
        self.clock.advance(A_DAY_AND_MORE)

    def read_as(self, **readings: str) -> None:
        """The lab under other readings of what is not proven."""
        names = {name.replace("_", "-"): option for name, option in readings.items()}
        known = {**self.lab.weather.readings, **names}
        self.lab.weather = replace(self.lab.weather, readings=known)

    # --- documents that no interface makes ---

    def person(self, name: str, *, plan: bool, **switches: Any) -> str:
        """A person with a mailbox, a copy of the seed's Ada; returns the address."""
        world = self.lab.world
        ada = world["users"].find("userPrincipalName", "ada@contoso.example")
        box = world["mailboxes"].find("PrimarySmtpAddress", "ada@contoso.example")
        assert ada is not None
        assert box is not None
        user_id, guid = str(uuid5(_NAMES, f"user/{name}")), str(uuid5(_NAMES, f"box/{name}"))
        address = f"{name}@contoso.example"
        user = {
            **_renamed(ada, {"ada@contoso.example": address, "Ada Example": name}),
            "id": user_id,
            "password": f"Lab-{name}",
        }
        if not plan:
            user["assignedLicenses"] = []
            user["assignedPlans"] = []
        mailbox = {
            **_renamed(box, {"ada@contoso.example": address, "Ada Example": name, "ada": name}),
            "Guid": guid,
            "ExchangeGuid": guid,
            "ExternalDirectoryObjectId": user_id,
            **switches,
        }
        long_ago = self.clock.now() - timedelta(days=30)
        world["users"].put(user_id, user, at=long_ago)
        world["mailboxes"].put(guid, mailbox, at=long_ago)
        return address

    def give_full_access(self, address: str) -> None:
        world = self.lab.world
        (row, *_) = list(world["mailboxPermissions"].all())
        box = world["mailboxes"].find("PrimarySmtpAddress", address)
        assert box is not None
        principal = self.lab.info["mail_app"]["principal_id"]
        world["mailboxPermissions"].put(
            f"{box['Guid']}/{principal}",
            {**row, "Identity": box["Identity"], "User": principal},
            at=self.clock.now() - timedelta(days=30),
        )

    def without_p1(self) -> None:
        """The tenant has bought Exchange and nothing of Entra."""
        table = self.lab.world["subscribedSkus"]
        long_ago = self.clock.now() - timedelta(days=30)
        for key, sku in list(table.items()):
            plans = [p for p in sku["servicePlans"] if "PREMIUM" not in p["servicePlanName"]]
            table.put(key, {**sku, "servicePlans": plans}, at=long_ago)

    # --- the client's side ---

    async def look(
        self, *names: str, groups: tuple[str, ...] = (), everything: bool = True
    ) -> Snapshot:
        """The tenant, read as the program reads any; `names` are looked up if no mailbox is
        called so, and of `groups` the members."""
        info = self.lab.info
        door = HttpDoor(transport=httpx2.ASGITransport(app=build_app(self.lab)))
        endpoints = Endpoints(
            login="https://login.lab", graph="https://graph.lab", exchange="https://exchange.lab"
        )
        admin = info["admin"]
        tokens = ClientCredentials(
            door,
            self.clock,
            endpoints.login,
            info["tenant"],
            admin["client_id"],
            Secret(admin["client_secret"]),
        )
        session = Session(door, tokens, self.clock, endpoints, info["tenant"])
        wants = Wants(
            mailboxes=frozenset(names),
            groups=frozenset(groups),
            everything=everything,
            apps=frozenset({info["mail_app"]["client_id"], info["public_client_id"]}),
        )
        async with door:
            return await look(
                TenantReading(session), info["tenant"], self.clock, AsyncCrew(), _Silent(), wants
            )


class _Silent:
    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        """Nobody watches."""


def _renamed(document: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    def rename(value: Any) -> Any:
        if isinstance(value, str):
            for old, new in names.items():
                if value.lower() in (old.lower(), f"smtp:{old}".lower()):
                    return value[: len(value) - len(old)] + new
            return value
        if isinstance(value, list):
            return [rename(item) for item in value]
        return value

    return {name: rename(value) for name, value in deepcopy(document).items()}


@asynccontextmanager
async def stage(
    folder: Path, *, start: datetime = START, seed: str = "small"
) -> AsyncIterator[Stage]:
    clock = VirtualClock(start)
    lab = open_lab(clock, seed, forecast("fair", {}))
    serving, ca = serving_context(folder)
    transport = httpx2.ASGITransport(app=build_app(lab))
    async with httpx2.AsyncClient(transport=transport) as http, AsyncTower(serving) as tower:
        history: list[dict[str, Any]] = []
        office = PostOffice(lab.world, lambda: lab.weather, history.append)
        found = Stage(lab, clock, http, TcpDial(ca), office, history)
        for protocol, front, tls in (
            (words.Protocol.IMAP, partial(ImapFront, office), True),
            (words.Protocol.POP, partial(PopFront, office), True),
            (words.Protocol.SMTP, partial(SmtpFront, office), False),
        ):
            found.hosts[protocol] = HostPort(HOST, await tower.open(front, tls))
        yield found


class AsyncTower:
    """Mail fronts on loopback ports, until it is left."""

    def __init__(self, serving: ssl.SSLContext) -> None:
        self._serving = serving
        self._servers: list[asyncio.Server] = []

    async def __aenter__(self) -> AsyncTower:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()

    async def open(self, front: Callable[[str], Front], tls: bool) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            end = front(HOST)
            try:
                await self._converse(end, reader, writer)
            except (ConnectionError, ssl.SSLError):
                """The client has gone, as clients do."""
            finally:
                end.close()
                writer.close()

        server = await asyncio.start_server(
            serve, HOST, 0, ssl=self._serving if tls else None, limit=65536
        )
        self._servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def _converse(
        self, front: Front, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(await front.open())
        while not front.closed:
            await writer.drain()
            data = await reader.read(65536)
            if not data:
                return
            writer.write(await front.receive(data))
            if front.shaking:
                await writer.drain()
                await writer.start_tls(self._serving)
                front.tls_started()
        await writer.drain()
