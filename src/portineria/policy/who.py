"""Which mailboxes a grant speaks of: by address, group, or filter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from portineria.policy.desired import Grant, Who
from portineria.policy.plan import Refusal
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.people import Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


@dataclass(frozen=True, slots=True)
class Members:
    """The mailboxes found, what could not be found, and what could not be seen."""

    mailboxes: tuple[Mailbox, ...]
    refusals: tuple[Refusal, ...] = ()
    unseen: tuple[str, ...] = ()


def members(grant: Grant, snapshot: Snapshot) -> Members:
    """Resolve `grant.who` against a snapshot; each mailbox once, in the order it was named."""
    if isinstance(snapshot.mailboxes, Unseen):
        return Members((), unseen=(f"mailboxes: {snapshot.mailboxes.because}",))
    found: dict[str, Mailbox] = {}
    refusals: list[Refusal] = []
    unseen: list[str] = []
    for name in grant.who.mailboxes:
        box = snapshot.mailbox(name)
        if box is None:
            refusals.append(_no_such(grant, name, snapshot))
        else:
            found[box.guid] = box
    for name in grant.who.groups:
        _add_group(grant, name, snapshot, found, refusals, unseen)
    if grant.who.where:
        found.update((box.guid, box) for box in _matching(grant.who, snapshot))
    return Members(tuple(found.values()), tuple(refusals), tuple(unseen))


def _no_such(grant: Grant, name: str, snapshot: Snapshot) -> Refusal:
    user = snapshot.user_by_upn(name)
    if user is not None:
        why = "the account exists, but Exchange Online has no mailbox for it"
        return Refusal(
            grant=grant.name, mailbox=name, why=why, instead="give it a licence with a mailbox"
        )
    return Refusal(
        grant=grant.name,
        mailbox=name,
        why="there is no such mailbox in this tenant",
        instead="check the address with `portineria look`",
    )


def _add_group(
    grant: Grant,
    name: str,
    snapshot: Snapshot,
    found: dict[str, Mailbox],
    refusals: list[Refusal],
    unseen: list[str],
) -> None:
    groups = group_named(name, snapshot)
    if len(groups) != 1:
        many = f"{len(groups)} groups have this name" if groups else "there is no such group"
        advice = "name the group by its object id" if groups else "check the group's name"
        refusals.append(Refusal(grant=grant.name, mailbox=name, why=many, instead=advice))
        return
    people = groups[0].members
    if isinstance(people, Unseen):
        unseen.append(f"members of group {name}: {people.because}")
        return
    assert not isinstance(snapshot.mailboxes, Unseen)
    found.update((box.guid, box) for box in snapshot.mailboxes if box.entra_id in people)


def group_named(name: str, snapshot: Snapshot) -> list[Group]:
    """Groups with this object id or, failing that, this display name (case aside)."""
    by_id = snapshot.groups.get(name)
    if by_id is not None:
        return [by_id]
    wanted = name.casefold()
    return [group for group in snapshot.groups.values() if group.name.casefold() == wanted]


def _matching(who: Who, snapshot: Snapshot) -> Iterator[Mailbox]:
    assert not isinstance(snapshot.mailboxes, Unseen)
    for box in snapshot.mailboxes:
        if all(_matches(key, value, box, snapshot) for key, value in who.where):
            yield box


def _matches(key: str, value: str, box: Mailbox, snapshot: Snapshot) -> bool:
    wanted = value.casefold()
    if key == "type":
        return box.kind.value == wanted
    if key == "domain":
        return box.address.rpartition("@")[2].casefold() == wanted
    if key == "name":
        return wanted in box.display_name.casefold()
    user = snapshot.user(box.entra_id)
    department = None if user is None else user.department
    return department is not None and department.casefold() == wanted
