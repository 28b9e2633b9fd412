"""A lab in process: virtual time, the real app, and a client that speaks to its hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from portineria.clock import VirtualClock
from portineria.lab.app import build_app
from portineria.lab.lab import Lab, open_lab
from portineria.lab.weather import Weather, forecast

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
GRAPH = "https://graph.microsoft.com/.default"
EXCHANGE = "https://outlook.office365.com/.default"
ACCESS = "identity/conditionalAccess/policies"
DEFAULTS = "policies/identitySecurityDefaultsEnforcementPolicy"

BLOCK_LEGACY: dict[str, Any] = {
    "displayName": "Block legacy authentication",
    "state": "enabledForReportingButNotEnforced",
    "conditions": {
        "clientAppTypes": ["exchangeActiveSync", "other"],
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["block"]},
}


@dataclass
class Tenant:
    """One lab with the client of a test."""

    lab: Lab
    clock: VirtualClock
    http: httpx2.AsyncClient

    async def token(self, **form: str) -> httpx2.Response:
        """Ask the token endpoint; what is not given is the control application's own."""
        admin = self.lab.info["admin"]
        asked = {
            "grant_type": "client_credentials",
            "client_id": admin["client_id"],
            "client_secret": admin["client_secret"],
            "scope": GRAPH,
            **form,
        }
        sent = {name: value for name, value in asked.items() if value}
        url = f"https://login.lab/{self.lab.world.tenant_id}/oauth2/v2.0/token"
        return await self.http.post(url, data=sent)

    async def bearer(self, **form: str) -> str:
        answer = await self.token(**form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def graph(
        self, method: str, path: str, body: Any = None, bearer: str = "", **headers: str
    ) -> httpx2.Response:
        """One Graph call of the control application, a second after the last one."""
        self.clock.advance(1.0)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["authorization"] = f"Bearer {bearer or await self.bearer()}"
        url = path if path.startswith("https:") else f"https://graph.lab/v1.0/{path}"
        content = {} if body is None else {"json": body}
        return await self.http.request(method, url, headers=sent, **content)

    async def control(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        content = {} if body is None else {"json": body}
        return await self.http.request(method, f"https://control.lab/{path}", **content)

    def user(self, upn: str) -> dict[str, Any]:
        found = self.lab.world["users"].find("userPrincipalName", upn)
        assert found is not None
        return found

    async def made(self, **changes: Any) -> str:
        """Create the policy against legacy authentication, changed; its id."""
        answer = await self.graph("POST", ACCESS, {**BLOCK_LEGACY, **changes})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def defaults(self, on: bool) -> httpx2.Response:
        return await self.graph("PATCH", DEFAULTS, {"isEnabled": on})

    def weather(self, name: str = "fair", **overrides: Any) -> None:
        self.lab.weather = forecast(name, overrides)


@asynccontextmanager
async def tenant(seed: str = "small", weather: Weather | None = None) -> AsyncIterator[Tenant]:
    clock = VirtualClock(START)
    lab = open_lab(clock, seed, weather)
    transport = httpx2.ASGITransport(app=build_app(lab))
    async with httpx2.AsyncClient(transport=transport) as http:
        yield Tenant(lab, clock, http)


def error(answer: httpx2.Response) -> Mapping[str, Any]:
    """Graph's error object."""
    found: Mapping[str, Any] = answer.json()["error"]
    return found
