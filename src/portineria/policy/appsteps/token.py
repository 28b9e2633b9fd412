"""Step 2: is the token for the mail hosts, and does it carry what the protocol needs?"""

from __future__ import annotations

from portineria.policy.appsteps.case import AppCase
from portineria.policy.appsteps.saying import EXCHANGE, when
from portineria.policy.appsteps.step import (
    Said,
    Who,
    app_step,
    later,
    no,
    unknown,
    yes,
    young,
)
from portineria.policy.delays import Made
from portineria.policy.rungs.consent import SCOPED_SMTP
from portineria.tenant.mailapp import Consent, TokenClaims
from portineria.tenant.unseen import Unseen


@app_step(
    2,
    "roles in the token",
    asks="Is the token for the mail hosts, and does it carry the role that the protocol needs?",
    source="Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth; SMTP "
    "application RBAC; entra-graph 5.3",
)
def token(case: AppCase) -> Said:
    claims = case.claims
    if claims is None:
        return later("not looked at: there is no token")
    wrong = _for_another(case, claims)
    if wrong is not None:
        return wrong
    if case.role in claims.roles:
        return yes(_mixed(case, f"the token carries {case.role}"), evidence=_told(claims))
    if case.by_scope:
        return yes(
            f"the token carries no {case.role} and needs none: the role {SCOPED_SMTP} decides in "
            "Exchange",
            evidence=_told(claims),
        )
    return _lacking(case, claims)


def _for_another(case: AppCase, claims: TokenClaims) -> Said | None:
    if claims.tenant != case.tenant_id:
        return no(
            "tenant",
            f"the token is for tenant {claims.tenant}, and the profile's is {case.tenant_id}",
            "correct `tenant` in the profile",
            Who.OPERATOR,
            evidence=_told(claims),
        )
    if claims.app_id != case.app.client_id:
        return no(
            "application",
            f"the token was given to {claims.app_id}, and not to {case.app.client_id}",
            "correct `client_id` in the profile",
            Who.OPERATOR,
            evidence=_told(claims),
        )
    if claims.audience.rstrip("/") != case.audience.rstrip("/"):
        return no(
            "audience",
            f"the token is for {claims.audience}, and the mail hosts take {case.audience}",
            "take `exchange_scope` out of the profile's endpoints",
            Who.OPERATOR,
            evidence=_told(claims),
        )
    return None


def _mixed(case: AppCase, said: str) -> str:
    if not case.mixed:
        return said
    mix = f"the role {SCOPED_SMTP} beside it is a mix in which Exchange asks for FullAccess as well"
    return f"{said}; {mix}"


def _lacking(case: AppCase, claims: TokenClaims) -> Said:
    """The token shows it, and consent is mostly why: then that step is the one to look at."""
    consented = case.consented
    if isinstance(consented, Consent):
        since = case.since(consented.created)
        if young(case, Made.CONSENT, since) is not None:
            return later(f"the token carries no {case.role} yet: see consent")
        return no(
            "roles",
            f"{EXCHANGE} shows consent to {case.role}, and new tokens do not carry it",
            f"withdraw {case.role} and consent to it again, as an application permission",
            Who.CONSENT,
            evidence=_told(claims),
        )
    if isinstance(case.scoped, Unseen):
        return unknown(
            "roles",
            f"the token carries no {case.role}, and whether the role {SCOPED_SMTP} makes up for it "
            f"was not seen: {case.scoped.because}",
            "let the control application read Exchange's role assignments",
            Who.EXCHANGE,
        )
    if isinstance(consented, Unseen):
        return no(
            "roles",
            f"the token carries no {case.role}, and consents could not be read: "
            f"{consented.because}",
            f"consent to the application permission {case.role} ({EXCHANGE})",
            Who.CONSENT,
            evidence=_told(claims),
        )
    return later(f"the token carries no {case.role}: see consent")


def _told(claims: TokenClaims) -> str:
    """The token decoded, and never the token."""
    roles = ", ".join(claims.roles) or "none"
    ends = "?" if claims.expires is None else when(claims.expires)
    of = f"aud {claims.audience}, tid {claims.tenant}, appid {claims.app_id}"
    return f"{of}, roles {roles}, exp {ends}"
