"""Giving and taking licences, and what Exchange makes of it: the mailbox plan is applied again.

Source: Graph reference, user: assignLicense; dossier exchange-online 1.7: assigning another
licence applies its CAS mailbox plan to the mailbox, over whatever was set there by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from portineria.lab.seeds.reading import shared
from portineria.lab.world import Document, World

PLANS = (
    ("EXCHANGE_S_ENTERPRISE", "ExchangeOnlineEnterprise"),
    ("EXCHANGE_S_STANDARD", "ExchangeOnline"),
    ("EXCHANGE_S_ESSENTIALS", "ExchangeOnlineEssentials"),
    ("EXCHANGE_S_DESKLESS", "ExchangeOnlineDeskless"),
)
"""Service plan -> mailbox plan; where a person holds several, the first counts."""


class NotAssigned(ValueError):
    """The licences cannot be changed so; the text is the service's."""


def assign(world: World, user: Document, added: Sequence[Document], removed: Sequence[str]) -> None:
    """Change the licences of a person and their mailbox with them. Raises NotAssigned."""
    skus = {sku["skuId"]: sku for _, sku in world["subscribedSkus"].scan()}
    held = {row["skuId"]: row for row in user["assignedLicenses"]}
    for name in removed:
        if held.pop(str(name), None) is None:
            raise NotAssigned("User does not have a corresponding license.")
    for licence in added:
        _check(world, user, str(licence.get("skuId")), skus)
        disabled = list(licence.get("disabledPlans") or ())
        held[licence["skuId"]] = {"skuId": licence["skuId"], "disabledPlans": disabled}
    plans = list(_plans(user, held.values(), skus, world))
    world["users"].patch(user["id"], assignedLicenses=list(held.values()), assignedPlans=plans)
    _apply_mailbox_plan(world, user, held.values(), skus)


def _check(world: World, user: Document, name: str, skus: dict[str, Document]) -> None:
    if not user.get("usageLocation"):
        text = "License assignment cannot be done for user with invalid usage location."
        raise NotAssigned(text)
    if name not in skus:
        raise NotAssigned(f"License {name} does not correspond to a valid company License.")
    holders = sum(
        any(row["skuId"] == name for row in other["assignedLicenses"])
        for _, other in world["users"].scan()
        if other["id"] != user["id"]
    )
    if holders >= skus[name]["prepaidUnits"]["enabled"]:
        raise NotAssigned(f"Subscription with SKU {name} does not have any available licenses.")


def _plans(
    user: Document, held: Iterable[Document], skus: dict[str, Document], world: World
) -> Iterator[Document]:
    """Enabled ones, and those that were and no longer are, as Deleted."""
    now = world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    services = {plan["id"]: plan["service"] for plan in shared("plans").values()}
    enabled = {plan["servicePlanId"] for plan in _enabled(held, skus)}
    for name in sorted(enabled):
        yield {
            "assignedDateTime": now,
            "capabilityStatus": "Enabled",
            "service": services.get(name, "exchange"),
            "servicePlanId": name,
        }
    for before in user["assignedPlans"]:
        if before["servicePlanId"] not in enabled:
            yield {**before, "capabilityStatus": "Deleted"}


def _enabled(held: Iterable[Document], skus: dict[str, Document]) -> Iterator[Document]:
    for licence in held:
        for plan in skus.get(licence["skuId"], {}).get("servicePlans", ()):
            if plan["servicePlanId"] not in licence["disabledPlans"]:
                yield plan


def _apply_mailbox_plan(
    world: World, user: Document, held: Iterable[Document], skus: dict[str, Document]
) -> None:
    """Where the person's licences mean another mailbox plan, its IMAP and POP are the mailbox's.

    Without one the mailbox stays as it is: it lives on for thirty days.
    """
    names = {plan["servicePlanName"] for plan in _enabled(held, skus)}
    wanted = next((plan for service, plan in PLANS if service in names), None)
    plan = next(
        (p for _, p in world["mailboxPlans"].scan() if p.get("DisplayName") == wanted), None
    )
    mailbox = world["mailboxes"].find("ExternalDirectoryObjectId", user["id"])
    if plan is None or mailbox is None or mailbox.get("MailboxPlan") == plan["Name"]:
        return
    switches = {name: plan[name] for name in ("ImapEnabled", "PopEnabled")}
    world["mailboxes"].patch(mailbox["Guid"], MailboxPlan=plan["Name"], **switches)
