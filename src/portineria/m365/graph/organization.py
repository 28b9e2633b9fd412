"""Domains, licences and whether people may consent to applications themselves.

Source: Graph dossier 1.5 and 8; authorizationPolicy: Graph v1.0, `defaultUserRolePermissions`.
"""

from __future__ import annotations

from portineria.m365.data import Row, members, text, texts, truth
from portineria.m365.graph.plans import ENTRA_P1, ENTRA_P2, WORKLOAD_IDENTITIES
from portineria.m365.session import Session
from portineria.tenant.people import Domain, Licences
from portineria.tenant.unseen import Unseen


async def domains(session: Session) -> tuple[Domain, ...]:
    rows = await session.graph_list("/domains", needs="Domain.Read.All")
    return tuple(
        Domain(
            name=text(row.get("id")).lower(),
            federated=text(row.get("authenticationType")).lower() == "federated",
            initial=truth(row.get("isInitial")) is True,
            default=truth(row.get("isDefault")) is True,
        )
        for row in rows
    )


async def licences(session: Session) -> Licences:
    """What enabled subscriptions hold; a plan switched off in them does not count."""
    rows = await session.graph_list("/subscribedSkus", needs="Organization.Read.All")
    held = {plan for row in rows if _bought(row) for plan in _plans(row)}
    return Licences(
        entra_p1=bool(held & ENTRA_P1),
        entra_p2=bool(held & ENTRA_P2),
        workload_identities=bool(held & WORKLOAD_IDENTITIES),
    )


def _bought(row: Row) -> bool:
    return text(row.get("capabilityStatus")) in ("Enabled", "Warning")


def _plans(row: Row) -> set[str]:
    return {
        text(members(plan).get("servicePlanId")).lower()
        for plan in row.get("servicePlans") or ()
        if text(members(plan).get("provisioningStatus")) != "Disabled"
    }


async def user_consent(session: Session) -> bool | Unseen:
    """Whether people may consent to a mail client by themselves.

    The widest built-in policy allows it, none at all forbids it; between them a policy decides
    by publisher and permission, which is not judged here.
    """
    data = await session.graph("GET", "/policies/authorizationPolicy", needs="Policy.Read.All")
    defaults = data.body.get("defaultUserRolePermissions")
    if not isinstance(defaults, dict):
        return Unseen("the authorization policy does not say what people may consent to")
    own = [
        policy.removeprefix("ManagePermissionGrantsForSelf.")
        for policy in texts(defaults.get("permissionGrantPoliciesAssigned"))
        if policy.startswith("ManagePermissionGrantsForSelf.")
    ]
    if not own:
        return False
    if "microsoft-user-default-legacy" in own:
        return True
    return Unseen(f"a consent policy decides case by case: {', '.join(sorted(own))}")
