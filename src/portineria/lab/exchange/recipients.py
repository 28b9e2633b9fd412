"""Finding mailboxes: what Get-CASMailbox, Get-Mailbox, Get-User and Get-Recipient share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from portineria.lab.exchange import faults, shapes
from portineria.lab.exchange.declare import Call
from portineria.lab.exchange.filters import compile_filter
from portineria.lab.exchange.identity import mailbox_names, matching, only
from portineria.lab.world import Document

TABLES = ("mailboxes", "recipients")
"""Where recipients are kept: those with switches, and those that only have an address."""

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


def seen(call: Call) -> Iterable[Document]:
    """Every recipient as the replica knows it, whole; what was deleted included."""
    domain = call.world.initial_domain
    for table in TABLES:
        yield from (shapes.whole(document, domain) for document in call.seen.all(table))


def listing(
    call: Call,
    shape: Shape,
    filterable: Collection[str],
    eligible: Callable[[Document], bool] = lambda document: not is_deleted(document),
) -> list[Document]:
    """The rows that Identity, Anr, RecipientTypeDetails and Filter leave. Raises Refusal."""
    identity = _identity(call)
    documents = [d for d in _candidates(call, identity) if _wanted(call, d, eligible)]
    documents = matching(documents, identity, mailbox_names)
    if (start := call.get("Anr")) is not None:
        documents = [d for d in documents if _resolves(d, start)]
    rows = [shape(document) for document in documents]
    if not (text := call.get("Filter")):
        return rows
    test = compile_filter(text, filterable)
    return [row for row, document in zip(rows, documents, strict=True) if test(document | row)]


def _candidates(call: Call, identity: str | None) -> Iterable[Document]:
    """The one behind a Guid without looking at the others, else everybody."""
    for table in TABLES if identity else ():
        found = call.seen.get(table, str(identity).lower())
        if found is not None:
            return (shapes.whole(found, call.world.initial_domain),)
    return seen(call)


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
    domain = call.world.initial_domain
    identity = call.get(member)
    if identity and (found := call.world["mailboxes"].get(identity.lower())) is not None:
        return shapes.whole(found, domain)
    documents = (shapes.whole(d, domain) for d in call.truth("mailboxes") if not is_deleted(d))
    return only(documents, identity, mailbox_names)


def patch(call: Call, guid: str, changes: Document, identity: str) -> None:
    """Commit the members that differ; a change of nothing succeeds with a warning."""
    stored = call.world["mailboxes"].get(guid)
    if stored is None:
        raise faults.not_found(guid)
    unchanged = object()
    if all(stored.get(name, unchanged) == value for name, value in changes.items()):
        nothing_modified(call, identity)
        return
    call.commit("mailboxes", guid, {**stored, **changes})


def nothing_modified(call: Call, identity: str) -> None:
    call.warnings.append(
        f"The command completed successfully but no settings of '{identity}' have been modified."
    )
