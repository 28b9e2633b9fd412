"""A tenant of any size: a seed filled up with made-up mailboxes in believable proportions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, islice
from math import sqrt
from typing import Any

from portineria.lab.seeds.others import MAILBOXES as OTHER_MAILBOXES
from portineria.lab.seeds.people import namesakes, opens_mailbox
from portineria.lab.world import Document

LARGEST = 100_000
LOCAL_PART = 64
"""Characters before the @ of an address (RFC 5321 section 4.5.3.1.1)."""

_STEPS = {
    trait: sqrt(prime)
    for trait, prime in (
        ("kind", 2),
        ("department", 3),
        ("licence", 5),
        ("disabled", 7),
        ("without_licence", 11),
        ("synced", 13),
        ("without_mfa", 17),
        ("per_user_mfa", 19),
        ("imap_off", 23),
        ("pop_off", 29),
        ("smtp", 31),
        ("odd_name", 37),
    )
}
"""Each trait turns with an irrational step of its own: the proportions hold from the first
dozen on, traits are independent of each other, and the same number is the same person."""


class NoSuchSize(ValueError):
    """A tenant cannot have that many mailboxes; the text says why."""


def fill(data: dict[str, Any], mailboxes: int) -> None:
    """Complete a seed's data, in place, to exactly so many mailboxes. Raises NoSuchSize."""
    people, licences = data["people"], data["licences"]
    open_ = sum(opens_mailbox(person, licences) for person in people["named"])
    open_ += sum(other["kind"] in OTHER_MAILBOXES for other in people.get("others", ()))
    if not open_ <= mailboxes <= LARGEST:
        raise NoSuchSize(
            f"a tenant of {mailboxes} mailboxes cannot be planted: "
            f"{open_} belong to the people with a story, and {LARGEST} is the most"
        )
    taken = {
        str(person.get("upn") or person["name"]).partition("@")[0].lower()
        for person in people["named"]
    }
    crowd = list(islice(_crowd(data, taken), mailboxes - open_))
    data["people"] = {
        "domain": people["domain"],
        "named": [*people["named"], *crowd],
        "others": people.get("others", []),
    }
    _buy(licences, Counter(person["licence"] for person in crowd))
    data["groups"] = [*data["groups"], *_departments(crowd, data["crowd"]["departments"])]


def _crowd(data: dict[str, Any], taken: set[str]) -> Iterator[Document]:
    """Made-up mailboxes without end; no two local parts are the same."""
    habits, domain = data["crowd"], data["people"]["domain"]
    skus = {sku["part"]: sku for sku in data["licences"]["crowd"]}
    used: Counter[str] = Counter()
    for number, (given, family) in enumerate(namesakes()):
        kind = _pick("kind", number, habits["kinds"])
        person = (
            _person(habits, skus, number, given, family)
            if kind == "user"
            else _thing(habits[kind], kind, number)
        )
        local = _distinct(person.pop("local"), used, taken)
        yield {**person, "upn": f"{local}@{domain}", "kind": kind}


def _thing(names: list[str], kind: str, number: int) -> Document:
    local = f"{kind}.{names[number % len(names)]}" if kind == "room" else names[number % len(names)]
    return {
        "local": local,
        "display": f"{local.replace('.', ' ').capitalize()} {number}",
        "licence": "none",
    }


def _person(
    habits: Document, skus: Mapping[str, Document], number: int, given: str, family: str
) -> Document:
    users = habits["users"]
    odd: Document = {}
    if _among("odd_name", number, users):
        odd = habits["odd"][number % len(habits["odd"])]
    names = {"given": given, "family": family}
    sku = skus[_pick("licence", number, {part: sku["share"] for part, sku in skus.items()})]
    unpaid = _among("without_licence", number, users)
    smtp = _draw("smtp", number) * 100
    return {
        "local": odd.get("address", "{given}.{family}").format(**names).lower(),
        "display": odd.get("display", "{given} {family}").format(**names),
        **names,
        "department": _pick("department", number, habits["departments"]),
        "licence": "none" if unpaid else sku["part"],
        "mailbox": True,
        "plan": sku["mailbox_plan"],
        "enabled": not _among("disabled", number, users),
        "synced": _among("synced", number, users),
        "mfa_registered": not _among("without_mfa", number, users),
        "per_user_mfa": "enforced" if _among("per_user_mfa", number, users) else "disabled",
        "imap": not _among("imap_off", number, users),
        "pop": not _among("pop_off", number, users),
        "smtp_disabled": _smtp(smtp, users),
    }


def _smtp(at: float, users: Document) -> bool | None:
    if at < users["smtp_denied"]:
        return True
    return False if at < users["smtp_denied"] + users["smtp_open"] else None


def _distinct(wanted: str, used: Counter[str], taken: set[str]) -> str:
    """The local part itself, or with the first number that is free; at most 64 characters."""
    while True:
        used[wanted] += 1
        tail = str(used[wanted]) if used[wanted] > 1 else ""
        local = f"{wanted[: LOCAL_PART - len(tail)]}{tail}"
        if local not in taken:
            taken.add(local)
            return local


def _draw(trait: str, number: int) -> float:
    """A number in [0, 1)."""
    return (number + 1) * _STEPS[trait] % 1.0


def _among(trait: str, number: int, shares: Document) -> bool:
    """Whether this person is among those of a hundred that have the trait."""
    return bool(_draw(trait, number) * 100 < shares[trait])


def _pick(trait: str, number: int, shares: Mapping[str, int]) -> str:
    at = _draw(trait, number) * sum(shares.values())
    edges = zip(shares, accumulate(shares.values()), strict=True)
    return next(name for name, edge in edges if at < edge)


def _buy(licences: Document, consumed: Counter[str]) -> None:
    """What the crowd uses is bought, with a few units to spare."""
    licences["skus"] = [
        *licences["skus"],
        *({**sku, "units": consumed[sku["part"]] * 21 // 20 + 1} for sku in licences["crowd"]),
    ]


def _departments(crowd: Iterable[Document], names: Iterable[str]) -> Iterator[Document]:
    """A group for each department, and one that holds them all."""
    members: dict[str, list[str]] = {name: [] for name in names}
    for person in crowd:
        if "department" in person:
            members[person["department"]].append(person["upn"])
    for name, upns in members.items():
        yield {"name": f"Department {name}", "note": "everybody of a department", "members": upns}
    yield {
        "name": "Everybody",
        "note": "all departments",
        "members": [f"Department {name}" for name in members],
    }
