"""`connect` is killed before and after each of its writes, in any weather, and called again.

The real lab app in process, with time that is turned; the hands of an administrator whose token
says what the sign-in asks for. Whatever happened: one application, exactly what was asked, once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from portineria.clock import VirtualClock
from portineria.doors import keys
from portineria.doors.attempt import FileAttempt
from portineria.doors.http import HttpDoor
from portineria.fault import CouldNotSee, StateFault, WrongTenant
from portineria.lab.app import build_app
from portineria.lab.lab import Lab, open_lab
from portineria.lab.login import tokens
from portineria.lab.weather import Weather, forecast
from portineria.m365.endpoints import Endpoints
from portineria.m365.graph.registration import Registrations
from portineria.m365.permissions import ROLES, SIGN_IN, wanted
from portineria.m365.session import Session
from portineria.run.connect import (
    Wanted,
    find,
    lacking,
    make,
    remove,
    retire,
    rotate,
)
from portineria.run.replication import Replication
from portineria.secret import Secret
from portineria.tenant.ownaccess import Access, Registered

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
WRITES = ("create", "set_keys", "create_principal", "give", "take", "assign", "unassign")
IN_ALL = 3 + len(wanted(Access.READ)) + 1
"""Registration, certificate, enterprise application; a consent each; the role."""
ADMIN = "admin@contoso.example"


class Killed(BaseException):
    """The process is gone: nothing below catches it."""


@dataclass
class Mortal:
    """Hands that die at their write number `at`: before it is sent, or when it was answered."""

    inner: Registrations
    at: int | None = None
    after: bool = False
    done: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        work = getattr(self.inner, name)

        async def call(*given: Any) -> Any:
            if name not in WRITES:
                return await work(*given)
            if self.at == len(self.done) and not self.after:
                raise Killed
            found = await work(*given)
            self.done.append(name)
            if self.at == len(self.done) - 1 and self.after:
                raise Killed
            return found

        return call


class Quiet:
    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        self.said.append(text)


class AsAdmin:
    """What a sign-in would give: the token of a person, with scopes."""

    def __init__(self, lab: Lab, upn: str) -> None:
        self._lab, self._upn = lab, upn

    async def token(self, scope: str) -> Secret:
        person = self._lab.world["users"].find("userPrincipalName", self._upn)
        assert person is not None
        made = tokens.mint(
            self._lab.world,
            audience="https://graph.microsoft.com",
            subject=person["id"],
            scp=" ".join(SIGN_IN),
            idtyp="user",
        )
        return Secret(made)

    def forget(self) -> None:
        return


@dataclass
class Stage:
    lab: Lab
    clock: VirtualClock
    hands: Registrations
    folder: Path
    pem: Path
    said: Quiet = field(default_factory=Quiet)

    def attempt(self) -> FileAttempt:
        return FileAttempt(self.folder / "attempt.json", self.lab.world.tenant_id, self.clock)

    def wish(self, access: Access = Access.READ) -> Wanted:
        certificate = keys.read(self.pem)
        return Wanted(
            name="Portineria control (test)",
            permissions=wanted(access),
            role=ROLES[access],
            key_name=f"Portineria test {certificate.thumbprint[:16]}",
            key=certificate.base64,
        )

    async def connect(
        self, hands: Any = None, access: Access = Access.READ, patience: float = 180.0
    ) -> Registered:
        """One call of `connect`, from its beginning."""
        wait = Replication(self.clock, self.said, patience)
        directory, wish, attempt = hands or self.hands, self.wish(access), self.attempt()
        app = await find(directory, attempt, wait)
        lack = await lacking(directory, app, wish, wait)
        return await make(directory, attempt, wish, lack, wait)

    def truth(self) -> dict[str, list[str]]:
        """What the tenant holds of ours, whatever the replicas say."""
        world = self.lab.world
        ours = [a for a in world["applications"].all() if a["displayName"].startswith("Portineria")]
        ids = {app["appId"] for app in ours}
        principals = [p for p in world["servicePrincipals"].all() if p["appId"] in ids]
        held = {principal["id"] for principal in principals}
        names = {
            role["id"]: role["value"]
            for row in world["servicePrincipals"].all()
            for role in row["appRoles"]
        }
        return {
            "applications": [app["appId"] for app in ours],
            "principals": [principal["id"] for principal in principals],
            "keys": [key["displayName"] for app in ours for key in app["keyCredentials"]],
            "permissions": sorted(
                names[row["appRoleId"]]
                for row in world["appRoleAssignments"].all()
                if row["principalId"] in held
            ),
            "roles": [
                row["roleDefinitionId"]
                for row in world["roleAssignments"].all()
                if row["principalId"] in held
            ],
        }

    def is_whole(self, access: Access = Access.READ) -> None:
        truth = self.truth()
        assert len(truth["applications"]) == 1
        assert len(truth["principals"]) == 1
        assert truth["keys"] == [self.wish().key_name]
        assert truth["permissions"] == sorted(one.value for one in wanted(access))
        assert truth["roles"] == [ROLES[access].id]


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "test.pem"
    keys.make(path, "test", START, 365)
    return path


@asynccontextmanager
async def stage(
    folder: Path, pem: Path, weather: Weather | str = "fair", upn: str = ADMIN, **overrides: Any
) -> AsyncIterator[Stage]:
    clock = VirtualClock(START)
    sky = forecast(weather, overrides) if isinstance(weather, str) else weather
    lab = open_lab(clock, "bare", sky)
    where = Endpoints(login=lab.urls["login"], graph=lab.urls["graph"])
    async with HttpDoor(transport=httpx2.ASGITransport(build_app(lab))) as door:
        session = Session(door, AsAdmin(lab, upn), clock, where, lab.world.tenant_id)
        yield Stage(lab, clock, Registrations(session), folder, pem)


@pytest.mark.parametrize("weather", ["fair", "newcomer", "service", "stale", "lag"])
async def test_in_any_weather_it_comes_to_its_end(tmp_path: Path, pem: Path, weather: str) -> None:
    async with stage(tmp_path, pem, weather) as s:
        await s.connect()
        s.is_whole()


@pytest.mark.parametrize("weather", ["fair", "newcomer", "stale"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(IN_ALL))
async def test_killed_at_any_write_and_called_again_it_makes_nothing_twice(
    tmp_path: Path, pem: Path, weather: str, after: bool, at: int
) -> None:
    async with stage(tmp_path, pem, weather) as s:
        with pytest.raises(Killed):
            await s.connect(Mortal(s.hands, at, after))
        await s.connect()
        s.is_whole()


async def test_there_are_as_many_writes_as_were_killed(tmp_path: Path, pem: Path) -> None:
    async with stage(tmp_path, pem) as s:
        mortal = Mortal(s.hands)
        await s.connect(mortal)
        assert len(mortal.done) == IN_ALL
        again = Mortal(s.hands)
        await s.connect(again)
        assert again.done == []


@pytest.mark.parametrize("operation", ["POST /applications$", "POST /servicePrincipals$"])
@pytest.mark.parametrize("fault", ["cut-after", "cut-before", "503"])
async def test_an_answer_that_was_lost_is_settled_by_looking(
    tmp_path: Path, pem: Path, operation: str, fault: str
) -> None:
    lost = {"operation": operation, "nth": 1, "fault": fault}
    async with stage(tmp_path, pem, "newcomer", scheduled=[lost]) as s:
        await s.connect()
        s.is_whole()


async def test_a_creation_that_was_sent_and_not_seen_is_waited_for_before_another(
    tmp_path: Path, pem: Path
) -> None:
    """Killed between the attempt's line and the request: nothing was made, and nobody can know."""
    async with stage(tmp_path, pem) as s:
        with pytest.raises(Killed):
            await s.connect(Mortal(s.hands, 0))
        before = s.clock.tick()
        await s.connect()
        assert s.clock.tick() - before > 60
        s.is_whole()


async def test_two_applications_with_one_mark_stop_it(tmp_path: Path, pem: Path) -> None:
    async with stage(tmp_path, pem) as s:
        attempt = s.attempt()
        attempt.creating()
        for _ in range(2):
            await s.hands.create("Portineria control (test)", attempt.tag)
        with pytest.raises(CouldNotSee, match="two applications bear the mark"):
            await s.connect()
        assert len(s.truth()["applications"]) == 2


async def test_patience_ends_and_the_next_call_goes_on(tmp_path: Path, pem: Path) -> None:
    async with stage(tmp_path, pem, "fair", lag={"": 60.0}) as s:
        with pytest.raises(CouldNotSee, match="the service still says") as caught:
            await s.connect(patience=10.0)
        assert "goes on" in caught.value.try_
        assert any("not known everywhere yet" in line for line in s.said.said)
        s.clock.advance(120)
        await s.connect(patience=180.0)
        s.is_whole()


async def test_from_read_to_write_and_back_it_holds_exactly_what_is_asked(
    tmp_path: Path, pem: Path
) -> None:
    async with stage(tmp_path, pem, "newcomer") as s:
        for access in (Access.READ, Access.WRITE, Access.READ):
            await s.connect(access=access)
            s.clock.advance(60)
            s.is_whole(access)


async def test_an_ordinary_person_with_the_scopes_is_refused_at_once(
    tmp_path: Path, pem: Path
) -> None:
    from portineria.fault import PermissionFault

    async with stage(tmp_path, pem, upn="ada@contoso.example") as s:
        before = s.clock.tick()
        with pytest.raises(PermissionFault):
            await s.connect()
        assert s.clock.tick() == before
        assert s.truth()["applications"] == []


async def test_the_attempt_of_another_tenant_is_not_taken_up(tmp_path: Path, pem: Path) -> None:
    async with stage(tmp_path, pem) as s:
        s.attempt().creating()
        with pytest.raises(WrongTenant, match="for another tenant"):
            FileAttempt(tmp_path / "attempt.json", "other", s.clock)
        (tmp_path / "attempt.json").write_text("{")
        with pytest.raises(StateFault, match="cannot be read"):
            s.attempt()


# --- rotate and remove ------------------------------------------------------------------------


@pytest.mark.parametrize("weather", ["fair", "newcomer", "stale"])
async def test_a_certificate_is_put_beside_the_old_one_and_only_ours_go(
    tmp_path: Path, pem: Path, weather: str
) -> None:
    fresh = keys.make(tmp_path / "next.pem", "next", START)
    async with stage(tmp_path, pem, weather) as s:
        app = await s.connect()
        s.clock.advance(60)
        wait = Replication(s.clock, s.said, 180.0)
        await rotate(s.hands, app, "somebody's own", fresh.base64, wait)
        s.clock.advance(60)
        for _ in range(2):
            await rotate(s.hands, app, "Portineria test new", fresh.base64, wait)
            s.clock.advance(60)
        old = s.wish().key_name
        assert s.truth()["keys"] == [old, "somebody's own", "Portineria test new"]
        went = await retire(s.hands, app, "Portineria test ", "Portineria test new", wait)
        assert [one.name for one in went] == [old]
        s.clock.advance(60)
        assert await retire(s.hands, app, "Portineria test ", "Portineria test new", wait) == ()
        assert s.truth()["keys"] == ["somebody's own", "Portineria test new"]


async def test_what_is_removed_takes_role_and_permissions_along(tmp_path: Path, pem: Path) -> None:
    async with stage(tmp_path, pem) as s:
        app = await s.connect()
        held = s.truth()["principals"]
        assert await remove(s.hands, app.client_id)
        assert not any(s.truth().values())
        for kind in ("roleAssignments", "appRoleAssignments"):
            assert not [r for r in s.lab.world[kind].all() if r["principalId"] in held]
        assert not await remove(s.hands, app.client_id)
