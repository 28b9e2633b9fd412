"""Application RBAC in Exchange: registrations of applications, groups that bound a role, roles.

Source: Exchange dossier 3.2, 3.3; the references of New-ManagementRoleAssignment
(RecipientGroupScope: direct members only), New-DistributionGroup, Add-DistributionGroupMember.
How a role assignment shows its group is not captured: whatever it shows is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portineria.fault import NotFound, ServiceFault
from portineria.m365.data import Row, text, texts, whole
from portineria.m365.exchange.match import one
from portineria.m365.session import Session
from portineria.tenant.apps import RoleAssignment, ScopeGroup

GROUP_TYPE = "MailUniversalSecurityGroup"
_GROUP_NAMES = ("Guid", "Name", "DisplayName", "DistinguishedName", "Identity")


async def registered(session: Session, client_id: str) -> tuple[str, ...]:
    """The object ids under which Exchange knows a client id."""
    try:
        data = await session.exchange("Get-ServicePrincipal", {"Identity": client_id})
    except NotFound:
        return ()
    rows = whole(data, "Get-ServicePrincipal")
    mine = (row for row in rows if text(row.get("AppId")).lower() == client_id.lower())
    return tuple(text(row.get("ObjectId")) for row in mine)


async def registration(session: Session, object_id: str) -> Row:
    """Raises NotFound."""
    data = await session.exchange("Get-ServicePrincipal", {"Identity": object_id})
    return one(data, object_id, "Get-ServicePrincipal", ("ObjectId",))


async def register(session: Session, object_id: str, after: Mapping[str, Any]) -> None:
    parameters = {
        "AppId": after["AppId"],
        "ObjectId": object_id,
        "DisplayName": after["DisplayName"],
    }
    await session.exchange("New-ServicePrincipal", parameters)


async def deregister(session: Session, object_id: str) -> None:
    await session.exchange("Remove-ServicePrincipal", {"Identity": object_id, "Confirm": False})


async def group(session: Session, key: str) -> Row:
    """Raises NotFound."""
    data = await session.exchange("Get-DistributionGroup", {"Identity": key})
    return one(data, key, "Get-DistributionGroup", _GROUP_NAMES)


async def group_named(session: Session, name: str) -> tuple[str, ...]:
    """Guids of the groups that are called exactly so."""
    try:
        data = await session.exchange("Get-DistributionGroup", {"Identity": name})
    except NotFound:
        return ()
    rows = whole(data, "Get-DistributionGroup")
    return tuple(text(r.get("Guid")).lower() for r in rows if text(r.get("DisplayName")) == name)


async def create_group(session: Session, after: Mapping[str, Any]) -> str:
    """The new group's guid. Nobody joins or leaves it by themselves."""
    name = str(after["DisplayName"])
    data = await session.exchange(
        "New-DistributionGroup",
        {
            "Name": name,
            "DisplayName": name,
            "Alias": _alias(name),
            "Type": "Security",
            "MemberJoinRestriction": "Closed",
            "MemberDepartRestriction": "Closed",
            "RequireSenderAuthenticationEnabled": True,
        },
    )
    made = text(next(iter(data.rows or ()), {}).get("Guid")).lower()
    if not made:
        raise ServiceFault(
            "the service made a group and did not say its id", where="New-DistributionGroup"
        )
    return made


def _alias(name: str) -> str:
    """Letters, digits and dashes: what every address may hold."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name.lower())
    return "-".join(filter(None, kept.split("-")))


async def delete_group(session: Session, key: str) -> None:
    await session.exchange(
        "Remove-DistributionGroup",
        {"Identity": key, "BypassSecurityGroupManagerCheck": True, "Confirm": False},
    )


async def members(session: Session, key: str) -> frozenset[str]:
    """Guids of the direct members."""
    rows = await session.exchange_list("Get-DistributionGroupMember", {"Identity": key})
    return frozenset(text(row.get("Guid")).lower() for row in rows)


async def member(session: Session, key: str) -> Row:
    """Of "group guid/mailbox guid". Raises NotFound where it is none."""
    group_id, _, guid = key.partition("/")
    if guid.lower() not in await members(session, group_id):
        raise NotFound(f"{guid} is no direct member", where="Get-DistributionGroupMember")
    return {"member": True}


async def add_member(session: Session, key: str) -> None:
    await session.exchange("Add-DistributionGroupMember", _membership(key))


async def remove_member(session: Session, key: str) -> None:
    await session.exchange("Remove-DistributionGroupMember", {**_membership(key), "Confirm": False})


def _membership(key: str) -> dict[str, Any]:
    group_id, _, guid = key.partition("/")
    return {"Identity": group_id, "Member": guid, "BypassSecurityGroupManagerCheck": True}


async def assignments(session: Session, principal_id: str) -> tuple[RoleAssignment, ...]:
    """Every role that an application holds, with the group that bounds each."""
    rows = await _assignments(session, principal_id)
    return tuple([await _assignment(session, row) for row in rows])


async def _assignments(session: Session, principal_id: str) -> tuple[Row, ...]:
    try:
        data = await session.exchange(
            "Get-ManagementRoleAssignment", {"RoleAssignee": principal_id}
        )
    except NotFound:
        return ()
    return whole(data, "Get-ManagementRoleAssignment")


async def _assignment(session: Session, row: Row) -> RoleAssignment:
    bounds = text(row.get("RecipientGroupScope") or row.get("CustomResourceScope"))
    scope = text(row.get("RecipientWriteScope"))
    found = await _guid(session, bounds) if scope == "Group" and bounds else ""
    return RoleAssignment(
        name=text(row.get("Name")), role=text(row.get("Role")), scope=scope, group=found
    )


async def _guid(session: Session, bounds: str) -> str:
    try:
        return text((await group(session, bounds)).get("Guid")).lower()
    except NotFound:
        return ""


async def assignment(session: Session, key: str) -> Row:
    """Of "principal id/Name". Raises NotFound."""
    principal_id, _, name = key.partition("/")
    for each in await assignments(session, principal_id):
        if each.name == name:
            return {
                "Role": each.role,
                "RecipientWriteScope": each.scope,
                "RecipientGroupScope": each.group,
            }
    raise NotFound(f"no role assignment {name}", where="Get-ManagementRoleAssignment")


async def assign(session: Session, key: str, after: Mapping[str, Any]) -> None:
    principal_id, _, name = key.partition("/")
    await session.exchange(
        "New-ManagementRoleAssignment",
        {
            "Name": name,
            "Role": after["Role"],
            "App": principal_id,
            "RecipientGroupScope": after["RecipientGroupScope"],
        },
    )


async def withdraw(session: Session, key: str) -> None:
    await session.exchange(
        "Remove-ManagementRoleAssignment",
        {"Identity": key.partition("/")[2], "Confirm": False},
    )


async def whole_group(session: Session, key: str) -> ScopeGroup:
    row = await group(session, key)
    found = text(row.get("Guid")).lower()
    return ScopeGroup(
        id=found, name=text(row.get("DisplayName")), members=await members(session, found)
    )


async def send_as(session: Session, key: str, names: frozenset[str]) -> Row:
    """Of "mailbox guid/principal id", whose application bears `names`. Raises NotFound."""
    guid, _, principal_id = key.partition("/")
    data = await session.exchange("Get-RecipientPermission", {"Identity": guid})
    for row in whole(data, "Get-RecipientPermission"):
        if text(row.get("Trustee")).lower() in names and "SendAs" in texts(row.get("AccessRights")):
            return {"AccessRights": ["SendAs"]}
    raise NotFound(f"{principal_id} may not send as it", where="Get-RecipientPermission")


async def add_send_as(session: Session, key: str) -> None:
    await session.exchange("Add-RecipientPermission", _sending(key))


async def remove_send_as(session: Session, key: str) -> None:
    await session.exchange("Remove-RecipientPermission", _sending(key))


def _sending(key: str) -> dict[str, Any]:
    guid, _, principal_id = key.partition("/")
    return {
        "Identity": guid,
        "Trustee": principal_id,
        "AccessRights": ["SendAs"],
        "Confirm": False,
    }
