"""Get-User and Set-User: the authentication policy of a person, and the revocation date.

Source: dossier exchange-online 1.8. Only people with a mailbox are listed.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.exchange import authpolicy, recipients, shapes
from portineria.lab.exchange.declare import (
    FILTER,
    IDENTITY,
    RESULT_SIZE,
    Call,
    Cmdlet,
    Kind,
    Parameter,
)
from portineria.lab.exchange.roles import READ_RECIPIENTS, WRITE_RECIPIENTS
from portineria.lab.world import Document

FILTERABLE = frozenset(
    {
        "AuthenticationPolicy",
        "Department",
        "DisplayName",
        "DistinguishedName",
        "ExternalDirectoryObjectId",
        "Guid",
        "Name",
        "RecipientTypeDetails",
        "UserPrincipalName",
        "WindowsEmailAddress",
    }
)
_TYPES = Parameter(
    "RecipientTypeDetails",
    Kind.CHOICES,
    (*recipients.MAILBOX_TYPES, "MailUser", "GuestMailUser", "User", "DisabledUser"),
)


def get(call: Call) -> Iterable[Document]:
    """Rows of users. A filter by policy compares DNs, however rows name a policy."""

    def with_dn(document: Document) -> Document:
        row = shapes.row(document, shapes.USER)
        return {**row, "AuthenticationPolicy": authpolicy.dn_of(call, row["AuthenticationPolicy"])}

    def printed(row: Document) -> Document:
        return {**row, "AuthenticationPolicy": authpolicy.shown(call, row["AuthenticationPolicy"])}

    return recipients.listing(call, with_dn, FILTERABLE, recipients.is_person).map(printed)


def set_(call: Call) -> Iterable[Document]:
    mailbox = recipients.target(call)
    changes: Document = {}
    if "AuthenticationPolicy" in call:
        changes["AuthenticationPolicy"] = authpolicy.name_of(call, call.get("AuthenticationPolicy"))
    if "StsRefreshTokensValidFrom" in call:
        changes["StsRefreshTokensValidFrom"] = call.get("StsRefreshTokensValidFrom")
    recipients.patch(call, mailbox["Guid"], changes, mailbox["Identity"])
    return ()


CMDLETS = (
    Cmdlet(
        "Get-User",
        READ_RECIPIENTS,
        get,
        (IDENTITY, FILTER, RESULT_SIZE, _TYPES, Parameter("Anr")),
    ),
    Cmdlet(
        "Set-User",
        WRITE_RECIPIENTS,
        set_,
        (
            IDENTITY,
            Parameter("AuthenticationPolicy"),
            Parameter("StsRefreshTokensValidFrom", Kind.DATE),
        ),
    ),
)
