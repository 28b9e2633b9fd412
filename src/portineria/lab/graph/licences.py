"""POST /users/{id}/assignLicense. Source: Graph reference, user: assignLicense."""

from __future__ import annotations

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, GraphFault, malformed, one
from portineria.lab.graph.directory import find_user, shown_user
from portineria.lab.licensing import NotAssigned, assign


def assign_licence(call: Call) -> Answer:
    """200 with the person. Both lists must be there; an empty one changes nothing."""
    found = find_user(call.seen, call.names["id"])
    body = call.body()
    added, removed = body.get("addLicenses"), body.get("removeLicenses")
    if not isinstance(added, list) or not isinstance(removed, list):
        raise malformed("A value is required for addLicenses and removeLicenses. (synthetic)")
    try:
        assign(call.world, found, added, removed)
    except NotAssigned as refused:
        raise GraphFault(400, "Request_BadRequest", str(refused)) from None
    now = call.world["users"].get(found["id"]) or found
    return one(call, "users", shown_user(now))
