"""The log of sign-ins: what happened at the token endpoint, and at the mail hosts with passwords.

A record is written when the sign-in ends and is shown minutes later (weather effect `signInLog`).
Members and values are those of beta; v1.0 shows a part. Source: entra-graph 6.1, 6.2. A mail host
that refuses before it asks Entra leaves no trace here (exchange-online 1.8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from portineria.lab.ask import Seen
from portineria.lab.login.conditional import EXCHANGE, Met, SignIn, judge, unmet
from portineria.lab.login.refusals import REFUSALS, SignInFault
from portineria.lab.weather import Weather
from portineria.lab.world import Document, World, known_id

INTERACTIVE, SILENT, PRINCIPAL = "interactiveUser", "nonInteractiveUser", "servicePrincipal"
BASIC_AGENT = "BAV2ROPC"
"""What Exchange calls itself when it turns a password into a sign-in (entra-graph 6.2)."""
BASIC_CLIENTS: Mapping[str, str] = {"smtp": "Authenticated SMTP", "imap": "IMAP4", "pop": "POP3"}
CLIENTS: Mapping[str, str] = {
    "browser": "Browser",
    "mobileAppsAndDesktopClients": "Mobile Apps and Desktop clients",
}
_SOONEST = 304.0 / 652.0
"""5 min 4 s of at most 10 min 52 s: between them one event appeared (entra-graph 6.2)."""
_FIRST_FACTOR = frozenset({50034, 50053, 50056, 50057, 50126})
"""Who is stopped at the password is never asked about by Conditional Access."""


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One sign-in on its way into the log. Members are filled in as they become known; a record
    is made once it is known who it was about: a person, a name, or a service principal."""

    event: str
    client: str | None = None
    protocol: str = "oAuth2"
    agent: str = ""
    address: str = ""
    country: str = ""
    user: Document | None = None
    name: str = ""
    principal: Document | None = None
    resource: str = EXCHANGE
    amr: frozenset[str] = frozenset({"pwd"})
    code: int = 0
    policies: list[Document] = field(default_factory=list)

    @property
    def known(self) -> bool:
        return bool(self.user or self.name or self.principal)


@contextmanager
def recorded(seen: Seen, given: Attempt) -> Iterator[Attempt]:
    """Write down how the sign-in inside ended: with 0, or with the number of its SignInFault."""
    try:
        yield given
    except SignInFault as fault:
        note(seen, replace(given, code=fault.code))
        raise
    note(seen, given)


def note(seen: Seen, given: Attempt) -> None:
    """Write a record of now, with what the tenant's policies said of it."""
    if given.known:
        judged = replace(given, policies=_applied(seen, given))
        enter(seen.world, judged, seen.world.clock.now())


def enter(world: World, given: Attempt, at: datetime) -> None:
    """Write a record of `at`, as it is told."""
    table = world["signIns"]
    key = known_id("signIn", world.tenant_id, str(len(table.versions)))
    table.put(key, _document(world, key, given, at), at)


def shown_after(weather: Weather, key: str) -> float:
    """Seconds until a record of the logs can be read: each has its own."""
    share = int.from_bytes(sha256(key.encode()).digest()[:4], "big") / 2.0**32
    return weather.effect("signInLog") * (_SOONEST + (1.0 - _SOONEST) * share)


def _document(world: World, key: str, given: Attempt, at: datetime) -> Document:
    user, app = given.user or {}, _application(world, given)
    principal = given.principal if given.event == PRINCIPAL else None
    return {
        "id": key,
        "createdDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "userDisplayName": user.get("displayName", ""),
        "userPrincipalName": user.get("userPrincipalName") or given.name,
        "userId": user.get("id", ""),
        "appId": app["appId"],
        "appDisplayName": app["displayName"],
        "ipAddress": given.address,
        "clientAppUsed": given.client,
        "userAgent": given.agent,
        "correlationId": known_id("correlation", key),
        "conditionalAccessStatus": _status(given.policies),
        "isInteractive": given.event == INTERACTIVE,
        "status": {
            "errorCode": given.code,
            "failureReason": _reason(given.code),
            "additionalDetails": None,
        },
        "deviceDetail": dict.fromkeys(
            ("deviceId", "displayName", "operatingSystem", "browser", "trustType"), ""
        )
        | {"isCompliant": False, "isManaged": False},
        "location": {
            "city": "",
            "state": "",
            "countryOrRegion": given.country,
            "geoCoordinates": {},
        },
        "appliedConditionalAccessPolicies": given.policies,
        **_resource(world, given.resource),
        "resourceTenantId": world.tenant_id,
        "homeTenantId": world.tenant_id,
        "servicePrincipalId": (principal or {}).get("id", ""),
        "servicePrincipalName": (principal or {}).get("displayName"),
        **dict.fromkeys(("riskDetail", "riskLevelAggregated", "riskLevelDuringSignIn"), "hidden"),
        "riskState": "none",
        "signInEventTypes": [given.event],
        "authenticationProtocol": given.protocol,
        "authenticationRequirement": _requirement(given),
        "authenticationDetails": _details(given, at),
        "clientCredentialType": "none" if principal is None else "clientSecret",
        "incomingTokenType": "refreshToken" if given.event == SILENT else "none",
        "uniqueTokenIdentifier": known_id("token", key),
    }


def _application(world: World, given: Attempt) -> Mapping[str, str]:
    """A password's sign-in is Exchange's own (the name is unverified, entra-graph 6.2)."""
    if given.principal is None:
        found = world["servicePrincipals"].find("appId", EXCHANGE) or {}
        return {"appId": EXCHANGE, "displayName": str(found.get("displayName", ""))}
    name = str(given.principal.get("displayName", ""))
    return {"appId": str(given.principal.get("appId", "")), "displayName": name}


def _resource(world: World, app_id: str) -> Document:
    found = world["servicePrincipals"].find("appId", app_id) or {}
    return {"resourceDisplayName": found.get("displayName", ""), "resourceId": app_id}


def _requirement(given: Attempt) -> str:
    mfa = "mfa" in given.amr and given.event != PRINCIPAL
    return "multiFactorAuthentication" if mfa else "singleFactorAuthentication"


def _details(given: Attempt, at: datetime) -> list[Document]:
    if given.protocol != "ropc":
        return []
    return [
        {
            "authenticationStepDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "authenticationMethod": "Password",
            "succeeded": given.code not in _FIRST_FACTOR,
        }
    ]


def _reason(code: int) -> str:
    if not code:
        return "Other."
    names = dict.fromkeys(("app", "tenant", "name", "scope", "resource", "now", "start", "end"), "")
    return REFUSALS[code].text.format(**names) if code in REFUSALS else ""


def _applied(seen: Seen, given: Attempt) -> list[Document]:
    """appliedConditionalAccessPolicies, with the one that stands for security defaults."""
    if given.code in _FIRST_FACTOR or (given.user is None and given.principal is None):
        return []
    sign_in = _sign_in(given)
    policies = [_policy(met, sign_in) for met in judge(seen, sign_in)]
    defaults = seen.get("policies", "securityDefaults") or {}
    if given.user is not None and defaults.get("isEnabled"):
        policies.insert(0, _SECURITY_DEFAULTS)
    return policies


_SECURITY_DEFAULTS: Document = {
    "id": "SecurityDefaults",
    "displayName": "Security Defaults",
    "enforcedGrantControls": ["Mfa"],
    "enforcedSessionControls": [],
    "result": "success",
}


def _sign_in(given: Attempt) -> SignIn:
    client = {shown: name for name, shown in CLIENTS.items()}.get(given.client or "", "other")
    if given.event == PRINCIPAL:
        return SignIn(
            service_principal=str((given.principal or {}).get("id", "")),
            application=given.resource,
            address=given.address,
        )
    return SignIn(
        user=given.user,
        application=given.resource,
        client_app=client,
        address=given.address,
        amr=given.amr,
        transfer="deviceCodeFlow" if given.protocol == "deviceCode" else "",
    )


def _policy(met: Met, sign_in: SignIn) -> Document:
    grant: Mapping[str, Any] = met.policy.get("grantControls") or {}
    controls = [str(name)[:1].upper() + str(name)[1:] for name in grant.get("builtInControls", ())]
    return {
        "id": met.policy["id"],
        "displayName": met.policy.get("displayName", ""),
        "enforcedGrantControls": controls,
        "enforcedSessionControls": [],
        "result": _result(met, sign_in),
    }


def _result(met: Met, sign_in: SignIn) -> str:
    """conditionalAccessPolicyResult; a policy in report-only is judged as if it were enabled."""
    state = met.policy["state"]
    if state == "disabled":
        return "notEnabled"
    as_enabled = Met({**met.policy, "state": "enabled"}, met.reason)
    word = (
        "notApplied" if not met.applies else "failure" if unmet(as_enabled, sign_in) else "success"
    )
    if state == "enabled":
        return word
    return f"reportOnly{word[0].upper()}{word[1:]}"


def _status(policies: list[Document]) -> str:
    results = {policy["result"] for policy in policies}
    return next((word for word in ("failure", "success") if word in results), "notApplied")
