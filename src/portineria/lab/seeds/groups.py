"""Groups, nested ones included, directory roles and who holds which."""

from __future__ import annotations

from portineria.lab.seeds.ground import Ground
from portineria.lab.seeds.reading import shared
from portineria.lab.world import Document


def plant(ground: Ground) -> None:
    names = {row["name"] for row in ground.data["groups"]}
    for row in ground.data["groups"]:
        members = [
            ground.id("group" if member in names else "user", member) for member in row["members"]
        ]
        mail = row.get("mail")
        document = {
            "id": ground.id("group", row["name"]),
            "displayName": row["name"],
            "description": row.get("note"),
            "groupTypes": ["Unified"] if row.get("unified") else [],
            "mail": mail,
            "mailEnabled": mail is not None,
            "mailNickname": row["name"].lower().replace(" ", "-"),
            "securityEnabled": row.get("security", True),
            "onPremisesSyncEnabled": None,
            "createdDateTime": ground.stamp,
            "members": members,
        }
        ground.put("groups", document["id"], document)
    for role, name in shared("roledefinitions").items():
        ground.put("roleDefinitions", role, _definition(role, name))
    for role, holders in ground.data["roles"].items():
        for holder in holders:
            assign_role(ground, ground.principal(holder), role)


def _definition(role: str, name: str) -> Document:
    return {
        "id": role,
        "description": None,
        "displayName": name,
        "isBuiltIn": True,
        "isEnabled": True,
        "resourceScopes": ["/"],
        "templateId": role,
        "version": "1",
        "rolePermissions": [],
    }


def assign_role(ground: Ground, principal: str, role: str) -> None:
    """Give a directory role, by template id, for the whole tenant."""
    key = ground.id("roleAssignment", f"{role}/{principal}")
    row = {"id": key, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/"}
    ground.put("roleAssignments", key, row)
