"""Applications of our own: registrations, service principals, application permissions.

A registration is addressed by its client id, whatever its object id. Certificates are known by
the SHA-1 of their DER, which is what Graph and the portal call a thumbprint.
Source: Graph dossier 4.1; resource types application and keyCredential.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from portineria.fault import NotFound, ServiceFault
from portineria.m365.data import Row, literal, text, texts, truth
from portineria.m365.graph.apps import READ, resource
from portineria.m365.session import Session
from portineria.tenant.apps import KIND_TAGS, TAG, AppKind, OwnApp

WRITE = "Application.ReadWrite.All"
ASSIGN = "AppRoleAssignment.ReadWrite.All"
_FIELDS = "id,appId,displayName,signInAudience,tags,keyCredentials,passwordCredentials"

Certificate = Callable[[str], bytes]
"""The DER of our certificate with this thumbprint. Raises OperatorFault where it is not here."""


async def tagged(session: Session) -> tuple[OwnApp, ...]:
    """The registrations that bear our tag and that of a kind; what else they are comes later."""
    path = f"/applications?$filter=tags/any(t:t eq {literal(TAG)})&$select={_FIELDS}"
    rows = await session.graph_list(path, needs=READ)
    found = (_own(row) for row in rows)
    return tuple(app for app in found if app is not None)


def _own(row: Row) -> OwnApp | None:
    tags = texts(row.get("tags"))
    kind = next((kind for kind, tag in KIND_TAGS.items() if tag in tags), None)
    if kind is None or TAG not in tags:
        return None
    return OwnApp(
        id=text(row.get("appId")),
        name=text(row.get("displayName")),
        kind=AppKind(kind),
        object_id=text(row.get("id")),
        tags=tags,
        thumbprints=frozenset(thumbprints(row)),
        secrets=frozenset(secrets(row)),
    )


def thumbprints(row: Row) -> list[str]:
    """Of the certificates of a registration, sorted."""
    return sorted(_thumbprint(key) for key in row.get("keyCredentials") or ())


def secrets(row: Row) -> list[str]:
    """The ids of its client secrets, sorted."""
    return sorted(text(one.get("keyId")) for one in row.get("passwordCredentials") or ())


def _thumbprint(key: Row) -> str:
    """From the certificate where it is shown, else as the service names it."""
    shown = text(key.get("key"))
    if shown:
        return thumbprint(base64.b64decode(shown))
    named = text(key.get("customKeyIdentifier"))
    try:
        decoded = base64.b64decode(named, validate=True)
    except (ValueError, binascii.Error):
        return named.upper()
    return decoded.hex().upper() if len(decoded) == 20 else named.upper()


def thumbprint(der: bytes) -> str:
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


async def registration(session: Session, client_id: str) -> Row:
    """Raises NotFound. `appId` is never changed, so an id of another is not found either."""
    path = f"/applications(appId={literal(client_id)})?$select={_FIELDS}"
    row = (await session.graph("GET", path, needs=READ)).body
    return {
        **row,
        "tags": sorted(texts(row.get("tags"))),
        "keyCredentials": thumbprints(row),
        "passwordCredentials": secrets(row),
    }


async def named(session: Session, name: str) -> tuple[str, ...]:
    """Client ids of the registrations with exactly this name; the service allows several."""
    path = f"/applications?$filter=displayName eq {literal(name)}&$select=appId,displayName"
    rows = await session.graph_list(path, needs=READ)
    return tuple(text(row.get("appId")) for row in rows if row.get("displayName") == name)


async def register(session: Session, after: Mapping[str, Any]) -> str:
    """The new client id. It has no credential yet: the first certificate comes by an update."""
    body = {name: after[name] for name in ("displayName", "signInAudience", "tags")}
    data = await session.graph("POST", "/applications", body, needs=WRITE)
    return _made(data.body, "appId", "/applications")


async def set_certificates(
    session: Session, client_id: str, wanted: Iterable[str], certificate: Certificate
) -> None:
    """Exactly these certificates: the service replaces the whole list."""
    keys = [
        {
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "key": base64.b64encode(certificate(each)).decode(),
            "displayName": "Portineria",
        }
        for each in wanted
    ]
    path = f"/applications(appId={literal(client_id)})"
    await session.graph("PATCH", path, {"keyCredentials": keys}, needs=WRITE)


async def deregister(session: Session, client_id: str) -> None:
    await session.graph("DELETE", f"/applications(appId={literal(client_id)})", needs=WRITE)


async def principal(session: Session, key: str) -> Row:
    """Raises NotFound."""
    path = f"/servicePrincipals/{key}?$select=id,appId,displayName,accountEnabled"
    return (await session.graph("GET", path, needs=READ)).body


async def principals_named(session: Session, name: str) -> tuple[str, ...]:
    path = f"/servicePrincipals?$filter=displayName eq {literal(name)}&$select=id,displayName"
    rows = await session.graph_list(path, needs=READ)
    return tuple(text(row.get("id")) for row in rows if row.get("displayName") == name)


async def create_principal(session: Session, client_id: str) -> str:
    data = await session.graph("POST", "/servicePrincipals", {"appId": client_id}, needs=WRITE)
    return _made(data.body, "id", "/servicePrincipals")


async def delete_principal(session: Session, key: str) -> None:
    await session.graph("DELETE", f"/servicePrincipals/{key}", needs=WRITE)


async def app_role(session: Session, key: str, resource_app: str) -> Row:
    """The permission of "principal id/value". Raises NotFound where it is not held."""
    found = await _assignment(session, key, resource_app)
    if not found:
        raise NotFound(f"it does not hold {key.partition('/')[2]}", where="appRoleAssignments")
    return {"appRole": key.partition("/")[2], "resource": resource_app}


async def assign_app_role(session: Session, key: str, resource_app: str) -> None:
    """The role's id is resolved by its value from the resource, at this moment."""
    principal_id, _, value = key.partition("/")
    service = await resource(session, resource_app)
    role = next((id_ for id_, name in service.roles.items() if name == value), None)
    if role is None:
        raise ServiceFault(
            f"the resource offers no application permission {value}",
            where=f"servicePrincipals(appId='{resource_app}')",
            try_="look at its appRoles in Graph Explorer; clouds of their own may lack one",
        )
    body = {"principalId": principal_id, "resourceId": service.id, "appRoleId": role}
    path = f"/servicePrincipals/{service.id}/appRoleAssignedTo"
    await session.graph("POST", path, body, needs=ASSIGN)


async def withdraw_app_role(session: Session, key: str, resource_app: str) -> None:
    """Raises NotFound where it is not held."""
    found = await _assignment(session, key, resource_app)
    if not found:
        raise NotFound(f"it does not hold {key.partition('/')[2]}", where="appRoleAssignments")
    path = f"/servicePrincipals/{key.partition('/')[0]}/appRoleAssignments/{found}"
    await session.graph("DELETE", path, needs=ASSIGN)


async def _assignment(session: Session, key: str, resource_app: str) -> str:
    principal_id, _, value = key.partition("/")
    service = await resource(session, resource_app)
    rows = await session.graph_list(
        f"/servicePrincipals/{principal_id}/appRoleAssignments", needs=READ
    )
    return next(
        (
            text(row.get("id"))
            for row in rows
            if text(row.get("resourceId")) == service.id
            and service.roles.get(text(row.get("appRoleId"))) == value
        ),
        "",
    )


def _made(body: Row, member: str, where: str) -> str:
    made = text(body.get(member))
    if not made:
        raise ServiceFault("the service made an object and did not say its id", where=where)
    return made


def enabled(row: Row) -> bool:
    return truth(row.get("accountEnabled")) is not False
