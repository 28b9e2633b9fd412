"""The rights of our applications, as the grants have them: closed first, then opened.

This much every plan keeps in order, because it takes no more than the control app. What was
given to others is not looked at and not touched.
"""

from __future__ import annotations

from dataclasses import dataclass

from portineria.policy.change import Family, Phase, Target
from portineria.policy.draft import Draft
from portineria.policy.mailapps import Need, Needs
from portineria.tenant.apps import AppKind, OwnApp, ScopeGroup
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

NO_GRANT = "grants"
FULL = {"AccessRights": ["FullAccess"]}
SEND_AS = {"AccessRights": ["SendAs"]}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is given rights: the application's name, its service principal and its group, as ids
    or as references to what the same plan makes; "" where there is none."""

    name: str
    principal: str
    group: str = ""


def keep_rights(own: OwnApp, needs: Needs, classic: bool, snapshot: Snapshot, draft: Draft) -> None:
    """An application that is there: what it holds and no grant needs goes, what is needed comes."""
    group = own.group.id if isinstance(own.group, ScopeGroup) else ""
    holder = Holder(own.name, own.principal_id, group)
    close_rights(own, needs, snapshot, draft)
    if not _whole(own):
        if needs:
            draft.note(
                f"«{own.name}» is not complete, so nothing was opened for it: "
                "portineria app create shows what is missing"
            )
        return
    open_rights(holder, own, needs, classic, snapshot, draft)


def _whole(own: OwnApp) -> bool:
    """Whether rights can be given to it: Exchange knows it by the right id, and has its group."""
    registered = () if isinstance(own.registered, Unseen) else own.registered
    known = bool(own.principal_id) and own.principal_id in registered
    return known and (own.kind is AppKind.MAIL or isinstance(own.group, ScopeGroup))


def close_rights(own: OwnApp, needs: Needs, snapshot: Snapshot, draft: Draft) -> None:
    if own.kind is AppKind.SMTP:
        _close_members(own, needs, snapshot, draft)
        return
    for guid in sorted(held_by(own, snapshot)):
        if guid not in needs:
            draft.delete(
                _permission(own.principal_id, own.name, guid, snapshot),
                FULL,
                Phase.CLOSE,
                NO_GRANT,
                f"no grant needs «{own.name}» on this mailbox",
            )


def held_by(own: OwnApp, snapshot: Snapshot) -> set[str]:
    """The mailboxes on which FullAccess was seen."""
    return {
        guid
        for (client_id, guid), right in snapshot.rights.items()
        if client_id == own.id and right.full_access is True
    }


def _close_members(own: OwnApp, needs: Needs, snapshot: Snapshot, draft: Draft) -> None:
    if not isinstance(own.group, ScopeGroup):
        return
    for guid in sorted(own.group.members - needs.keys()):
        draft.delete(
            _member(own.group.id, own.name, guid, snapshot),
            {"member": True},
            Phase.CLOSE,
            NO_GRANT,
            f"no grant lets «{own.name}» send as this mailbox",
        )


def open_rights(
    holder: Holder,
    own: OwnApp | None,
    needs: Needs,
    classic: bool,
    snapshot: Snapshot,
    draft: Draft,
) -> None:
    """`own` is the application as it is now, None for one that the plan makes."""
    for guid, need in needs.items():
        if holder.group:
            _let_send(holder, own, guid, need, snapshot, draft)
        else:
            _let_open(holder, own, guid, need, classic, snapshot, draft)


def _let_send(
    holder: Holder, own: OwnApp | None, guid: str, need: Need, snapshot: Snapshot, draft: Draft
) -> None:
    group = own.group if own is not None else None
    if isinstance(group, ScopeGroup) and guid in group.members:
        return
    draft.create(
        _member(holder.group, holder.name, guid, snapshot),
        {"member": True},
        Phase.EXCEPTION,
        need.because,
        f"«{holder.name}» sends as this mailbox: the group bounds its role",
        "medium",
    )


def _let_open(
    holder: Holder,
    own: OwnApp | None,
    guid: str,
    need: Need,
    classic: bool,
    snapshot: Snapshot,
    draft: Draft,
) -> None:
    held = snapshot.right(own.id, guid) if own is not None else None
    full = held.full_access if held is not None and not isinstance(held, Unseen) else held
    address = need.mailbox.address
    if isinstance(full, Unseen):
        draft.needs(f"what «{holder.name}» may do with {address}", full)
        return
    protocols = ", ".join(sorted(need.protocols))
    if not full:
        draft.create(
            _permission(holder.principal, holder.name, guid, snapshot),
            FULL,
            Phase.EXCEPTION,
            need.because,
            f"«{holder.name}» opens this mailbox by {protocols}; FullAccess is the one right "
            "there is for it",
            "medium",
        )
    if classic and Protocol.SMTP in need.protocols and not full:
        draft.create(
            Target(
                family=Family.RECIPIENT_PERMISSION,
                key=f"{guid}/{holder.principal}",
                name=f"{holder.name} → {address}",
            ),
            SEND_AS,
            Phase.EXCEPTION,
            need.because,
            f"«{holder.name}» sends as this mailbox the classic way",
            "medium",
        )


def _permission(principal: str, name: str, guid: str, snapshot: Snapshot) -> Target:
    return Target(
        family=Family.MAILBOX_PERMISSION,
        key=f"{guid}/{principal}",
        name=f"{name} on {_called(guid, snapshot)}",
    )


def _member(group: str, name: str, guid: str, snapshot: Snapshot) -> Target:
    return Target(
        family=Family.GROUP_MEMBER,
        key=f"{group}/{guid}",
        name=f"{_called(guid, snapshot)} → {name}",
    )


def _called(guid: str, snapshot: Snapshot) -> str:
    box = snapshot.mailbox(guid)
    return guid if box is None else box.address
