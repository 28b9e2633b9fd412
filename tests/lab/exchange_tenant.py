"""A tenant of a few mailboxes and one administering app, and a way to call cmdlets on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx2

from portineria.clock import VirtualClock
from portineria.lab.app import build_app
from portineria.lab.lab import Lab
from portineria.lab.login import tokens
from portineria.lab.world import World

TENANT = "11111111-2222-3333-4444-555555555555"
DOMAIN = "contoso.onmicrosoft.com"
ADMIN = "aaaaaaaa-0000-0000-0000-000000000001"
MAIL_APP = "aaaaaaaa-0000-0000-0000-000000000002"
MAIL_CLIENT = "aaaaaaaa-0000-0000-0000-00000000000c"
PERSON = "aaaaaaaa-0000-0000-0000-000000000003"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
BASE = f"/adminapi/beta/{TENANT}"


def guid(number: int) -> str:
    return f"0f6a2f1e-3c9d-4c1b-9f5e-{number:012d}"


def mailbox(number: int, name: str, **members: Any) -> dict[str, Any]:
    address = f"{name.split()[0].lower()}@contoso.example"
    return {
        "Guid": guid(number),
        "ExternalDirectoryObjectId": f"bbbbbbbb-0000-0000-0000-{number:012d}",
        "Name": name,
        "DisplayName": name,
        "PrimarySmtpAddress": address,
        "UserPrincipalName": address,
        "EmailAddresses": [f"SMTP:{address}", f"smtp:{number}@{DOMAIN}"],
        "RecipientTypeDetails": "UserMailbox",
        "ImapEnabled": True,
        "PopEnabled": True,
        "SmtpClientAuthenticationDisabled": None,
        "AuthenticationPolicy": None,
        **members,
    }


def small_world() -> World:
    world = World(
        VirtualClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC)),
        tenant_id=TENANT,
        initial_domain=DOMAIN,
    )
    for document in (
        mailbox(1, "Ada Example"),
        mailbox(2, "Bea O'Sample", ImapEnabled=False),
        mailbox(3, "Scan Floor2", RecipientTypeDetails="SharedMailbox", PopEnabled=False),
    ):
        world["mailboxes"].put(document["Guid"], document)
    world["transport"].put("", {"SmtpClientAuthenticationDisabled": True})
    world["exchangeOrganization"].put("", {"DefaultAuthenticationPolicy": None})
    world["mailboxPlans"].put(guid(90), {"Guid": guid(90), "Name": f"ExchangeOnline-{guid(90)}"})
    world["domains"].put("contoso.example", {"id": "contoso.example", "isDefault": True})
    give_role(world, ADMIN, EXCHANGE_ADMINISTRATOR)
    return world


def give_role(world: World, principal: str, role: str) -> None:
    world["roleAssignments"].put(
        f"{principal}/{role}", {"principalId": principal, "roleDefinitionId": role}
    )


def token(world: World, principal: str = ADMIN, *roles: str, **claims: Any) -> str:
    return tokens.mint(
        world,
        audience="https://outlook.office365.com",
        subject=principal,
        roles=list(roles) or ["Exchange.ManageAsApp"],
        **claims,
    )


@dataclass(slots=True)
class Tenant:
    """The lab, and a client that is its administrator."""

    lab: Lab
    http: httpx2.AsyncClient
    bearer: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.lab.world

    def weather(self, **members: Any) -> None:
        self.lab.weather = replace(self.lab.weather, **members)

    def reading(self, name: str, value: str) -> None:
        self.weather(readings={**self.lab.weather.readings, name: value})

    async def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        sent = {"authorization": f"Bearer {self.bearer}", **self.headers, **headers}
        return await self.http.post(path, json=body, headers=sent)

    async def get(self, path: str) -> httpx2.Response:
        return await self.http.get(path, headers={"authorization": f"Bearer {self.bearer}"})

    async def call(self, cmdlet: str, /, **parameters: Any) -> httpx2.Response:
        return await self.post(f"{BASE}/InvokeCommand", command(cmdlet, parameters))

    async def rows(self, cmdlet: str, /, **parameters: Any) -> list[dict[str, Any]]:
        answer = await self.call(cmdlet, **parameters)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["value"])

    async def names(self, cmdlet: str, /, **parameters: Any) -> list[str]:
        return [row["Name"] for row in await self.rows(cmdlet, **parameters)]

    async def truth(self, cmdlet: str, /, **parameters: Any) -> str:
        """The sentence inside an error, where the service hides it."""
        answer = await self.call(cmdlet, **parameters)
        assert answer.status_code >= 400, answer.text
        error = answer.json()["error"]
        assert error["message"] == "Invalid Operation"
        return str(error["innererror"]["internalexception"]["message"])


def command(cmdlet: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"CmdletInput": {"CmdletName": cmdlet, "Parameters": dict(parameters)}}


def tenant_of(world: World) -> Tenant:
    lab = Lab(world=world, clock=world.clock)
    http = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=build_app(lab)), base_url="https://exchange.lab"
    )
    return Tenant(lab, http, token(world))
