"""Applications as the tenant sees them, and what they were consented to.

Source: Graph dossier 4.1, 4.2; permission ids are resolved from the resource, never by table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portineria.fault import Fault, NotFound
from portineria.m365.data import Row, literal, text, texts, truth
from portineria.m365.session import Session
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.apps import App
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

READ = "Application.Read.All"
GRAPH = "00000003-0000-0000-c000-000000000000"
"""Consent to the mail scopes may be held by Graph or by Exchange; both have them by one name."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A service with permissions: its object id, and application permissions by id."""

    id: str
    roles: Mapping[str, str]


async def resource(session: Session, app_id: str) -> Resource:
    row = await _principal(session, app_id, "id,appRoles")
    return Resource(
        id=text(row.get("id")),
        roles={text(role.get("id")): text(role.get("value")) for role in row.get("appRoles") or ()},
    )


async def app(session: Session, client_id: str) -> App | None:
    """None where the tenant has no such application. Raises ServiceFault.

    `registered_as` is Exchange's to say and stays not looked at.
    """
    try:
        fields = "id,appId,displayName,accountEnabled,appRoleAssignmentRequired"
        row = await _principal(session, client_id, fields)
    except NotFound:
        return None
    key = text(row.get("id"))
    return App(
        id=client_id,
        name=text(row.get("displayName")),
        principal_id=key,
        enabled=truth(row.get("accountEnabled")) is not False,
        roles=await _roles(session, key),
        scopes=await _scopes(session, key),
        assignment_required=truth(row.get("appRoleAssignmentRequired")) is True,
        registered_as=NOT_LOOKED_AT,
    )


async def _principal(session: Session, app_id: str, fields: str) -> Row:
    path = f"/servicePrincipals(appId={literal(app_id)})?$select={fields}"
    return (await session.graph("GET", path, needs=READ)).body


async def _roles(session: Session, key: str) -> frozenset[str] | Unseen:
    try:
        exchange = await resource(session, EXCHANGE_ONLINE)
        rows = await session.graph_list(f"/servicePrincipals/{key}/appRoleAssignments", needs=READ)
    except Fault as fault:
        return Unseen(fault.why)
    return frozenset(
        exchange.roles.get(text(row.get("appRoleId")), text(row.get("appRoleId")))
        for row in rows
        if text(row.get("resourceId")) == exchange.id
    )


async def _scopes(session: Session, key: str) -> frozenset[str] | Unseen:
    """Tenant-wide delegated permissions; what single people consented to is left out."""
    try:
        resources = {(await resource(session, name)).id for name in (EXCHANGE_ONLINE, GRAPH)}
        rows = await session.graph_list(
            f"/oauth2PermissionGrants?$filter=clientId eq {literal(key)}", needs=READ
        )
    except Fault as fault:
        return Unseen(fault.why)
    return frozenset(
        scope
        for row in rows
        if text(row.get("clientId")) == key
        and text(row.get("consentType")) == "AllPrincipals"
        and text(row.get("resourceId")) in resources
        for value in texts(row.get("scope"))
        for scope in value.split()
    )
