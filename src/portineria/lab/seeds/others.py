"""Whoever is in the address book or in a group and is no account: contacts, devices, what is left
of people who are gone, and mailboxes that belong to nobody.
"""

from __future__ import annotations

from portineria.lab.seeds.ground import Ground
from portineria.lab.world import Document

RECIPIENTS = {
    "inactive": "UserMailbox",
    "soft-deleted": "UserMailbox",
    "discovery": "DiscoveryMailbox",
    "contact": "MailContact",
    "dynamic-distribution": "DynamicDistributionGroup",
    "public-folder": "PublicFolder",
}
"""Kind -> RecipientTypeDetails. A device has no address at all."""
_OPEN = {"ImapEnabled": True, "PopEnabled": True, "SmtpClientAuthenticationDisabled": None}
MAILBOXES = ("discovery",)
"""Those that the ordinary listings of mailboxes show."""


def plant(ground: Ground) -> None:
    for other in ground.data["people"].get("others", ()):
        if other["kind"] == "device":
            _device(ground, other)
        else:
            _recipient(ground, other)


def _recipient(ground: Ground, other: Document) -> None:
    details = RECIPIENTS[other["kind"]]
    address = other.get("address") or f"{other['name']}@{ground.data['people']['domain']}"
    gone = other["kind"] in ("inactive", "soft-deleted")
    document = {
        "Guid": ground.id("mailbox", address),
        "ExternalDirectoryObjectId": ground.id("gone", address) if gone else None,
        "Name": address.partition("@")[0],
        "Identity": address.partition("@")[0],
        "DisplayName": other["display"],
        "PrimarySmtpAddress": address,
        "EmailAddresses": [f"SMTP:{address}"],
        "RecipientType": details,
        "RecipientTypeDetails": details,
        "WhenSoftDeleted": ground.stamp if gone else None,
        "IsInactiveMailbox": other["kind"] == "inactive",
    }
    if details.endswith("Mailbox"):
        document |= {"UserPrincipalName": address, "MailboxPlan": None, **_OPEN}
    if other["kind"] == "contact":
        _contact(ground, other, address)
        document["ExternalDirectoryObjectId"] = ground.id("contact", other["display"])
    ground.put("mailboxes", document["Guid"], document)


def _contact(ground: Ground, other: Document, address: str) -> None:
    key = ground.id("contact", other["display"])
    document = {"id": key, "displayName": other["display"], "mail": address}
    ground.put("contacts", key, document)


def _device(ground: Ground, other: Document) -> None:
    key = ground.id("device", other["display"])
    document = {
        "id": key,
        "displayName": other["display"],
        "deviceId": ground.id("deviceId", other["display"]),
        "accountEnabled": True,
        "operatingSystem": "Windows",
    }
    ground.put("devices", key, document)
