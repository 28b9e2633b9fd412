"""The mail app is made by a run that is killed around every write, in any weather, and resumed.

The real lab in process, with time that is turned; Entra's part in the session of a person, all
else as the control app. Whatever happened: one application of a kind, exactly the rights of the
grants, and at no moment a right on anybody else's mailbox.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from m365_labworld import LabWorld, lab_world
from ownapp import IMAP, SMTP, grant, policy
from run_fakes import Killed, MemoryJournal, Quiet, Reaper, no_stops
from test_safety_connect import AsAdmin
from test_safety_lab import OneByOne

from portineria.doors import keys
from portineria.fault import NotSignedIn
from portineria.m365.endpoints import Endpoints
from portineria.m365.graph.ownapps import thumbprint
from portineria.m365.resources import TenantResources
from portineria.m365.session import Session
from portineria.policy.appplan import Making, create_plan, remove_plan
from portineria.policy.change import Change, Written
from portineria.policy.desired import Desired
from portineria.policy.plan import Plan
from portineria.run.apply import End, Outcome, apply
from portineria.run.callers import with_real_callers
from portineria.run.journal import progress_of
from portineria.run.look import Wants
from portineria.run.means import Means
from portineria.run.resume import resume
from portineria.run.undo import undo_plan
from portineria.tenant.apps import AppKind
from portineria.tenant.snapshot import Snapshot

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ADMIN = "admin@contoso.example"
ERP, SCAN = "erp@contoso.example", "scan@contoso.example"
GRANTS = policy(grant("erp", IMAP, SMTP), grant("scan", IMAP))
AROUND = ("before write", "after write", "torn outcome", "after promise")


@dataclass
class Mortal:
    """Resources that die beside a write, and that look after each whom our applications reach."""

    inner: TenantResources
    reaper: Reaper
    seen: Callable[[], None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def write(self, change: Change) -> Written:
        self.reaper.pass_by("before write")
        written = await self.inner.write(change)
        self.seen()
        self.reaper.pass_by("after write")
        return written


@dataclass
class Stage:
    world: LabWorld
    admin: Session | None
    certificates: dict[AppKind, keys.Certificate]

    def making(self) -> Making:
        prints = {kind: thumbprint(made.der) for kind, made in self.certificates.items()}
        return Making(thumbprints=prints)

    async def look(self) -> Snapshot:
        boxes = frozenset({ERP, SCAN})
        return await self.world.look(Wants(mailboxes=boxes, own=True))

    async def plan(self, desired: Desired = GRANTS) -> Plan:
        now = self.world.clock.now()
        return create_plan(await self.look(), desired, now, self.making())

    def means(self, journal: MemoryJournal, reaper: Reaper | None = None) -> Means:
        resources = TenantResources(self.world.session, self.admin, self._der)
        return Means(
            resources=Mortal(resources, reaper or Reaper(), self.nobody_else_is_reached),  # type: ignore[arg-type]
            journal=journal,
            clock=self.world.clock,
            crew=OneByOne(),
            progress=Quiet(),
        )

    def _der(self, wanted: str) -> bytes:
        ders = {thumbprint(made.der): made.der for made in self.certificates.values()}
        return ders[wanted]

    async def apply(self, plan: Plan, reaper: Reaper | None = None) -> tuple[MemoryJournal, Any]:
        """The journal, and the outcome; None where the process was killed."""
        journal = MemoryJournal(reaper=reaper or Reaper())
        try:
            return journal, await apply(
                plan, plan.digest, "run-1", self.means(journal, reaper), no_stops
            )
        except Killed:
            return journal, None

    async def resume(self, journal: MemoryJournal) -> Outcome:
        journal.reaper = Reaper()
        return await resume(self.means(journal))

    def truth(self) -> dict[str, list[str]]:
        """What of ours the tenant really holds."""
        tables = self.world.lab.world
        ours = [a for a in tables["applications"].all() if "Portineria" in a.get("tags", [])]
        ids = {app["appId"] for app in ours}
        principals = {p["id"] for p in tables["servicePrincipals"].all() if p["appId"] in ids}
        mark = "Portineria: SMTP senders"
        boxes = {row["ExternalDirectoryObjectId"]: row for row in tables["mailboxes"].all()}
        groups = [g for g in tables["groups"].all() if g["displayName"].startswith(mark)]
        return {
            "applications": sorted(a["displayName"].rpartition(" ")[0] for a in ours),
            "certificates": [str(len(a["keyCredentials"])) for a in ours],
            "principals": [str(len(principals))],
            "consents": [
                row["id"]
                for row in tables["appRoleAssignments"].all()
                if row["principalId"] in principals
            ],
            "registered": [
                row["ObjectId"]
                for row in tables["exchangeServicePrincipals"].all()
                if row["ObjectId"] in principals
            ],
            "roles": [
                row["Name"]
                for row in tables["managementRoleAssignments"].all()
                if row["App"] in principals
            ],
            "opened": sorted(
                boxes_by_guid(tables)[key.partition("/")[0]]
                for key, _ in tables["mailboxPermissions"].items()
                if key.partition("/")[2] in principals
            ),
            "senders": sorted(
                boxes[member]["PrimarySmtpAddress"] for g in groups for member in g["members"]
            ),
            "groups": [g["displayName"] for g in groups],
        }

    def is_whole(self) -> None:
        truth = self.truth()
        assert truth["applications"] == ["Portineria: SMTP app", "Portineria: mail app"]
        assert truth["certificates"] == ["1", "1"]
        assert truth["principals"] == ["2"]
        counts = {name: len(truth[name]) for name in ("consents", "registered", "roles", "groups")}
        assert counts == {"consents": 1, "registered": 2, "roles": 1, "groups": 1}
        assert (truth["opened"], truth["senders"]) == ([ERP, SCAN], [ERP])

    def is_bare(self) -> None:
        assert [value for name, value in self.truth().items() if name != "principals"] == [[]] * 8

    def nobody_else_is_reached(self) -> None:
        truth = self.truth()
        assert set(truth["opened"]) <= {ERP, SCAN}
        assert set(truth["senders"]) <= {ERP}


def boxes_by_guid(tables: Any) -> dict[str, str]:
    return {row["Guid"]: row["PrimarySmtpAddress"] for row in tables["mailboxes"].all()}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[AppKind, keys.Certificate]:
    folder, now = tmp_path_factory.mktemp("keys"), AT
    return {kind: keys.make(folder / f"{kind}.pem", kind.value, now) for kind in AppKind}


Certificates = dict[AppKind, keys.Certificate]


@asynccontextmanager
async def stage(
    certificates: Certificates, weather: str = "fair", **overrides: Any
) -> AsyncIterator[Stage]:
    async with lab_world("small", weather, **overrides) as world:
        lab = world.lab
        where = Endpoints(
            login=lab.urls["login"], graph=lab.urls["graph"], exchange=lab.urls["exchange"]
        )
        door = world.session._door
        admin = Session(door, AsAdmin(lab, ADMIN), world.clock, where, lab.info["tenant"])
        yield Stage(world, admin, certificates)


async def test_killed_around_any_write_and_resumed_it_makes_nothing_twice(
    certificates: Certificates,
) -> None:
    async with stage(certificates) as first:
        reaper = Reaper()
        _, outcome = await first.apply(await first.plan(), reaper)
        assert outcome.end is End.DONE
        first.is_whole()
    deaths = [at for at, place in enumerate(reaper.places) if place in AROUND]
    assert len(deaths) == 4 * outcome.total
    for at in deaths:
        async with stage(certificates) as here:
            journal, killed = await here.apply(await here.plan(), Reaper(at=at))
            assert killed is None, reaper.places[at]
            here.nobody_else_is_reached()
            assert (await here.resume(journal)).end is End.DONE, reaper.places[at]
            here.is_whole()


WEATHERS: dict[str, dict[str, Any]] = {
    "flaky": {},
    "stale": {},
    "newcomer": {},
    "throttled": {},
    "lag": {},
}


@pytest.mark.parametrize("weather", WEATHERS)
async def test_in_any_weather_it_comes_to_one_application_of_a_kind(
    weather: str, certificates: Certificates
) -> None:
    async with stage(certificates, weather) as here:
        journal, outcome = await here.apply(await here.plan())
        for _ in range(6):
            if outcome.end is End.DONE:
                break
            here.nobody_else_is_reached()
            outcome = await here.resume(journal)
        assert outcome.end is End.DONE, outcome.fault
        here.is_whole()


async def test_undo_takes_back_all_of_it_and_so_does_a_removal(certificates: Certificates) -> None:
    async with stage(certificates) as here:
        journal, _ = await here.apply(await here.plan())
        state = progress_of(journal.entries())
        plan = with_real_callers(state.plan, state.done)
        assert all(cell.caller.startswith("app:") for cell in plan.cells)
        assert not any("change:" in cell.caller for cell in plan.cells)
        means = here.means(MemoryJournal())
        undo = await undo_plan(state, await here.look(), means.resources, means.crew, means.clock)
        assert (undo.stops, undo.unknown, undo.cells) == ((), (), ())
        assert undo.changes[0].before == {"member": True}
        _, outcome = await here.apply(undo)
        assert outcome.end is End.DONE, outcome.fault
        here.is_bare()

        await here.apply(await here.plan())
        here.is_whole()
        removal = remove_plan(await here.look(), here.world.clock.now(), AppKind)
        gone, outcome = await here.apply(removal)
        assert outcome.end is End.DONE, outcome.fault
        here.is_bare()
        # What is gone is another one when it is made again: that is told, and not tried.
        state = progress_of(gone.entries())
        back = await undo_plan(state, await here.look(), means.resources, means.crew, means.clock)
        assert back.changes == ()
        assert len([note for note in back.notes if "cannot be undone" in note]) == outcome.total


async def test_without_a_person_nothing_of_entra_is_written(certificates: Certificates) -> None:
    async with stage(certificates) as here:
        here.admin = None
        _, outcome = await here.apply(await here.plan())
        assert outcome.end is End.STOPPED
        assert "nobody has signed in" in str(outcome.fault)
        here.is_bare()


async def test_the_classic_mistake_is_found_and_made_right(certificates: Certificates) -> None:
    """Exchange was told the registration's object id: it takes it, and opens nothing."""
    async with stage(certificates) as here:
        await here.apply(await here.plan())
        tables = here.world.lab.world
        for app in list(tables["applications"].all()):
            for row in list(tables["exchangeServicePrincipals"].all()):
                if row["AppId"] == app["appId"] and "Portineria" in app.get("tags", []):
                    tables["exchangeServicePrincipals"].put(row["ObjectId"], None)
                    wrong = {**row, "ObjectId": app["id"]}
                    tables["exchangeServicePrincipals"].put(app["id"], wrong)
        plan = await here.plan()
        verbs = [f"{c.verb.value} {c.target.family.value}" for c in plan.changes]
        assert verbs[:2] == ["delete exchange-service-principal"] * 2
        assert verbs.count("create exchange-service-principal") == 2
        _, outcome = await here.apply(plan)
        assert outcome.end is End.DONE, outcome.fault
        again = await here.plan()
        assert [c.target.family.value for c in again.changes] == []
        here.is_whole()


async def test_somebody_elses_application_of_our_name_is_not_adopted(
    certificates: Certificates,
) -> None:
    """Its name and tags may be ours to the letter: with a secret on it, it is not."""
    async with stage(certificates) as here:
        plan = await here.plan()
        after = plan.changes[0].after or {}
        tables = here.world.lab.world
        imposter = {
            **after,
            "id": "11111111-0000-0000-0000-000000000001",
            "appId": "11111111-0000-0000-0000-000000000002",
            "passwordCredentials": [{"keyId": "theirs"}],
            "secrets": [],
            "certificates": [],
        }
        tables["applications"].put(imposter["id"], imposter)
        here.world.clock.advance(60)
        _, outcome = await here.apply(plan)
        assert outcome.end is End.STOPPED
        assert "passwordCredentials" in str(outcome.fault)
        assert here.truth()["opened"] == []


def test_not_signed_in_says_what_to_do() -> None:
    assert "--device-code" in NotSignedIn.mend


def test_the_real_callers_are_put_in_where_they_are_known() -> None:
    from given import NOW

    from portineria.policy.plan import Cell
    from portineria.run.journal import Done

    cell = Cell(
        mailbox="m", address="m@x", protocol=IMAP, caller="app:change:1.id", promised="open",
        before="no", after="yes",
    )  # fmt: skip
    cells = (cell, replace(cell, caller="basic"), replace(cell, caller="app:change:9.id"))
    plan = Plan(tenant_id="t", made_at=NOW, snapshot_taken_at=NOW, policy_digest="", cells=cells)
    real = with_real_callers(plan, {1: Done(id="client", ours=True)})
    assert [one.caller for one in real.cells] == ["app:client", "basic", "app:change:9.id"]
