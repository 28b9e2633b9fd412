"""What the token service's refusals mean, by AADSTS code. Source: Graph dossier 5.6.

The number is looked at first, then `suberror`. The text only tells the reasons of one number
apart: 700027 is uttered for a certificate that is unknown and for one that has expired.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from portineria.fault import (
    BadCredential,
    ClockFault,
    Conflict,
    Fault,
    OperatorFault,
    PermissionFault,
    ServiceFault,
    Throttled,
    WrongTenant,
)
from portineria.m365.answers import clean
from portineria.m365.data import text
from portineria.m365.oauth.signin import SIGN_IN
from portineria.m365.skew import told

_NUMBER = re.compile(r"AADSTS(\d+)")
_EXPIRED = re.compile(r"key used is expired|certificate .*expired", re.IGNORECASE)
_TRAILER = re.compile(r"\s*Trace ID: .*$", re.DOTALL)

_SECRETS = "Entra admin center, App registrations, your application, Certificates & secrets"
_CONSENT = "Entra admin center, App registrations, your application, API permissions"
_CLOUDS = "check `tenant` and `cloud` in the profile: global, gcc-high, dod or china"
_NEW_SIGN_IN = "sign in again: the refresh token is no longer good"
_SIGN_IN = "sign in interactively"
_MFA_ONCE = "sign in with a browser once, and register a method"
_DEVICE = "use such a device, or change the policy that the evidence names"

Row = tuple[type[Fault], str, str]
"""Whose fault it is, why in our words, and what to try."""

_ROWS: Mapping[int, Row] = {
    **SIGN_IN,
    7000215: (
        BadCredential,
        "the client secret is wrong",
        f"use the secret's value, not its id; a value is shown once, so make a new one: {_SECRETS}",
    ),
    7000222: (
        BadCredential,
        "the client secret has expired",
        f"make a new secret, or use a certificate: {_SECRETS}",
    ),
    7000216: (
        BadCredential,
        "no credential was sent for the application",
        "name a secret or a certificate in the profile",
    ),
    7000218: (
        BadCredential,
        "no credential was sent for the application",
        "name a secret in the profile, or allow public client flows: App registrations, "
        "your application, Authentication",
    ),
    7000214: (
        BadCredential,
        "the certificate was revoked",
        f"make a new one and upload it: {_SECRETS}",
    ),
    7000277: (
        BadCredential,
        "the certificate was revoked",
        f"make a new one and upload it: {_SECRETS}",
    ),
    1000502: (
        BadCredential,
        "the certificate is not valid now",
        f"make a new one and upload it: {_SECRETS}",
    ),
    700027: (
        BadCredential,
        "the certificate is not registered on the application, or is not valid",
        f"upload it: {_SECRETS}, Certificates; a new one takes some minutes to be known",
    ),
    7000274: (
        BadCredential,
        "the certificate is not registered on the application, or is not valid",
        f"upload it: {_SECRETS}, Certificates",
    ),
    700024: (ClockFault, "what this machine signs is not valid now", ClockFault.mend),
    700021: (WrongTenant, "the assertion names another application", "check `client_id`"),
    700023: (WrongTenant, "the assertion is for another tenant or cloud", _CLOUDS),
    700016: (
        WrongTenant,
        "the application is not known in this tenant",
        "check `client_id` and `tenant` in the profile; a new application takes up to a minute to "
        "be known",
    ),
    7000112: (
        WrongTenant,
        "the application is disabled",
        "enable it: Entra admin center, Enterprise applications, your application, Properties",
    ),
    7000229: (
        WrongTenant,
        "the application has no service principal in this tenant",
        f"give admin consent: {_CONSENT}",
    ),
    90002: (WrongTenant, "the tenant was not found", _CLOUDS),
    900023: (
        WrongTenant,
        "the tenant's name is no domain and no id",
        "write the tenant's id into the profile: Entra admin center, Overview",
    ),
    900382: (WrongTenant, "the tenant is in another cloud", _CLOUDS),
    900383: (WrongTenant, "the tenant is in another cloud", _CLOUDS),
    500011: (
        WrongTenant,
        "the service is not known in this tenant",
        f"{_CLOUDS}; and the scopes under `endpoints`",
    ),
    900144: (OperatorFault, "the request lacks a parameter", "check the profile's credential"),
    1002012: (OperatorFault, "the scope is not valid", "check the scopes under `endpoints`"),
    70011: (OperatorFault, "the scope is not valid", "check the scopes under `endpoints`"),
    50126: (BadCredential, "the user name or the password is wrong", "check them"),
    50034: (BadCredential, "the account is not known in this tenant", "check its name"),
    50055: (BadCredential, "the password has expired", "set a new one"),
    50057: (BadCredential, "the account is disabled", "enable it, or sign in as somebody else"),
    50173: (BadCredential, "the sign-in was revoked", _NEW_SIGN_IN),
    700082: (BadCredential, "the refresh token was not used for too long", _NEW_SIGN_IN),
    700084: (BadCredential, "the refresh token has ended", _NEW_SIGN_IN),
    70043: (BadCredential, "the refresh token has ended", _NEW_SIGN_IN),
    54005: (BadCredential, "the authorization code was used already", "sign in again"),
    65001: (
        PermissionFault,
        "nobody consented to the application",
        f"give admin consent: {_CONSENT}",
    ),
    90094: (PermissionFault, "an administrator must consent", f"give admin consent: {_CONSENT}"),
    650052: (
        PermissionFault,
        "the service has no principal in this tenant",
        "subscribe to it, then consent",
    ),
    650057: (
        PermissionFault,
        "the service is not among the application's permissions",
        f"add it, then consent: {_CONSENT}",
    ),
    50105: (
        PermissionFault,
        "the person is not assigned to the application",
        "assign them: Entra admin center, Enterprise applications, Users and groups",
    ),
    501051: (
        PermissionFault,
        "the application is not assigned to the service, which asks for that",
        f"give it a permission of the service, with admin consent: {_CONSENT}",
    ),
    50076: (PermissionFault, "multi-factor authentication is asked for", _SIGN_IN),
    50079: (PermissionFault, "multi-factor authentication must be set up first", _MFA_ONCE),
    50072: (PermissionFault, "multi-factor authentication must be set up first", _MFA_ONCE),
    50074: (PermissionFault, "strong authentication is asked for", _SIGN_IN),
    50158: (PermissionFault, "an external challenge is asked for", _SIGN_IN),
    53000: (PermissionFault, "Conditional Access asks for a compliant device", _DEVICE),
    53001: (PermissionFault, "Conditional Access asks for a joined device", _DEVICE),
    53002: (PermissionFault, "Conditional Access asks for an approved app", _DEVICE),
    53003: (
        PermissionFault,
        "Conditional Access does not allow the token",
        "look at the policy that the evidence names: Entra admin center, Protection, "
        "Conditional Access",
    ),
    530033: (
        PermissionFault,
        "Conditional Access blocks the device code flow",
        "sign in with a browser",
    ),
    530035: (
        PermissionFault,
        "security defaults block this sign-in",
        "use modern authentication with MFA; nothing can be excluded from security defaults",
    ),
    50053: (
        PermissionFault,
        "the account is locked, or the address is blocked",
        "wait, or look at Entra admin center, Protection, Risky sign-ins",
    ),
}


def token_fault(
    status: int, document: Mapping[str, Any], where: str, off: float | None = None
) -> Fault:
    """The fault of a refused token request. `document` is the JSON of its answer.

    `off` is how many seconds this machine's clock is ahead of the service's, if known.
    """
    number = code_of(document)
    said = clean(_TRAILER.sub("", text(document.get("error_description"))))
    evidence = _evidence(status, number, document)
    if clock := told(off):
        evidence["clock"] = f"{clock} the service's"
    if number in _ROWS:
        kind, why, repair = _ROWS[number]
        if kind is ClockFault and clock:
            why = f"this machine's clock is {clock} the service's"
        if number == 700027 and _EXPIRED.search(said):
            why, repair = _ROWS[1000502][1:]
        why = f"{why}; the service said: {said}"
        return kind(why, where=where, try_=repair, evidence=evidence)
    return _unnumbered(status, document, said, where, evidence)


def _unnumbered(
    status: int,
    document: Mapping[str, Any],
    said: str,
    where: str,
    evidence: Mapping[str, object],
) -> Fault:
    """A number that is not known here: the OAuth error and the status say a little."""
    if status == 429:
        return Throttled(
            f"the token service is throttled: {said or status}",
            where=where,
            try_=Throttled.mend,
            evidence=evidence,
        )
    if status >= 500 or document.get("error") == "temporarily_unavailable":
        return ServiceFault(
            f"the token service failed: {said or f'HTTP {status}'}",
            where=where,
            try_="try again in some minutes",
            evidence=evidence,
        )
    if document.get("error") == "invalid_client":
        return BadCredential(
            f"the application's credential was refused: {said}",
            where=where,
            try_=f"check `client_id` and its credential: {_SECRETS}",
            evidence=evidence,
        )
    kind = Conflict if status == 409 else ServiceFault
    return kind(
        f"no token was given: {said or status}",
        where=where,
        try_="look up the number: https://login.microsoftonline.com/error",
        evidence=evidence,
    )


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
