"""What Exchange knows of one application, and of the few mailboxes that it is asked about.

Source: Get-ServicePrincipal, Get-ManagementRoleAssignment, Get-Mailbox, Get-CASMailbox; Exchange
dossier 1.5, 3.2, 3.3. Only the members in UTC are read as dates: the others bear no zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portineria.fault import Fault, NotFound
from portineria.m365.data import Data, Row, lower, moment, text, whole
from portineria.m365.exchange import mailboxes, recipients
from portineria.m365.exchange.match import one
from portineria.m365.exchange.rights import SMTP_ROLE
from portineria.m365.session import Session
from portineria.tenant.mailapp import ExchangePrincipal, ScopedRole
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.naming import folded
from portineria.tenant.unseen import Unseen

_SCOPES = ("CustomResourceScope", "RecipientGroupScope", "RecipientAdministrativeUnitScope")
_NO_SWITCHES = Unseen("it is not a mailbox of Exchange Online")


@dataclass(frozen=True, slots=True)
class Found:
    """A recipient as it was asked for. `changed` is when anything of its switches' object was."""

    box: Mailbox
    changed: datetime | None = None


async def principal(
    session: Session, client_id: str, object_id: str | None
) -> tuple[ExchangePrincipal | None, Row | None]:
    """Exchange's record of the application, and its row: the one of this object id where there
    are several, else any. None where it was never registered. Raises ServiceFault."""
    try:
        data = await session.exchange("Get-ServicePrincipal", {"Identity": client_id})
    except NotFound:
        return None, None
    wanted = client_id.lower()
    rows = [row for row in whole(data, "Get-ServicePrincipal") if lower(row.get("AppId")) == wanted]
    rows.sort(key=lambda row: lower(row.get("ObjectId")) != (object_id or "").lower())
    if not rows:
        return None, None
    known = ExchangePrincipal(
        object_id=text(rows[0].get("ObjectId")), created=moment(rows[0].get("WhenCreatedUTC"))
    )
    return known, rows[0]


async def scoped(session: Session, known: ExchangePrincipal | None) -> tuple[ScopedRole, ...]:
    """Its assignments of the SMTP role. Raises ServiceFault."""
    if known is None:
        return ()
    command = "Get-ManagementRoleAssignment"
    try:
        data = await session.exchange(command, {"RoleAssignee": known.object_id})
    except NotFound:
        return ()
    return tuple(
        ScopedRole(
            name=text(row.get("Name")),
            scope=next((text(row.get(name)) for name in _SCOPES if row.get(name)), ""),
            created=moment(row.get("WhenCreatedUTC")),
        )
        for row in whole(data, command)
        if text(row.get("Role")) == SMTP_ROLE
    )


async def find(session: Session, names: Sequence[str]) -> dict[str, Found | Unseen | None]:
    """Each of these names: a mailbox with its switches, another recipient, nobody, or Unseen.

    Mailboxes are asked for ten a request; what is none, one by one.
    """
    asked = await session.exchange_batch([("Get-Mailbox", {"Identity": name}) for name in names])
    rows = {name: _bearer(answer, name) for name, answer in zip(names, asked, strict=True)}
    boxes = {name: row for name, row in rows.items() if isinstance(row, dict)}
    switches = await _switches(session, boxes)
    found: dict[str, Found | Unseen | None] = {}
    for name, row in rows.items():
        if name in boxes:
            found[name] = _mailbox(boxes[name], switches[name])
        elif isinstance(row, Unseen):
            found[name] = row
        else:
            found[name] = await _stranger(session, name)
    return found


def _bearer(answer: Data | Fault, name: str) -> Row | Unseen | None:
    """The row that bears the name; an unknown Identity may return every object there is."""
    if isinstance(answer, NotFound):
        return None
    if isinstance(answer, Fault):
        return Unseen(answer.why)
    wanted = folded(name)
    found = next((row for row in answer.rows or () if wanted in recipients.called(row)), None)
    return None if found is None else dict(found)


async def _switches(session: Session, boxes: Mapping[str, Row]) -> dict[str, Row | Unseen]:
    guids = {name: lower(row.get("Guid")) for name, row in boxes.items()}
    calls = [("Get-CASMailbox", {"Identity": guid}) for guid in guids.values()]
    answers = await session.exchange_batch(calls)
    return {
        name: _row(answer, guid)
        for (name, guid), answer in zip(guids.items(), answers, strict=True)
    }


def _row(answer: Data | Fault, guid: str) -> Row | Unseen:
    try:
        return one(answer, guid, "Get-CASMailbox", ("Guid",))
    except Fault as fault:
        return Unseen(f"Get-CASMailbox failed: {fault.why}")


def _mailbox(row: Row, switches: Row | Unseen) -> Found:
    box = mailboxes.mailbox(lower(row.get("Guid")), row, switches, _NO_SWITCHES)
    changed = None if isinstance(switches, Unseen) else moment(switches.get("WhenChangedUTC"))
    return Found(box, changed)


async def _stranger(session: Session, name: str) -> Found | Unseen | None:
    try:
        known = await recipients.find(session, name)
    except Fault as fault:
        return Unseen(fault.why)
    if known is None:
        return None
    row, kind = known
    box = mailboxes.mailbox(lower(row.get("Guid")), row, _NO_SWITCHES, _NO_SWITCHES)
    return Found(replace(box, kind=kind))
