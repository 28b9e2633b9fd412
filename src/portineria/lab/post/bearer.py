"""Access tokens at the mail hosts: whom they are for, what they may, and which mailbox they open.

Source: dossier exchange-online 3.1 to 3.5. A person's token carries `scp`; an app's carries
`roles`, or nothing at all when Application RBAC is to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portineria.lab.exchange.rbac import in_scope
from portineria.lab.login.tokens import TokenFault
from portineria.lab.post.refusals import NoRight, NotRegistered, TokenRefused
from portineria.lab.post.wire import Wire
from portineria.lab.world import Document, World

AUDIENCES = frozenset({"https://outlook.office365.com", "https://outlook.office.com"})
ReadToken = Callable[[World, str], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Permission:
    """One protocol's delegated scope, app role, and role in Application RBAC ("" where none)."""

    scope: str
    role: str
    rbac: str = ""


IMAP = Permission("IMAP.AccessAsUser.All", "IMAP.AccessAsApp")
POP = Permission("POP.AccessAsUser.All", "POP.AccessAsApp")
SMTP = Permission("SMTP.Send", "SMTP.SendAsApp", "Application SMTP.SendAsApp")


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that was read. `principal` is the object id of the person or the enterprise app."""

    principal: str
    client: str
    is_app: bool
    granted: frozenset[str]


def read(wire: Wire, read_token: ReadToken, token: str, permission: Permission) -> Bearer:
    """Raises TokenRefused: not ours, expired, for another audience, without the permission."""
    try:
        claims = read_token(wire.world, token)
    except TokenFault:
        raise TokenRefused from None
    _valid(wire, claims)
    scp = str(claims.get("scp", "")).split()
    bearer = Bearer(
        principal=str(claims.get("oid", "")),
        client=str(claims.get("appid") or claims.get("azp") or ""),
        is_app=not scp,
        granted=frozenset(scp or claims.get("roles", ())),
    )
    needed = permission.role if bearer.is_app else permission.scope
    if needed not in bearer.granted and not (bearer.is_app and permission.rbac):
        raise TokenRefused
    return bearer


def _valid(wire: Wire, claims: Mapping[str, Any]) -> None:
    now = wire.world.clock.now().timestamp()
    right = (
        str(claims.get("aud", "")).rstrip("/") in AUDIENCES
        and claims.get("tid") == wire.world.tenant_id
        and now < float(claims.get("exp", 0))
    )
    if not right:
        raise TokenRefused


def right_to(wire: Wire, bearer: Bearer, mailbox: Document, permission: Permission) -> None:
    """The mailbox behind `user=`. Raises NoRight and NotRegistered.

    A person opens their own mailbox and those they have FullAccess to (3.5). An app needs its
    enterprise object registered in Exchange, then FullAccess (3.2) or a scope (3.3).
    """
    if not bearer.is_app:
        if mailbox.get("ExternalDirectoryObjectId") != bearer.principal:
            _full_access(wire, bearer, mailbox)
        return
    registered = wire.get("exchangeServicePrincipals", bearer.principal, "mailboxPermission")
    if registered is None or registered.get("AppId") != bearer.client:
        raise NotRegistered
    if permission.rbac and _in_scope(wire, permission.rbac, bearer, mailbox):
        return
    if permission.role not in bearer.granted:
        raise NoRight
    _full_access(wire, bearer, mailbox)


def _full_access(wire: Wire, bearer: Bearer, mailbox: Document) -> None:
    if "FullAccess" not in wire.rights(mailbox, bearer.principal):
        raise NoRight


def _in_scope(wire: Wire, role: str, bearer: Bearer, mailbox: Document) -> bool:
    """Whether a scoped assignment of Application RBAC takes the mailbox in (3.3)."""
    age = _known_since(wire, bearer.principal)
    return any(
        in_scope(wire.world, assignment, mailbox, age)
        for assignment in wire.world["managementRoleAssignments"].all(age)
        if assignment.get("Role") == role and assignment.get("RoleAssignee") == bearer.principal
    )


def _known_since(wire: Wire, principal: str) -> float:
    """How old the assignments are that count: an application which has not asked for a while
    is looked up sooner than one that keeps asking (1.11)."""
    busy = wire.weather.effect("appRbac")
    idle = wire.weather.effects.get("appRbacIdle", busy)
    asked, now = wire.world["rbacQuestions"].get(principal), wire.world.clock.tick()
    wire.world["rbacQuestions"].put(principal, {"at": now})
    rested = asked is None or now - float(asked["at"]) >= idle
    return min(idle, busy) if rested else busy
