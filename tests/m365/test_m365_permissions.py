"""The table of what we ask for: all of it is needed, and nothing beyond it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import pytest
from m365_labworld import LabWorld, lab_world

from portineria.fault import Fault, PermissionFault
from portineria.m365.graph import conditional_access, security_defaults, users
from portineria.m365.permissions import GRAPH, PERMISSIONS, ROLES, wanted
from portineria.m365.session import Session
from portineria.run.look import Wants
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.ownaccess import Access
from portineria.tenant.people import Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

WIDE = Wants(
    mailboxes=frozenset({"erp@contoso.example"}),
    groups=frozenset({"Scanners"}),
    apps=frozenset(),
)
LOCATION = {
    "@odata.type": "#microsoft.graph.ipNamedLocation",
    "displayName": "x",
    "isTrusted": False,
    "ipRanges": [
        {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}
    ],
}


@asynccontextmanager
async def holding(access: Access, without: Collection[str] = ()) -> AsyncIterator[LabWorld]:
    """A control app with what the table says for this access, but for some."""
    async with lab_world() as world:
        principal = world.lab.info["admin"]["principal_id"]
        tables = world.lab.world
        for kind in ("appRoleAssignments", "roleAssignments"):
            for key, row in list(tables[kind].items()):
                if row["principalId"] == principal:
                    tables[kind].put(key, None)
        for one in wanted(access):
            if one.value not in without:
                service = tables["servicePrincipals"].find("appId", one.resource)
                assert service is not None
                (id_,) = [r["id"] for r in service["appRoles"] if r["value"] == one.value]
                row = {"principalId": principal, "resourceId": service["id"], "appRoleId": id_}
                tables["appRoleAssignments"].put(one.value, {"id": one.value, **row})
        role = {"principalId": principal, "roleDefinitionId": ROLES[access].id}
        tables["roleAssignments"].put("role", {"id": "role", "directoryScopeId": "/", **role})
        yield world


async def wide(world: LabWorld) -> Wants:
    app = world.lab.info["mail_app"]["client_id"]
    return Wants(mailboxes=WIDE.mailboxes, groups=WIDE.groups, apps=frozenset({app}), own=True)


def _scanners(found: Snapshot) -> Group:
    (group,) = found.groups.values()
    return group


@pytest.mark.parametrize("access", Access)
async def test_with_it_everything_can_be_seen(access: Access) -> None:
    async with holding(access) as world:
        found = await world.look(await wide(world))
    assert found.unseen() == {}
    assert not isinstance(_scanners(found).members, Unseen)


@pytest.mark.parametrize("value", [one.value for one in wanted(Access.READ)])
async def test_without_any_one_of_them_something_cannot_be_seen(value: str) -> None:
    async with holding(Access.READ, {value}) as world:
        try:
            found = await world.look(await wide(world))
        except Fault:
            return
    assert found.unseen() or isinstance(_scanners(found).members, Unseen)


Write = Callable[[Session, LabWorld], Awaitable[Any]]


async def _policy(session: Session, world: LabWorld) -> None:
    await conditional_access.create(session, conditional_access.LOCATIONS, LOCATION)


async def _defaults(session: Session, world: LabWorld) -> None:
    await security_defaults.write(session, {"isEnabled": False})


async def _revoke(session: Session, world: LabWorld) -> None:
    ada = world.lab.world["users"].find("userPrincipalName", "ada@contoso.example")
    assert ada is not None
    await users.revoke_sessions(session, ada["id"])


WRITES: dict[str, Write] = {
    "Policy.ReadWrite.ConditionalAccess": _policy,
    "Policy.ReadWrite.SecurityDefaults": _defaults,
    "User.RevokeSessions.All": _revoke,
}


def test_every_permission_to_write_has_its_write() -> None:
    assert set(WRITES) == {one.value for one in PERMISSIONS if one.only_for is Access.WRITE}


@pytest.mark.parametrize("value", WRITES)
async def test_each_permission_to_write_is_needed_and_enough(value: str) -> None:
    (row,) = [one for one in PERMISSIONS if one.value == value]
    async with holding(Access.WRITE) as world:
        await WRITES[value](world.session, world)
    async with holding(Access.WRITE, {value, row.instead}) as world:
        with pytest.raises(PermissionFault):
            await WRITES[value](world.session, world)
    async with holding(Access.READ) as world:
        with pytest.raises(PermissionFault):
            await WRITES[value](world.session, world)


async def test_what_the_calls_say_they_need_is_what_the_table_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: set[str] = set()
    graph = Session.graph

    async def heard(self: Session, *given: Any, **more: Any) -> Any:
        asked.add(more.get("needs", ""))
        return await graph(self, *given, **more)

    monkeypatch.setattr(Session, "graph", heard)
    async with holding(Access.WRITE) as world:
        await world.look(await wide(world))
        for write in WRITES.values():
            await write(world.session, world)
    needed = {one.value for one in PERMISSIONS if one.resource == GRAPH and not one.optional}
    assert asked - {""} == needed


def test_what_is_optional_is_asked_for_where_somebody_wishes_it_only() -> None:
    for access in Access:
        (more,) = set(wanted(access, logs=True)) - set(wanted(access))
        assert more.value == "AuditLog.Read.All"
        assert more.optional


def test_reading_asks_for_nothing_that_writes_and_each_row_says_why_and_for_which_call() -> None:
    for one in wanted(Access.READ):
        assert "Write" not in one.value
        assert "Revoke" not in one.value
    for one in PERMISSIONS:
        assert one.why.startswith("to ")
        assert one.calls
    assert {one.resource for one in PERMISSIONS} == {GRAPH, EXCHANGE_ONLINE}
