"""Finding mailboxes: what Get-CASMailbox, Get-Mailbox, Get-User and Get-Recipient share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from portineria.lab.exchange import faults, shapes
from portineria.lab.exchange.declare import Call
from portineria.lab.exchange.filters import compile_filter
from portineria.lab.exchange.identity import mailbox_keys, mailbox_names, matching, only
from portineria.lab.scan import Scan, scan
from portineria.lab.world import Document, World

MAILBOX_TYPES = (
    "UserMailbox",
    "SharedMailbox",
    "RoomMailbox",
    "EquipmentMailbox",
    "DiscoveryMailbox",
    "SchedulingMailbox",
    "TeamMailbox",
    "LegacyMailbox",
    "LinkedMailbox",
    "LinkedRoomMailbox",
)

Shape = Callable[[Document], Document]


def listing(
    call: Call,
    shape: Shape,
    filterable: Collection[str],
    eligible: Callable[[Document], bool] = lambda document: not is_deleted(document),
) -> Scan:
    """The rows that Identity, Anr, RecipientTypeDetails and Filter leave. Raises Refusal."""
    identity, text = _identity(call), call.get("Filter")
    test = compile_filter(text, filterable) if text else None
    if identity:
        answering = (d for d in _named(call, identity) if _wanted(call, d, eligible))
        documents = scan(matching(answering, identity, mailbox_names))
    else:
        documents = _everybody(call, eligible)
    if (start := call.get("Anr")) is not None:
        documents = documents.only(lambda document: _resolves(document, start))
    if test is not None:
        documents = documents.only(lambda document: test(document | shape(document)))
    return documents.map(shape)


def _everybody(call: Call, eligible: Callable[[Document], bool]) -> Scan:
    """Every recipient as the replica knows it, whole. What is not wanted is never made whole."""

    def since(place: int) -> Iterator[tuple[int, Document]]:
        for behind, document in call.seen.scan("mailboxes", place):
            if _wanted(call, document, eligible):
                yield behind, shapes.whole(document, call.world.initial_domain)

    return Scan(since)


def _named(call: Call, identity: str) -> Iterator[Document]:
    """Whoever may answer to an identity, looked for without looking at everybody."""
    return named(call.seen.world, identity, call.seen.age("mailboxes"))


def named(world: World, identity: str, age: float = 0.0) -> Iterator[Document]:
    """Recipients that may answer to an identity, whole: the caller sees which of them do.

    Names that are made of others (a DN, DOMAIN\\alias) stand in no index.
    """
    domain, table = world.initial_domain, world["mailboxes"]
    if "=" in identity or "\\" in identity:
        return (shapes.whole(document, domain) for _, document in table.scan(age))
    by_key = table.get(identity.lower(), age)
    found = (by_key,) if by_key is not None else table.called(mailbox_keys, identity, age)
    return (shapes.whole(document, domain) for document in found)


_KEYS = ("Identity", "UserPrincipalName", "PrimarySmtpAddress", "ExternalDirectoryObjectId")


def _identity(call: Call) -> str | None:
    """Whichever of the lookup keys was given; Get-EXO cmdlets have several."""
    return next((call.get(key) for key in _KEYS if call.get(key)), None)


def _wanted(call: Call, document: Document, eligible: Callable[[Document], bool]) -> bool:
    kinds: list[str] | None = call.get("RecipientTypeDetails")
    if kinds:
        return kind_of(document) in kinds and not is_deleted(document)
    return eligible(document)


def kind_of(document: Document) -> str:
    return str(document.get("RecipientTypeDetails") or "UserMailbox")


def has_mailbox(document: Document) -> bool:
    """A mailbox in the ordinary listings: no group, no mail user, not deleted."""
    return kind_of(document) in MAILBOX_TYPES and not is_deleted(document)


def is_deleted(document: Document) -> bool:
    """Inactive (deleted under a hold), or soft-deleted: in listings of their own only."""
    return bool(document.get("IsInactiveMailbox") or document.get("WhenSoftDeleted"))


def is_person(document: Document) -> bool:
    """Whom Get-User lists: people with a mailbox or a mail user's address."""
    people = (*MAILBOX_TYPES, "MailUser", "GuestMailUser")
    return kind_of(document) in people and not is_deleted(document)


def _resolves(document: Document, start: str) -> bool:
    names: tuple[Any, ...] = (
        document.get("DisplayName"),
        document.get("Alias"),
        document.get("Name"),
        document.get("PrimarySmtpAddress"),
    )
    return any(str(name).lower().startswith(start.lower()) for name in names if name)


def target(call: Call, member: str = "Identity") -> Document:
    """The one mailbox a write means, as stored now, together with its derived names.

    Raises 404 for an unknown one, 400 for an empty or ambiguous name.
    """
    identity = call.get(member)
    if not identity:
        raise faults.missing_parameter(member)
    there = (d for d in named(call.world, identity) if is_person(d))
    return only(there, identity, mailbox_names)


def patch(call: Call, guid: str, changes: Document, identity: str) -> None:
    """Commit the members that differ; a change of nothing succeeds with a warning."""
    stored = call.world["mailboxes"].get(guid)
    if stored is None:
        raise faults.not_found(guid)
    unchanged = object()
    if all(stored.get(name, unchanged) == value for name, value in changes.items()):
        nothing_modified(call, identity)
        return
    call.commit("mailboxes", guid, {**stored, **changes, "WhenChangedUTC": call.stamp})


def nothing_modified(call: Call, identity: str) -> None:
    call.warnings.append(
        f"The command completed successfully but no settings of '{identity}' have been modified."
    )
