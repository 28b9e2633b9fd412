"""Delegated consent: what an application was allowed for a person, and who may allow more.

Source: entra-graph 4.1, 4.2; Microsoft's pages on user consent. Of the tenant's setting only
its being empty is looked at, not what each permission grant policy allows.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.ask import Seen
from portineria.lab.login.conditional import GRAPH, roles_of
from portineria.lab.login.refusals import SignInFault
from portineria.lab.login.resources import Wanted
from portineria.lab.world import Document, World

CONSENTING = frozenset(
    {
        "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
        "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
        "e8611ab8-c189-46e8-94e1-60213ab1f814",  # Privileged Role Administrator
    }
)
"""The roles whose holders may consent to delegated permissions whatever the tenant's setting."""


def granted(seen: Seen, principal: Document, user: str, wanted: Wanted) -> tuple[str, ...]:
    """The scopes that a token gets: all that was asked for. Raises SignInFault 65001."""
    held = held_by(seen, principal, user, wanted)
    asked = tuple(sorted(held)) if wanted.default else wanted.scopes
    if (wanted.default and not asked) or not set(asked) <= held:
        raise SignInFault(65001, app=principal["appId"], name=principal.get("displayName", ""))
    return asked


def held_by(seen: Seen, principal: Document, user: str, wanted: Wanted) -> set[str]:
    """The scopes consented on this resource, for everybody or for this person.

    Mail scopes count whichever resource holds the consent (entra-graph 4.2).
    """
    owner = resource(seen, wanted)
    graph = seen.find("servicePrincipals", "appId", GRAPH)
    held: set[str] = set()
    for grant in seen.all("oauth2PermissionGrants"):
        if grant["clientId"] != principal["id"] or grant.get("principalId") not in (None, user):
            continue
        scopes = set(str(grant["scope"]).split())
        if owner and grant["resourceId"] == owner["id"]:
            held |= scopes
        elif owner and graph and grant["resourceId"] == graph["id"]:
            held |= scopes & {row["value"] for row in owner.get("oauth2PermissionScopes", [])}
    return held


def missing(seen: Seen, principal: Document, user: str, wanted: Wanted) -> tuple[str, ...]:
    """What was asked for by name and is not consented yet; nothing for `.default`."""
    held = held_by(seen, principal, user, wanted)
    return tuple(name for name in wanted.scopes if name not in held)


def must_exist(seen: Seen, principal: Document, wanted: Wanted) -> None:
    """Raises SignInFault 650053 for a scope that the resource does not offer."""
    owner = resource(seen, wanted) or {}
    known = {row["value"] for row in owner.get("oauth2PermissionScopes", [])}
    for name in wanted.scopes:
        if name not in known:
            raise SignInFault(
                650053,
                app=principal.get("displayName", ""),
                scope=name,
                resource=wanted.application,
            )


def resource(seen: Seen, wanted: Wanted) -> Document | None:
    return seen.find("servicePrincipals", "appId", wanted.application)


def may_allow(seen: Seen, user: Document, wanted: Wanted, scopes: Iterable[str]) -> bool:
    """Whether this person's own word is enough for these scopes."""
    if roles_of(seen, user["id"]) & CONSENTING:
        return True
    owner = resource(seen, wanted) or {}
    admin = {s["value"] for s in owner.get("oauth2PermissionScopes", []) if s["type"] == "Admin"}
    return people_may_consent(seen.world) and not admin & set(scopes)


def people_may_consent(world: World) -> bool:
    policy = world["policies"].get("authorization") or {}
    permissions = policy.get("defaultUserRolePermissions") or {}
    return bool(permissions.get("permissionGrantPoliciesAssigned"))


def allow(
    world: World, principal: Document, user: str, resource: str, scopes: Iterable[str]
) -> None:
    """Write down what a person allowed; an earlier grant on the same resource is extended."""
    names = list(dict.fromkeys(scopes))
    for key, row in world["oauth2PermissionGrants"].items():
        pair = (row["clientId"], row["resourceId"], row.get("principalId"))
        if pair == (principal["id"], resource, user):
            old = str(row["scope"]).split()
            together = " ".join(dict.fromkeys([*old, *names]))
            world["oauth2PermissionGrants"].put(key, {**row, "scope": together})
            return
    key = world.new_id("oauth2PermissionGrant")
    document = {
        "id": key,
        "clientId": principal["id"],
        "consentType": "Principal",
        "principalId": user,
        "resourceId": resource,
        "scope": " ".join(names),
    }
    world["oauth2PermissionGrants"].put(key, document)


def must_be_assigned(seen: Seen, principal: Document, user: str) -> None:
    """Raises SignInFault 50105 where the application takes assigned people only."""
    if not principal.get("appRoleAssignmentRequired"):
        return
    rows = seen.all("appRoleAssignments")
    if not any(r["principalId"] == user and r["resourceId"] == principal["id"] for r in rows):
        raise SignInFault(50105, app=principal["appId"], name=principal.get("displayName", ""))
