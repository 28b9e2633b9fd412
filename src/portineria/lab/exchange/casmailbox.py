"""Get-CASMailbox, Get-EXOCasMailbox, Set-CASMailbox: the switches of one mailbox.

Source: dossier exchange-online 1.2 to 1.5.
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
    nullables,
)
from portineria.lab.exchange.roles import READ_RECIPIENTS, WRITE_RECIPIENTS
from portineria.lab.exchange.values import Edit
from portineria.lab.world import Document

FILTERABLE = frozenset(
    {
        "ExternalDirectoryObjectId",
        "PrimarySmtpAddress",
        "DisplayName",
        "Name",
        "Guid",
        "ServerLegacyDN",
        "ExchangeVersion",
        "ECPEnabled",
        "OWAEnabled",
        "OWAforDevicesEnabled",
        "EmailAddresses",
        "LegacyExchangeDN",
        "SamAccountName",
        "DistinguishedName",
        "ObjectCategory",
        "ObjectClass",
        "WhenChanged",
        "WhenCreated",
        "WhenChangedUTC",
        "WhenCreatedUTC",
        "OwaMailboxPolicy",
        "ImapEnabled",
        "PopEnabled",
        "MAPIEnabled",
        "EwsEnabled",
        "EwsApplicationAccessPolicy",
        "ActiveSyncEnabled",
        "ActiveSyncMailboxPolicy",
        "ActiveSyncDebugLogging",
    }
)
"""What the server filters by; SmtpClientAuthenticationDisabled is not among it."""

_FORMATS = (
    "TextOnly",
    "HtmlOnly",
    "HtmlAndTextAlternative",
    "TextEnrichedOnly",
    "TextEnrichedAndTextAlternative",
    "BestBodyFormat",
    "Tnef",
)
_EWS_POLICIES = ("EnforceAllowList", "EnforceBlockList")
_TYPES = Parameter("RecipientTypeDetails", Kind.CHOICES, (*recipients.MAILBOX_TYPES, "MailUser"))
_LISTS = ("EwsAllowList", "EwsBlockList")


def shape(document: Document) -> Document:
    return shapes.row(document, shapes.CAS)


def get(call: Call) -> Iterable[Document]:
    rows = recipients.listing(call, shape, FILTERABLE, recipients.has_mailbox)
    if order := call.get("SortBy"):
        return sorted(rows, key=lambda row: str(row.get(order, "")).lower())
    return rows


def get_exo(call: Call) -> Iterable[Document]:
    sets = call.get("PropertySets") or ([] if call.get("Properties") else ["Minimum"])
    wanted = {name for chosen in sets for name in shapes.PROPERTY_SETS[chosen]}
    wanted.update(call.get("Properties") or ())
    wanted.update(("Guid", "Identity", "ExternalDirectoryObjectId"))
    lower = {name.lower() for name in wanted}
    rows = recipients.listing(call, shape, FILTERABLE, recipients.has_mailbox)
    return rows.map(lambda row: {k: v for k, v in row.items() if k.lower() in lower})


def set_(call: Call) -> Iterable[Document]:
    mailbox = recipients.target(call)
    changes: Document = {}
    for parameter in _SETTABLE:
        if parameter.name in call:
            value = call.get(parameter.name)
            if isinstance(value, Edit):
                value = value.of(mailbox.get(parameter.name) or [])
            changes[parameter.name] = value
    recipients.patch(call, mailbox["Guid"], changes, mailbox["Identity"])
    return ()


_SETTABLE = (
    *booleans(*shapes.CAS_SWITCHES),
    *nullables("SmtpClientAuthenticationDisabled", "EwsAllowOutlook", "EwsAllowMacOutlook"),
    *booleans(
        "ImapUseProtocolDefaults",
        "ImapForceICalForCalendarRetrievalOption",
        "ImapSuppressReadReceipt",
        "PopUseProtocolDefaults",
        "PopForceICalForCalendarRetrievalOption",
        "PopSuppressReadReceipt",
        "PublicFolderClientAccess",
        "ShowGalAsDefaultView",
    ),
    Parameter("ImapMessagesRetrievalMimeFormat", Kind.CHOICE, _FORMATS),
    Parameter("PopMessagesRetrievalMimeFormat", Kind.CHOICE, _FORMATS),
    Parameter("EwsApplicationAccessPolicy", Kind.CHOICE, _EWS_POLICIES),
    *(Parameter(name, Kind.TEXTS) for name in _LISTS),
    Parameter("OwaMailboxPolicy"),
    Parameter("ActiveSyncMailboxPolicy"),
)

CMDLETS = (
    Cmdlet(
        "Get-CASMailbox",
        READ_RECIPIENTS,
        get,
        (
            IDENTITY,
            FILTER,
            RESULT_SIZE,
            _TYPES,
            Parameter("Anr"),
            Parameter("SortBy", Kind.CHOICE, ("Name", "DisplayName", "ServerLegacyDN")),
            Parameter("OrganizationalUnit"),
            Parameter("ProtocolSettings", Kind.SWITCH),
            Parameter("ActiveSyncDebugLogging", Kind.SWITCH),
            Parameter("ReadIsOptimizedForAccessibility", Kind.SWITCH),
            Parameter("RecalculateHasActiveSyncDevicePartnership", Kind.SWITCH),
        ),
    ),
    Cmdlet(
        "Get-EXOCasMailbox",
        READ_RECIPIENTS,
        get_exo,
        (
            IDENTITY,
            FILTER,
            RESULT_SIZE,
            _TYPES,
            Parameter("Anr"),
            Parameter("OrganizationalUnit"),
            Parameter("UserPrincipalName"),
            Parameter("PrimarySmtpAddress"),
            Parameter("ExternalDirectoryObjectId"),
            Parameter("Properties", Kind.TEXTS),
            Parameter(
                "PropertySets",
                Kind.CHOICES,
                tuple(shapes.PROPERTY_SETS),
            ),
            Parameter("ProtocolSettings", Kind.SWITCH),
        ),
    ),
    Cmdlet("Set-CASMailbox", WRITE_RECIPIENTS, set_, (IDENTITY, *_SETTABLE)),
)
