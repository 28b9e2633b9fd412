"""Directory roles: what there is, who holds which, and the view of PIM (entra-graph 1.4, 3.3)."""

from __future__ import annotations

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, GraphFault, done, malformed, not_found, one
from portineria.lab.graph.directory import public, typed
from portineria.lab.graph.expand import Relationships, select
from portineria.lab.graph.organization import AAD_PREMIUM_P2, has_plan
from portineria.lab.graph.query import listing, plain_listing, selected
from portineria.lab.world import Document

CONFLICT = (
    "A conflicting object with one or more of the specified property values is present in the "
    "directory."
)
BASE = "roleManagement/directory"
NOT_LICENSED = (
    "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
)


def definitions(call: Call) -> Answer:
    """The built-in roles of the seeds, without Microsoft's descriptions and lists of actions."""
    return listing(call, f"{BASE}/roleDefinitions", call.seen.all("roleDefinitions"))


def definition(call: Call) -> Answer:
    found = call.seen.get("roleDefinitions", call.names["id"].lower())
    if found is None:
        raise not_found(call.names["id"])
    return one(call, f"{BASE}/roleDefinitions", select(found, selected(call, ())))


def activated(call: Call) -> Answer:
    """Only roles that somebody holds are activated ones here. Their object id is the template's."""
    used = {row["roleDefinitionId"] for row in call.seen.all("roleAssignments")}
    known = {row["id"]: row["displayName"] for row in call.seen.all("roleDefinitions")}
    rows = [
        {
            "id": name,
            "deletedDateTime": None,
            "description": None,
            "displayName": known.get(name),
            "roleTemplateId": name,
        }
        for name in sorted(used)
    ]
    return plain_listing(call, "directoryRoles", rows)


def assignments(call: Call) -> Answer:
    rows = call.seen.all("roleAssignments")
    return listing(call, f"{BASE}/roleAssignments", rows, related=ASSIGNED)


def assign(call: Call) -> Answer:
    body = call.body()
    try:
        row = {
            "id": call.world.new_id("roleAssignment"),
            "principalId": body["principalId"],
            "roleDefinitionId": body["roleDefinitionId"],
            "directoryScopeId": body.get("directoryScopeId", "/"),
        }
    except KeyError as missing:
        raise malformed(f"A value is required for property {missing}.") from None
    kinds = ("users", "servicePrincipals", "groups")
    if not any(call.seen.get(kind, row["principalId"]) for kind in kinds):
        raise not_found(row["principalId"])
    if call.seen.get("roleDefinitions", row["roleDefinitionId"]) is None:
        raise not_found(row["roleDefinitionId"])
    if any(_same(row, other) for other in call.world["roleAssignments"].all()):
        raise malformed(CONFLICT)
    call.world["roleAssignments"].put(row["id"], row)
    return one(call, f"{BASE}/roleAssignments", row, 201)


def _same(row: Document, other: Document) -> bool:
    names = ("principalId", "roleDefinitionId", "directoryScopeId")
    return all(row[name] == other.get(name, "/") for name in names)


def unassign(call: Call) -> Answer:
    if call.seen.get("roleAssignments", call.names["id"]) is None:
        raise not_found(call.names["id"])
    call.world["roleAssignments"].put(call.names["id"], None)
    return done()


def instances(call: Call) -> Answer:
    """PIM's list of active assignments. Here all are direct and without an end.

    400 without Entra ID P2; the text is from third parties who were refused.
    """
    if not has_plan(call.seen, AAD_PREMIUM_P2):
        raise GraphFault(400, "AadPremiumLicenseRequired", NOT_LICENSED)
    rows = (
        {
            **row,
            "appScopeId": None,
            "startDateTime": None,
            "endDateTime": None,
            "assignmentType": "Assigned",
            "memberType": "Direct",
            "roleAssignmentOriginId": row["id"],
            "roleAssignmentScheduleId": row["id"],
        }
        for row in call.seen.all("roleAssignments")
    )
    return listing(call, f"{BASE}/roleAssignmentScheduleInstances", rows, related=SCHEDULED)


def _principal(call: Call, row: Document) -> Document | None:
    for kind, type_ in (
        ("users", "user"),
        ("servicePrincipals", "servicePrincipal"),
        ("groups", "group"),
    ):
        found = call.seen.get(kind, row["principalId"])
        if found is not None:
            return typed(type_, public(found))
    return None


def _definition(call: Call, row: Document) -> Document | None:
    return call.seen.get("roleDefinitions", row["roleDefinitionId"])


_ENDS = {"principal": _principal, "roleDefinition": _definition}
ASSIGNED = Relationships("unifiedRoleAssignment", _ENDS)
SCHEDULED = Relationships("unifiedRoleAssignmentScheduleInstance", _ENDS)
