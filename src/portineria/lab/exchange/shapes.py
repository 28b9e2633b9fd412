"""The rows that cmdlets print: which members, with which defaults, out of one mailbox document.

Member names and types are the service's own metadata (dossier exchange-online 1.4, 1.5);
which of them InvokeCommand leaves out is unverified, so none is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portineria.lab.exchange.identity import distinguished_name, organization_id
from portineria.lab.world import Document

VERSION = "0.20 (15.0.0.0)"

CAS_SWITCHES = (
    "ImapEnabled",
    "PopEnabled",
    "ActiveSyncEnabled",
    "OWAEnabled",
    "OWAforDevicesEnabled",
    "ECPEnabled",
    "MAPIEnabled",
    "EwsEnabled",
    "UniversalOutlookEnabled",
    "OutlookMobileEnabled",
    "MacOutlookEnabled",
    "OneWinNativeOutlookEnabled",
)
"""Protocols of a mailbox: on until somebody turns them off."""

NAMES: Mapping[str, Any] = {
    "Identity": None,
    "Guid": None,
    "ExternalDirectoryObjectId": None,
    "Name": None,
    "DisplayName": None,
    "PrimarySmtpAddress": None,
    "EmailAddresses": [],
    "DistinguishedName": None,
    "OrganizationId": None,
}

CAS: Mapping[str, Any] = {
    **NAMES,
    "SamAccountName": None,
    "LegacyExchangeDN": None,
    "ServerLegacyDN": None,
    "LinkedMasterAccount": "",
    "ObjectCategory": "Person",
    "ObjectClass": ["top", "person", "organizationalPerson", "user"],
    "ExchangeVersion": VERSION,
    "RecipientTypeDetails": "UserMailbox",
    **dict.fromkeys(CAS_SWITCHES, True),
    "SmtpClientAuthenticationDisabled": None,
    "ImapUseProtocolDefaults": True,
    "ImapMessagesRetrievalMimeFormat": "BestBodyFormat",
    "ImapForceICalForCalendarRetrievalOption": False,
    "ImapSuppressReadReceipt": False,
    "ImapEnableExactRFC822Size": False,
    "PopUseProtocolDefaults": True,
    "PopMessagesRetrievalMimeFormat": "BestBodyFormat",
    "PopForceICalForCalendarRetrievalOption": False,
    "PopSuppressReadReceipt": False,
    "PopEnableExactRFC822Size": False,
    "PopMessageDeleteEnabled": False,
    "ActiveSyncDebugLogging": False,
    "ActiveSyncSuppressReadReceipt": False,
    "ActiveSyncMailboxPolicy": "Default",
    "ActiveSyncMailboxPolicyIsDefaulted": True,
    "ActiveSyncAllowedDeviceIDs": [],
    "ActiveSyncBlockedDeviceIDs": [],
    "HasActiveSyncDevicePartnership": False,
    "OwaMailboxPolicy": "OwaMailboxPolicy-Default",
    "MapiHttpEnabled": None,
    "MAPIBlockOutlookVersions": None,
    "MAPIBlockOutlookRpcHttp": False,
    "MAPIBlockOutlookNonCachedMode": False,
    "MAPIBlockOutlookExternalConnectivity": False,
    "EwsAllowOutlook": None,
    "EwsAllowMacOutlook": None,
    "EwsAllowEntourage": None,
    "EwsApplicationAccessPolicy": None,
    "EwsAllowList": [],
    "EwsBlockList": [],
    "ShowGalAsDefaultView": True,
    "PublicFolderClientAccess": False,
    "IsOptimizedForAccessibility": False,
    "WhenCreatedUTC": None,
    "WhenChangedUTC": None,
}

PROTOCOL_SETTINGS = tuple(
    f"{side}{protocol}Settings"
    for side in ("External", "Internal")
    for protocol in ("Imap", "Pop", "Smtp")
)

MAILBOX: Mapping[str, Any] = {
    **NAMES,
    "Alias": None,
    "UserPrincipalName": None,
    "RecipientType": "UserMailbox",
    "RecipientTypeDetails": "UserMailbox",
    "IsInactiveMailbox": False,
    "IsShared": False,
    "IsResource": False,
    "AccountDisabled": False,
    "SKUAssigned": None,
    "IsDirSynced": False,
    "WhenSoftDeleted": None,
    "MailboxPlan": None,
    "RecipientLimits": "500",
    "MaxSendSize": "35 MB (36,700,160 bytes)",
    "MaxReceiveSize": "36 MB (37,748,736 bytes)",
    "MessageCopyForSMTPClientSubmissionEnabled": True,
    "ProhibitSendReceiveQuota": "100 GB (107,374,182,400 bytes)",
    "ExchangeVersion": VERSION,
}

RECIPIENT: Mapping[str, Any] = {
    **NAMES,
    "Alias": None,
    "RecipientType": "UserMailbox",
    "RecipientTypeDetails": "UserMailbox",
    "ExchangeVersion": VERSION,
}

ADDRESSED: Mapping[str, Any] = {
    **NAMES,
    "Alias": None,
    "UserPrincipalName": None,
    "ExternalEmailAddress": None,
    "RecipientType": "MailUser",
    "RecipientTypeDetails": "MailUser",
    "IsDirSynced": False,
    "ExchangeVersion": VERSION,
}
"""Mail users, contacts and groups: what they print alike."""

USER: Mapping[str, Any] = {
    "Identity": None,
    "Guid": None,
    "ExternalDirectoryObjectId": None,
    "Name": None,
    "DisplayName": None,
    "UserPrincipalName": None,
    "WindowsEmailAddress": None,
    "DistinguishedName": None,
    "OrganizationId": None,
    "RecipientType": "UserMailbox",
    "RecipientTypeDetails": "UserMailbox",
    "AccountDisabled": False,
    "AuthenticationPolicy": None,
    "StsRefreshTokensValidFrom": None,
    "Department": None,
}

_IMAP_LIKE = (
    "ExternalDirectoryObjectId",
    "Guid",
    "Identity",
    "{}EnableExactRFC822Size",
    "{}Enabled",
    "{}ForceICalForCalendarRetrievalOption",
    "{}MessagesRetrievalMimeFormat",
    "{}SuppressReadReceipt",
    "{}UseProtocolDefaults",
    "Name",
    "OrganizationId",
)

PROPERTY_SETS: Mapping[str, tuple[str, ...]] = {
    "Minimum": (
        "ActiveSyncEnabled",
        "DisplayName",
        "ECPEnabled",
        "EmailAddresses",
        "EwsEnabled",
        "ExchangeVersion",
        "Guid",
        "Identity",
        "ImapEnabled",
        "MAPIEnabled",
        "Name",
        "OWAEnabled",
        "OrganizationId",
        "PopEnabled",
        "PrimarySmtpAddress",
        "ServerLegacyDN",
    ),
    "Imap": tuple(name.format("Imap") for name in _IMAP_LIKE),
    "Pop": tuple(name.format("Pop") for name in _IMAP_LIKE),
    "ProtocolSettings": ("Guid", "Identity", "Name", *PROTOCOL_SETTINGS),
    "All": (*CAS, *PROTOCOL_SETTINGS),
}
"""Get-EXOCasMailbox's. SmtpClientAuthenticationDisabled is in none of the small ones."""


def whole(document: Document, domain: str) -> Document:
    """A mailbox document with the members that follow from others filled in."""
    address = document.get("PrimarySmtpAddress") or document.get("UserPrincipalName") or ""
    name = document.get("Name") or document.get("DisplayName") or address
    alias = document.get("Alias") or address.partition("@")[0]
    derived = {
        "Name": name,
        "DisplayName": name,
        "Identity": name,
        "Alias": alias,
        "SamAccountName": alias,
        "PrimarySmtpAddress": address,
        "UserPrincipalName": address,
        "WindowsEmailAddress": address,
        "EmailAddresses": [f"SMTP:{address}"] if address else [],
        "DistinguishedName": distinguished_name(name, domain),
        "OrganizationId": organization_id(domain),
        "LegacyExchangeDN": f"/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Recipients/"
        f"cn={str(document.get('Guid', '')).replace('-', '')}",
        "ServerLegacyDN": "/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Configuration/"
        "cn=Servers/cn=LAB00MB0001",
    }
    return {**derived, **{k: v for k, v in document.items() if v is not None or k not in derived}}


def row(document: Document, members: Mapping[str, Any]) -> Document:
    """Only the printed members, in their order, defaults where the document is silent."""
    return {name: document.get(name, default) for name, default in members.items()}
