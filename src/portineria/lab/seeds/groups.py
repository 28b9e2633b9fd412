"""Groups, nested ones included, directory roles and who holds which."""

from __future__ import annotations

from portineria.lab.seeds.ground import Ground
from portineria.lab.seeds.reading import shared
from portineria.lab.world import Document


def plant(ground: Ground) -> None:
    for row in ground.data["groups"]:
        ground.put("groups", _key(ground, row), _group(ground, row))
        if row.get("mail"):
            recipient = _recipient(ground, row)
            ground.put("mailboxes", recipient["Guid"], recipient)
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


def _key(ground: Ground, row: Document) -> str:
    """Names are not unique, ids are: `key` tells two groups of one name apart."""
    return ground.id("group", str(row.get("key", row["name"])))


def _group(ground: Ground, row: Document) -> Document:
    mail, rule = row.get("mail"), row.get("rule")
    types = ["Unified"] if row.get("unified") else []
    return {
        "id": _key(ground, row),
        "displayName": row["name"],
        "description": row.get("note"),
        "groupTypes": [*types, *(["DynamicMembership"] if rule else [])],
        "mail": mail,
        "mailEnabled": mail is not None,
        "mailNickname": str(row.get("key", row["name"])).lower().replace(" ", "-"),
        "membershipRule": rule,
        "membershipRuleProcessingState": "On" if rule else None,
        "securityEnabled": row.get("security", not row.get("unified")),
        "onPremisesSyncEnabled": None,
        "createdDateTime": ground.stamp,
        "members": [_member(ground, name) for name in row["members"]],
    }


def _member(ground: Ground, name: str) -> str:
    """The object of this name: another group, a person, a device, a contact, an application."""
    groups = {row.get("key", row["name"]) for row in ground.data["groups"]}
    if name in groups:
        return ground.id("group", name)
    tables = {"device": "devices", "contact": "contacts", "principal": "servicePrincipals"}
    for kind, table in tables.items():
        if ground.world[table].get(ground.id(kind, name)) is not None:
            return ground.id(kind, name)
    return ground.id("user", name)


def _recipient(ground: Ground, row: Document) -> Document:
    """What Exchange keeps for a group with an address."""
    security = "MailUniversalSecurityGroup" if row.get("security", True) else None
    details = "GroupMailbox" if row.get("unified") else security
    return {
        "Guid": ground.id("mailbox", row["mail"]),
        "ExternalDirectoryObjectId": _key(ground, row),
        "Name": row["mail"].partition("@")[0],
        "DisplayName": row["name"],
        "PrimarySmtpAddress": row["mail"],
        "EmailAddresses": [f"SMTP:{row['mail']}"],
        "RecipientType": details or "MailUniversalDistributionGroup",
        "RecipientTypeDetails": details or "MailUniversalDistributionGroup",
    }
