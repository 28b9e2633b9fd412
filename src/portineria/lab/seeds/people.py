"""People and their mailboxes: those with a story by name, the rest from two lists of names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count, islice
from typing import Any

from portineria.lab.seeds.ground import Ground
from portineria.lab.seeds.reading import shared
from portineria.lab.world import Document, known_id

MAILBOXES = {
    "user": "UserMailbox",
    "shared": "SharedMailbox",
    "room": "RoomMailbox",
    "equipment": "EquipmentMailbox",
    "on-premises": "MailUser",
    "mail-user": "MailUser",
    "hve": "MailUser",
}
ENABLED = ("user", "guest", "on-premises", "mail-user", "hve")
SIGN_IN = ("user", "on-premises", "mail-user", "hve")
"""Kinds whose account is enabled, and whose account has a password here."""


def plant(ground: Ground) -> None:
    given = ground.data["people"]
    domain = given["domain"]
    named = [_complete(person, domain) for person in given["named"]]
    taken = {person["upn"] for person in named}
    missing = given.get("total", len(named)) - len(named)
    everybody = [*named, *islice(_made_up(domain, taken, given.get("habits", {})), missing)]
    skus = {row["part"]: row for row in ground.data["licences"]["skus"]}
    main = ground.data["licences"]["main"]
    for person in everybody:
        _plant_one(ground, person, skus, main)


def password(upn: str) -> str:
    """A seed person's password: made from the name, and good in the lab only."""
    return f"Lab-{known_id('password', upn.lower())[:13]}"


def _complete(person: Document, domain: str) -> Document:
    upn = person.get("upn") or f"{person['name']}@{domain}"
    return {**person, "upn": upn, "display": person.get("display", person.get("name", upn))}


def namesakes() -> Iterator[tuple[str, str]]:
    """Given and family names without end: every pair of the two lists, and then again."""
    lists = shared("names")
    first, last = lists["given"], lists["family"]
    for number in count():
        yield first[number % len(first)], last[(number * 7 + number // len(first)) % len(last)]


def _made_up(domain: str, taken: set[str], habits: Document) -> Iterator[Document]:
    """Fictional people, none twice: as many as there are pairs of names."""
    departments = shared("names")["departments"]
    for number, (given, family) in enumerate(namesakes()):
        upn = f"{given}.{family}@{domain}".lower()
        if upn in taken:
            continue
        taken.add(upn)
        yield {
            "upn": upn,
            "given": given,
            "family": family,
            "display": f"{given} {family}",
            "department": departments[number % len(departments)],
            "imap": not _every(habits.get("imap_off_every"), number),
            "pop": not _every(habits.get("pop_off_every"), number),
            "mfa_registered": not _every(habits.get("without_mfa_every"), number),
        }


def _every(step: int | None, number: int) -> bool:
    return bool(step) and number % int(step or 1) == 0


def _plant_one(ground: Ground, person: Document, skus: dict[str, Any], main: str) -> None:
    kind = person.get("kind", "user")
    sku = skus.get(_licence(person, kind, main))
    user = _user(ground, person, kind, sku)
    ground.put("users", user["id"], user)
    if _is_recipient(person, kind, licensed=sku is not None):
        mailbox = _mailbox(ground, person, kind, user)
        ground.put("mailboxes", mailbox["Guid"], mailbox)
    if kind == "guest":
        guest = _guest(ground, user)
        ground.put("mailboxes", guest["Guid"], guest)


def opens_mailbox(person: Document, licences: Document) -> bool:
    """Whether a person of a seed has a mailbox in Exchange Online."""
    kind = person.get("kind", "user")
    parts = {sku["part"] for sku in licences["skus"]}
    licensed = _licence(person, kind, licences["main"]) in parts
    return MAILBOXES.get(kind) != "MailUser" and _is_recipient(person, kind, licensed=licensed)


def _licence(person: Document, kind: str, main: str) -> str:
    licence = str(person.get("licence", "main" if kind == "user" else "none"))
    return main if licence == "main" else licence


def _is_recipient(person: Document, kind: str, *, licensed: bool) -> bool:
    return bool(person.get("mailbox", kind in MAILBOXES and (licensed or kind != "user")))


def _user(ground: Ground, person: Document, kind: str, sku: Document | None) -> Document:
    upn = person["upn"]
    has_password = kind in SIGN_IN and not person.get("federated")
    return {
        "id": ground.id("user", upn),
        "userPrincipalName": upn,
        "displayName": person["display"],
        "givenName": person.get("given"),
        "surname": person.get("family"),
        "mail": None if kind == "guest" else upn,
        "department": person.get("department"),
        "accountEnabled": person.get("enabled", kind in ENABLED),
        "userType": "Guest" if kind == "guest" else "Member",
        "onPremisesSyncEnabled": True if person.get("synced") else None,
        "createdDateTime": ground.stamp,
        "usageLocation": ground.data["tenant"]["country"],
        "proxyAddresses": [] if kind == "guest" else _addresses(person),
        **_bought(ground.stamp, sku["id"] if sku else "", tuple(sku["plans"] if sku else ())),
        "password": password(upn) if has_password else "",
        "mfaRegistered": person.get("mfa_registered", False),
        "perUserMfaState": person.get("per_user_mfa", "disabled"),
        "note": person.get("note", ""),
    }


@lru_cache(maxsize=64)
def _bought(stamp: str, sku: str, names: tuple[str, ...]) -> Document:
    """The licence of a user and its plans: the same two lists for all who have the same."""
    plans = shared("plans")
    return {
        "assignedLicenses": [{"skuId": sku, "disabledPlans": []}] if sku else [],
        "assignedPlans": [
            {
                "assignedDateTime": stamp,
                "capabilityStatus": "Enabled",
                "service": plans[name]["service"],
                "servicePlanId": plans[name]["id"],
            }
            for name in names
        ],
    }


@lru_cache(maxsize=64)
def _plan(name: str) -> str:
    return f"{name}-{known_id('mailboxPlan', name.lower())}"


def _mailbox(ground: Ground, person: Document, kind: str, user: Document) -> Document:
    upn = person["upn"]
    return {
        "Guid": ground.id("mailbox", upn),
        "ExchangeGuid": ground.id("exchangeGuid", upn),
        "ExternalDirectoryObjectId": user["id"],
        "Name": upn.partition("@")[0],
        "Identity": upn.partition("@")[0],
        "DisplayName": person["display"],
        "UserPrincipalName": upn,
        "PrimarySmtpAddress": upn,
        "WindowsEmailAddress": upn,
        "EmailAddresses": _addresses(person),
        "RecipientType": "MailUser" if MAILBOXES[kind] == "MailUser" else "UserMailbox",
        "RecipientTypeDetails": MAILBOXES[kind],
        "IsHVEAccount": kind == "hve",
        "IsShared": kind == "shared",
        "IsResource": kind in ("room", "equipment"),
        "IsDirSynced": bool(person.get("synced")),
        "AccountDisabled": not user["accountEnabled"],
        "Department": person.get("department"),
        "MailboxPlan": _plan(person.get("plan", "ExchangeOnline")),
        "ImapEnabled": person.get("imap", True),
        "PopEnabled": person.get("pop", True),
        "SmtpClientAuthenticationDisabled": person.get("smtp_disabled"),
        "AuthenticationPolicy": person.get("authentication_policy"),
        "StsRefreshTokensValidFrom": None,
        "WhenCreatedUTC": ground.stamp,
        "WhenChangedUTC": ground.stamp,
    }


def _guest(ground: Ground, user: Document) -> Document:
    """A guest as Exchange knows them: an address elsewhere and a name here."""
    name = user["userPrincipalName"].partition("#")[0]
    local, _, domain = name.rpartition("_")
    return {
        "Guid": ground.id("mailbox", user["userPrincipalName"]),
        "ExternalDirectoryObjectId": user["id"],
        "Name": name,
        "DisplayName": user["displayName"],
        "UserPrincipalName": user["userPrincipalName"],
        "PrimarySmtpAddress": f"{local}@{domain}",
        "EmailAddresses": [f"SMTP:{local}@{domain}"],
        "RecipientType": "MailUser",
        "RecipientTypeDetails": "GuestMailUser",
    }


def _addresses(person: Document) -> list[str]:
    aliases = [f"smtp:{alias}" for alias in person.get("aliases", [])]
    return [f"SMTP:{person['upn']}", *aliases]
