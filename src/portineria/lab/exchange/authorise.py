"""Who calls, and which Exchange roles that gives: two grants are needed, an app's and a role.

Source: dossier exchange-online 2.3. Measured: neither is 401, the permission alone is 403.
A directory role without the permission is taken to be 401 (unverified). Delegated use with
the scope Exchange.Manage is unverified as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portineria.lab.exchange import faults
from portineria.lab.exchange.roles import DIRECTORY_ROLES, ROLE_GROUPS, Role
from portineria.lab.login import tokens
from portineria.lab.world import World

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

PERMISSION = "Exchange.ManageAsApp"
SCOPE = "Exchange.Manage"
AUDIENCES = frozenset(
    {
        "https://outlook.office365.com",
        "https://outlook.office.com",
        "00000002-0000-0ff1-ce00-000000000000",
    }
)


def roles_behind(lab: Lab, token: str) -> frozenset[Role]:
    """The Exchange roles of whoever holds this token; directory roles take their time to act.

    Raises 401, or 403 when there is none.
    """
    claims = _claims(lab.world, token, lab.urls["exchange"])
    if not _permitted(claims):
        raise faults.unauthorized()
    age = lab.weather.effect("directoryRole")
    held = _roles_of(lab.world, str(claims.get("oid", "")), age)
    if not held:
        raise faults.forbidden()
    return held


def _claims(world: World, token: str, own_url: str) -> dict[str, Any]:
    try:
        claims = tokens.read(world, token)
    except tokens.TokenFault:
        raise faults.unauthorized() from None
    audience = str(claims.get("aud", "")).rstrip("/")
    if audience not in AUDIENCES and audience != own_url:
        raise faults.unauthorized()
    return claims


def _permitted(claims: dict[str, Any]) -> bool:
    scopes = set(str(claims.get("scp", "")).split())
    return SCOPE in scopes if scopes else PERMISSION in (claims.get("roles") or ())


def _roles_of(world: World, principal: str, age: float) -> frozenset[Role]:
    """Directory roles given directly or through a group, and Exchange's own role groups."""
    principals = {principal} | {
        group["id"]
        for _, group in world["groups"].scan()
        if principal in (group.get("members") or ())
    }
    held: set[Role] = set()
    for assignment in world["roleAssignments"].all(age):
        if assignment.get("principalId") in principals:
            held |= DIRECTORY_ROLES.get(str(assignment.get("roleDefinitionId")), frozenset())
    for group in world["exchangeRoleGroups"].all():
        if principal in (group.get("Members") or ()):
            custom = (Role(name) for name in group.get("Roles") or ())
            held |= ROLE_GROUPS.get(group["Name"], frozenset(custom))
    return frozenset(held)
