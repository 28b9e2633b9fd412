"""What a recipient is: from its type, and from the listing that it stands in where that tells more.

Inactive and soft-deleted mailboxes keep the type they had, and stand in listings of their own;
a High Volume Email account is a mail user like others and stands in one of its own too.
Source: references of Get-Recipient, Get-Mailbox (InactiveMailboxOnly, SoftDeletedMailbox) and
Get-MailUser (HVEAccount); Exchange dossier 4.5.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from portineria.fault import NotFound
from portineria.m365.data import Row, lower, text, texts, truth, whole
from portineria.m365.session import Session
from portineria.tenant.mailbox import RecipientKind
from portineria.tenant.naming import folded

_KINDS = {
    "UserMailbox": RecipientKind.USER,
    "LinkedMailbox": RecipientKind.USER,
    "LegacyMailbox": RecipientKind.USER,
    "SharedMailbox": RecipientKind.SHARED,
    "RoomMailbox": RecipientKind.ROOM,
    "LinkedRoomMailbox": RecipientKind.ROOM,
    "EquipmentMailbox": RecipientKind.EQUIPMENT,
    "DiscoveryMailbox": RecipientKind.DISCOVERY,
    "GroupMailbox": RecipientKind.GROUP,
    "MailUniversalDistributionGroup": RecipientKind.DISTRIBUTION,
    "MailUniversalSecurityGroup": RecipientKind.DISTRIBUTION,
    "MailNonUniversalGroup": RecipientKind.DISTRIBUTION,
    "DynamicDistributionGroup": RecipientKind.DISTRIBUTION,
    "RoomList": RecipientKind.DISTRIBUTION,
    "GuestMailUser": RecipientKind.GUEST,
    "MailUser": RecipientKind.MAIL_USER,
    "SharedWithMailUser": RecipientKind.MAIL_USER,
    "MailContact": RecipientKind.CONTACT,
    "MailForestContact": RecipientKind.CONTACT,
    "PublicFolder": RecipientKind.PUBLIC_FOLDER,
    "PublicFolderMailbox": RecipientKind.PUBLIC_FOLDER,
}

_DELETED = (
    ("InactiveMailboxOnly", RecipientKind.INACTIVE),
    ("SoftDeletedMailbox", RecipientKind.SOFT_DELETED),
)


class Tell(Protocol):
    """Told what is being listed, how many so far, and of how many where that is known."""

    def __call__(self, text: str, done: int = 0, total: int = 0) -> None: ...


def kind(row: Row) -> RecipientKind:
    """From RecipientTypeDetails; inactive mailboxes say so in a member of their own."""
    if truth(row.get("IsInactiveMailbox")) is True:
        return RecipientKind.INACTIVE
    details = text(row.get("RecipientTypeDetails"))
    if details.startswith("Remote"):
        return RecipientKind.ON_PREMISES
    return _KINDS.get(details, RecipientKind.OTHER)


def aliases(row: Row) -> tuple[str, ...]:
    """Its other addresses, lower case, sorted: what mail to it may be addressed to as well."""
    own = {text(row.get(name)).lower() for name in ("PrimarySmtpAddress", "UserPrincipalName")}
    return tuple(sorted(_addresses(row) - own))


def _addresses(row: Row) -> set[str]:
    """Of EmailAddresses, those for mail: SMTP:primary, smtp:alias; not SIP:, X500:, SPO:."""
    listed = texts(row.get("EmailAddresses"))
    return {address[5:].lower() for address in listed if address[:5].lower() == "smtp:"}


async def find(session: Session, name: str) -> tuple[Row, RecipientKind] | None:
    """What bears this address, name or id and is in no ordinary listing of mailboxes.

    None where nothing does. Raises ServiceFault where that could not be found out.
    """
    row = await _row(session, "Get-Recipient", name)
    if row is not None:
        found = kind(row)
        high_volume = found is RecipientKind.MAIL_USER and await _is_high_volume(session, row)
        return row, RecipientKind.HVE if high_volume else found
    for switch, deleted in _DELETED:
        row = await _row(session, "Get-Mailbox", name, {switch: True})
        if row is not None:
            inactive = kind(row) is RecipientKind.INACTIVE
            return row, RecipientKind.INACTIVE if inactive else deleted
    return None


async def find_many(
    session: Session, names: Collection[str], tell: Tell
) -> dict[str, tuple[Row, RecipientKind]]:
    """`find` for many names: four listings, however many are asked about.

    Raises ServiceFault where one of them could not be had: nobody is taken for unknown then.
    """
    wanted = {folded(name): name for name in names}
    found: dict[str, tuple[Row, RecipientKind]] = {}
    high_volume = await _high_volume(session)
    read = 0
    for cmdlet, switches, deleted in _LISTINGS:
        async for page in session.exchange_pages(cmdlet, switches, keep=_KEEP):
            for row in page:
                for name in called(row) & wanted.keys():
                    what = _kind(row, deleted, high_volume)
                    found.setdefault(wanted[name], (row, what))
            read += len(page)
            tell("recipients of every kind", read)
    return found


_LISTINGS: tuple[tuple[str, dict[str, bool], RecipientKind | None], ...] = (
    ("Get-Recipient", {}, None),
    *(("Get-Mailbox", {switch: True}, deleted) for switch, deleted in _DELETED),
)
_KEEP = (
    "Guid",
    "ExternalDirectoryObjectId",
    "PrimarySmtpAddress",
    "UserPrincipalName",
    "EmailAddresses",
    "DisplayName",
    "MailboxPlan",
    "RecipientTypeDetails",
    "IsInactiveMailbox",
)


def _kind(row: Row, deleted: RecipientKind | None, high_volume: Collection[str]) -> RecipientKind:
    what = kind(row)
    if deleted is not None:
        return what if what is RecipientKind.INACTIVE else deleted
    volume = what is RecipientKind.MAIL_USER and lower(row.get("Guid")) in high_volume
    return RecipientKind.HVE if volume else what


async def _row(
    session: Session, cmdlet: str, name: str, switches: dict[str, bool] | None = None
) -> Row | None:
    """The one row that bears the name: an answer may hold others, where nobody does (1.3)."""
    try:
        data = await session.exchange(cmdlet, {"Identity": name, **(switches or {})})
    except NotFound:
        return None
    wanted = folded(name)
    for row in data.rows or ():
        if wanted in called(row):
            return row
    whole(data, cmdlet)
    return None


def called(row: Row) -> set[str]:
    """Every name by which Exchange may be asked for this recipient, folded."""
    own = ("PrimarySmtpAddress", "UserPrincipalName", "Guid", "ExternalDirectoryObjectId")
    named = {text(row.get(name)) for name in own} | _addresses(row)
    return {folded(name) for name in named if name}


async def _is_high_volume(session: Session, row: Row) -> bool:
    return lower(row.get("Guid")) in await _high_volume(session)


async def _high_volume(session: Session) -> frozenset[str]:
    """Guids. There are at most a hundred of them in a tenant, and no other sign of one."""
    data = await session.exchange("Get-MailUser", {"HVEAccount": True, "ResultSize": "Unlimited"})
    return frozenset(lower(one.get("Guid")) for one in whole(data, "Get-MailUser"))
