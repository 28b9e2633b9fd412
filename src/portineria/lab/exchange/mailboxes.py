"""Get-Mailbox, Get-EXOMailbox, Set-Mailbox (a little), Get-Recipient.

Source: dossier exchange-online 1.13. Get-EXOMailbox's own property sets are not imitated.
"""

from __future__ import annotations

from collections.abc import Iterable

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
    "RecipientTypeDetails",
    Kind.CHOICES,
    (*recipients.MAILBOX_TYPES, "GroupMailbox", "MailUser", "GuestMailUser", "MailContact"),
)


def shape(document: Document) -> Document:
    return shapes.row(document, shapes.MAILBOX)


def get(call: Call) -> Scan:
    if call.get("GroupMailbox"):
        return recipients.listing(call, shape, FILTERABLE, _is_group)
    if call.get("InactiveMailboxOnly"):
        return recipients.listing(call, shape, FILTERABLE, _is_inactive)
    with_inactive = bool(call.get("IncludeInactiveMailbox"))
    return recipients.listing(
        call,
        shape,
        FILTERABLE,
        lambda d: recipients.has_mailbox(d) or (with_inactive and _is_inactive(d)),
    )


def _is_group(document: Document) -> bool:
    return recipients.kind_of(document) == "GroupMailbox"


def _is_inactive(document: Document) -> bool:
    return bool(document.get("IsInactiveMailbox"))


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


_SETTABLE = booleans("MessageCopyForSMTPClientSubmissionEnabled")
_LISTING = (IDENTITY, FILTER, RESULT_SIZE, _TYPES, Parameter("Anr"))
_INACTIVE = tuple(
    Parameter(name, Kind.SWITCH)
    for name in ("GroupMailbox", "InactiveMailboxOnly", "IncludeInactiveMailbox")
)

CMDLETS = (
    Cmdlet("Get-Mailbox", READ_RECIPIENTS, get, (*_LISTING, *_INACTIVE)),
    Cmdlet(
        "Get-EXOMailbox",
        READ_RECIPIENTS,
        get_exo,
        (
            *_LISTING,
            *_INACTIVE[1:],
            Parameter("UserPrincipalName"),
            Parameter("PrimarySmtpAddress"),
            Parameter("ExternalDirectoryObjectId"),
            Parameter("Properties", Kind.TEXTS),
            Parameter("PropertySets", Kind.TEXTS),
        ),
    ),
    Cmdlet("Set-Mailbox", WRITE_RECIPIENTS, set_, (IDENTITY, *_SETTABLE)),
    Cmdlet("Get-Recipient", READ_RECIPIENTS, get_recipient, _LISTING),
)
