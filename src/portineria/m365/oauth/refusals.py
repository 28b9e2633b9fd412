"""What the token service's refusals mean, by AADSTS code. Source: Graph dossier 5.6.

The number is looked at first, then `suberror`, never the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from portineria.fault import Conflict, Fault, OperatorFault, PermissionFault, ServiceFault
from portineria.m365.answers import clean
from portineria.m365.data import text

_NUMBER = re.compile(r"AADSTS(\d+)")
_TRAILER = re.compile(r"\s*Trace ID: .*$", re.DOTALL)

_NEW_SIGN_IN = "Sign in again: the refresh token is no longer good."
_OPERATOR: Mapping[int, tuple[str, str]] = {
    7000215: ("the client secret is wrong", "Use the secret's value, not its id."),
    7000222: ("the client secret has expired", "Make a new secret or use a certificate."),
    7000216: ("no credential was sent for the application", "Name a secret or a certificate."),
    7000218: ("no credential was sent for the application", "Allow public client flows on it."),
    700016: (
        "the application is not known in this tenant",
        "Check client id and tenant; a new application takes up to a minute to be known.",
    ),
    7000112: ("the application is disabled", "Enable it in the tenant."),
    7000229: (
        "the application has no service principal in this tenant",
        "Give admin consent, or create its enterprise application.",
    ),
    90002: ("the tenant was not found", "Check the tenant's id and the cloud of the profile."),
    900023: ("the tenant's name is no domain and no id", "Write the tenant's id."),
    900144: ("the request lacks a parameter", "Check the credential of the profile."),
    1002012: ("the scope is not valid", "Check the scopes in the profile's endpoints."),
    70011: ("the scope is not valid", "Check the scopes in the profile's endpoints."),
    500011: ("the service is not known in this tenant", "Check the scopes and the cloud."),
    700027: (
        "the certificate is not the application's",
        "Upload it to the application; a new one takes some minutes to be known.",
    ),
    700024: ("the assertion's time is not valid", "Set this machine's clock."),
    700021: ("the assertion's issuer is wrong", "Check the client id."),
    700023: ("the assertion's audience is wrong", "Check the tenant and the cloud."),
    50126: ("the user name or the password is wrong", "Check them."),
    50034: ("the account is not known in this tenant", "Check its name."),
    50055: ("the password has expired", "Set a new one."),
    50057: ("the account is disabled", "Enable it, or sign in as somebody else."),
    50173: ("the sign-in was revoked", _NEW_SIGN_IN),
    700082: ("the refresh token was not used for too long", _NEW_SIGN_IN),
    700084: ("the refresh token has ended", _NEW_SIGN_IN),
    70043: ("the refresh token has ended", _NEW_SIGN_IN),
    54005: ("the authorization code was used already", "Sign in again."),
}
_PERMISSION: Mapping[int, tuple[str, str]] = {
    65001: ("nobody consented to the application", "Give admin consent."),
    90094: ("an administrator must consent", "Give admin consent."),
    650052: ("the service has no principal in this tenant", "Subscribe to it, then consent."),
    650057: ("the service is not among the application's permissions", "Add it, then consent."),
    50105: ("the person is not assigned to the application", "Assign them."),
    50076: ("multi-factor authentication is asked for", "Sign in interactively."),
    50079: ("multi-factor authentication must be set up first", "Sign in in a browser once."),
    50072: ("multi-factor authentication must be set up first", "Sign in in a browser once."),
    50074: ("strong authentication is asked for", "Sign in interactively."),
    50158: ("an external challenge is asked for", "Sign in interactively."),
    53000: ("Conditional Access asks for a compliant device", "Use one, or change the policy."),
    53001: ("Conditional Access asks for a joined device", "Use one, or change the policy."),
    53002: ("Conditional Access asks for an approved app", "Use one, or change the policy."),
    53003: (
        "Conditional Access does not allow the token",
        "Look at the policy that the evidence names.",
    ),
    530033: ("Conditional Access blocks the device code flow", "Sign in with a browser."),
    530035: (
        "security defaults block this sign-in",
        "Use modern authentication with MFA; nothing can be excluded from security defaults.",
    ),
    50053: ("the account is locked, or the address is blocked", "Wait, or look at sign-in risk."),
}


def token_fault(status: int, document: Mapping[str, Any], where: str) -> Fault:
    """The fault of a refused token request. `document` is the JSON of its answer."""
    number = code_of(document)
    said = clean(_TRAILER.sub("", text(document.get("error_description"))))
    evidence = _evidence(status, number, document)
    if number in _OPERATOR:
        why, repair = _OPERATOR[number]
        return OperatorFault(f"{why}: {said}", where=where, try_=repair, evidence=evidence)
    if number in _PERMISSION:
        why, repair = _PERMISSION[number]
        return PermissionFault(f"{why}: {said}", where=where, try_=repair, evidence=evidence)
    if status == 429 or status >= 500 or document.get("error") == "temporarily_unavailable":
        return ServiceFault(
            f"the token service failed: {said or status}",
            where=where,
            try_="Try again in some minutes.",
            evidence=evidence,
        )
    if document.get("error") == "invalid_client":
        return OperatorFault(
            f"the application's credential was refused: {said}",
            where=where,
            try_="Check the client id and its credential.",
            evidence=evidence,
        )
    kind = Conflict if status == 409 else ServiceFault
    return kind(f"no token was given: {said or status}", where=where, evidence=evidence)


def code_of(document: Mapping[str, Any]) -> int:
    """The AADSTS number, from `error_codes` or from the text; 0 where there is none."""
    codes = document.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = _NUMBER.search(text(document.get("error_description")))
    return int(found[1]) if found else 0


def _evidence(status: int, number: int, document: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {"status": status} if status else {}
    if number:
        found["code"] = f"AADSTS{number}"
    for name in ("error", "suberror", "trace_id", "correlation_id", "claims"):
        if document.get(name):
            found[name] = clean(text(document[name]))
    return found
