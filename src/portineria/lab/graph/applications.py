"""Applications and their service principals (entra-graph 4.1)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, done, malformed, not_found, one
from portineria.lab.graph.expand import Relationships, select
from portineria.lab.graph.query import listing, selected
from portineria.lab.world import Document

PRIVATE = ("secrets", "certificates")
TWO_YEARS = timedelta(days=730)


def applications(call: Call) -> Answer:
    return listing(call, "applications", map(_public, call.seen.all("applications")))


def application(call: Call) -> Answer:
    found = _public(_found(call, "applications"))
    return one(call, "applications", select(found, selected(call, ())))


def create(call: Call) -> Answer:
    body = call.body()
    if not body.get("displayName"):
        raise malformed("A value is required for property 'displayName' of resource 'Application'.")
    document = {
        "signInAudience": "AzureADMyOrg",
        "isFallbackPublicClient": None,
        "requiredResourceAccess": [],
        **body,
        "id": call.world.new_id("application"),
        "appId": call.world.new_id("client"),
        "createdDateTime": call.now(),
        "passwordCredentials": [],
        "keyCredentials": [],
        "secrets": [],
        "certificates": [],
    }
    call.world["applications"].put(document["id"], document)
    return one(call, "applications", _public(document), 201)


def change(call: Call) -> Answer:
    """204. Sending keyCredentials replaces them all (UNVERIFIED, 4.1)."""
    found = _found(call, "applications")
    body = call.body()
    if "keyCredentials" in body:
        body["certificates"] = [_pem(row) for row in body["keyCredentials"]]
        body["keyCredentials"] = [
            {**row, "key": None, "keyId": call.world.new_id("key")}
            for row in body["keyCredentials"]
        ]
    call.world["applications"].put(found["id"], {**found, **body})
    return done()


def remove(call: Call) -> Answer:
    found = _found(call, "applications")
    call.world["applications"].put(found["id"], None)
    return done()


def add_password(call: Call) -> Answer:
    """200 with the secret, shown this once."""
    found = _found(call, "applications")
    asked = call.body().get("passwordCredential") or {}
    key = call.world.new_id("secret")
    secret = base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()).decode()[:40]
    end = asked.get("endDateTime") or (call.lab.clock.now() + TWO_YEARS).isoformat()
    shown: dict[str, Any] = {
        "customKeyIdentifier": None,
        "displayName": asked.get("displayName"),
        "endDateTime": end,
        "hint": secret[:3],
        "keyId": key,
        "startDateTime": call.now(),
    }
    held = {"keyId": key, "secretText": secret, "endDateTime": end}
    call.world["applications"].patch(
        found["id"],
        secrets=[*found.get("secrets", []), held],
        passwordCredentials=[*found.get("passwordCredentials", []), {**shown, "secretText": None}],
    )
    body = {"@odata.context": call.context("microsoft.graph.passwordCredential"), **shown}
    return Answer(body={**body, "secretText": secret})


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
    document = {
        "id": call.world.new_id("servicePrincipal"),
        "appId": client,
        "displayName": app["displayName"],
        "accountEnabled": True,
        "appRoleAssignmentRequired": False,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [client],
        "tags": call.body().get("tags", []),
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
    found = find_principal(call)
    call.world["servicePrincipals"].put(found["id"], None)
    if call.world["exchangeServicePrincipals"].get(found["id"]) is not None:
        call.world["exchangeServicePrincipals"].put(found["id"], None)
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


def _pem(row: Document) -> str:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(row["key"]))
    except (KeyError, TypeError, ValueError):
        raise malformed("New certificate credential has an invalid value.") from None
    return certificate.public_bytes(Encoding.PEM).decode()
