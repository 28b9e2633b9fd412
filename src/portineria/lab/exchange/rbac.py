"""Application RBAC: an application's role over some mailboxes, and how far it reaches.

Source: dossier exchange-online 3.3. There is a role for SMTP and none for IMAP or POP.
`Test-ServicePrincipalAuthorization` looks past every cache.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.exchange import faults, recipients, serviceprincipals, shapes
from portineria.lab.exchange.declare import IDENTITY, Call, Cmdlet, Parameter
from portineria.lab.exchange.filters import compile_filter
from portineria.lab.exchange.identity import (
    by_members,
    distinguished_name,
    mailbox_names,
    matching,
    only,
)
from portineria.lab.exchange.roles import READ_ROLES, WRITE_ROLES
from portineria.lab.world import Document, World

SMTP_ROLE = "Application SMTP.SendAsApp"
APPLICATION_ROLES = (
    SMTP_ROLE,
    "Application EWS.AccessAsApp",
    "Application Mail.Read",
    "Application Mail.ReadBasic",
    "Application Mail.ReadWrite",
    "Application Mail.Send",
    "Application MailboxSettings.Read",
    "Application MailboxSettings.ReadWrite",
    "Application Calendars.Read",
    "Application Calendars.ReadWrite",
    "Application Contacts.Read",
    "Application Contacts.ReadWrite",
    "Application Mail Full Access",
    "Application Exchange Full Access",
)
SCOPE_FILTERABLE = frozenset(
    {
        "Alias",
        "CustomAttribute1",
        "Department",
        "DisplayName",
        "EmailAddresses",
        "Guid",
        "MemberOfGroup",
        "Name",
        "PrimarySmtpAddress",
        "RecipientTypeDetails",
        "UserPrincipalName",
    }
)
_SCOPES = "managementScopes"
_ASSIGNMENTS = "managementRoleAssignments"
_NAMES = by_members("Name", "Guid", "Identity")


def in_scope(world: World, assignment: Document, mailbox: Document, age: float = 0.0) -> bool:
    """Whether an assignment's scope holds a mailbox, as everything was `age` seconds ago.

    A group counts its direct members only. Administrative units are not imitated: they hold
    nobody.
    """
    row = shapes.whole(mailbox, world.initial_domain)
    row["MemberOfGroup"] = _groups_of(world, row, age)
    if name := assignment.get("CustomResourceScope"):
        scope = world[_SCOPES].get(name, age)
        return scope is not None and compile_filter(scope["RecipientFilter"], SCOPE_FILTERABLE)(row)
    if group := assignment.get("group"):
        stored = world["groups"].get(group, age) or {}
        return mailbox.get("ExternalDirectoryObjectId") in (stored.get("members") or ())
    return False


def group_dn(world: World, group: Document) -> str:
    return distinguished_name(str(group.get("displayName")), world.initial_domain)


def _groups_of(world: World, mailbox: Document, age: float) -> list[str]:
    member = mailbox.get("ExternalDirectoryObjectId")
    groups = [g for _, g in world["groups"].scan(age) if member in (g.get("members") or ())]
    return [group_dn(world, group) for group in groups]


def get_scope(call: Call) -> Iterable[Document]:
    return matching(call.seen.all(_SCOPES), call.get("Identity"), _NAMES)


def new_scope(call: Call) -> Iterable[Document]:
    """Reads the filter at once, so that a bad one is refused here and not later."""
    name, text = call.get("Name"), call.get("RecipientRestrictionFilter")
    if not name or not text:
        raise faults.missing_parameter("RecipientRestrictionFilter" if name else "Name")
    if call.world[_SCOPES].get(name) is not None:
        raise faults.already_exists(name)
    compile_filter(text, SCOPE_FILTERABLE)
    document = {
        "Name": name,
        "Identity": name,
        "Guid": call.world.new_id(_SCOPES),
        "RecipientFilter": text,
        "ScopeRestrictionType": "RecipientScope",
        "Exclusive": False,
    }
    call.commit(_SCOPES, name, document)
    return (document,)


def get_assignment(call: Call) -> Iterable[Document]:
    rows = matching(call.seen.all(_ASSIGNMENTS), call.get("Identity"), _NAMES)
    if assignee := call.get("RoleAssignee"):
        app = only(serviceprincipals.truth(call), assignee, serviceprincipals.NAMES)
        rows = [row for row in rows if row["App"] == app["ObjectId"]]
    if role := call.get("Role"):
        rows = [row for row in rows if row["Role"].lower() == role.lower()]
    return [_printed(row) for row in rows]


def new_assignment(call: Call) -> Iterable[Document]:
    role = next((r for r in APPLICATION_ROLES if r.lower() == (call.get("Role") or "").lower()), "")
    if not role:
        raise faults.not_found(call.get("Role") or "")
    app = only(serviceprincipals.truth(call), call.get("App"), serviceprincipals.NAMES)
    name = call.get("Name") or f"{role}-{app['ObjectId']}"
    if call.world[_ASSIGNMENTS].get(name) is not None:
        raise faults.already_exists(name)
    document = {
        "Name": name,
        "Identity": name,
        "Guid": call.world.new_id(_ASSIGNMENTS),
        "Role": role,
        "App": app["ObjectId"],
        "RoleAssignee": app["ObjectId"],
        "RoleAssigneeName": app["DisplayName"] or app["ObjectId"],
        "RoleAssigneeType": "ServicePrincipal",
        "WhenCreatedUTC": call.stamp,
        **_scope(call),
    }
    call.commit(_ASSIGNMENTS, name, document)
    return (_printed(document),)


def _scope(call: Call) -> Document:
    """The one scope of an assignment, with the write scope that rows show. Raises 404, 400.

    Whether the service makes one without a scope is unverified; the lab does not.
    """
    given = [name for name in _SCOPE_PARAMETERS if call.get(name)]
    if len(given) > 1:
        raise faults.unknown_parameter(given)
    if not given:
        raise faults.missing_parameter("CustomResourceScope")
    scope: Document = {"CustomResourceScope": None}
    if name := call.get("CustomResourceScope"):
        found = only(call.truth(_SCOPES), name, _NAMES)["Name"]
        scope.update(CustomResourceScope=found, RecipientWriteScope="CustomRecipientScope")
    elif name := call.get("RecipientGroupScope"):
        found = only(_groups(call), name, by_members("Guid", "id", "displayName", "mail", "dn"))
        scope.update(
            RecipientGroupScope=found["dn"], RecipientWriteScope="Group", group=found["id"]
        )
    elif name := call.get("RecipientAdministrativeUnitScope"):
        scope.update(
            RecipientAdministrativeUnitScope=name, RecipientWriteScope="AdministrativeUnit"
        )
    return scope


def _groups(call: Call) -> list[Document]:
    """Groups by every name that a scope may call them by, Exchange's own Guid included."""
    rows = call.world["mailboxes"].scan()
    guids = {row.get("ExternalDirectoryObjectId"): row["Guid"] for _, row in rows}
    return [
        {**group, "dn": group_dn(call.world, group), "Guid": guids.get(group["id"])}
        for group in call.truth("groups")
    ]


def remove_assignment(call: Call) -> Iterable[Document]:
    assignment = only(call.truth(_ASSIGNMENTS), call.get("Identity"), _NAMES)
    call.commit(_ASSIGNMENTS, assignment["Name"], None)
    return ()


def remove_scope(call: Call) -> Iterable[Document]:
    scope = only(call.truth(_SCOPES), call.get("Identity"), _NAMES)
    call.commit(_SCOPES, scope["Name"], None)
    return ()


def _printed(assignment: Document) -> Document:
    return {name: value for name, value in assignment.items() if name not in ("App", "group")}


def test_authorization(call: Call) -> Iterable[Document]:
    """One row an assignment, read past the replica: the truth of this moment."""
    app = only(serviceprincipals.truth(call), call.get("Identity"), serviceprincipals.NAMES)
    mailbox = None
    if resource := call.get("Resource"):
        mailbox = only(recipients.named(call.world, resource), resource, mailbox_names)
    rows = []
    for assignment in call.truth(_ASSIGNMENTS):
        if assignment["App"] != app["ObjectId"]:
            continue
        held = "Not Run" if mailbox is None else str(in_scope(call.world, assignment, mailbox))
        rows.append(
            {
                "RoleName": assignment["Role"],
                "GrantedPermissions": assignment["Role"].removeprefix("Application "),
                "AllowedResourceScope": assignment.get("CustomResourceScope")
                or assignment.get("RecipientGroupScope")
                or assignment.get("RecipientAdministrativeUnitScope"),
                "ScopeType": assignment["RecipientWriteScope"],
                "InScope": held,
            }
        )
    return rows


_SCOPE_PARAMETERS = (
    "CustomResourceScope",
    "RecipientGroupScope",
    "RecipientAdministrativeUnitScope",
)

CMDLETS = (
    Cmdlet("Get-ManagementScope", READ_ROLES, get_scope, (IDENTITY,)),
    Cmdlet(
        "New-ManagementScope",
        WRITE_ROLES,
        new_scope,
        (Parameter("Name"), Parameter("RecipientRestrictionFilter")),
    ),
    Cmdlet("Remove-ManagementScope", WRITE_ROLES, remove_scope, (IDENTITY,)),
    Cmdlet(
        "Get-ManagementRoleAssignment",
        READ_ROLES,
        get_assignment,
        (IDENTITY, Parameter("RoleAssignee"), Parameter("Role")),
    ),
    Cmdlet(
        "New-ManagementRoleAssignment",
        WRITE_ROLES,
        new_assignment,
        (
            Parameter("Name"),
            Parameter("Role"),
            Parameter("App"),
            *(Parameter(name) for name in _SCOPE_PARAMETERS),
        ),
    ),
    Cmdlet("Remove-ManagementRoleAssignment", WRITE_ROLES, remove_assignment, (IDENTITY,)),
    Cmdlet(
        "Test-ServicePrincipalAuthorization",
        READ_ROLES,
        test_authorization,
        (IDENTITY, Parameter("Resource")),
    ),
)
