"""The schema of a conditionalAccessPolicy: what may be sent, and how it is read back.

Source: entra-graph 2.2. What does not fit is error 1007, whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Misfit(Exception):
    """The body does not match the schema."""


Fit = Callable[[Any], Any]


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise Misfit
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Misfit
    return value


def number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Misfit
    return value


def choice(*words: str) -> Fit:
    """One of an enumeration, in any case; given back in Microsoft's."""
    known = {word.lower(): word for word in words}

    def fit(value: Any) -> str:
        try:
            return known[text(value).lower()]
        except KeyError:
            raise Misfit from None

    return fit


def flags(*words: str) -> Fit:
    one = choice(*words)
    return lambda value: ",".join(one(part.strip()) for part in text(value).split(","))


def many(fit: Fit) -> Fit:
    def fit_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Misfit
        return [fit(item) for item in value]

    return fit_all


def maybe(fit: Fit) -> Fit:
    return lambda value: None if value is None else fit(value)


def record(members: Mapping[str, tuple[Fit, Any]]) -> Fit:
    """An object: each member with its fit and what it is when absent. Annotations are let pass."""

    def fit(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Misfit
        sent = {name: item for name, item in value.items() if "@odata." not in name}
        if set(sent) - set(members):
            raise Misfit
        return {
            name: absent if sent.get(name) is None else one(sent[name])
            for name, (one, absent) in members.items()
        }

    return fit


def _lists(*names: str) -> dict[str, tuple[Fit, Any]]:
    return {name: (many(text), []) for name in names}


GUESTS = record(
    {
        "guestOrExternalUserTypes": (
            flags(
                "none",
                "internalGuest",
                "b2bCollaborationGuest",
                "b2bCollaborationMember",
                "b2bDirectConnectUser",
                "otherExternalUser",
                "serviceProvider",
            ),
            None,
        ),
        "externalTenants": (lambda value: value, None),
    }
)
USERS = record(
    {
        **_lists("includeUsers", "excludeUsers", "includeGroups", "excludeGroups"),
        **_lists("includeRoles", "excludeRoles"),
        "includeGuestsOrExternalUsers": (maybe(GUESTS), None),
        "excludeGuestsOrExternalUsers": (maybe(GUESTS), None),
    }
)
APPLICATIONS = record(
    {
        **_lists("includeApplications", "excludeApplications", "includeUserActions"),
        **_lists("includeAuthenticationContextClassReferences"),
        "applicationFilter": (lambda value: value, None),
    }
)
_RISK = many(choice("low", "medium", "high", "hidden", "none"))
_PLATFORM = many(choice("android", "iOS", "windows", "windowsPhone", "macOS", "linux", "all"))
CLIENT_APPS = (
    "all",
    "browser",
    "mobileAppsAndDesktopClients",
    "exchangeActiveSync",
    "easSupported",
    "easUnsupported",
    "other",
)
CONDITIONS = record(
    {
        "userRiskLevels": (_RISK, []),
        "signInRiskLevels": (_RISK, []),
        "servicePrincipalRiskLevels": (_RISK, []),
        "clientAppTypes": (many(choice(*CLIENT_APPS)), []),
        "platforms": (
            record({"includePlatforms": (_PLATFORM, []), "excludePlatforms": (_PLATFORM, [])}),
            None,
        ),
        "locations": (record(_lists("includeLocations", "excludeLocations")), None),
        "devices": (lambda value: value, None),
        "clientApplications": (
            record(
                {
                    **_lists("includeServicePrincipals", "excludeServicePrincipals"),
                    "servicePrincipalFilter": (lambda value: value, None),
                }
            ),
            None,
        ),
        "authenticationFlows": (
            record(
                {
                    "transferMethods": (
                        flags("none", "deviceCodeFlow", "authenticationTransfer"),
                        None,
                    )
                }
            ),
            None,
        ),
        "insiderRiskLevels": (flags("minor", "moderate", "elevated"), None),
        "applications": (APPLICATIONS, None),
        "users": (USERS, None),
    }
)
GRANT = record(
    {
        "operator": (choice("AND", "OR"), "OR"),
        "builtInControls": (
            many(
                choice(
                    "block",
                    "mfa",
                    "compliantDevice",
                    "domainJoinedDevice",
                    "approvedApplication",
                    "compliantApplication",
                    "passwordChange",
                    "riskRemediation",
                )
            ),
            [],
        ),
        **_lists("customAuthenticationFactors", "termsOfUse"),
        "authenticationStrength": (lambda value: value, None),
    }
)
SESSION = record(
    {
        "applicationEnforcedRestrictions": (lambda value: value, None),
        "cloudAppSecurity": (lambda value: value, None),
        "persistentBrowser": (lambda value: value, None),
        "signInFrequency": (lambda value: value, None),
        "disableResilienceDefaults": (flag, None),
        "secureSignInSession": (lambda value: value, None),
    }
)
POLICY: Mapping[str, Fit] = {
    "displayName": text,
    "description": maybe(text),
    "state": choice("enabled", "disabled", "enabledForReportingButNotEnforced"),
    "conditions": CONDITIONS,
    "grantControls": maybe(GRANT),
    "sessionControls": maybe(SESSION),
}


def policy(body: Mapping[str, Any]) -> dict[str, Any]:
    """The members that were sent, in the shape they are read back. Raises Misfit.

    Members that only the service writes (id, dates, templateId) do not fit: tools that copy
    policies have to strip them (entra-graph 2.2).
    """
    sent = {name: value for name, value in body.items() if "@odata." not in name}
    if set(sent) - set(POLICY):
        raise Misfit
    return {name: POLICY[name](value) for name, value in sent.items()}
