"""Weather: the lab's deliberate misbehaviour, as plain values. `sky` makes it happen.

All of it is deterministic: the same seed and the same requests meet the same weather.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Literal

EFFECTS: Mapping[str, tuple[float, str]] = MappingProxyType(
    {
        "smtpSwitch": (1800.0, "SmtpClientAuthenticationDisabled on the wire: 15 min to 1 h"),
        "imapPopFlag": (1800.0, "ImapEnabled, PopEnabled on the wire: UNVERIFIED"),
        "authenticationPolicy": (86400.0, "authentication policy: up to 24 h"),
        "authenticationPolicyHurried": (1800.0, "the same after StsRefreshTokensValidFrom: 30 min"),
        "mailboxPermission": (5400.0, "mailbox right of a service principal: 1 to 2 h"),
        "appRbac": (7200.0, "application RBAC, an app that is busy: up to 2 h"),
        "appRbacIdle": (1800.0, "application RBAC, an app that was idle so long: 30 min"),
        "directSend": (1800.0, "RejectDirectSend: up to 30 min"),
        "conditionalAccess": (120.0, "Conditional Access at sign-in: minutes, UNVERIFIED"),
        "securityDefaults": (120.0, "security defaults at sign-in: minutes, UNVERIFIED"),
        "policyCheck": (3.0, "security defaults as the Conditional Access endpoint sees them"),
        "application": (10.0, "a new application or secret at the token endpoint"),
        "consent": (10.0, "consent in new tokens: minutes to an hour, UNVERIFIED"),
        "signInLog": (652.0, "sign-in and audit logs show what happened: 5 to 11 min"),
        "directoryRole": (900.0, "a directory role as Exchange sees it: up to 15 min"),
    }
)
"""What takes time to act, with Microsoft's delay in seconds (exchange-online 1.11, entra 2.12)."""

READINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "pop-disabled-refusal": ("command", "auth"),
        "smtp-refusal-order": ("switch-first", "credentials-first"),
        "smtp-oauth-under-security-defaults": ("passes", "refused"),
        "xoauth2-failure": ("immediate", "challenge"),
        "basic-smtp-after-2026": ("open", "default-off", "removed"),
        "report-only-under-security-defaults": ("accepted", "refused"),
        "exchange-paging": ("works", "refused", "strict-affinity"),
        "exchange-policy-identifier": ("name", "dn"),
        "exchange-error-warnings": ("inside", "beside"),
        "device-code-haste": ("slow_down", "pending"),
        "assignment-for-apps": ("resource", "client"),
        "retired-basic-in-sign-in-log": ("failure", "absent"),
        "directory-audits-without-premium": ("served", "refused"),
    }
)
"""Facts nobody has proven: each name with its possible readings, the default one first."""

FaultKind = Literal["200", "429", "500", "502", "503", "504", "cut-before", "cut-after", "forget"]
"""200 is Exchange's: success on the outside, an `error` in the body, nothing done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """The `nth` request (from 1) whose operation matches the pattern meets this fault.

    `operation` is a regular expression searched in `Ask.operation`, for instance
    "Set-CASMailbox" or "PATCH /identity/conditionalAccess".
    """

    operation: str
    nth: int
    fault: FaultKind
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How the lab behaves today. Times are seconds, shares are of 1."""

    name: str = "fair"
    seed: int = 1
    effects: Mapping[str, float] = field(default_factory=dict)
    """How long each of EFFECTS takes to act; what is not named acts at once."""
    lag: Mapping[str, float] = field(default_factory=dict)
    """How old admin reads are, by kind of the world; "" is every kind not named."""
    stale: float = 0.0
    """Reads alternate between a fresh replica and one this old."""
    throttled: float = 0.0
    """The share of requests answered 429."""
    retry_after: tuple[float | None, ...] = (2.0,)
    """The Retry-After of each 429 in turn; None sends none."""
    server_errors: float = 0.0
    cut_before: float = 0.0
    """The share of requests whose connection breaks before anything happened."""
    cut_after: float = 0.0
    """The share of requests that happen, and whose answer is lost."""
    conditional_access_per_second: float = 1.0
    """Requests a second to /identity/conditionalAccess, all apps together; 0 is no limit."""
    reports_per_ten_seconds: int = 5
    """Requests of one application to the sign-in and audit logs in ten seconds; 0 is no limit."""
    conditional_access_errors: Literal["newer", "older"] = "newer"
    """Where the numbered text is: in error.message, or in innerError.message."""
    forgets: str = ""
    """A regular expression: matching writes answer success and have no effect."""
    truncated: bool = False
    """Exchange listings are cut at `page` rows and their nextLink answers 400."""
    page: int = 0
    """The largest page a listing gives, whatever was asked; 0 is the service's own."""
    latency: float = 0.0
    token_seconds: int = 3599
    scheduled: tuple[Scheduled, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)

    def effect(self, name: str) -> float:
        """Seconds until a change of this kind acts. Raises KeyError for an unknown name."""
        EFFECTS[name]
        return self.effects.get(name, 0.0)

    def reading(self, name: str) -> str:
        """The reading in force of an unproven fact. Raises KeyError for an unknown name."""
        return self.readings.get(name, READINGS[name][0])


_SERVICE = {name: seconds for name, (seconds, _) in EFFECTS.items()}
_DEMO = {name: min(seconds / 900.0, 3.0) for name, seconds in _SERVICE.items()}

PRESETS: Mapping[str, Weather] = MappingProxyType(
    {
        "fair": Weather(),
        "demo": Weather(name="demo", effects=_DEMO, lag={"": 0.3}),
        "service": Weather(name="service", effects=_SERVICE, lag={"": 5.0}, latency=0.2),
        "newcomer": Weather(
            name="newcomer",
            effects={"application": 2.5, "consent": 2.5, "directoryRole": 4.0, "appRbac": 4.0},
            lag={"": 1.0},
        ),
        "throttled": Weather(name="throttled", throttled=0.25, retry_after=(2.0, None, 1.0)),
        "lag": Weather(
            name="lag",
            lag={"": 5.0, "mailboxes": 20.0, "transport": 20.0, "conditionalAccess": 3.0},
        ),
        "flaky": Weather(name="flaky", server_errors=0.08, cut_before=0.05, cut_after=0.05),
        "stale": Weather(name="stale", stale=15.0),
        "truncated": Weather(name="truncated", truncated=True, page=5),
        "accepts-and-forgets": Weather(
            name="accepts-and-forgets", effects=_DEMO, forgets=r"^Set-CASMailbox$"
        ),
    }
)


def forecast(name: str, overrides: Mapping[str, Any] | None = None) -> Weather:
    """A preset with some members replaced, as JSON gives them.

    Raises ValueError for an unknown preset, member, effect or reading, naming the known ones.
    """
    if name not in PRESETS:
        raise ValueError(f"no weather called {name!r}; there is: {', '.join(PRESETS)}")
    given = dict(overrides or {})
    known = {member.name for member in fields(Weather)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"weather has no {', '.join(unknown)}; it has: {', '.join(sorted(known))}")
    _check(given)
    if "scheduled" in given:
        given["scheduled"] = tuple(
            item if isinstance(item, Scheduled) else Scheduled(**item)
            for item in given["scheduled"]
        )
    if "retry_after" in given:
        given["retry_after"] = tuple(given["retry_after"])
    return replace(PRESETS[name], **given)


def _check(given: Mapping[str, Any]) -> None:
    for effect in given.get("effects", {}):
        if effect not in EFFECTS:
            raise ValueError(f"no effect called {effect!r}; there is: {', '.join(EFFECTS)}")
    for reading, value in given.get("readings", {}).items():
        if reading not in READINGS:
            raise ValueError(f"no reading called {reading!r}; there is: {', '.join(READINGS)}")
        if value not in READINGS[reading]:
            choices = ", ".join(READINGS[reading])
            raise ValueError(f"{reading} is read as one of: {choices}; not {value!r}")
