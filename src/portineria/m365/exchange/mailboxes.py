"""Mailboxes with their switches: three listings joined, never a call per mailbox.

Get-Mailbox says what each one is, Get-CASMailbox the switches, Get-User the authentication
policy. The join is by Guid, then by ExternalDirectoryObjectId. Where one of the latter two
fails, its fields are Unseen; without the first there is no inventory at all.
Source: Exchange dossier 1.3, 1.5, 1.13, 2.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from portineria.fault import Fault, NotFound
from portineria.m365.data import Row, lower, shared, text, truth
from portineria.m365.exchange.match import one
from portineria.m365.exchange.recipients import Tell, aliases, kind
from portineria.m365.session import Session
from portineria.m365.slicing import inventory
from portineria.tenant.mailbox import Mailbox, SmtpSwitch
from portineria.tenant.unseen import Unseen

SWITCHES = ("ImapEnabled", "PopEnabled", "SmtpClientAuthenticationDisabled")


async def listing(session: Session, tell: Tell) -> tuple[Mailbox, ...]:
    """Every mailbox, by address. Raises ServiceFault; a part is never given as the whole.

    Each row becomes a mailbox at once, and what the later listings say is put into it: no row
    is kept.
    """
    boxes: dict[str, Mailbox] = {}
    async for page in inventory(session, "Get-Mailbox", _LEAN):
        for row in page:
            guid = lower(row.get("Guid"))
            boxes[guid] = mailbox(guid, row, _UNLISTED, _NO_POLICY)
        tell("mailboxes (Exchange does not say how many there are)", len(boxes))
    await _fill(session, "Get-CASMailbox", SWITCHES, boxes, _switched, tell)
    await _fill(session, "Get-User", ("AuthenticationPolicy",), boxes, _governed, tell)
    return tuple(sorted(boxes.values(), key=lambda box: (box.address, box.guid)))


_LEAN = (
    "EmailAddresses",
    "ExternalDirectoryObjectId",
    "MailboxPlan",
    "PrimarySmtpAddress",
    "UserPrincipalName",
    "DisplayName",
    "RecipientTypeDetails",
    "IsInactiveMailbox",
)
"""The members that are used: ten thousand whole rows would fill the memory."""
_UNLISTED = Unseen("Get-CASMailbox did not list this mailbox")
_NO_POLICY = Unseen("Get-User did not list this mailbox")
_WORDS = {
    "Get-CASMailbox": "switches of mailboxes",
    "Get-User": "authentication policies of mailboxes",
}

Put = Callable[[Mailbox, Row | Unseen], Mailbox]
"""A mailbox with what a row of another listing says of it, or why none does."""


async def _fill(
    session: Session,
    cmdlet: str,
    fields: tuple[str, ...],
    boxes: dict[str, Mailbox],
    put: Put,
    tell: Tell,
) -> None:
    """Put what another listing says into the mailboxes; all of it is Unseen where it failed.

    Rows are joined by Guid, then by directory id.
    """
    by_entra_id: dict[str, str] = {}
    met = 0
    try:
        async for page in inventory(session, cmdlet, ("ExternalDirectoryObjectId", *fields)):
            for row in page:
                guid = lower(row.get("Guid"))
                if guid not in boxes:
                    by_entra_id = by_entra_id or _by_entra_id(boxes)
                    guid = by_entra_id.get(lower(row.get("ExternalDirectoryObjectId")), "")
                if guid:
                    boxes[guid] = put(boxes[guid], row)
            met += len(page)
            tell(_WORDS[cmdlet], min(met, len(boxes)), len(boxes))
    except Fault as fault:
        unseen = Unseen(f"{cmdlet} failed: {fault.why}")
        boxes.update((guid, put(box, unseen)) for guid, box in boxes.items())


def _by_entra_id(boxes: Mapping[str, Mailbox]) -> dict[str, str]:
    """Only where a row bears no Guid that is known: guests and mail users in Get-User's."""
    return {lower(box.entra_id): guid for guid, box in boxes.items() if box.entra_id}


def mailbox(guid: str, row: Row, switches: Row | Unseen, policy: Row | Unseen) -> Mailbox:
    """One recipient out of a row of Get-Mailbox or Get-Recipient and what was joined to it."""
    entra_id = text(row.get("ExternalDirectoryObjectId")) or None
    address, upn = lower(row.get("PrimarySmtpAddress")), lower(row.get("UserPrincipalName"))
    bare = Mailbox(
        guid=guid,
        entra_id=shared(entra_id) if entra_id else None,
        address=shared(address),
        upn=shared(upn),
        display_name=shared(text(row.get("DisplayName"))),
        kind=kind(row),
        aliases=aliases(row),
        plan=shared(_plan(text(row.get("MailboxPlan")))),
    )
    return _governed(_switched(bare, switches), policy)


def _switched(box: Mailbox, row: Row | Unseen) -> Mailbox:
    imap, pop = _flag(row, "ImapEnabled"), _flag(row, "PopEnabled")
    return replace(box, imap=imap, pop=pop, smtp=_smtp(row))


def _governed(box: Mailbox, row: Row | Unseen) -> Mailbox:
    if isinstance(row, Unseen):
        return replace(box, authentication_policy=row)
    name = text(row.get("AuthenticationPolicy"))
    return replace(box, authentication_policy=shared(name) if name else None)


def _plan(identifier: str) -> str:
    """A plan's Name, also where it is shown as a DN or behind its path."""
    return identifier.partition(",")[0].removeprefix("CN=").rpartition("/")[2]


def _flag(row: Row | Unseen, name: str) -> bool | Unseen:
    if isinstance(row, Unseen):
        return row
    value = truth(row.get(name))
    return _unshown(name) if value is None else value


@cache
def _unshown(name: str) -> Unseen:
    return Unseen(f"Get-CASMailbox does not show {name}")


def _smtp(row: Row | Unseen) -> SmtpSwitch | Unseen:
    """Null means inherit, so an absent member is not the same as null: it was not shown."""
    if isinstance(row, Unseen):
        return row
    name = "SmtpClientAuthenticationDisabled"
    if name not in row:
        return _unshown(name)
    return SmtpSwitch.from_disabled(truth(row[name]))


async def switches(session: Session, guid: str) -> Row:
    """Get-CASMailbox's row of one mailbox. Raises NotFound."""
    data = await session.exchange(
        "Get-CASMailbox", {"Identity": guid}, anchor=f"MBX:{guid}@{session.tenant_id}"
    )
    return one(data, guid, "Get-CASMailbox", ("Guid",))


async def set_switches(session: Session, guid: str, after: Mapping[str, Any]) -> None:
    await session.exchange(
        "Set-CASMailbox", {"Identity": guid, **after}, anchor=f"MBX:{guid}@{session.tenant_id}"
    )


async def identify(session: Session, name: str) -> str | None:
    """Guid of the mailbox with this address or user principal name, None where there is none."""
    try:
        data = await session.exchange("Get-Mailbox", {"Identity": name})
        row = one(data, name, "Get-Mailbox", ("PrimarySmtpAddress", "UserPrincipalName", "Guid"))
    except NotFound:
        return None
    return text(row.get("Guid")).lower()
