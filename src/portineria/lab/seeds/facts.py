"""What one needs to know to use a planted tenant: its names, applications and people."""

from __future__ import annotations

from typing import Any

from portineria.lab.seeds.apps import client_id, secret
from portineria.lab.world import World

CONTROL = "Portineria control"
MAIL = "Mail access"
PROGRAM = "Mail program"


def facts(world: World) -> dict[str, Any]:
    """Tenant, domain, applications with their secrets, and the people that have a story."""
    default = next(row["id"] for row in world["domains"].all() if row["isDefault"])
    people = [
        {
            "upn": user["userPrincipalName"],
            "name": user["displayName"],
            "password": user["password"],
            "note": user["note"],
        }
        for _, user in world["users"].scan()
        if user["note"]
    ]
    return {
        "tenant": world.tenant_id,
        "initial_domain": world.initial_domain,
        "domain": default,
        "admin": _app(world, CONTROL),
        "mail_app": _app(world, MAIL),
        "public_client_id": client_id(PROGRAM),
        "people": people,
    }


def _app(world: World, name: str) -> dict[str, str]:
    """All empty where the seed has no such application."""
    principal = world["servicePrincipals"].find("appId", client_id(name))
    if principal is None:
        return dict.fromkeys(("client_id", "client_secret", "principal_id"), "")
    return {
        "client_id": client_id(name),
        "client_secret": secret(name),
        "principal_id": principal["id"],
    }
