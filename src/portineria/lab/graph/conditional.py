"""Conditional Access policies: list, read, create, change, delete, restore (entra-graph 2)."""

from __future__ import annotations

from typing import Any

from portineria.lab.ask import Answer
from portineria.lab.graph import shapes
from portineria.lab.graph.call import Call, GraphFault, done, not_found, one
from portineria.lab.graph.organization import AAD_PREMIUM, AAD_PREMIUM_P2, has_plan
from portineria.lab.graph.protections import refuse_beside_defaults
from portineria.lab.graph.query import listing
from portineria.lab.world import Document

LIMIT = 195
"""Policies of one tenant, in any state (entra-graph 2.7)."""
GENERIC = "The server could not process the request because it is malformed or incorrect."
SCHEMA = (
    "1007: Incoming ConditionalAccessPolicy object is null or does not match the schema of "
    "ConditionalAccessPolicy type. For examples, please see API documentation at "
    "https://docs.microsoft.com/en-us/graph/api/conditionalaccessroot-post-policies"
    "?view=graph-rest-1.0."
)
EMPTY_CLIENTS = (
    "1064: 'clientAppTypes' condition does not support []. If you want to target all client apps, "
    "use ['All']."
)
PREMIUM = (
    "1039: Cannot create or update policies with premium P2 features. Upgrade to a premium P2 "
    "license and try again."
)
RESET_CONTROL = (
    "1032: ConditionalActionPolicy validation failed due to InvalidPasswordResetControl."
)
SYNTHETIC_EMPTY = "1011: [synthetic text of the lab] The policy names no {what}."
SYNTHETIC_LOCATION = "1040: [synthetic text of the lab] The location '{name}' was not found."
SYNTHETIC_LIMIT = "[synthetic text of the lab] The tenant has 195 policies already."
LICENCE = (
    "Your tenant is not licensed for this feature. Please upgrade your subscription to access it."
)


def policies(call: Call) -> Answer:
    return listing(call, "identity/conditionalAccess/policies", call.seen.all("conditionalAccess"))


def policy(call: Call) -> Answer:
    return one(call, "identity/conditionalAccess/policies", _found(call))


def create(call: Call) -> Answer:
    """201 with the whole object. A name that exists already is no hindrance (2.1)."""
    _licensed(call)
    sent = _fitted(call)
    for name in ("displayName", "state", "conditions"):
        if sent.get(name) is None:
            raise refusal(call, SCHEMA)
    if sum(1 for _ in call.world["conditionalAccess"].all()) >= LIMIT:
        raise refusal(call, SYNTHETIC_LIMIT)
    document = {
        "id": call.world.new_id("conditionalAccess"),
        "templateId": None,
        "displayName": sent["displayName"],
        "description": sent.get("description"),
        "createdDateTime": call.now(),
        "modifiedDateTime": None,
        "deletedDateTime": None,
        "state": sent["state"],
        "conditions": sent["conditions"],
        "grantControls": sent.get("grantControls"),
        "sessionControls": sent.get("sessionControls"),
    }
    _valid(call, document)
    call.world["conditionalAccess"].put(document["id"], document)
    return one(call, "conditionalAccess/policies", document, 201)


def update(call: Call) -> Answer:
    """204. Top-level members that are not sent stay; members of `conditions` likewise.

    How deep the real service merges is UNVERIFIED (2.2).
    """
    _licensed(call)
    stored = call.world["conditionalAccess"].get(call.names["id"])
    _found(call)
    sent = _fitted(call)
    assert stored is not None
    if "conditions" in sent:
        given = call.body()["conditions"] or {}
        fresh = {name: value for name, value in sent["conditions"].items() if name in given}
        sent["conditions"] = {**stored["conditions"], **fresh}
    document = {**stored, **sent, "modifiedDateTime": call.now()}
    _valid(call, document)
    call.world["conditionalAccess"].put(document["id"], document)
    return done()


def delete(call: Call) -> Answer:
    """204, and 30 days to restore it."""
    found = _found(call)
    gone = {**found, "deletedDateTime": call.now()}
    call.world["conditionalAccess"].put(found["id"], None)
    call.world["deletedConditionalAccess"].put(found["id"], gone)
    return done()


def deleted(call: Call) -> Answer:
    rows = call.seen.all("deletedConditionalAccess")
    return listing(call, "identity/conditionalAccess/deletedItems/policies", rows)


def restore(call: Call) -> Answer:
    found = _found(call, "deletedConditionalAccess")
    back = {**found, "deletedDateTime": None}
    refuse_beside_defaults(call, back)
    call.world["deletedConditionalAccess"].put(found["id"], None)
    call.world["conditionalAccess"].put(found["id"], back)
    return one(call, "conditionalAccess/policies", back)


def purge(call: Call) -> Answer:
    found = _found(call, "deletedConditionalAccess")
    call.world["deletedConditionalAccess"].put(found["id"], None)
    return done()


def refusal(call: Call, text: str) -> GraphFault:
    """A 400 in the form of the day: the numbered text in message, or inside innerError (2.7)."""
    if call.lab.weather.conditional_access_errors == "older":
        return GraphFault(400, "BadRequest", GENERIC, {"code": "BadRequest", "message": text})
    return GraphFault(400, "BadRequest", text)


def _found(call: Call, kind: str = "conditionalAccess") -> Document:
    """404; its code and text are UNVERIFIED (2.7)."""
    found = call.seen.get(kind, call.names["id"])
    if found is None or call.world[kind].get(call.names["id"]) is None:
        raise not_found(call.names["id"])
    return found


def _licensed(call: Call) -> None:
    if not has_plan(call.seen, AAD_PREMIUM):
        raise GraphFault(403, "AccessDenied", LICENCE)


def _fitted(call: Call) -> dict[str, Any]:
    try:
        return shapes.policy(call.body())
    except shapes.Misfit:
        raise refusal(call, SCHEMA) from None


def _valid(call: Call, document: Document) -> None:
    """What the service checks of a whole policy, new or changed. Raises GraphFault."""
    conditions = document["conditions"]
    if not conditions["clientAppTypes"]:
        raise refusal(call, EMPTY_CLIENTS)
    _names_something(call, document)
    risks = ("userRiskLevels", "signInRiskLevels", "servicePrincipalRiskLevels")
    if any(conditions[name] for name in risks) and not has_plan(call.seen, AAD_PREMIUM_P2):
        raise refusal(call, PREMIUM)
    grant = document["grantControls"] or {}
    controls = grant.get("builtInControls", [])
    if "passwordChange" in controls and not ("mfa" in controls and grant["operator"] == "AND"):
        raise refusal(call, RESET_CONTROL)
    _knows_locations(call, conditions["locations"] or {})
    refuse_beside_defaults(call, document)


def _names_something(call: Call, document: Document) -> None:
    conditions = document["conditions"]
    users, applications = conditions["users"] or {}, conditions["applications"] or {}
    if not conditions["clientApplications"] and not any(
        value for name, value in users.items() if name.startswith("include")
    ):
        raise refusal(call, SYNTHETIC_EMPTY.format(what="users"))
    if not any(value for name, value in applications.items() if name.startswith("include")):
        raise refusal(call, SYNTHETIC_EMPTY.format(what="application"))
    if not document["grantControls"] and not document["sessionControls"]:
        raise refusal(call, SYNTHETIC_EMPTY.format(what="control"))


def _knows_locations(call: Call, locations: Document) -> None:
    """A location made just now is not known yet (2.12); its text is UNVERIFIED."""
    age = call.lab.weather.effect("policyCheck")
    for names in locations.values():
        for name in names:
            special = name in ("All", "AllTrusted") or name.startswith("00000000-")
            if not special and call.world["namedLocations"].get(name, age) is None:
                raise refusal(call, SYNTHETIC_LOCATION.format(name=name))
