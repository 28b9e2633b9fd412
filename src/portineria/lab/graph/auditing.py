"""What a write through Graph leaves in the directory's audit log (entra-graph 6.4).

Names of activities in conditional access, named locations and security defaults are the dossier's;
those of applications, grants and roles are as detection rules in public collections have them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from portineria.lab.ask import Answer
from portineria.lab.graph import (
    applications,
    conditional,
    consent,
    locations,
    protections,
    roles,
)
from portineria.lab.graph.call import Call
from portineria.lab.world import Document, World, known_id

SECRET = frozenset({"secrets", "certificates", "password"})
"""Members of the lab's own that no log may hold."""


@dataclass(frozen=True, slots=True)
class Activity:
    """`kind` is the world's table, `type` what the log calls the target; `key` names the part of
    the path that holds its id ("" where an answer tells it)."""

    name: str
    category: str
    service: str
    kind: str
    type: str
    key: str = "id"


def _access(name: str) -> Activity:
    return Activity(name, "Policy", "Conditional Access", "conditionalAccess", "Policy")


def _place(name: str) -> Activity:
    return Activity(name, "Policy", "Conditional Access", "namedLocations", "Policy")


def _app(name: str) -> Activity:
    return Activity(name, "ApplicationManagement", "Core Directory", "applications", "Application")


def _principal(name: str, kind: str = "servicePrincipals", key: str = "id") -> Activity:
    return Activity(name, "ApplicationManagement", "Core Directory", kind, "ServicePrincipal", key)


def _role(name: str) -> Activity:
    return Activity(name, "RoleManagement", "Core Directory", "roleAssignments", "Role")


_DEFAULTS = Activity(
    "Update security defaults", "Policy", "Core Directory", "policies", "Policy", ""
)
ACTIVITIES: Mapping[Callable[[Call], Answer], Activity] = MappingProxyType(
    {
        protections.write_defaults: _DEFAULTS,
        conditional.create: _access("Add conditional access policy"),
        conditional.update: _access("Update conditional access policy"),
        conditional.delete: _access("Delete conditional access policy"),
        conditional.restore: _access("Restore conditional access policy"),
        locations.create: _place("Add named location"),
        locations.update: _place("Update named location"),
        locations.delete: _place("Delete named location"),
        applications.create: _app("Add application"),
        applications.change: _app("Update application"),
        applications.remove: _app("Delete application"),
        applications.add_password: _app(
            "Update application \u2013 Certificates and secrets management "
        ),
        applications.create_principal: _principal("Add service principal"),
        applications.change_principal: _principal("Update service principal"),
        applications.remove_principal: _principal("Remove service principal"),
        consent.assign: _principal(
            "Add app role assignment to service principal", "appRoleAssignments"
        ),
        consent.unassign: _principal(
            "Remove app role assignment from service principal", "appRoleAssignments", "assignment"
        ),
        consent.grant: _principal("Add delegated permission grant", "oauth2PermissionGrants"),
        consent.change_grant: _principal(
            "Update delegated permission grant", "oauth2PermissionGrants"
        ),
        consent.remove_grant: _principal(
            "Remove delegated permission grant", "oauth2PermissionGrants"
        ),
        roles.assign: _role("Add member to role"),
        roles.unassign: _role("Remove member from role"),
    }
)


def audited(handler: Callable[[Call], Answer], call: Call) -> Answer:
    """Serve the call; write down what it changed, where it is a change that is logged."""
    activity = ACTIVITIES.get(handler)
    if activity is None:
        return handler(call)
    before = _target(call, activity, "")
    answer = handler(call)
    made = str(answer.body.get("id", "")) if isinstance(answer.body, dict) else ""
    after = _target(call, activity, made)
    enter(call.world, activity, call.now(), _initiator(call), before, after)
    return answer


def enter(
    world: World,
    activity: Activity,
    at: str,
    who: Document,
    before: Document | None,
    after: Document | None,
) -> None:
    """Write one record. Refused changes leave none."""
    key = known_id("audit", world.tenant_id, str(len(world["directoryAudits"].versions)))
    target = after or before or {}
    document = {
        "id": key,
        "category": activity.category,
        "correlationId": known_id("correlation", key),
        "result": "success",
        "resultReason": "",
        "activityDisplayName": activity.name,
        "activityDateTime": at,
        "loggedByService": activity.service,
        "operationType": activity.name.partition(" ")[0],
        "initiatedBy": who,
        "targetResources": [
            {
                "id": target.get("id", ""),
                "displayName": target.get("displayName"),
                "type": activity.type,
                "modifiedProperties": _modified(before or {}, after or {}),
            }
        ],
        "additionalDetails": [],
    }
    world["directoryAudits"].put(key, document)


def _target(call: Call, activity: Activity, made: str) -> Document | None:
    if activity is _DEFAULTS:
        return call.world["policies"].get("securityDefaults")
    key = made or call.names.get(activity.key, "")
    if app_id := call.names.get("appId"):
        return call.world[activity.kind].find("appId", app_id)
    return call.world[activity.kind].get(key) if key else None


def _modified(before: Document, after: Document) -> list[Document]:
    names = [name for name in {**before, **after} if name not in SECRET]
    return [
        {
            "displayName": name,
            "oldValue": _told(before, name),
            "newValue": _told(after, name),
        }
        for name in names
        if before.get(name) != after.get(name)
    ]


def _told(row: Document, name: str) -> str | None:
    return json.dumps(row[name], ensure_ascii=False) if name in row else None


def _initiator(call: Call) -> Document:
    claims: Mapping[str, Any] = call.claims
    if claims.get("idtyp") == "user" or claims.get("upn"):
        user = {
            "id": claims.get("oid", ""),
            "userPrincipalName": claims.get("upn", ""),
            "ipAddress": call.ask.address,
        }
        return {"user": user, "app": None}
    app = {
        "appId": claims.get("appid", ""),
        "displayName": claims.get("app_displayname", ""),
        "servicePrincipalId": claims.get("oid", ""),
    }
    return {"user": None, "app": app}
