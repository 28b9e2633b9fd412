"""Step 3: was the application given the permission, as the directory has it?"""

from __future__ import annotations

from portineria.policy.appsteps.case import AppCase
from portineria.policy.appsteps.saying import EXCHANGE, when
from portineria.policy.appsteps.step import Said, Who, app_step, no, pending, unknown, yes, young
from portineria.policy.delays import Made
from portineria.policy.rungs.consent import SCOPED_SMTP
from portineria.tenant.mailapp import Consent
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

_READ = "give the control application Application.Read.All on Microsoft Graph"


@app_step(
    3,
    "consent",
    asks="Does the directory show consent to the application permission?",
    source="Graph v1.0, servicePrincipal: appRoleAssignments; Microsoft Learn, Authenticate an "
    "IMAP, POP or SMTP connection using OAuth",
)
def consent(case: AppCase) -> Said:
    consented = case.consented
    if isinstance(consented, Consent):
        return _given(case, consented)
    if isinstance(consented, Unseen):
        return _unseen(case, consented)
    if case.by_scope:
        return yes(f"no consent is needed: the role {SCOPED_SMTP} is given in Exchange")
    if isinstance(case.scoped, Unseen):
        return unknown(
            "consent",
            f"nobody consented to {case.role}, and whether Exchange gives the role {SCOPED_SMTP} "
            f"was not seen: {case.scoped.because}",
            "let the control application read Exchange's role assignments",
            Who.EXCHANGE,
        )
    return _missing(case)


def _given(case: AppCase, consented: Consent) -> Said:
    since = case.since(consented.created)
    role = case.role
    said = f"{role} was consented to"
    if since is not None:
        said = f"{role} was consented to on {when(since.at)}"
    needed = not case.by_scope
    if needed and case.claims is not None and case.role not in case.claims.roles:
        until = young(case, Made.CONSENT, since)
        if until is not None:
            return pending(
                "consent",
                f"{said}, and tokens do not carry it yet",
                until,
            )
    return yes(_mixed(case, said), evidence=role)


def _mixed(case: AppCase, said: str) -> str:
    if not case.mixed:
        return said
    needless = f"with the scoped role it is not needed, and spoils its scope: withdraw {case.role}"
    return f"{said}; {needless}"


def _unseen(case: AppCase, unseen: Unseen) -> Said:
    if case.claims is not None and case.role in case.claims.roles:
        return yes(f"the token carries {case.role}, so it was consented to")
    if case.by_scope:
        return yes(f"no consent is needed: the role {SCOPED_SMTP} is given in Exchange")
    because = f"consents could not be read: {unseen.because}"
    return unknown("consent", because, _READ, Who.CONSENT)


def _missing(case: AppCase) -> Said:
    role, name = case.role, case.app.name
    if case.protocol is Protocol.SMTP:
        return no(
            "consent",
            f"the application has neither {role} nor the role {SCOPED_SMTP} in Exchange",
            f'New-ManagementRoleAssignment -Role "{SCOPED_SMTP}" -App {case.app.client_id} '
            "-CustomResourceScope SCOPE, with a scope of these mailboxes only",
            Who.RBAC,
            evidence=role,
        )
    return no(
        "consent",
        f"nobody consented to {role}",
        f"Entra admin center, App registrations, {name}, API permissions: add the application "
        f"permission {role} ({EXCHANGE}), and grant admin consent",
        Who.CONSENT,
        evidence=role,
    )
