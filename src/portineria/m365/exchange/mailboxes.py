"""Mailboxes with their switches: three listings joined, never a call per mailbox.

Get-Mailbox says what each one is, Get-CASMailbox the switches, Get-User the authentication
policy. The join is by Guid, then by ExternalDirectoryObjectId. Where one of the latter two
fails, its fields are Unseen; without the first there is no inventory at all.
Source: Exchange dossier 1.3, 1.5, 1.13, 2.6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portineria.fault import Fault, NotFound
from portineria.m365.data import Row, text, truth
from portineria.m365.exchange.match import one
from portineria.m365.exchange.recipients import aliases, kind
from portineria.m365.session import Session
from portineria.m365.slicing import inventory
from portineria.tenant.mailbox import Mailbox, SmtpSwitch
from portineria.tenant.unseen import Unseen

SWITCHES = ("ImapEnabled", "PopEnabled", "SmtpClientAuthenticationDisabled")

Tell = Callable[[str, int], None]
"""Told what is being listed and how many so far."""
Joined = Mapping[str, Row] | Unseen


async def listing(session: Session, tell: Tell) -> tuple[Mailbox, ...]:
    """Every mailbox, by address. Raises ServiceFault; a part is never given as the whole."""
    base: dict[str, Row] = {}
    async for page in inventory(session, "Get-Mailbox"):
        for row in page:
            base[text(row.get("Guid")).lower()] = _lean(row)
        tell("mailboxes", len(base))
    switches = await _index(session, "Get-CASMailbox", SWITCHES, tell)
    policies = await _index(session, "Get-User", ("AuthenticationPolicy",), tell)
    boxes = [mailbox(guid, row, switches, policies) for guid, row in base.items()]
    return tuple(sorted(boxes, key=lambda box: (box.address, box.guid)))


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


def _lean(row: Row) -> Row:
    """Only the members that are used: ten thousand whole rows would fill the memory."""
    return {name: row.get(name) for name in _LEAN if row.get(name) is not None}


async def _index(session: Session, cmdlet: str, fields: tuple[str, ...], tell: Tell) -> Joined:
    """Rows by Guid and by directory id, only the fields wanted; Unseen where it failed."""
    found: dict[str, Row] = {}
    seen: set[str] = set()
    try:
        async for page in inventory(session, cmdlet):
            for row in page:
                lean = {name: row[name] for name in fields if name in row}
                for key in ("Guid", "ExternalDirectoryObjectId"):
                    if row.get(key):
                        found[text(row[key]).lower()] = lean
            seen.update(text(row.get("Guid")) for row in page)
            tell(cmdlet, len(seen))
    except Fault as fault:
        return Unseen(f"{cmdlet} failed: {fault.why}")
    return found


def mailbox(guid: str, row: Row, switches: Joined, policies: Joined) -> Mailbox:
    """One recipient out of a row of Get-Mailbox or Get-Recipient and what was joined to it."""
    entra_id = text(row.get("ExternalDirectoryObjectId")) or None
    flags = _joined(guid, entra_id, switches, "Get-CASMailbox")
    policy = _joined(guid, entra_id, policies, "Get-User")
    return Mailbox(
        guid=guid,
        entra_id=entra_id,
        address=text(row.get("PrimarySmtpAddress")).lower(),
        upn=text(row.get("UserPrincipalName")).lower(),
        display_name=text(row.get("DisplayName")),
        kind=kind(row),
        aliases=aliases(row),
        plan=_plan(text(row.get("MailboxPlan"))),
        imap=_flag(flags, "ImapEnabled"),
        pop=_flag(flags, "PopEnabled"),
        smtp=_smtp(flags),
        authentication_policy=policy
        if isinstance(policy, Unseen)
        else text(policy.get("AuthenticationPolicy")) or None,
    )


def _plan(identifier: str) -> str:
    """A plan's Name, also where it is shown as a DN or behind its path."""
    return identifier.partition(",")[0].removeprefix("CN=").rpartition("/")[2]


def _joined(guid: str, entra_id: str | None, index: Joined, cmdlet: str) -> Row | Unseen:
    if isinstance(index, Unseen):
        return index
    row = index.get(guid, index.get((entra_id or "").lower()))
    return Unseen(f"{cmdlet} did not list this mailbox") if row is None else row


def _flag(row: Row | Unseen, name: str) -> bool | Unseen:
    if isinstance(row, Unseen):
        return row
    value = truth(row.get(name))
    return Unseen(f"Get-CASMailbox does not show {name}") if value is None else value


def _smtp(row: Row | Unseen) -> SmtpSwitch | Unseen:
    """Null means inherit, so an absent member is not the same as null: it was not shown."""
    if isinstance(row, Unseen):
        return row
    name = "SmtpClientAuthenticationDisabled"
    if name not in row:
        return Unseen(f"Get-CASMailbox does not show {name}")
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
