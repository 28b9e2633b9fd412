"""Consent: application permissions assigned, delegated permissions granted (entra-graph 4.1)."""

from __future__ import annotations

from portineria.lab.ask import Answer
from portineria.lab.graph.applications import find_principal, given, held
from portineria.lab.graph.call import Call, GraphFault, done, malformed, not_found, one
from portineria.lab.graph.delegated import CONSENTING_TO_GRAPH
from portineria.lab.graph.query import listing
from portineria.lab.login.conditional import GRAPH, roles_of
from portineria.lab.world import Document


def assigned_to(call: Call) -> Answer:
    """Who was given this resource's roles."""
    return listing(call, "appRoleAssignments", given(call, find_principal(call)))


def assignments(call: Call) -> Answer:
    """Which roles this principal was given."""
    return listing(call, "appRoleAssignments", held(call, find_principal(call)))


def assign(call: Call) -> Answer:
    """201. A repetition is a 400 whose text is UNVERIFIED."""
    body = call.body()
    wanted = {name: str(body.get(name, "")) for name in ("principalId", "resourceId", "appRoleId")}
    principal = call.seen.get("servicePrincipals", wanted["principalId"])
    resource = call.seen.get("servicePrincipals", wanted["resourceId"])
    if principal is None or resource is None:
        raise not_found(wanted["resourceId"] if principal else wanted["principalId"])
    if call.claims.get("scp") and resource["appId"] == GRAPH:
        holder = roles_of(call.seen, str(call.claims["oid"]))
        if not holder & CONSENTING_TO_GRAPH:
            text = "Insufficient privileges to complete the operation."
            raise GraphFault(403, "Authorization_RequestDenied", text)
    if any(
        all(row[name] == value for name, value in wanted.items())
        for row in call.world["appRoleAssignments"].all()
    ):
        raise malformed("Permission being assigned already exists on the object")
    document = {
        "id": call.world.new_id("appRoleAssignment"),
        **wanted,
        "createdDateTime": call.now(),
        "principalDisplayName": principal["displayName"],
        "principalType": "ServicePrincipal",
        "resourceDisplayName": resource["displayName"],
    }
    call.world["appRoleAssignments"].put(document["id"], document)
    return one(call, "appRoleAssignments", document, 201)


def unassign(call: Call) -> Answer:
    return _remove(call, "appRoleAssignments", call.names["assignment"])


def grants(call: Call) -> Answer:
    return listing(call, "oauth2PermissionGrants", call.seen.all("oauth2PermissionGrants"))


def grants_of(call: Call) -> Answer:
    mine = find_principal(call)["id"]
    rows = (row for row in call.seen.all("oauth2PermissionGrants") if row["clientId"] == mine)
    return listing(call, "oauth2PermissionGrants", rows)


def grant(call: Call) -> Answer:
    body = call.body()
    document: Document = {
        "id": call.world.new_id("oauth2PermissionGrant"),
        "clientId": body.get("clientId"),
        "consentType": body.get("consentType"),
        "principalId": body.get("principalId"),
        "resourceId": body.get("resourceId"),
        "scope": body.get("scope", ""),
    }
    if (document["consentType"] == "Principal") is (document["principalId"] is None):
        raise malformed("Invalid value specified for property 'principalId'.")
    for name in ("clientId", "resourceId"):
        if call.seen.get("servicePrincipals", str(document[name])) is None:
            raise not_found(str(document[name]))
    call.world["oauth2PermissionGrants"].put(document["id"], document)
    return one(call, "oauth2PermissionGrants", document, 201)


def change_grant(call: Call) -> Answer:
    found = call.seen.get("oauth2PermissionGrants", call.names["id"])
    if found is None:
        raise not_found(call.names["id"])
    scope = str(call.body().get("scope", found["scope"]))
    call.world["oauth2PermissionGrants"].patch(found["id"], scope=scope)
    return done()


def remove_grant(call: Call) -> Answer:
    return _remove(call, "oauth2PermissionGrants", call.names["id"])


def _remove(call: Call, kind: str, name: str) -> Answer:
    if call.seen.get(kind, name) is None:
        raise not_found(name)
    call.world[kind].put(name, None)
    return done()
