"""The lab in this process, with a mail app that is set up right, ready to be broken.

The tenant is read, tokens are asked for and mail hosts are spoken to as the program does; only
what carries the octets is replaced, so that time can be turned and a hundred cases take seconds.
Everything was made long ago, except what a case makes itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx2
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from portineria.clock import VirtualClock
from portineria.doors.crew import AsyncCrew
from portineria.doors.http import HttpDoor
from portineria.lab.app import build_app
from portineria.lab.lab import Lab, open_lab
from portineria.lab.post.office import PostOffice
from portineria.lab.post.serve import DOORS
from portineria.lab.weather import forecast
from portineria.m365.endpoints import Endpoints
from portineria.m365.mailappreader import MailAppReading
from portineria.m365.oauth.claims import claims_of, refused_of
from portineria.m365.oauth.client_credentials import ClientCredentials
from portineria.m365.oauth.refusals import token_fault
from portineria.m365.session import Session
from portineria.mail.conversation import Token
from portineria.policy.appsteps.ladder import Checked
from portineria.run.appcheck import AppQuestion, Hands, Held, app_check
from portineria.run.probe import Ask, Probe, Tls, probe
from portineria.secret import Secret
from portineria.tenant.mailapp import OwnProof, TokenRefused
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.unseen import Unseen

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
ERP, OTHER = "erp@contoso.example", "ada@contoso.example"
SCAN = "scan@contoso.example"
NAMES = UUID("5f3b8c8e-52a5-4b0c-9d0b-0d2a5b8e4c11")
SMTP_ROLE = "Application SMTP.SendAsApp"
SCOPED = "Scanner mail"
SCOPE_GROUP = "SMTP senders"


class Quiet:
    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        """Nobody watches."""


@dataclass
class Remembered:
    """The memory of one desk, without a disk."""

    seen: dict[str, datetime] = field(default_factory=dict)

    def note(
        self, present: Collection[str], absent: Collection[str], now: datetime
    ) -> Mapping[str, datetime]:
        for key in absent:
            self.seen.pop(key, None)
        for key in present:
            self.seen.setdefault(key, now)
        return {key: self.seen[key] for key in present}


@dataclass
class Pair:
    """A key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def thumbprint(self) -> str:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def a_pair(start: datetime, days: int = 365) -> Pair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail app of a test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return Pair(key, certificate)


PAIR = a_pair(NOON - timedelta(days=30))
ANOTHER = a_pair(NOON - timedelta(days=30))


@dataclass
class OwnApp:
    """One application as the profile would hold it: with a secret, or with a certificate."""

    tenant: AppTenant
    client_id: str
    value: str = ""
    pair: Pair | None = None

    @property
    def proof(self) -> OwnProof:
        if self.pair is not None:
            ends = self.pair.certificate.not_valid_after_utc
            return OwnProof(kind="certificate", thumbprint=self.pair.thumbprint, ends=ends)
        return OwnProof(kind="secret", is_id=self.value.count("-") == 4)

    @property
    def begins(self) -> Secret | None:
        return Secret(self.value[:3]) if self.value else None

    async def token(self) -> Held | TokenRefused | Unseen:
        lab = self.tenant.lab
        url = f"https://login.lab/{self.tenant.ask_tenant}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "scope": "https://outlook.office365.com/.default",
            **(
                self._assertion(url, lab.clock.now())
                if self.pair
                else {"client_secret": self.value}
            ),
        }
        answer = await self.tenant.http.post(url, data=form)
        document = json.loads(answer.content)
        if answer.status_code != 200:
            return refused_of(token_fault(answer.status_code, document, url))
        token = Secret(document["access_token"])
        claims = claims_of(token)
        return claims if isinstance(claims, Unseen) else Held(token, claims)

    def _assertion(self, url: str, now: datetime) -> dict[str, str]:
        assert self.pair is not None
        der = self.pair.certificate.fingerprint(hashes.SHA256())
        claims = {
            "aud": url,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": str(uuid4()),
            "exp": now.timestamp() + 600,
        }
        thumbprint = base64.urlsafe_b64encode(der).decode()
        signed = jwt.encode(
            claims, self.pair.key, algorithm="PS256", headers={"x5t#S256": thumbprint}
        )
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_assertion_type": kind, "client_assertion": signed}


class Wire:
    """A stream to a front of the lab, without a socket; TLS is only believed."""

    def __init__(self, office: PostOffice, door: str) -> None:
        self._front = DOORS[door].front(office, "127.0.0.1")
        self._ready = b""
        self._greeted = False

    async def read(self) -> bytes:
        if not self._greeted:
            self._greeted = True
            self._ready = await self._front.open() + self._ready
        data, self._ready = self._ready, b""
        return data

    async def write(self, data: bytes) -> None:
        self._ready += await self._front.receive(data)

    async def start_tls(self) -> None:
        self._front.tls_started()

    async def close(self) -> None:
        self._front.close()


_DOORS = {Protocol.IMAP: "imaps", Protocol.POP: "pops", Protocol.SMTP: "smtp"}


@dataclass
class AppTenant:
    """What a case breaks, and how it is looked at."""

    lab: Lab
    clock: VirtualClock
    http: httpx2.AsyncClient
    door: HttpDoor
    office: PostOffice
    own: dict[str, OwnApp] = field(default_factory=dict)
    memory: Remembered = field(default_factory=Remembered)
    given: dict[tuple[str, str], datetime] = field(default_factory=dict)
    members: dict[str, datetime] = field(default_factory=dict)
    user: str | None = None
    mailbox: str = ERP
    ask_tenant: str = ""
    mail_client: str = ""
    logins: int = 0
    speaking: int = 0
    at_once: int = 0
    """The most conversations that were held at the same time."""
    said: list[dict[str, Any]] = field(default_factory=list)

    # --- what is there ---

    @property
    def mail(self) -> OwnApp:
        return self.own[self.mail_client or self.lab.info["mail_app"]["client_id"]]

    @property
    def scoped(self) -> OwnApp:
        return self.own[str(uuid5(NAMES, "client"))]

    @property
    def registration(self) -> dict[str, Any]:
        found = self.lab.world["applications"].find("appId", self.mail.client_id)
        assert found is not None
        return dict(found)

    @property
    def principal(self) -> dict[str, Any]:
        found = self.lab.world["servicePrincipals"].find("appId", self.mail.client_id)
        assert found is not None
        return dict(found)

    def box(self, address: str = "") -> dict[str, Any]:
        found = self.lab.world["mailboxes"].find("PrimarySmtpAddress", address or self.mailbox)
        assert found is not None
        return dict(found)

    def put(self, kind: str, key: str, document: dict[str, Any] | None, *, ago: float = 0) -> None:
        self.lab.world[kind].put(key, document, at=self.clock.now() - timedelta(seconds=ago))

    def stamp(self, ago: float = 0) -> str:
        at = self.clock.now() - timedelta(seconds=ago)
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")

    def delays(self, **effects: float) -> None:
        """How long changes take to be felt from now on, in seconds."""
        self.lab.weather = replace(
            self.lab.weather, effects={**self.lab.weather.effects, **effects}
        )

    def read_as(self, **readings: str) -> None:
        names = {name.replace("_", "-"): option for name, option in readings.items()}
        self.lab.weather = replace(self.lab.weather, readings=names)

    async def exchange(self, cmdlet: str, **parameters: Any) -> list[dict[str, Any]]:
        """A cmdlet, as the administrator that the lab trusts."""
        admin = self.lab.info["admin"]
        tenant = self.lab.world.tenant_id
        form = {
            "grant_type": "client_credentials",
            "client_id": admin["client_id"],
            "client_secret": admin["client_secret"],
            "scope": "https://outlook.office365.com/.default",
        }
        answer = await self.http.post(f"https://login.lab/{tenant}/oauth2/v2.0/token", data=form)
        bearer = answer.json()["access_token"]
        done = await self.http.post(
            f"https://exchange.lab/adminapi/beta/{tenant}/InvokeCommand",
            json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}},
            headers={"authorization": f"Bearer {bearer}"},
        )
        assert done.status_code == 200, f"{cmdlet}: {done.text}"
        return list(done.json()["value"])

    # --- what runs of ours gave ---

    def right(self, principal: str, guid: str) -> datetime | None:
        return self.given.get((principal, guid))

    def member(self, guid: str) -> datetime | None:
        return self.members.get(guid)

    # --- the question ---

    async def check(self, *protocols: Protocol, mailboxes: tuple[str, ...] = ()) -> list[Checked]:
        apps = dict.fromkeys(protocols or (Protocol.IMAP,), self.mail.client_id)
        return await self.ask(
            AppQuestion(apps=apps, mailboxes=mailboxes or (self.mailbox,), user=self.user)
        )

    async def check_scoped(self) -> Checked:
        asked = AppQuestion(
            apps={Protocol.SMTP: self.scoped.client_id}, mailboxes=(self.mailbox,), user=self.user
        )
        (found,) = await self.ask(asked)
        return found

    async def ask(self, asked: AppQuestion) -> list[Checked]:
        return list(await app_check(self.hands(), asked))

    def hands(self) -> Hands:
        info, known = self.lab.info, self.lab.info["admin"]
        endpoints = Endpoints(
            login="https://login.lab", graph="https://graph.lab", exchange="https://exchange.lab"
        )
        tokens = ClientCredentials(
            self.door,
            self.clock,
            endpoints.login,
            info["tenant"],
            known["client_id"],
            Secret(known["client_secret"]),
        )
        session = Session(self.door, tokens, self.clock, endpoints, info["tenant"])
        return Hands(
            reader=MailAppReading(session),
            own=self.own,
            log_in=self.log_in,
            memory=self.memory,
            given=self,
            clock=self.clock,
            crew=AsyncCrew(),
            progress=Quiet(),
            tenant_id=info["tenant"],
            audience="https://outlook.office365.com",
        )

    async def log_in(self, box: Mailbox, protocol: Protocol, user: str, token: Secret) -> Probe:
        self.logins += 1
        self.speaking += 1
        self.at_once = max(self.at_once, self.speaking)
        await self.clock.sleep(0.0)
        try:
            return await self._converse(box, protocol, user, token)
        finally:
            self.speaking -= 1

    async def _converse(self, box: Mailbox, protocol: Protocol, user: str, token: Secret) -> Probe:
        async def dial(host: str, port: int, *, tls: bool, source: str | None = None) -> Wire:
            return Wire(self.office, _DOORS[protocol])

        ask = Ask(
            protocol=protocol,
            host="mail.lab",
            port=1,
            tls=Tls.STARTTLS if protocol is Protocol.SMTP else Tls.IMPLICIT,
            mailbox=box.address,
            credential=Token(user, token),
            caller="app",
        )
        return await probe(dial, self.clock, ask)


@asynccontextmanager
async def app_tenant(**overrides: Any) -> AsyncIterator[AppTenant]:
    clock = VirtualClock(NOON)
    calm = {"conditional_access_per_second": 0, **overrides}
    lab = open_lab(clock, "small", forecast("fair", calm))
    transport = httpx2.ASGITransport(app=build_app(lab))
    async with (
        httpx2.AsyncClient(transport=transport) as http,
        HttpDoor(transport=httpx2.ASGITransport(app=build_app(lab))) as door,
    ):
        said: list[dict[str, Any]] = []
        office = PostOffice(lab.world, lambda: lab.weather, said.append)
        tenant = AppTenant(lab, clock, http, door, office, ask_tenant=lab.world.tenant_id)
        tenant.said = said
        known = lab.info["mail_app"]
        tenant.own[known["client_id"]] = OwnApp(tenant, known["client_id"], known["client_secret"])
        _open_smtp(tenant)
        _plant_scoped_app(tenant)
        clock.advance(timedelta(days=3).total_seconds())
        yield tenant


def _open_smtp(tenant: AppTenant) -> None:
    """The mailbox's own switch is on, so that the tenant's may stay closed."""
    box = tenant.box()
    document = {**box, "SmtpClientAuthenticationDisabled": False}
    tenant.put("mailboxes", box["Guid"], document, ago=86400 * 10)


def _plant_scoped_app(tenant: AppTenant) -> None:
    """A second application: SMTP by Application RBAC, no permission in Entra at all."""
    client, secret = (
        str(uuid5(NAMES, "client")),
        f"Scoped~{uuid5(NAMES, 'secret')}".replace("-", ""),
    )
    long_ago, stamp = 86400.0 * 10, tenant.stamp(86400 * 10)
    application = {
        **{name: value for name, value in tenant.registration.items() if name != "certificates"},
        "id": str(uuid5(NAMES, "application")),
        "appId": client,
        "displayName": SCOPED,
        "createdDateTime": stamp,
        "certificates": [],
        "secrets": [{"keyId": "1", "secretText": secret}],
        "passwordCredentials": [{"keyId": "1", "hint": secret[:3], "startDateTime": stamp}],
    }
    principal = {
        **tenant.principal,
        "id": str(uuid5(NAMES, "principal")),
        "appId": client,
        "displayName": SCOPED,
        "createdDateTime": stamp,
    }
    group_id = str(uuid5(NAMES, "group"))
    group = {
        "id": group_id,
        "displayName": SCOPE_GROUP,
        "mail": "senders@contoso.example",
        "mailEnabled": True,
        "securityEnabled": True,
        "groupTypes": [],
        "members": [tenant.box()["ExternalDirectoryObjectId"]],
    }
    tenant.put("applications", application["id"], application, ago=long_ago)
    tenant.put("servicePrincipals", principal["id"], principal, ago=long_ago)
    tenant.put("groups", group_id, group, ago=long_ago)
    row = {
        "ObjectId": principal["id"],
        "AppId": client,
        "DisplayName": SCOPED,
        "Guid": str(uuid5(NAMES, "exchange principal")),
        "WhenCreatedUTC": stamp,
    }
    tenant.put("exchangeServicePrincipals", principal["id"], row, ago=long_ago)
    tenant.own[client] = OwnApp(tenant, client, secret)


async def assign_scoped(tenant: AppTenant, *, ago: float) -> None:
    """The SMTP role within the group, as a cmdlet makes it; then it ages. Once is enough."""
    if tenant.lab.world["managementRoleAssignments"].get("SMTP of a test") is not None:
        return
    await tenant.exchange(
        "New-ManagementRoleAssignment",
        Name="SMTP of a test",
        Role=SMTP_ROLE,
        App=tenant.scoped.client_id,
        RecipientGroupScope=SCOPE_GROUP,
    )
    tenant.clock.advance(ago)
