"""Applications and their service principals (entra-graph 4.1)."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.lab.ask import Answer
from portineria.lab.graph import credentials, deleted
from portineria.lab.graph.call import Call, GraphFault, done, malformed, not_found, one
from portineria.lab.graph.expand import Relationships, select
from portineria.lab.graph.query import listing, selected
from portineria.lab.world import Document

TAKEN = (
    "The service principal cannot be created, updated, or restored because the service principal "
    "name {name} is already in use."
)
OWNER = ("id", "displayName", "userPrincipalName")
PRIVATE = ("secrets", "certificates", "owners")


def applications(call: Call) -> Answer:
    return listing(call, "applications", map(_public, call.seen.all("applications")))


def application(call: Call) -> Answer:
    found = _public(_found(call, "applications"))
    return one(call, "applications", select(found, selected(call, ())))


def create(call: Call) -> Answer:
    body = call.body()
    if not body.get("displayName"):
        raise malformed("A value is required for property 'displayName' of resource 'Application'.")
    person = [call.claims["oid"]] if call.claims.get("scp") else []
    document = {
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": None,
        "requiredResourceAccess": [],
        "tags": [],
        **body,
        "id": call.world.new_id("application"),
        "appId": call.world.new_id("client"),
        "createdDateTime": call.now(),
        "passwordCredentials": [],
        "secrets": [],
        "owners": person,
        **credentials.certificates(call, {}, body.get("keyCredentials") or []),
    }
    call.world["applications"].put(document["id"], document)
    return one(call, "applications", _public(document), 201)


def change(call: Call) -> Answer:
    """204."""
    found = _found(call, "applications")
    body = call.body()
    if "keyCredentials" in body:
        body |= credentials.certificates(call, found, body["keyCredentials"])
    call.world["applications"].put(found["id"], {**found, **body})
    return done()


def remove(call: Call) -> Answer:
    deleted.throw_away(call, _found(call, "applications"))
    return done()


def add_password(call: Call) -> Answer:
    return credentials.add_password(call, _found(call, "applications"))


def remove_password(call: Call) -> Answer:
    return credentials.remove_password(call, _found(call, "applications"))


def owners(call: Call) -> Answer:
    """Who may change it without a role: whoever made it, to begin with."""
    ids = _found(call, "applications").get("owners", [])
    rows = [user for one in ids if (user := call.seen.get("users", one))]
    typed = [
        {"@odata.type": "#microsoft.graph.user", **{name: row.get(name) for name in OWNER}}
        for row in rows
    ]
    return listing(call, "directoryObjects", typed)


def remove_owner(call: Call) -> Answer:
    found, owner = _found(call, "applications"), call.names["owner"].lower()
    if owner not in found.get("owners", []):
        raise not_found(call.names["owner"])
    left = [one for one in found["owners"] if one != owner]
    call.world["applications"].patch(found["id"], owners=left)
    return done()


def principals(call: Call) -> Answer:
    rows = call.seen.all("servicePrincipals")
    return listing(call, "servicePrincipals", rows, related=RELATED)


def principal(call: Call) -> Answer:
    found = find_principal(call)
    more = RELATED.expansion(call)(found)
    return one(call, "servicePrincipals", {**select(found, selected(call, ())), **more})


def create_principal(call: Call) -> Answer:
    client = str(call.body().get("appId", ""))
    app = call.seen.find("applications", "appId", client)
    if app is None:
        raise malformed(
            f"The appId '{client}' of the service principal does not reference a "
            "valid application object."
        )
    if call.world["servicePrincipals"].find("appId", client) is not None:
        raise GraphFault(409, "Request_MultipleObjectsWithSameKeyValue", TAKEN.format(name=client))
    document = {
        "id": call.world.new_id("servicePrincipal"),
        "appId": client,
        "displayName": app["displayName"],
        "accountEnabled": True,
        "createdDateTime": call.now(),
        "appRoleAssignmentRequired": False,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [client],
        "tags": call.body().get("tags") or app.get("tags", []),
        "appOwnerOrganizationId": call.world.tenant_id,
        "appRoles": [],
        "oauth2PermissionScopes": [],
    }
    call.world["servicePrincipals"].put(document["id"], document)
    return one(call, "servicePrincipals", document, 201)


def change_principal(call: Call) -> Answer:
    found = find_principal(call)
    call.world["servicePrincipals"].put(found["id"], {**found, **call.body()})
    return done()


def remove_principal(call: Call) -> Answer:
    """Exchange's copy of it goes as well (exchange-online 3.2)."""
    deleted.forget(call.world, find_principal(call)["id"])
    return done()


def find_principal(call: Call) -> Document:
    return _found(call, "servicePrincipals")


def held(call: Call, principal: Document) -> Iterator[Document]:
    """The application permissions that a principal was given."""
    return _assignments(call, "principalId", principal)


def given(call: Call, resource: Document) -> Iterator[Document]:
    """Whom a resource's application permissions were given to."""
    return _assignments(call, "resourceId", resource)


def _assignments(call: Call, member: str, end: Document) -> Iterator[Document]:
    return (row for row in call.seen.all("appRoleAssignments") if row[member] == end["id"])


RELATED = Relationships(
    "servicePrincipal", {"appRoleAssignments": held, "appRoleAssignedTo": given}
)


def _found(call: Call, kind: str) -> Document:
    """By object id, or by appId in the path. Raises GraphFault 404."""
    client = call.names.get("appId")
    if client:
        found = call.seen.find(kind, "appId", client)
    else:
        found = call.seen.get(kind, call.names["id"].lower())
    if found is None:
        raise not_found(client or call.names["id"])
    return found


def _public(row: Document) -> Document:
    return {name: value for name, value in row.items() if name not in PRIVATE}
