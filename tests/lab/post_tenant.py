"""A tenant with a few mailboxes, one mail app, and fronts to talk to without sockets."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from portineria.clock import VirtualClock
from portineria.lab.login import tokens
from portineria.lab.post.front import Front
from portineria.lab.post.imap import ImapFront
from portineria.lab.post.office import PostOffice
from portineria.lab.post.pop import PopFront
from portineria.lab.post.smtp import SmtpFront
from portineria.lab.weather import Weather
from portineria.lab.world import World

TENANT = "11111111-2222-3333-4444-555555555555"
PLAN, SKU = "efb87545-963c-4e0d-99df-69c6916d9eb0", "5ccccccc-0000-0000-0000-000000000001"
APP, CLIENT = "aaaaaaaa-0000-0000-0000-000000000002", "aaaaaaaa-0000-0000-0000-00000000000c"
AUDIENCE = "https://outlook.office365.com"
PASSWORD = "correct horse"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SCOPES = {"imap": "IMAP.AccessAsUser.All", "pop": "POP.AccessAsUser.All", "smtp": "SMTP.Send"}
ROLES = {"imap": "IMAP.AccessAsApp", "pop": "POP.AccessAsApp", "smtp": "SMTP.SendAsApp"}


def guid(name: str) -> str:
    return f"{name}-guid"


def person(name: str) -> str:
    return f"{name}-object"


@dataclass(slots=True)
class Tenant:
    """Ada sends and reads; the tenant switch is closed, hers is open; nothing else protects."""

    world: World = field(
        default_factory=lambda: World(
            VirtualClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC)), TENANT, "contoso.example"
        )
    )
    weather: Weather = field(default_factory=Weather)
    history: list[dict[str, Any]] = field(default_factory=list)
    office: PostOffice = field(init=False)

    def __post_init__(self) -> None:
        self.office = PostOffice(self.world, lambda: self.weather, self.history.append)
        sku = {
            "skuId": SKU,
            "servicePlans": [{"servicePlanId": PLAN, "servicePlanName": "EXCHANGE_S_ENTERPRISE"}],
        }
        self.put("subscribedSkus", SKU, sku)
        self.put("transport", "", {"SmtpClientAuthenticationDisabled": True})
        self.put("exchangeOrganization", "", {"DefaultAuthenticationPolicy": None})
        self.put("policies", "securityDefaults", {"isEnabled": False})
        self.mailbox("ada", SmtpClientAuthenticationDisabled=False)
        self.mailbox("bob")
        self.mailbox("desk", RecipientTypeDetails="SharedMailbox")

    @property
    def clock(self) -> VirtualClock:
        assert isinstance(self.world.clock, VirtualClock)
        return self.world.clock

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        self.world[kind].put(key, document, at=LONG_AGO)

    def mailbox(self, name: str, **members: Any) -> None:
        address = f"{name}@contoso.example"
        licences = [] if "RecipientTypeDetails" in members else [{"skuId": SKU}]
        user = {
            "id": person(name),
            "userPrincipalName": address,
            "password": PASSWORD,
            "accountEnabled": True,
            "assignedLicenses": licences,
        }
        self.put("users", person(name), user)
        document = {
            "Guid": guid(name),
            "ExternalDirectoryObjectId": person(name),
            "PrimarySmtpAddress": address,
            "UserPrincipalName": address,
            "EmailAddresses": [f"SMTP:{address}", f"smtp:{name}@contoso.onmicrosoft.example"],
            "RecipientTypeDetails": "UserMailbox",
            "ImapEnabled": True,
            "PopEnabled": True,
            "SmtpClientAuthenticationDisabled": None,
            "AuthenticationPolicy": None,
            **members,
        }
        self.put("mailboxes", guid(name), document)

    def read_as(self, **readings: str) -> None:
        names = {name.replace("_", "-"): value for name, value in readings.items()}
        self.weather = replace(self.weather, readings={**self.weather.readings, **names})

    def policy(self, name: str, *, allows: bool) -> None:
        self.put("authenticationPolicies", name, {"Name": name, "AllowBasicAuthSmtp": allows})

    def register(self, object_id: str = APP) -> None:
        document = {"ObjectId": object_id, "AppId": CLIENT, "Identity": object_id}
        self.put("exchangeServicePrincipals", object_id, document)

    def allow(self, name: str, principal: str = APP) -> None:
        row = {"Identity": name, "User": principal, "AccessRights": ["FullAccess"]}
        self.put("mailboxPermissions", f"{guid(name)}/{principal}", row)

    def receives(self, name: str, *messages: bytes) -> None:
        """Mail in somebody's INBOX."""
        for message in messages:
            self.office.store.inbox(guid(name)).add(message, self.clock.now())

    # --- what a client brings ---

    def user_token(self, name: str, protocol: str, **claims: Any) -> str:
        claims = {"scp": SCOPES[protocol], "upn": f"{name}@contoso.example", **claims}
        return self._token(person(name), claims)

    def app_token(self, protocol: str = "", **claims: Any) -> str:
        roles = {"roles": [ROLES[protocol]]} if protocol else {}
        return self._token(APP, {"idtyp": "app", "appid": CLIENT, **roles, **claims})

    def _token(self, subject: str, claims: Mapping[str, Any]) -> str:
        return tokens.mint(self.world, **{"audience": AUDIENCE, "subject": subject, **claims})

    # --- conversations ---

    async def smtp(self, address: str = "192.0.2.7") -> Talk:
        """A submission session after STARTTLS and EHLO."""
        talk = await Talk.begin(SmtpFront(self.office, address))
        await talk.say("EHLO client.contoso.example")
        await talk.say("STARTTLS")
        talk.shake()
        await talk.say("EHLO client.contoso.example")
        return talk

    async def imap(self) -> Talk:
        return await Talk.begin(ImapFront(self.office, "192.0.2.7"))

    async def pop(self) -> Talk:
        return await Talk.begin(PopFront(self.office, "192.0.2.7"))

    async def smtp_login(self, name: str = "ada", password: str = PASSWORD) -> str:
        """The reply to AUTH LOGIN."""
        return await auth_login(await self.smtp(), name, password)

    async def smtp_bearer(self, name: str, token: str) -> str:
        """The reply to AUTH XOAUTH2."""
        return await (await self.smtp()).say(f"AUTH XOAUTH2 {xoauth2(name, token)}")

    async def imap_bearer(self, name: str, token: str) -> tuple[str, str]:
        """The replies to AUTHENTICATE and to EXAMINE INBOX, without tags."""
        talk = await self.imap()
        login = await talk.say(f"a AUTHENTICATE XOAUTH2 {xoauth2(name, token)}")
        opened = await talk.say("b EXAMINE INBOX")
        return login.removeprefix("a "), opened.removeprefix("b ")

    async def pop_bearer(self, name: str, token: str) -> tuple[str, str]:
        """The replies to AUTH and to STAT."""
        talk = await self.pop()
        await talk.say("AUTH XOAUTH2")
        login = await talk.say(xoauth2(name, token))
        return login, await talk.say("STAT")


@dataclass(slots=True)
class Talk:
    """A client's side of a front, line by line."""

    front: Front
    greeting: str
    heard: bytearray = field(default_factory=bytearray)  # what was said unasked

    @classmethod
    async def begin(cls, front: Front) -> Talk:
        talk = cls(front, (await front.open()).decode().rstrip("\r\n"))
        front.push = talk.heard.extend
        return talk

    def pushed(self) -> list[str]:
        """The lines said unasked since the last look."""
        lines = self.heard.decode().split("\r\n")[:-1]
        self.heard.clear()
        return lines

    @property
    def closed(self) -> bool:
        return self.front.closed

    async def say(self, line: str) -> str:
        """The last line of the answer."""
        return (await self.all(line))[-1]

    async def all(self, line: str) -> list[str]:
        answer = (await self.front.receive(line.encode() + b"\r\n")).decode()
        assert answer.endswith("\r\n"), answer
        return answer.split("\r\n")[:-1]

    def shake(self) -> None:
        assert self.front.shaking
        self.front.tls_started()


def xoauth2(name: str, token: str) -> str:
    user = name if "@" in name else f"{name}@contoso.example"
    return b64(f"user={user}\x01auth=Bearer {token}\x01\x01")


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


async def auth_login(talk: Talk, name: str, password: str) -> str:
    await talk.say("AUTH LOGIN")
    await talk.say(b64(name if "@" in name else f"{name}@contoso.example"))
    return await talk.say(b64(password))
