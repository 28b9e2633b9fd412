"""One application with the dates of what it is made of: registration, principal, consents.

Source: Graph v1.0, application, servicePrincipal, appRoleAssignment; Graph dossier 4.1, 4.2.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from portineria.fault import NotFound
from portineria.m365.data import Row, literal, members, moment, text, truth
from portineria.m365.graph.apps import READ
from portineria.m365.session import Session
from portineria.secret import Secret
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.mailapp import Consent, Enterprise, OwnProof, Registered, Registration

SHOWN = 3
"""Characters of a secret's beginning that Graph shows as its hint."""


async def registration(
    session: Session, client_id: str, proof: OwnProof, begins: Secret | None
) -> Registration | None:
    """None where the tenant has none: it is another's application. `begins` is the beginning of
    the profile's secret, as long as Graph's hints. Raises ServiceFault, NetworkFault."""
    path = f"/applications(appId={literal(client_id)})"
    row = await _row(
        session, f"{path}?$select=id,createdDateTime,keyCredentials,passwordCredentials"
    )
    if row is None:
        return None
    return Registration(
        object_id=text(row.get("id")),
        created=moment(row.get("createdDateTime")),
        proofs=(*_secrets(row, begins), *_certificates(row, proof)),
    )


def _secrets(row: Row, begins: Secret | None) -> Iterator[Registered]:
    for one in row.get("passwordCredentials") or ():
        hint = text(one.get("hint"))
        yield Registered(
            kind="secret",
            key_id=text(one.get("keyId")),
            starts=moment(one.get("startDateTime")),
            ends=moment(one.get("endDateTime")),
            ours=(begins is not None and hint == begins.reveal()) if hint else None,
        )


def _certificates(row: Row, proof: OwnProof) -> Iterator[Registered]:
    for one in row.get("keyCredentials") or ():
        named = _thumbprint(text(one.get("customKeyIdentifier")))
        yield Registered(
            kind="certificate",
            key_id=text(one.get("keyId")),
            starts=moment(one.get("startDateTime")),
            ends=moment(one.get("endDateTime")),
            ours=(named == proof.thumbprint) if named else None,
        )


def _thumbprint(named: str) -> str:
    """SHA-1 in capital hex, from base64 as Graph writes it, or as it stands."""
    try:
        octets = base64.b64decode(named, validate=True)
    except (ValueError, binascii.Error):
        return named.upper()
    return octets.hex().upper() if len(octets) == 20 else named.upper()


async def enterprise(session: Session, client_id: str) -> Enterprise | None:
    """None where the tenant has no service principal for it. Raises as `registration`."""
    fields = "id,displayName,accountEnabled,appRoleAssignmentRequired,createdDateTime"
    row = await _row(session, f"/servicePrincipals(appId={literal(client_id)})?$select={fields}")
    if row is None:
        return None
    return Enterprise(
        object_id=text(row.get("id")),
        name=text(row.get("displayName")),
        enabled=truth(row.get("accountEnabled")) is not False,
        assignment_required=truth(row.get("appRoleAssignmentRequired")) is True,
        created=moment(row.get("createdDateTime")),
    )


async def consents(session: Session, object_id: str) -> tuple[tuple[Consent, ...], bool]:
    """What the principal was given of Exchange Online, by value; and whether that gives tokens
    to assigned applications only. Raises as `registration`."""
    fields = "id,appRoles,appRoleAssignmentRequired"
    path = f"/servicePrincipals(appId={literal(EXCHANGE_ONLINE)})?$select={fields}"
    exchange = (await session.graph("GET", path, needs=READ)).body
    values = {
        text(role.get("id")): text(role.get("value"))
        for role in map(members, exchange.get("appRoles") or ())
    }
    rows = await session.graph_list(
        f"/servicePrincipals/{object_id}/appRoleAssignments", needs=READ
    )
    given = tuple(
        Consent(
            value=values.get(text(row.get("appRoleId")), text(row.get("appRoleId"))),
            created=moment(row.get("createdDateTime")),
        )
        for row in rows
        if text(row.get("resourceId")) == text(exchange.get("id"))
    )
    return given, truth(exchange.get("appRoleAssignmentRequired")) is True


async def _row(session: Session, path: str) -> Row | None:
    try:
        return (await session.graph("GET", path, needs=READ)).body
    except NotFound:
        return None
