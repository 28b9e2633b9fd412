"""An application of ours in the directory: found, made, given and taken away.

Source: Graph dossier 4.1. Everything here is done with the token of the administrator who signed
in. Implements run.connect.Directory by shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portineria.fault import NotFound
from portineria.m365.data import Row, literal, text, texts
from portineria.m365.graph.apps import resource
from portineria.m365.retry import Kind
from portineria.m365.session import Session
from portineria.tenant.ownaccess import AppKey, Given, HeldRole, Offered, Registered

WRITE = "Application.ReadWrite.All"
CONSENT = "AppRoleAssignment.ReadWrite.All"
ASSIGN = "RoleManagement.ReadWrite.Directory"
_FIELDS = "id,appId,displayName,tags,keyCredentials,passwordCredentials"
_ASSIGNMENTS = "/roleManagement/directory/roleAssignments"


class Registrations:
    """Every method raises ServiceFault or NetworkFault; a lost create raises AmbiguousWrite."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def tagged(self, tag: str) -> tuple[Registered, ...]:
        """Applications whose tags hold exactly this one."""
        path = f"/applications?$filter=tags/any(t:t eq {literal(tag)})&$select={_FIELDS}"
        rows = await self._session.graph_list(path, needs=WRITE)
        return tuple(_registered(row) for row in rows if tag in texts(row.get("tags")))

    async def registered(self, client_id: str) -> Registered | None:
        path = f"/applications(appId={literal(client_id)})?$select={_FIELDS}"
        try:
            return _registered((await self._session.graph("GET", path, needs=WRITE)).body)
        except NotFound:
            return None

    async def create(self, name: str, tag: str) -> Registered:
        body = {"displayName": name, "signInAudience": "AzureADMyOrg", "tags": [tag]}
        return _registered((await self._post("/applications", body, WRITE)).body)

    async def set_keys(
        self, app: Registered, keep: Sequence[str], new: tuple[str, str] | None
    ) -> None:
        """Let the application hold the keys of these ids, and a new one: (name, base64 DER)."""
        path = f"/applications/{app.object_id}"
        found = (await self._session.graph("GET", f"{path}?$select={_FIELDS}", needs=WRITE)).body
        rows = [row for row in found.get("keyCredentials") or () if text(row["keyId"]) in keep]
        if new is not None:
            name, key = new
            certificate = {"type": "AsymmetricX509Cert", "usage": "Verify"}
            rows.append({**certificate, "key": key, "displayName": name})
        await self._session.graph("PATCH", path, {"keyCredentials": rows}, needs=WRITE)

    async def principal(self, client_id: str) -> str | None:
        """The object id of its enterprise application."""
        path = f"/servicePrincipals(appId={literal(client_id)})?$select=id"
        try:
            return text((await self._session.graph("GET", path, needs=WRITE)).body.get("id"))
        except NotFound:
            return None

    async def create_principal(self, client_id: str) -> str:
        made = await self._post("/servicePrincipals", {"appId": client_id}, WRITE)
        return text(made.body.get("id"))

    async def offered(self, client_id: str) -> Offered:
        """What permissions a service has in this tenant's cloud."""
        found = await resource(self._session, client_id)
        return Offered(id=found.id, permissions={name: id_ for id_, name in found.roles.items()})

    async def given(self, principal: str) -> tuple[Given, ...]:
        path = f"/servicePrincipals/{principal}/appRoleAssignments"
        rows = await self._session.graph_list(path, needs=WRITE)
        return tuple(
            Given(
                id=text(row.get("id")),
                resource=text(row.get("resourceId")),
                permission_id=text(row.get("appRoleId")),
            )
            for row in rows
        )

    async def give(self, principal: str, service: str, permission_id: str) -> None:
        """Admin consent to one application permission."""
        body = {"principalId": principal, "resourceId": service, "appRoleId": permission_id}
        await self._post(f"/servicePrincipals/{service}/appRoleAssignedTo", body, CONSENT)

    async def take(self, given: Given) -> None:
        path = f"/servicePrincipals/{given.resource}/appRoleAssignedTo/{given.id}"
        await self._delete(path, CONSENT)

    async def roles(self, principal: str) -> tuple[HeldRole, ...]:
        path = f"{_ASSIGNMENTS}?$filter=principalId eq {literal(principal)}"
        rows = await self._session.graph_list(path, needs=ASSIGN)
        return tuple(
            HeldRole(
                id=text(row.get("id")),
                role=text(row.get("roleDefinitionId")),
                scope=text(row.get("directoryScopeId")) or "/",
            )
            for row in rows
            if text(row.get("principalId")) == principal
        )

    async def assign(self, principal: str, role: str) -> None:
        body = {
            "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
            "principalId": principal,
            "roleDefinitionId": role,
            "directoryScopeId": "/",
        }
        await self._post(_ASSIGNMENTS, body, ASSIGN)

    async def unassign(self, held: HeldRole) -> None:
        await self._delete(f"{_ASSIGNMENTS}/{held.id}", ASSIGN)

    async def remove_principal(self, principal: str) -> None:
        await self._delete(f"/servicePrincipals/{principal}", WRITE)

    async def remove(self, app: Registered) -> None:
        """Into the deleted items, where Entra keeps it for thirty days."""
        await self._delete(f"/applications/{app.object_id}", WRITE)

    async def _post(self, path: str, body: dict[str, Any], needs: str) -> Any:
        return await self._session.graph("POST", path, body, kind=Kind.CREATE, needs=needs)

    async def _delete(self, path: str, needs: str) -> None:
        """What is gone already is as good."""
        try:
            await self._session.graph("DELETE", path, needs=needs)
        except NotFound:
            return


def _registered(row: Row) -> Registered:
    return Registered(
        object_id=text(row.get("id")),
        client_id=text(row.get("appId")),
        name=text(row.get("displayName")),
        keys=tuple(
            AppKey(
                id=text(key.get("keyId")),
                name=text(key.get("displayName")),
                ends=text(key.get("endDateTime")),
            )
            for key in row.get("keyCredentials") or ()
        ),
        secrets=len(row.get("passwordCredentials") or ()),
    )
