"""Whoever has an address here and no mailbox: mail users, contacts, groups of every kind.

Source: the references of Get-MailUser (HVEAccount, SoftDeletedMailUser), Get-MailContact,
Get-UnifiedGroup, Get-DistributionGroup, Get-DynamicDistributionGroup.
"""

from __future__ import annotations

from collections.abc import Callable

from portineria.lab.exchange import recipients, shapes
from portineria.lab.exchange.declare import (
    FILTER,
    IDENTITY,
    RESULT_SIZE,
    Call,
    Cmdlet,
    Kind,
    Parameter,
)
from portineria.lab.exchange.mailboxes import FILTERABLE
from portineria.lab.exchange.roles import READ_RECIPIENTS
from portineria.lab.scan import Scan
from portineria.lab.world import Document

MAIL_USERS = ("MailUser", "GuestMailUser")


def _rows(call: Call, eligible: Callable[[Document], bool]) -> Scan:
    return recipients.listing(
        call,
        lambda document: shapes.row(document, shapes.ADDRESSED),
        FILTERABLE,
        lambda document: eligible(document) and not recipients.is_deleted(document),
    )


def mail_users(call: Call) -> Scan:
    """All of them; with HVEAccount those alone that are for high volume, otherwise like others."""
    high_volume = bool(call.get("HVEAccount"))

    def eligible(document: Document) -> bool:
        mail_user = recipients.kind_of(document) in MAIL_USERS
        return mail_user and (bool(document.get("IsHVEAccount")) or not high_volume)

    return _rows(call, eligible)


def _of(*kinds: str) -> Callable[[Call], Scan]:
    return lambda call: _rows(call, lambda document: recipients.kind_of(document) in kinds)


_LISTING = (IDENTITY, FILTER, RESULT_SIZE, Parameter("Anr"))
DISTRIBUTION = ("MailUniversalDistributionGroup", "MailUniversalSecurityGroup", "RoomList")

CMDLETS = (
    Cmdlet(
        "Get-MailUser",
        READ_RECIPIENTS,
        mail_users,
        (*_LISTING, Parameter("HVEAccount", Kind.SWITCH)),
    ),
    Cmdlet("Get-MailContact", READ_RECIPIENTS, _of("MailContact"), _LISTING),
    Cmdlet("Get-UnifiedGroup", READ_RECIPIENTS, _of("GroupMailbox"), _LISTING),
    Cmdlet("Get-DistributionGroup", READ_RECIPIENTS, _of(*DISTRIBUTION), _LISTING),
    Cmdlet(
        "Get-DynamicDistributionGroup",
        READ_RECIPIENTS,
        _of("DynamicDistributionGroup"),
        _LISTING,
    ),
)
