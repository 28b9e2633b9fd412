"""Get-, New-, Set- and Remove-ServicePrincipal: the applications that Exchange knows.

Source: dossier exchange-online 3.2. Exchange does not compare the ObjectId with the directory:
the object id of the app registration is accepted, and later opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.exchange import faults
from portineria.lab.exchange.declare import IDENTITY, Call, Cmdlet, Parameter
from portineria.lab.exchange.identity import by_members, matching, only, organization_id
from portineria.lab.exchange.roles import READ_ROLES, WRITE_ROLES
from portineria.lab.world import Document

NAMES = by_members("ObjectId", "AppId", "Identity", "DisplayName", "Guid")
_KIND = "exchangeServicePrincipals"


def whole(document: Document, domain: str) -> Document:
    """A row. Identity is the ObjectId, which is what permissions are given to."""
    return {
        "DisplayName": document.get("DisplayName") or "",
        "ObjectId": document["ObjectId"],
        "AppId": document["AppId"],
        "Identity": document.get("Identity") or document["ObjectId"],
        "Guid": document.get("Guid") or document["ObjectId"],
        "OrganizationId": organization_id(domain),
        "WhenCreatedUTC": document.get("WhenCreatedUTC"),
    }


def truth(call: Call) -> list[Document]:
    return [whole(document, call.world.initial_domain) for document in call.truth(_KIND)]


def get(call: Call) -> Iterable[Document]:
    rows = [whole(document, call.world.initial_domain) for document in call.seen.all(_KIND)]
    return matching(rows, call.get("Identity"), NAMES)


def new(call: Call) -> Iterable[Document]:
    app_id = call.get("AppId")
    object_id = call.get("ObjectId") or call.get("ServiceId")
    if not app_id or not object_id:
        raise faults.missing_parameter("ObjectId" if app_id else "AppId")
    if any(object_id == row["ObjectId"] or app_id == row["AppId"] for row in truth(call)):
        raise faults.already_exists(object_id)
    document = {
        "AppId": app_id,
        "ObjectId": object_id,
        "DisplayName": call.get("DisplayName") or "",
        "Guid": call.world.new_id(_KIND),
        "WhenCreatedUTC": call.stamp,
    }
    call.commit(_KIND, object_id, document)
    return (whole(document, call.world.initial_domain),)


def set_(call: Call) -> Iterable[Document]:
    principal = only(truth(call), call.get("Identity"), NAMES)
    stored = call.world[_KIND].get(principal["ObjectId"]) or {}
    call.commit(_KIND, principal["ObjectId"], {**stored, "DisplayName": call.get("DisplayName")})
    return ()


def remove(call: Call) -> Iterable[Document]:
    """Takes the role assignments with it; scopes and mailbox permissions stay behind."""
    principal = only(truth(call), call.get("Identity"), NAMES)
    for assignment in list(call.truth("managementRoleAssignments")):
        if assignment.get("App") == principal["ObjectId"]:
            call.commit("managementRoleAssignments", assignment["Name"], None)
    call.commit(_KIND, principal["ObjectId"], None)
    return ()


CMDLETS = (
    Cmdlet("Get-ServicePrincipal", READ_ROLES, get, (IDENTITY, Parameter("Organization"))),
    Cmdlet(
        "New-ServicePrincipal",
        WRITE_ROLES,
        new,
        tuple(
            Parameter(name)
            for name in ("AppId", "ObjectId", "ServiceId", "DisplayName", "Organization")
        ),
    ),
    Cmdlet("Set-ServicePrincipal", WRITE_ROLES, set_, (IDENTITY, Parameter("DisplayName"))),
    Cmdlet("Remove-ServicePrincipal", WRITE_ROLES, remove, (IDENTITY,)),
)
