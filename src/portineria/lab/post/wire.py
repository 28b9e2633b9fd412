"""The tenant as the mail hosts see it: each kind of setting acts only after its own delay.

Source: dossier exchange-online 1.11. What a mailbox *is* shows at once; what was switched on
it shows when the weather's effect has passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from portineria.lab.weather import Weather
from portineria.lab.world import Document, World

MAILBOX_TYPES = frozenset(
    {
        "UserMailbox",
        "SharedMailbox",
        "RoomMailbox",
        "EquipmentMailbox",
        "SchedulingMailbox",
        "TeamMailbox",
        "LinkedMailbox",
        "LinkedRoomMailbox",
        "LegacyMailbox",
    }
)

# Service plans that carry a mailbox (entra-graph 4.7); FOUNDATION is in it for nobody.
EXCHANGE_PLANS = frozenset(
    {
        "EXCHANGE_S_STANDARD",
        "EXCHANGE_S_ENTERPRISE",
        "EXCHANGE_S_DESKLESS",
        "EXCHANGE_S_ESSENTIALS",
        "EXCHANGE_B_STANDARD",
        "EXCHANGE_L_STANDARD",
        "EXCHANGE_S_STANDARD_MIDMARKET",
        "EXCHANGE_S_STANDARD_GOV",
        "EXCHANGE_S_ENTERPRISE_GOV",
        "EXCHANGE_S_DESKLESS_GOV",
    }
)


@dataclass(frozen=True, slots=True)
class Wire:
    """One look at the tenant, under the weather of this moment."""

    world: World
    weather: Weather

    def recipient(self, address: str) -> Document | None:
        """Whoever answers to this address or user name, mailbox or not."""
        return next(self.world["mailboxes"].called(addresses, address), None)

    def mailboxes_of(self, users: Set[str]) -> list[Document]:
        """The mailboxes of these people, by object id."""
        rows = self.world["mailboxes"].all()
        return [
            row for row in rows if row.get("ExternalDirectoryObjectId") in users and is_mailbox(row)
        ]

    def group(self, address: str) -> Document | None:
        """The group that mail to this address is for."""
        return self.world["groups"].find("mail", address)

    def is_ours(self, domain: str) -> bool:
        """Whether the tenant takes mail for this domain."""
        ours = {str(row["id"]).lower() for row in self.world["domains"].all()}
        return domain.lower() in ours | {self.world.initial_domain.lower()}

    def is_known_user(self, address: str) -> bool:
        return self.world["users"].find("userPrincipalName", address) is not None

    def as_switched(self, mailbox: Document, effect: str) -> Document:
        """The mailbox's document as far as changes of this kind have come to act."""
        return self._old("mailboxes", mailbox["Guid"], self.weather.effect(effect)) or mailbox

    def tenant(self, kind: str, effect: str) -> Document:
        """`transport` or `exchangeOrganization`."""
        return self._old(kind, "", self.weather.effect(effect)) or {}

    def get(self, kind: str, key: str, effect: str) -> Document | None:
        return self.world[kind].get(key, self.weather.effect(effect))

    def all(self, kind: str, effect: str) -> list[Document]:
        return list(self.world[kind].all(self.weather.effect(effect)))

    def rights(self, mailbox: Document, principal: str) -> frozenset[str]:
        """What this object id may do in the mailbox (Get-MailboxPermission)."""
        key = f"{mailbox['Guid']}/{principal}"
        row = self.get("mailboxPermissions", key, "mailboxPermission")
        return frozenset(row.get("AccessRights", ())) if row and not row.get("Deny") else _NONE

    def send_rights(self, mailbox: Document, principal: str) -> frozenset[str]:
        """What this object id may send as (Get-RecipientPermission)."""
        key = f"{mailbox['Guid']}/{principal}"
        row = self.get("recipientPermissions", key, "mailboxPermission")
        return frozenset(row.get("AccessRights", ())) if row else _NONE

    def authentication_policy(self, mailbox: Document | None) -> Document | None:
        """The user's own policy, else the organisation's default, else None (1.8).

        Within 24 hours; sooner when the person's tokens were revoked meanwhile.
        """
        effect = "authenticationPolicy"
        if mailbox is not None:
            soon = self.as_switched(mailbox, "authenticationPolicyHurried")
            late = self.as_switched(mailbox, effect)
            member = "StsRefreshTokensValidFrom"
            if soon.get(member) != late.get(member):
                effect = "authenticationPolicyHurried"
            mailbox = self.as_switched(mailbox, effect)
        organization = self.tenant("exchangeOrganization", effect)
        own = (mailbox or {}).get("AuthenticationPolicy")
        name = str(own or organization.get("DefaultAuthenticationPolicy") or "").lower()
        policies = self.all("authenticationPolicies", effect)
        return next((policy for policy in policies if name in _keys(policy)), None)

    def has_licence(self, mailbox: Document) -> bool:
        """A person's mailbox lives on an Exchange plan; shared and room mailboxes do not."""
        if mailbox.get("RecipientTypeDetails", "UserMailbox") != "UserMailbox":
            return True
        user = self.world["users"].get(str(mailbox.get("ExternalDirectoryObjectId")))
        held = (user or {}).get("assignedLicenses") or ()
        skus = {sku["skuId"]: sku for sku in self.world["subscribedSkus"].all()} if held else {}
        return any(_carries_mailbox(licence, skus.get(licence["skuId"])) for licence in held)

    def _old(self, kind: str, key: str, age: float) -> Document | None:
        """As it was `age` ago; what is younger than that acts as it was created."""
        table = self.world[kind]
        versions = table.versions.get(key)
        return table.get(key, age) or (versions[0][1] if versions else None)


_NONE: frozenset[str] = frozenset()


def is_mailbox(document: Document) -> bool:
    kind = document.get("RecipientTypeDetails", "UserMailbox")
    deleted = document.get("IsInactiveMailbox") or document.get("WhenSoftDeleted")
    return kind in MAILBOX_TYPES and not deleted


def addresses(document: Mapping[str, Any]) -> set[str]:
    """Every address of a recipient, in lower case."""
    names = {str(document.get(m, "")) for m in ("UserPrincipalName", "PrimarySmtpAddress")}
    for proxy in document.get("EmailAddresses") or ():
        kind, _, address = str(proxy).partition(":")
        if kind.lower() == "smtp":
            names.add(address)
    return {name.lower() for name in names if name}


def _keys(policy: Document) -> set[str]:
    members = ("Name", "Guid", "Identity", "DistinguishedName")
    return {str(policy[m]).lower() for m in members if policy.get(m)}


def _carries_mailbox(licence: Document, sku: Document | None) -> bool:
    disabled = set(licence.get("disabledPlans") or ())
    return any(
        plan.get("servicePlanName") in EXCHANGE_PLANS and plan.get("servicePlanId") not in disabled
        for plan in (sku or {}).get("servicePlans", ())
    )
