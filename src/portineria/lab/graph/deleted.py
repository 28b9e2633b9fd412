"""What deleted applications become: kept for thirty days, restored or purged; and what goes along.

Source: Microsoft Graph, "Deleted items"; of its types only applications are here.
"""

from __future__ import annotations

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, done, not_found, one
from portineria.lab.graph.query import listing
from portineria.lab.world import Document, World

KIND = "deletedApplications"


def all_of_them(call: Call) -> Answer:
    return listing(call, "directoryObjects", map(_shown, call.seen.all(KIND)))


def one_of_them(call: Call) -> Answer:
    return one(call, "directoryObjects", _shown(_found(call)))


def restore(call: Call) -> Answer:
    """200 with the application, credentials and all; its service principal stays away."""
    found = _found(call)
    back = {name: value for name, value in found.items() if name != "deletedDateTime"}
    call.world["applications"].put(found["id"], back)
    call.world[KIND].put(found["id"], None)
    return one(call, "directoryObjects", _shown(back), 200)


def purge(call: Call) -> Answer:
    call.world[KIND].put(_found(call)["id"], None)
    return done()


def throw_away(call: Call, application: Document) -> None:
    """An application goes with its service principal in this tenant."""
    world = call.world
    principal = world["servicePrincipals"].find("appId", application["appId"])
    if principal is not None:
        forget(world, principal["id"])
    world["applications"].put(application["id"], None)
    world[KIND].put(application["id"], {**application, "deletedDateTime": call.now()})


def forget(world: World, principal: str) -> None:
    """A service principal takes along its permissions, consents, roles, and Exchange's copy."""
    world["servicePrincipals"].put(principal, None)
    if world["exchangeServicePrincipals"].get(principal) is not None:
        world["exchangeServicePrincipals"].put(principal, None)
    for kind, member in (
        ("appRoleAssignments", "principalId"),
        ("oauth2PermissionGrants", "clientId"),
        ("roleAssignments", "principalId"),
    ):
        for key, row in list(world[kind].items()):
            if row.get(member) == principal:
                world[kind].put(key, None)


def _found(call: Call) -> Document:
    found = call.seen.get(KIND, call.names["id"].lower())
    if found is None:
        raise not_found(call.names["id"])
    return found


def _shown(row: Document) -> Document:
    hidden = ("secrets", "certificates", "owners")
    shown = {name: value for name, value in row.items() if name not in hidden}
    return {"@odata.type": "#microsoft.graph.application", **shown}
