"""The embedded tenant in this process, spoken to as a stranger would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2

from portineria.clock import VirtualClock
from portineria.doors.crew import AsyncCrew
from portineria.doors.http import HttpDoor
from portineria.lab.app import build_app
from portineria.lab.history import Asked
from portineria.lab.lab import Lab, open_lab
from portineria.lab.weather import Weather, forecast
from portineria.m365.endpoints import Endpoints
from portineria.m365.oauth.client_credentials import ClientCredentials
from portineria.m365.reader import TenantReading
from portineria.m365.resources import TenantResources
from portineria.m365.session import Session
from portineria.run.look import Wants, look
from portineria.secret import Secret
from portineria.tenant.snapshot import Snapshot


class Quiet:
    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        pass


@dataclass
class LabWorld:
    lab: Lab
    clock: VirtualClock
    session: Session
    reader: TenantReading
    resources: TenantResources

    async def look(self, wants: Wants | None = None) -> Snapshot:
        tenant = self.lab.info["tenant"]
        return await look(self.reader, tenant, self.clock, AsyncCrew(), Quiet(), wants or Wants())

    def writes(self, word: str) -> list[Asked]:
        """Writes that the lab saw whose operation contains `word`, refused ones included."""
        return [seen for seen in self.lab.history.writes() if word in seen.operation]


@asynccontextmanager
async def lab_world(
    seed: str = "small", weather: Weather | str = "fair", app: str = "admin", **overrides: Any
) -> AsyncIterator[LabWorld]:
    clock = VirtualClock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    sky = forecast(weather, overrides) if isinstance(weather, str) else weather
    lab = open_lab(clock, seed, sky)
    known = lab.info[app]
    endpoints = Endpoints(
        login=lab.urls["login"], graph=lab.urls["graph"], exchange=lab.urls["exchange"]
    )
    async with HttpDoor(transport=httpx2.ASGITransport(build_app(lab))) as door:
        tokens = ClientCredentials(
            door,
            clock,
            endpoints.login,
            lab.info["tenant"],
            known["client_id"],
            Secret(known["client_secret"]),
        )
        session = Session(door, tokens, clock, endpoints, lab.info["tenant"])
        yield LabWorld(lab, clock, session, TenantReading(session), TenantResources(session))
