"""Named locations (entra-graph 2.12)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, GraphFault, done, not_found, one
from portineria.lab.graph.query import listing
from portineria.lab.world import Document

WHAT = "identity/conditionalAccess/namedLocations"
IP = "#microsoft.graph.ipNamedLocation"
COUNTRY = "#microsoft.graph.countryNamedLocation"
_RANGES = {
    4: "#microsoft.graph.iPv4CidrRange",
    6: "#microsoft.graph.iPv6CidrRange",
}
_MEMBERS = {
    IP: {"displayName", "isTrusted", "ipRanges"},
    COUNTRY: {
        "displayName",
        "countriesAndRegions",
        "includeUnknownCountriesAndRegions",
        "countryLookupMethod",
    },
}


def locations(call: Call) -> Answer:
    return listing(call, WHAT, call.seen.all("namedLocations"))


def location(call: Call) -> Answer:
    return one(call, WHAT, _found(call))


def create(call: Call) -> Answer:
    body = call.body()
    type_ = str(body.get("@odata.type"))
    if type_ not in _MEMBERS or not isinstance(body.get("displayName"), str):
        raise _misfit()
    document = {
        "@odata.type": type_,
        "id": call.world.new_id("namedLocation"),
        "createdDateTime": call.now(),
        "modifiedDateTime": None,
        "deletedDateTime": None,
        **({"isTrusted": False} if type_ == IP else {}),
        **_checked(type_, body),
    }
    if type_ == IP and not document.get("ipRanges"):
        raise _misfit()
    call.world["namedLocations"].put(document["id"], document)
    return one(call, WHAT, document, 201)


def update(call: Call) -> Answer:
    found = _found(call)
    body = call.body()
    changed = _checked(found["@odata.type"], body)
    call.world["namedLocations"].put(
        found["id"], {**found, **changed, "modifiedDateTime": call.now()}
    )
    return done()


def delete(call: Call) -> Answer:
    found = _found(call)
    call.world["namedLocations"].put(found["id"], None)
    return done()


def _found(call: Call) -> Document:
    found = call.seen.get("namedLocations", call.names["id"])
    if found is None or call.world["namedLocations"].get(call.names["id"]) is None:
        raise not_found(call.names["id"])
    return found


def _checked(type_: str, body: dict[str, Any]) -> dict[str, Any]:
    sent = {name: value for name, value in body.items() if "@odata." not in name}
    if set(sent) - _MEMBERS[type_]:
        raise _misfit()
    for range_ in sent.get("ipRanges") or []:
        try:
            version = ip_network(range_["cidrAddress"], strict=False).version
        except (ValueError, KeyError, TypeError):
            raise _misfit() from None
        if range_.get("@odata.type") != _RANGES[version]:
            raise _misfit()
    return sent


def _misfit() -> GraphFault:
    """The wording is synthetic: no real answer is known."""
    return GraphFault(400, "BadRequest", "[synthetic text of the lab] Invalid named location.")
