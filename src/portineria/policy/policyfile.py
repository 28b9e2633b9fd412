"""Reads policy.yaml into `Desired`. Every mistake of the file is reported at once.

The language is that of policy.schema.json beside this file. A CSV file that a grant names is
handed in as text by the caller; nothing here touches the disk.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from portineria.policy.desired import (
    BaselineWish,
    BasicAuthWish,
    Desired,
    DirectSendWish,
    EverybodyElse,
    EverybodySmtp,
    Grant,
    PostureWish,
    SecurityDefaultsWish,
    SmtpAuthWish,
    Wish,
)
from portineria.policy.grantfile import CsvReader, mailbox_name, read_grants
from portineria.policy.marked import FileFault, Page, Spot, need, shown
from portineria.policy.plan import canonical_digest
from portineria.policy.schema import VERSION

Choice = TypeVar("Choice", bound=StrEnum)

ROOT_KEYS = ("schema", "tenant", "posture", "everyone_else", "accept_exposure", "grants")
POSTURE_WORDS: dict[str, type[StrEnum]] = {
    "security_defaults": SecurityDefaultsWish,
    "smtp_auth": SmtpAuthWish,
    "basic_auth": BasicAuthWish,
    "legacy_tls": Wish,
    "direct_send": DirectSendWish,
}
POSTURE_KEYS = (*POSTURE_WORDS, "conditional_access", "new_mailboxes")
CONDITIONAL_ACCESS_KEYS = ("baseline", "break_glass")
NEW_MAILBOXES_WORDS: dict[str, type[StrEnum]] = {"imap": Wish, "pop": Wish}


class Shut(StrEnum):
    """What everybody else may be told: a door is closed or left alone, never opened."""

    UNMANAGED = "unmanaged"
    OFF = "off"


EVERYONE_WORDS: dict[str, type[StrEnum]] = {"imap": Shut, "pop": Shut, "smtp": EverybodySmtp}
TENANT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)+|[0-9a-fA-F-]{36}")


def parse(text: str, *, read_csv: CsvReader | None, file: str = "policy.yaml") -> Desired:
    """The policy as values. `file` is the name that errors show.

    `read_csv` gives the text of a CSV file by the name that the policy uses; with None a policy
    that names one is refused. Raises marked.FileFault (an OperatorFault) with every mistake.
    """
    page = Page(file)
    root = page.open(text.removeprefix("\ufeff"))
    found = page.mapping(root, ROOT_KEYS, "the policy")
    if found is None:
        raise FileFault(file, page.complaints)
    _version(page, found.get("schema"))
    need(page, root, found, "tenant", "the policy", "name it: tenant: contoso.onmicrosoft.com")
    posture = _posture(page, found.get("posture"))
    grants: tuple[Grant, ...] = ()
    if "grants" in found:
        known = frozenset(posture.break_glass)
        grants = read_grants(page, found["grants"], read_csv, known)
    desired = Desired(
        tenant=_tenant(page, found.get("tenant")),
        posture=posture,
        everyone_else=_everyone(page, found.get("everyone_else")),
        grants=grants,
        accept_exposure=_reason(page, found.get("accept_exposure")),
    )
    page.finish()
    return replace(desired, digest=digest(desired))


def digest(desired: Desired) -> str:
    """SHA-256 (hex) of what was asked; comments, places and the order of keys do not count."""
    document = asdict(replace(desired, digest=""))
    document.pop("digest")
    for grant in document["grants"]:
        grant.pop("place")
    return canonical_digest(_canonical(document))


def _canonical(value: Any) -> Any:
    """JSON values of what `asdict` leaves: sets sorted, dates and networks as text."""
    match value:
        case dict():
            return {key: _canonical(one) for key, one in value.items()}
        case list() | tuple():
            return [_canonical(one) for one in value]
        case frozenset():
            return sorted(_canonical(one) for one in value)
        case StrEnum():
            return value.value
        case date():
            return value.isoformat()
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def _version(page: Page, spot: Spot | None) -> None:
    if spot is not None and spot.node.value != VERSION:
        page.complain(spot, f"schema {shown(spot)} is not known here", f"write {VERSION}")


def _tenant(page: Page, spot: Spot | None) -> str:
    if spot is None:
        return ""
    value = page.text(spot, "the tenant") or ""
    if value and not TENANT.fullmatch(value):
        page.complain(
            spot, f"{value!r} is no tenant", "write a domain of it, or its id: contoso.example"
        )
    return value.lower()


def _reason(page: Page, spot: Spot | None) -> str:
    if spot is None:
        return ""
    return page.text(spot, "accept_exposure") or ""


def _posture(page: Page, spot: Spot | None) -> PostureWish:
    found = page.mapping(spot, POSTURE_KEYS, "posture") if spot else None
    if not found:
        return PostureWish()
    words = _words(page, found, POSTURE_WORDS)
    if "new_mailboxes" in found:
        plans = page.mapping(found["new_mailboxes"], tuple(NEW_MAILBOXES_WORDS), "new_mailboxes")
        for key, wish in _words(page, plans or {}, NEW_MAILBOXES_WORDS).items():
            words[f"new_mailboxes_{key}"] = wish
    if "conditional_access" in found:
        words |= _conditional_access(page, found["conditional_access"])
    return PostureWish(**words)


def _conditional_access(page: Page, spot: Spot) -> dict[str, Any]:
    found = page.mapping(spot, CONDITIONAL_ACCESS_KEYS, "conditional_access") or {}
    wish = _words(page, found, {"baseline": BaselineWish}).get("baseline")
    baseline = wish or BaselineWish.UNMANAGED
    accounts: tuple[str, ...] = ()
    if "break_glass" in found:
        items = page.items(found["break_glass"], "break_glass") or []
        read = (mailbox_name(page, item) for item in items)
        accounts = tuple(dict.fromkeys(name for name in read if name))
    if baseline is not BaselineWish.UNMANAGED and len(accounts) < 2:
        page.complain(
            found.get("break_glass", spot),
            f"a baseline that is {baseline} needs two break-glass accounts, and 1 is named"
            if accounts
            else f"a baseline that is {baseline} needs two break-glass accounts, and none is named",
            "name two enabled cloud-only accounts: break_glass: [bg1@…, bg2@…]",
        )
    return {"baseline": baseline, "break_glass": accounts}


def _everyone(page: Page, spot: Spot | None) -> EverybodyElse:
    if spot is None or spot.node.value == "unmanaged":
        return EverybodyElse()
    if spot.kind == "str":
        page.complain(
            spot,
            f"everyone_else cannot be {shown(spot)}",
            "write unmanaged, or {imap: off, pop: off, smtp: off}",
        )
        return EverybodyElse()
    found = page.mapping(spot, tuple(EVERYONE_WORDS), "everyone_else") or {}
    words = _words(page, found, EVERYONE_WORDS)
    return EverybodyElse(
        imap=Wish(words.get("imap", "unmanaged")),
        pop=Wish(words.get("pop", "unmanaged")),
        smtp=words.get("smtp", EverybodySmtp.UNMANAGED),
    )


def _words(page: Page, found: dict[str, Spot], kinds: dict[str, type[StrEnum]]) -> dict[str, Any]:
    """Read every key that is a word of an enumeration; those complained about are left out."""
    read = {key: page.choice(found[key], kind, key) for key, kind in kinds.items() if key in found}
    return {key: word for key, word in read.items() if word is not None}
