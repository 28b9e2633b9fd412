"""Step 1: does the token service take what the profile proves the application with?"""

from __future__ import annotations

from portineria.policy.appsteps import seen
from portineria.policy.appsteps.case import AppCase
from portineria.policy.appsteps.saying import when
from portineria.policy.appsteps.step import Said, Who, app_step, later, no, pending, unknown, young
from portineria.policy.appsteps.step import yes as fine
from portineria.policy.delays import Made
from portineria.tenant.mailapp import Registered, Registration, TokenClaims, TokenRefused
from portineria.tenant.unseen import Unseen

SECRET_WRONG, SECRET_EXPIRED = 7000215, 7000222
CERTIFICATE = frozenset({700027, 7000274})
APP_UNKNOWN = 700016
ELSEWHERE = frozenset({90002, 900023, 900382, 900383, 700021, 700023})
OF_ENTERPRISE = frozenset({7000112, 7000229, 50105, 501051})
"""Said of the enterprise application, whatever the credential is worth: step 4 judges these."""

_WHERE = "Entra admin center, App registrations, {name}, Certificates & secrets"


@app_step(
    1,
    "credential",
    asks="Does the token service take the profile's secret or certificate?",
    source="entra-graph 5.2, 5.6; Microsoft Entra authentication error codes",
)
def credential(case: AppCase) -> Said:
    token = case.app.token
    if isinstance(token, TokenClaims):
        kind = case.app.proof.kind
        return fine(f"a token was got with the profile's {kind}", evidence=case.app.client_id)
    if isinstance(token, Unseen):
        return unknown(
            "token service",
            f"no token could be asked for: {token.because}",
            "see that this machine reaches the login service, and ask again",
            Who.OPERATOR,
        )
    return _by_facts(case) or _by_code(case, token)


def _by_facts(case: AppCase) -> Said | None:
    """What is wrong with the credential can often be told without the service's word."""
    proof, name = case.app.proof, case.app.name
    if proof.is_id:
        return no(
            "secret id",
            "the profile holds a secret's id, not its value: a value is never a GUID",
            f"make a new secret and keep its Value: {_WHERE.format(name=name)}",
            Who.APPS,
        )
    if proof.ends is not None and proof.ends <= case.now:
        return no(
            "certificate expired",
            f"the profile's certificate ended on {when(proof.ends)}",
            f"make a new one and upload it: {_WHERE.format(name=name)}",
            Who.APPS,
            evidence=proof.thumbprint,
        )
    ours = _ours(case)
    if ours and all(one.ends is not None and one.ends <= case.now for one in ours):
        return _expired(case, ours)
    return _nobodys(case)


def _ours(case: AppCase) -> list[Registered]:
    known, kind = case.app.registration, case.app.proof.kind
    if not isinstance(known, Registration):
        return []
    return [one for one in known.proofs if one.ours and one.kind == kind]


def _nobodys(case: AppCase) -> Said | None:
    """None of those on the registration is the profile's, as far as Graph shows them all."""
    known, proof = case.app.registration, case.app.proof
    if not isinstance(known, Registration):
        return None
    if any(one.ours is not False for one in known.proofs if one.kind == proof.kind):
        return None
    where = _WHERE.format(name=case.app.name)
    if proof.kind == "secret":
        return no(
            "secret",
            "no secret on the app registration begins like the profile's",
            f"make a new secret and keep its Value, not its Secret ID: {where}",
            Who.APPS,
            evidence=case.app.client_id,
        )
    return no(
        "certificate mismatch",
        f"the profile's certificate {proof.thumbprint} is not on the app registration",
        f"upload this certificate, or name the right one in the profile: {where}, Certificates",
        Who.APPS,
        evidence=proof.thumbprint,
    )


def _expired(case: AppCase, ours: list[Registered]) -> Said:
    kind, last = case.app.proof.kind, max(one.ends for one in ours if one.ends is not None)
    where = _WHERE.format(name=case.app.name)
    return no(
        f"{kind} expired",
        f"the {kind} on the app registration ended on {when(last)}",
        f"make a new one, and put it where the profile points: {where}",
        Who.APPS,
        evidence=", ".join(one.key_id for one in ours),
    )


def _by_code(case: AppCase, token: TokenRefused) -> Said:
    if token.code in OF_ENTERPRISE:
        return later(
            "not judged: the token service refused because of the enterprise application (step 4)"
        )
    if token.code == APP_UNKNOWN:
        return _app_unknown(case, token)
    if token.code in ELSEWHERE:
        return no("tenant", token.why, token.remedy, Who.OPERATOR)
    if token.code == SECRET_EXPIRED:
        return no("secret expired", token.why, token.remedy, Who.APPS)
    if token.code == SECRET_WRONG:
        return _secret_refused(case, token)
    if token.code in CERTIFICATE:
        return _certificate_refused(case, token)
    return no("token", token.why, token.remedy, Who.APPS)


def _app_unknown(case: AppCase, token: TokenRefused) -> Said:
    """The directory may know it already: a new application takes its time to come around."""
    known = case.app.registration
    if isinstance(known, Registration):
        made = case.since(known.created)
        until = young(case, Made.APPLICATION, made)
        if until is not None and made is not None:
            return pending(
                "application",
                f"the application was registered on {when(made.at)}, and the token service does "
                "not know it yet",
                until,
            )
    return no(
        "application",
        f"the token service knows no application {case.app.client_id} in this tenant",
        "check `client_id` in the profile: Entra admin center, App registrations, Overview, "
        "Application (client) ID",
        Who.OPERATOR,
        evidence=f"AADSTS{token.code}",
    )


def _secret_refused(case: AppCase, token: TokenRefused) -> Said:
    ours = _ours(case)
    dated = [one.starts for one in ours if one.starts is not None]
    made = case.since(max(dated, default=None))
    until = young(case, Made.PROOF, made)
    if until is not None and made is not None:
        return pending(
            "secret",
            f"a secret that begins like the profile's was made on {when(made.at)}, and the token "
            "service does not know it yet",
            until,
        )
    because = "the token service does not know the profile's secret"
    if ours:
        because = "a secret that begins like the profile's is registered, and its value differs"
    where = _WHERE.format(name=case.app.name)
    return no(
        "secret",
        because,
        f"make a new secret and keep its Value, not its Secret ID: {where}",
        Who.APPS,
        evidence=f"AADSTS{token.code}",
    )


def _certificate_refused(case: AppCase, token: TokenRefused) -> Said:
    proof, where = case.app.proof, _WHERE.format(name=case.app.name)
    if token.expired:
        return no("certificate expired", token.why, token.remedy, Who.APPS)
    if _ours(case):
        uploaded = case.since(None, seen.proof(case.app))
        until = young(case, Made.PROOF, uploaded)
        if until is not None:
            return pending(
                "certificate",
                f"the certificate {proof.thumbprint} is on the app registration, and the token "
                "service does not take it yet",
                until,
            )
        return no(
            "certificate",
            "the certificate is on the app registration, and the token service refuses what it "
            f"signs: {token.why}",
            f"upload it again, and see that the key belongs to it: {where}",
            Who.APPS,
            evidence=proof.thumbprint,
        )
    return no(
        "certificate mismatch",
        f"the token service does not take the profile's certificate {proof.thumbprint}",
        f"upload this certificate, or name the right one in the profile: {where}, Certificates",
        Who.APPS,
        evidence=proof.thumbprint,
    )
