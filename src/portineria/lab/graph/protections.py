"""Security defaults and the authorization policy (entra-graph 1)."""

from __future__ import annotations

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, GraphFault, done, one
from portineria.lab.world import Document

CONFLICT = (
    "Security Defaults is enabled in the tenant. You must disable Security defaults before "
    "enabling a Conditional Access policy."
)
SYNTHETIC_CONFLICT = (
    "[synthetic text of the lab: no real answer is known] Conditional Access policies are enabled "
    "in the tenant. Security defaults cannot be enabled."
)


def read_defaults(call: Call) -> Answer:
    found = call.seen.get("policies", "securityDefaults") or {}
    return one(call, "policies/identitySecurityDefaultsEnforcementPolicy", found)


def write_defaults(call: Call) -> Answer:
    """PATCH isEnabled. While a Conditional Access policy is enabled, `true` is refused.

    That refusal exists in the portal; its form in Graph is UNVERIFIED (entra-graph 1.3).
    """
    body = {name: value for name, value in call.body().items() if "@odata." not in name}
    if set(body) != {"isEnabled"} or not isinstance(body["isEnabled"], bool):
        raise GraphFault(400, "BadRequest", "Invalid request body.")
    if body["isEnabled"] and any(
        policy["state"] == "enabled" for policy in call.world["conditionalAccess"].all()
    ):
        raise GraphFault(400, "BadRequest", SYNTHETIC_CONFLICT)
    call.world["policies"].patch("securityDefaults", isEnabled=body["isEnabled"])
    return done()


def refuse_beside_defaults(call: Call, policy: Document) -> None:
    """What security defaults do not allow beside themselves. Raises GraphFault."""
    age = call.lab.weather.effect("policyCheck")
    defaults = call.world["policies"].get("securityDefaults", age)
    if defaults is None or not defaults["isEnabled"] or policy["state"] == "disabled":
        return
    report_only = policy["state"] == "enabledForReportingButNotEnforced"
    reading = call.lab.weather.reading("report-only-under-security-defaults")
    if report_only and reading == "accepted":
        return
    raise GraphFault(400, "BadRequest", CONFLICT)


def authorization(call: Call) -> Answer:
    found = call.seen.get("policies", "authorization") or {}
    return one(call, "policies/authorizationPolicy", found)
