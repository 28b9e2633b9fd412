"""Get-Mailbox, Get-EXOMailbox, Set-Mailbox (a little), Get-Recipient.

Source: dossier exchange-online 1.13; Get-Mailbox reference: GroupMailbox, InactiveMailboxOnly,
IncludeInactiveMailbox, PublicFolder, SoftDeletedMailbox. Get-EXOMailbox's own property sets are
not imitated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portineria.lab.exchange import recipients, shapes
from portineria.lab.exchange.declare import (
    FILTER,
    IDENTITY,
    RESULT_SIZE,
    Call,
    Cmdlet,
    Kind,
    Parameter,
    booleans,
)
from portineria.lab.exchange.roles import READ_RECIPIENTS, WRITE_RECIPIENTS
from portineria.lab.scan import Scan
from portineria.lab.world import Document

FILTERABLE = frozenset(
    {
        "Alias",
        "DisplayName",
        "DistinguishedName",
        "EmailAddresses",
        "ExternalDirectoryObjectId",
        "Guid",
        "MailboxPlan",
        "MessageCopyForSMTPClientSubmissionEnabled",
        "Name",
        "PrimarySmtpAddress",
        "RecipientType",
        "RecipientTypeDetails",
        "UserPrincipalName",
    }
)
_TYPES = Parameter(
    "RecipientTypeDetails", Kind.CHOICES, (*recipients.MAILBOX_TYPES, "GroupMailbox")
)


def shape(document: Document) -> Document:
    return shapes.row(document, shapes.MAILBOX)


def get(call: Call) -> Scan:
    """The ordinary mailboxes, or those that a switch asks for."""
    for switch, eligible in _ASIDE.items():
        if call.get(switch):
            return recipients.listing(call, shape, FILTERABLE, eligible)
    with_inactive = bool(call.get("IncludeInactiveMailbox"))
    return recipients.listing(
        call,
        shape,
        FILTERABLE,
        lambda d: recipients.has_mailbox(d) or (with_inactive and _is_inactive(d)),
    )


def _is_inactive(document: Document) -> bool:
    return bool(document.get("IsInactiveMailbox"))


_ASIDE: dict[str, Callable[[Document], bool]] = {
    "GroupMailbox": lambda document: recipients.kind_of(document) == "GroupMailbox",
    "PublicFolder": lambda document: recipients.kind_of(document) == "PublicFolderMailbox",
    "InactiveMailboxOnly": _is_inactive,
    "SoftDeletedMailbox": lambda d: bool(d.get("WhenSoftDeleted")) and not _is_inactive(d),
}


def get_exo(call: Call) -> Iterable[Document]:
    rows = get(call)
    names = call.get("Properties")
    if not names:
        return rows
    kept = {name.lower() for name in (*names, *_EXO_MINIMUM)}
    return rows.map(lambda row: {k: v for k, v in row.items() if k.lower() in kept})


_EXO_MINIMUM = (
    "Alias",
    "DisplayName",
    "DistinguishedName",
    "EmailAddresses",
    "ExternalDirectoryObjectId",
    "Guid",
    "Identity",
    "Name",
    "PrimarySmtpAddress",
    "RecipientType",
    "RecipientTypeDetails",
    "UserPrincipalName",
)


def set_(call: Call) -> Iterable[Document]:
    mailbox = recipients.target(call)
    changes = {p.name: call.get(p.name) for p in _SETTABLE if p.name in call}
    recipients.patch(call, mailbox["Guid"], changes, mailbox["Identity"])
    return ()


def get_recipient(call: Call) -> Iterable[Document]:
    return recipients.listing(call, lambda d: shapes.row(d, shapes.RECIPIENT), FILTERABLE)


_ANY_TYPE = Parameter(
    "RecipientTypeDetails",
    Kind.CHOICES,
    (
        *recipients.MAILBOX_TYPES,
        "DynamicDistributionGroup",
        "GroupMailbox",
        "GuestMailUser",
        "MailContact",
        "MailUniversalDistributionGroup",
        "MailUniversalSecurityGroup",
        "MailUser",
        "PublicFolder",
        "PublicFolderMailbox",
        "RoomList",
    ),
)


_SETTABLE = booleans("MessageCopyForSMTPClientSubmissionEnabled")
_LISTING = (IDENTITY, FILTER, RESULT_SIZE, _TYPES, Parameter("Anr"))
_DELETED = ("InactiveMailboxOnly", "IncludeInactiveMailbox", "SoftDeletedMailbox")
_ASIDES = tuple(
    Parameter(name, Kind.SWITCH) for name in ("GroupMailbox", "PublicFolder", *_DELETED)
)

CMDLETS = (
    Cmdlet("Get-Mailbox", READ_RECIPIENTS, get, (*_LISTING, *_ASIDES)),
    Cmdlet(
        "Get-EXOMailbox",
        READ_RECIPIENTS,
        get_exo,
        (
            *_LISTING,
            *_ASIDES,
            Parameter("UserPrincipalName"),
            Parameter("PrimarySmtpAddress"),
            Parameter("ExternalDirectoryObjectId"),
            Parameter("Properties", Kind.TEXTS),
            Parameter("PropertySets", Kind.TEXTS),
        ),
    ),
    Cmdlet("Set-Mailbox", WRITE_RECIPIENTS, set_, (IDENTITY, *_SETTABLE)),
    Cmdlet(
        "Get-Recipient",
        READ_RECIPIENTS,
        get_recipient,
        (IDENTITY, FILTER, RESULT_SIZE, _ANY_TYPE, Parameter("Anr")),
    ),
)
