"""Finding mailboxes: what Get-CASMailbox, Get-Mailbox, Get-User and Get-Recipient share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from portineria.lab.exchange import faults, shapes
from portineria.lab.exchange.declare import Call
from portineria.lab.exchange.filters import compile_filter
from portineria.lab.exchange.identity import mailbox_names, matching, only
from portineria.lab.world import Document

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
    """Every recipient as the replica knows it, whole."""
    domain = call.world.initial_domain
    return (shapes.whole(document, domain) for document in call.seen.all("mailboxes"))


def listing(
    call: Call,
    shape: Shape,
    filterable: Collection[str],
    eligible: Callable[[Document], bool] = lambda document: True,
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
    found = call.seen.get("mailboxes", identity.lower()) if identity else None
    return seen(call) if found is None else (shapes.whole(found, call.world.initial_domain),)


_KEYS = ("Identity", "UserPrincipalName", "PrimarySmtpAddress", "ExternalDirectoryObjectId")


def _identity(call: Call) -> str | None:
    """Whichever of the lookup keys was given; Get-EXO cmdlets have several."""
    return next((call.get(key) for key in _KEYS if call.get(key)), None)


def _wanted(call: Call, document: Document, eligible: Callable[[Document], bool]) -> bool:
    kinds: list[str] | None = call.get("RecipientTypeDetails")
    if kinds:
        return kind_of(document) in kinds
    return eligible(document)


def kind_of(document: Document) -> str:
    return str(document.get("RecipientTypeDetails") or "UserMailbox")


def has_mailbox(document: Document) -> bool:
    """A mailbox in the ordinary listings: no group, no mail user, not inactive."""
    return kind_of(document) in MAILBOX_TYPES and not document.get("IsInactiveMailbox")


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
    documents = (shapes.whole(d, domain) for d in call.truth("mailboxes"))
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
