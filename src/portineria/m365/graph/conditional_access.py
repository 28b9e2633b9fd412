"""Conditional Access policies and named locations.

Reads come back in one normal form (absent, null and empty are the same; sets are sorted), so
that what was asked for and what stands there can be compared member by member.
Source: Graph dossier 2.1, 2.2, 2.12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portineria.fault import ServiceFault
from portineria.m365.data import Row, members, text
from portineria.m365.session import Session
from portineria.policy.conditionalbody import from_graph, location_from_graph
from portineria.tenant.access import ConditionalAccessPolicy, NamedLocation

POLICIES = "/identity/conditionalAccess/policies"
LOCATIONS = "/identity/conditionalAccess/namedLocations"
READ = "Policy.Read.All"
WRITE = "Policy.ReadWrite.ConditionalAccess"

_USERS = tuple(
    side + kind for kind in ("Users", "Groups", "Roles") for side in ("include", "exclude")
)
_APPLICATIONS = ("includeApplications", "excludeApplications")
_RANGE = ("@odata.type", "cidrAddress")


async def policies(session: Session) -> tuple[ConditionalAccessPolicy, ...]:
    """Raises ServiceFault where one policy cannot be read: a part would mislead."""
    rows = await session.graph_list(POLICIES, needs=READ)
    try:
        return tuple(from_graph(row) for row in rows)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ServiceFault(
            f"a Conditional Access policy has a shape that is not understood ({error!r})",
            where=f"GET {POLICIES}",
        ) from error


async def locations(session: Session) -> tuple[NamedLocation, ...]:
    rows = await session.graph_list(LOCATIONS, needs=READ)
    try:
        return tuple(location_from_graph(row) for row in rows)
    except (KeyError, ValueError, TypeError) as error:
        raise ServiceFault(
            f"a named location has a shape that is not understood ({error!r})",
            where=f"GET {LOCATIONS}",
        ) from error


async def fetch(session: Session, collection: str, key: str) -> Row:
    """One object in normal form, by GET of its id (lists lag more). Raises NotFound."""
    data = await session.graph("GET", f"{collection}/{key}", needs=READ)
    return normal(data.body)


async def listed(session: Session, collection: str) -> dict[str, Row]:
    """All objects in normal form by id, in one request where they fit a page."""
    rows = await session.graph_list(collection, needs=READ)
    return {text(row.get("id")): normal(row) for row in rows}


async def named(session: Session, collection: str, name: str) -> tuple[str, ...]:
    """Ids of the objects with exactly this name; the service allows several."""
    rows = await session.graph_list(collection, needs=READ)
    return tuple(text(row.get("id")) for row in rows if row.get("displayName") == name)


async def create(session: Session, collection: str, after: Mapping[str, Any]) -> str:
    """The new object's id. Raises AmbiguousWrite where the answer was lost."""
    data = await session.graph("POST", collection, outgoing(after), needs=WRITE)
    made = text(data.body.get("id"))
    if not made:
        raise ServiceFault("the service made an object and did not say its id", where=collection)
    return made


async def update(session: Session, collection: str, key: str, after: Mapping[str, Any]) -> None:
    await session.graph("PATCH", f"{collection}/{key}", outgoing(after), needs=WRITE)


async def delete(session: Session, collection: str, key: str) -> None:
    await session.graph("DELETE", f"{collection}/{key}", needs=WRITE)


def outgoing(after: Mapping[str, Any]) -> dict[str, Any]:
    """A body to send: `conditions` whole, for how deep a PATCH merges is not documented."""
    body = dict(after)
    if "conditions" in body:
        body["conditions"] = {
            "userRiskLevels": [],
            "signInRiskLevels": [],
            "locations": None,
            **_conditions(members(body["conditions"])),
        }
    return body


def normal(body: Mapping[str, Any]) -> dict[str, Any]:
    """The normal form of a policy or a named location, all its other members untouched."""
    found = dict(body)
    if "conditions" in found:
        found["conditions"] = _conditions(members(found["conditions"]))
    if "grantControls" in found:
        found["grantControls"] = _controls(members(found["grantControls"]))
    if "ipRanges" in found:
        found["ipRanges"] = [
            {name: entry[name] for name in _RANGE if name in entry}
            for entry in found["ipRanges"] or ()
        ]
    return found


def _conditions(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """Three members always, with their lists; the others only where they say something."""
    found = _pruned(conditions)
    found["clientAppTypes"] = _sorted(conditions.get("clientAppTypes"))
    found["applications"] = _with_lists(conditions.get("applications"), _APPLICATIONS)
    found["users"] = _with_lists(conditions.get("users"), _USERS)
    return found


def _controls(controls: Mapping[str, Any]) -> dict[str, Any] | None:
    found = _pruned(controls)
    strength = members(found.get("authenticationStrength"))
    if strength:
        found["authenticationStrength"] = {"id": strength.get("id")}
    if not (set(found) - {"operator"}):
        return None
    return {"builtInControls": [], **found}


def _with_lists(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {**{name: [] for name in names}, **_pruned(members(value))}


def _sorted(value: object) -> list[str]:
    return sorted(str(item) for item in value) if isinstance(value, (list, tuple)) else []


def _pruned(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without annotations and without whatever is null or empty, all the way down."""
    found = {name: _plain(member) for name, member in value.items() if "@odata.context" not in name}
    return {name: member for name, member in found.items() if member not in (None, [], {})}


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return _pruned(value)
    if isinstance(value, (list, tuple)):
        whole = [_plain(item) for item in value]
        return sorted(whole) if all(isinstance(item, str) for item in whole) else whole
    return value
