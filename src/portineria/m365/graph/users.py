"""Accounts of the directory, their plans, per-user MFA and sign-in sessions.

Source: Graph dossier 3.1. Per-user MFA is read from the beta endpoint
`authentication/requirements`, which may change without notice: unreadable is Unseen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from portineria.fault import Fault, ServiceFault
from portineria.m365.data import Data, Row, literal, lower, members, shared, text, truth
from portineria.m365.graph.batch import read_each
from portineria.m365.graph.plans import ENTRA_P1, EXCHANGE_PLANS
from portineria.m365.retry import Kind
from portineria.m365.session import Session
from portineria.tenant.people import User
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

READ = "User.Read.All"
REVOKE = "User.RevokeSessions.All"
MFA = "Policy.Read.All"

_FIELDS = (
    "id",
    "userPrincipalName",
    "displayName",
    "accountEnabled",
    "userType",
    "assignedPlans",
    "onPremisesSyncEnabled",
    "department",
)
_PLAN = ("capabilityStatus", "servicePlanId")


async def pages(session: Session) -> AsyncIterator[tuple[tuple[User, ...], int]]:
    """Every account, page by page, each with how many there are in all; 0 where it is not said."""
    total = await count(session)
    path = f"/users?$select={','.join(_FIELDS)}&$top=999"
    async for page in session.graph_pages(path, needs=READ, keep=(*_FIELDS, *_PLAN)):
        yield tuple(user(row) for row in page), total


async def some(session: Session, ids: Sequence[str]) -> dict[str, User]:
    """These accounts, at most BATCH; who cannot be read is left out. Raises as `per_user_mfa`."""
    paths = [f"/users/{key}?$select={','.join(_FIELDS)}" for key in ids]
    answers = await read_each(session, paths, needs=READ, version="v1.0")
    rows = (answer.body for answer in answers if isinstance(answer, Data))
    return {one.id: one for one in map(user, rows)}


async def count(session: Session) -> int:
    """About how many accounts there are, for the progress alone; 0 where the service is silent.

    An advanced query, which may be some minutes behind: the listing itself is asked without it.
    """
    try:
        path = "/users?$select=id&$top=1&$count=true"
        return (await session.graph("GET", path, needs=READ, advanced=True, keep=())).count or 0
    except Fault:
        return 0


def user(row: Row) -> User:
    """Per-user MFA is not part of this object: it stays not looked at.

    Raises ServiceFault where the account does not say whether it is enabled: neither may be
    assumed of somebody whose door is to be opened or closed.
    """
    plans = row.get("assignedPlans")
    enabled = truth(row.get("accountEnabled"))
    if enabled is None:
        raise ServiceFault(
            "the directory does not show whether accounts are enabled",
            where="GET /users",
            try_=f"grant {READ} on Microsoft Graph with admin consent",
        )
    return User(
        id=shared(text(row.get("id"))),
        upn=shared(lower(row.get("userPrincipalName"))),
        display_name=shared(text(row.get("displayName"))),
        enabled=enabled,
        guest=text(row.get("userType")).lower() == "guest",
        synced=truth(row.get("onPremisesSyncEnabled")) is True,
        exchange_plan=_holds(plans, EXCHANGE_PLANS),
        entra_p1=_holds(plans, ENTRA_P1),
        department=shared(text(row.get("department"))) or None,
        per_user_mfa=NOT_LOOKED_AT,
    )


def _holds(plans: object, wanted: frozenset[str]) -> bool | Unseen:
    if not isinstance(plans, list):
        return _NO_PLANS
    return any(_enabled(members(plan), wanted) for plan in plans)


_NO_PLANS = Unseen("the service did not show the account's plans")


def _enabled(plan: Row, wanted: frozenset[str]) -> bool:
    """Entitled means Enabled; a plan in its grace period (Warning) still works as one."""
    state = text(plan.get("capabilityStatus"))
    return state in ("Enabled", "Warning") and text(plan.get("servicePlanId")).lower() in wanted


async def per_user_mfa(session: Session, ids: Sequence[str]) -> dict[str, bool | Unseen]:
    """Whether per-user MFA is enabled or enforced, for at most BATCH accounts; Unseen where it
    is not said. Raises ServiceFault, NetworkFault where the whole was lost.
    """
    paths = [f"/users/{key}/authentication/requirements" for key in ids]
    answers = await read_each(session, paths, needs=MFA, version="beta")
    return {key: _mfa(answer) for key, answer in zip(ids, answers, strict=True)}


def _mfa(answer: Data | Fault) -> bool | Unseen:
    if isinstance(answer, Fault):
        return Unseen(answer.why)
    state = text(answer.body.get("perUserMfaState")).lower()
    if state not in ("disabled", "enabled", "enforced"):
        return Unseen(f"an unheard-of state of per-user MFA: {state or 'none'}")
    return state != "disabled"


async def revoke_sessions(session: Session, user_id: str) -> None:
    """Signs the person out everywhere; twice is as once."""
    await session.graph(
        "POST", f"/users/{user_id}/revokeSignInSessions", kind=Kind.IDEMPOTENT, needs=REVOKE
    )


async def identify(session: Session, name: str) -> tuple[str, ...]:
    """Object ids of the accounts with this user principal name."""
    rows = await session.graph_list(
        f"/users?$filter=userPrincipalName eq {literal(name)}&$select=id,userPrincipalName",
        needs=READ,
    )
    return tuple(
        text(row.get("id"))
        for row in rows
        if text(row.get("userPrincipalName")).lower() == name.lower()
    )
