"""Step 4: is the enterprise application there, enabled, and may it have tokens?"""

from __future__ import annotations

from portineria.policy.appsteps import seen
from portineria.policy.appsteps.case import AppCase
from portineria.policy.appsteps.saying import EXCHANGE, when
from portineria.policy.appsteps.step import Said, Who, app_step, no, pending, unknown, yes, young
from portineria.policy.delays import Made
from portineria.tenant.mailapp import Enterprise, TokenRefused
from portineria.tenant.unseen import Unseen

DISABLED, NO_PRINCIPAL = 7000112, 7000229
UNASSIGNED = frozenset({50105, 501051})


@app_step(
    4,
    "enterprise application",
    asks="Is the enterprise application there and enabled, and does it need an assignment?",
    source="Graph v1.0, servicePrincipal: accountEnabled, appRoleAssignmentRequired; entra-graph "
    "5.6",
)
def enterprise(case: AppCase) -> Said:
    known, code = case.app.enterprise, _refused_by(case)
    if known is None or (isinstance(known, Unseen) and code == NO_PRINCIPAL):
        return no(
            "missing",
            "the tenant has no enterprise application for it",
            f"New-MgServicePrincipal -AppId {case.app.client_id}",
            Who.APPS,
        )
    if isinstance(known, Unseen):
        return _unseen(case, known, code)
    if not known.enabled:
        return _disabled(case, known.object_id)
    if code in UNASSIGNED:
        return _unassigned(case, known.object_id)
    return _refused(case, known, code) or _there(case, known)


def _refused_by(case: AppCase) -> int:
    return case.app.token.code if isinstance(case.app.token, TokenRefused) else 0


def _unseen(case: AppCase, unseen: Unseen, code: int) -> Said:
    """What the token service says of it is enough where the directory could not be read."""
    place = "ENTERPRISE_APPLICATION_OBJECT_ID"
    if code == DISABLED:
        return _disabled(case, place)
    if code in UNASSIGNED:
        return _unassigned(case, place)
    if case.claims is not None:
        return yes("a token was given, so it is there and enabled")
    return unknown(
        "enterprise application",
        f"the directory could not be read: {unseen.because}",
        "give the control application Application.Read.All on Microsoft Graph",
        Who.CONSENT,
    )


def _disabled(case: AppCase, object_id: str) -> Said:
    return no(
        "disabled",
        f"the enterprise application «{case.app.name}» is disabled",
        f"Update-MgServicePrincipal -ServicePrincipalId {object_id} -AccountEnabled:$true",
        Who.APPS,
        evidence=object_id,
    )


def _unassigned(case: AppCase, object_id: str) -> Said:
    if case.app.assigned_only is True:
        return no(
            "assignment",
            f"{EXCHANGE} gives tokens to assigned applications only, and this one has no role of "
            "it",
            f"Entra admin center, Enterprise applications, {EXCHANGE}, Properties: Assignment "
            "required? No; or give the application a permission of it",
            Who.APPS,
            evidence=object_id,
        )
    return no(
        "assignment",
        f"«{case.app.name}» asks for an assignment, and the token service refuses it for that",
        f"Update-MgServicePrincipal -ServicePrincipalId {object_id} "
        "-AppRoleAssignmentRequired:$false",
        Who.APPS,
        evidence=object_id,
    )


def _refused(case: AppCase, known: Enterprise, code: int) -> Said | None:
    """The directory says yes and the token service no: young, or wrong."""
    if code == DISABLED:
        until = young(case, Made.ENABLED, case.since(None, seen.enabled(case.app)))
        told = "it is enabled in the directory, and the token service still calls it disabled"
    elif code == NO_PRINCIPAL:
        until = young(case, Made.APPLICATION, case.since(known.created))
        told = "it is in the directory, and the token service does not know it yet"
    else:
        return None
    if until is not None:
        return pending("replication", told, until)
    return no(
        "replication",
        f"{told}, for longer than that takes",
        f"disable and enable it once: Update-MgServicePrincipal -ServicePrincipalId "
        f"{known.object_id} -AccountEnabled:$true",
        Who.APPS,
        evidence=f"AADSTS{code}",
    )


def _there(case: AppCase, known: Enterprise) -> Said:
    said = f"«{case.app.name}» is enabled"
    if known.created is not None:
        said = f"«{case.app.name}» is enabled, and was made on {when(known.created)}"
    needs = "no assignment is required"
    if known.assignment_required:
        needs = "an assignment is required of people, and the application itself needs none"
    return yes(f"{said}; {needs}", evidence=known.object_id)
