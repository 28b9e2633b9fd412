"""Reading one application and a few mailboxes, narrowly, from the embedded tenant."""

from __future__ import annotations

from typing import Any

import pytest
from m365_labworld import LabWorld, lab_world

from portineria.m365.data import moment
from portineria.m365.mailappreader import MailAppReading
from portineria.secret import Secret
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailapp import Enterprise, ExchangePrincipal, MailApp, OwnProof, Registration
from portineria.tenant.mailbox import Mailbox, RecipientKind
from portineria.tenant.unseen import Unseen

ERP, ADA = "erp@contoso.example", "ada@contoso.example"
PROOF = OwnProof(kind="secret")


async def read(world: LabWorld, **members: Any) -> MailApp:
    known = world.lab.info["mail_app"]
    reading = MailAppReading(world.session)
    begins = Secret(known["client_secret"][:3])
    return await reading.app(members.get("client_id", known["client_id"]), PROOF, begins, None)


async def test_one_application_is_read_with_its_dates() -> None:
    async with lab_world() as world:
        found = await read(world)
        principal = world.lab.info["mail_app"]["principal_id"]
        assert isinstance(found.enterprise, Enterprise)
        assert found.enterprise.object_id == principal
        assert found.enterprise.created is not None
        assert isinstance(found.registration, Registration)
        assert [one.ours for one in found.registration.proofs] == [True]
        assert isinstance(found.exchange, ExchangePrincipal)
        assert found.exchange.object_id == principal
        assert not isinstance(found.consents, Unseen)
        assert {one.value for one in found.consents} == {
            "IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp",
        }  # fmt: skip
        assert (found.scoped, found.assigned_only) == ((), False)


async def test_an_application_that_the_tenant_does_not_have_is_none_and_not_unseen() -> None:
    async with lab_world() as world:
        found = await read(world, client_id="99999999-0000-4000-8000-000000000000")
        assert (found.registration, found.enterprise, found.exchange) == (None, None, None)
        assert isinstance(found.consents, Unseen)


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        (r"GET /applications", "registration"),
        (r"GET /servicePrincipals\(", "enterprise"),
        (r"Get-ServicePrincipal", "exchange"),
        (r"Get-ManagementRoleAssignment", "scoped"),
    ],
)
async def test_what_the_service_refuses_is_unseen_and_hides_nothing_else(
    operation: str, member: str
) -> None:
    scheduled = [{"operation": operation, "nth": n, "fault": "500"} for n in range(1, 12)]
    async with lab_world(scheduled=scheduled) as world:
        found = await read(world)
        assert isinstance(getattr(found, member), Unseen)
        others = {"registration", "enterprise", "exchange", "scoped"} - {member}
        others -= {"scoped"} if member == "exchange" else set()
        assert not any(isinstance(getattr(found, name), Unseen) for name in others)


async def test_names_are_mailboxes_other_recipients_or_nobodys() -> None:
    async with lab_world() as world:
        names = (ERP, "scanners@contoso.example", "nobody@contoso.example")
        found = await MailAppReading(world.session).mailboxes(names)
        box, changed = found[ERP]
        assert isinstance(box, Mailbox)
        assert (box.address, box.imap, changed is not None) == (ERP, True, True)
        group, _ = found["scanners@contoso.example"]
        assert isinstance(group, Mailbox)
        assert group.kind is RecipientKind.DISTRIBUTION
        assert found["nobody@contoso.example"] == (None, None)


async def test_mailboxes_rights_and_people_are_read_ten_and_twenty_at_a_time() -> None:
    async with lab_world() as world:
        reading = MailAppReading(world.session)
        rows = [row for row in world.lab.world["mailboxes"].all() if "UserMailbox" in str(row)]
        names = [str(row["PrimarySmtpAddress"]) for row in rows][:9]
        world.lab.history.clear()
        boxes = [one for one, _ in (await reading.mailboxes(names)).values()]
        assert all(isinstance(box, Mailbox) for box in boxes)
        guids = [box.guid for box in boxes if isinstance(box, Mailbox)]
        rights = await reading.rights(await read(world), guids)
        assert sum(isinstance(one, MailboxRight) for one in rights.values()) == len(guids)
        users = await reading.users(
            {box.entra_id or "" for box in boxes if isinstance(box, Mailbox)}
        )
        assert not isinstance(users, Unseen)
        assert len(users) == len(guids)
        batches = [asked for asked in world.lab.history.asked if "$batch" in asked.operation]
        assert len(batches) <= 4


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("Get-TransportConfig", "transport"),
        ("Get-Mailbox", "mailboxes"),
        (r"GET /users/", "users"),
    ],
)
async def test_each_reading_that_fails_says_why(operation: str, ask: str) -> None:
    scheduled = [{"operation": operation, "nth": n, "fault": "500"} for n in range(1, 20)]
    async with lab_world(scheduled=scheduled) as world:
        reading = MailAppReading(world.session)
        found: Any
        if ask == "transport":
            found, _ = await reading.transport()
        elif ask == "mailboxes":
            found, _ = (await reading.mailboxes([ERP]))[ERP]
        else:
            row = world.lab.world["mailboxes"].find("PrimarySmtpAddress", ERP)
            assert row is not None
            found = await reading.users({row["ExternalDirectoryObjectId"]})
            assert found == {} or isinstance(found, Unseen)
            return
        assert isinstance(found, Unseen)


async def test_what_exchange_hides_of_the_app_hides_its_rights_too() -> None:
    async with lab_world() as world:
        reading = MailAppReading(world.session)
        app = MailApp(client_id="c", proof=PROOF, exchange=Unseen("no role"))
        assert await reading.rights(app, ["g"]) == {"g": Unseen("no role")}
        known = await read(world)
        half = MailApp(client_id=known.client_id, proof=PROOF, exchange=None, scoped=Unseen("no"))
        row = world.lab.world["mailboxes"].find("PrimarySmtpAddress", ADA)
        assert row is not None
        found = (await reading.rights(half, [row["Guid"]]))[row["Guid"]]
        assert isinstance(found, MailboxRight)
        assert found.scoped_smtp == Unseen("no")


def test_a_moment_has_a_zone_or_is_none() -> None:
    found = moment("2026-09-01T07:12:44.1234567Z")
    assert found is not None
    assert found.isoformat() == "2026-09-01T07:12:44.123456+00:00"
    for told in (None, "", "2026-09-01T07:12:44", "9/1/2026 7:12:44 AM"):
        assert moment(told) is None
