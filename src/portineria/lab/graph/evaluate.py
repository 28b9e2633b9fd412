"""What-if: which policies a described sign-in would meet (entra-graph 2.6)."""

from __future__ import annotations

from typing import Any

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, GraphFault
from portineria.lab.graph.directory import find_user
from portineria.lab.login.conditional import SignIn, judge


def evaluate(call: Call) -> Answer:
    body = call.body()
    try:
        sign_in = _sign_in(call, body)
    except (KeyError, TypeError, IndexError):
        raise GraphFault(400, "BadRequest", "Invalid request body.") from None
    only = body.get("appliedPoliciesOnly", False)
    rows = [
        {
            **met.policy,
            "policyApplies": met.applies,
            "analysisReasons": met.reason or "notSet",
        }
        for met in judge(call.seen, sign_in)
        if met.applies or not only
    ]
    what = "Collection(microsoft.graph.whatIfAnalysisResult)"
    return Answer(body={"@odata.context": call.context(what), "value": rows})


def _sign_in(call: Call, body: dict[str, Any]) -> SignIn:
    identity = body["signInIdentity"]
    conditions = body.get("signInConditions") or {}
    application = body["signInContext"]["includeApplications"][0]
    principal = str(identity.get("servicePrincipalId", ""))
    user = None if principal else find_user(call.seen, identity["userId"])
    return SignIn(
        user=user,
        service_principal=principal,
        application=application,
        client_app=conditions.get("clientAppType", "browser"),
        address=conditions.get("ipAddress", ""),
        platform=conditions.get("devicePlatform", ""),
    )
