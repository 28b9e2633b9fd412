"""Groups, nested ones included, and who holds which directory role."""

from __future__ import annotations

from portineria.lab.seeds.ground import Ground


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
    for role, holders in ground.data["roles"].items():
        for holder in holders:
            assign_role(ground, ground.principal(holder), role)


def assign_role(ground: Ground, principal: str, role: str) -> None:
    """Give a directory role, by template id, for the whole tenant."""
    key = ground.id("roleAssignment", f"{role}/{principal}")
    row = {"id": key, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/"}
    ground.put("roleAssignments", key, row)
