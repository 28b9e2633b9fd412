"""Which mailboxes a grant speaks of: by name, group, CSV file or filter.

The keys of `who` add up. Whoever a group holds and no mailbox answers for is listed with the
reason, never dropped in silence; what could not be seen is said, never taken for nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from portineria.policy.desired import Grant
from portineria.policy.plan import LeftOut, Refusal
from portineria.policy.recipients import TRAITS, trait
from portineria.policy.where import Where
from portineria.tenant.mailbox import Mailbox, RecipientKind
from portineria.tenant.naming import folded
from portineria.tenant.people import Group, Member, MemberKind, User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


@dataclass(frozen=True, slots=True)
class Members:
    """The mailboxes found, each once; what could not be found, and what could not be seen.

    `left_out` are members of the grant's groups that are no mailbox; `notes` what is worth
    knowing about the names that were used.
    """

    mailboxes: tuple[Mailbox, ...]
    refusals: tuple[Refusal, ...] = ()
    unseen: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def members(grant: Grant, snapshot: Snapshot) -> Members:
    """Resolve `grant.who` against a snapshot, in the order in which it names them."""
    if isinstance(snapshot.mailboxes, Unseen):
        return Members((), unseen=(f"mailboxes: {snapshot.mailboxes.because}",))
    search = _Search(grant, snapshot)
    for name in grant.who.mailboxes:
        search.named(name)
    for name in grant.who.groups:
        search.group(name)
    if grant.who.where:
        search.where(snapshot.mailboxes)
    return Members(
        tuple(search.found.values()),
        tuple(search.refusals),
        tuple(search.unseen),
        tuple(search.left_out),
        tuple(search.notes),
    )


@dataclass(slots=True)
class _Search:
    """One grant's way through the snapshot."""

    grant: Grant
    snapshot: Snapshot
    found: dict[str, Mailbox] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def named(self, name: str) -> None:
        """A mailbox by address, user principal name, alias or id."""
        bearers = self.snapshot.called(name)
        if not bearers and name in self.snapshot.unread:
            self.unseen.append(f"who {name} is: {self.snapshot.unread[name]}")
        elif not bearers:
            self._refuse(name, *_nobody(name, self.snapshot))
        elif len(bearers) > 1:
            told = ", ".join(f"{box.address} ({box.guid})" for box in bearers)
            self._refuse(name, f"{len(bearers)} mailboxes bear this name: {told}", "name its id")
        else:
            self._found_by(name, bearers[0])

    def _found_by(self, name: str, box: Mailbox) -> None:
        self.found[box.guid] = box
        if folded(name) in {folded(alias) for alias in box.aliases} - {folded(box.upn)}:
            self.notes.append(
                f"grant «{self.grant.name}» names {name}, an alias of {box.address}: the same "
                "mailbox; write the address that it has now"
            )

    def group(self, name: str) -> None:
        """Everybody in the one group of this id, address or display name."""
        groups = group_named(name, self.snapshot)
        if len(groups) > 1:
            self._refuse(name, f"{len(groups)} groups have this name", _choice(groups))
        elif groups:
            self._expand(groups[0])
        elif folded(name) in {folded(asked) for asked in self.snapshot.groups_asked}:
            advice = (
                "check the group's name; dynamic distribution groups of Exchange have no members "
                "here: use where"
            )
            self._refuse(name, "there is no such group", advice)
        else:
            self.unseen.append(f"group {name}: not looked at")

    def _expand(self, group: Group) -> None:
        if isinstance(group.members, Unseen):
            self.unseen.append(f"members of group {group.name}: {group.members.because}")
            return
        boxes = {key: self.snapshot.mailbox(key) for key in sorted(group.members)}
        there = sorted((box for box in boxes.values() if box), key=lambda box: box.address)
        opened = [box for box in there if not trait(box).why]
        self.found.update((box.guid, self.found.get(box.guid, box)) for box in opened)
        for box in there:
            if trait(box).why:
                what, why = trait(box).called, trait(box).why
                self._list(group, what, box.display_name, box.address, box.guid, why)
        for key in (key for key, box in boxes.items() if box is None):
            self._without_mailbox(group, key)
        for other in sorted(group.others, key=lambda other: (other.kind, other.name, other.id)):
            self._other(group, other)
        self._tell_of(group, len(opened))

    def _tell_of(self, group: Group, count: int) -> None:
        name = f"grant «{self.grant.name}»: group {group.name}"
        if not count:
            empty = not (group.members or group.others)
            self.notes.append(f"{name} is empty" if empty else f"{name} holds no mailbox")
        elif group.dynamic:
            who = "1 mailbox today" if count == 1 else f"{count} mailboxes today"
            self.notes.append(f"{name} is dynamic, a rule decides who is in it: {who}")

    def _without_mailbox(self, group: Group, key: str) -> None:
        user = self.snapshot.user(key)
        if user is None:
            because = "its account was not among those read"
            if isinstance(self.snapshot.users, Unseen):
                because = self.snapshot.users.because
            self._list(group, "an account", "", "", key, f"no mailbox answers for it; {because}")
            return
        kind = "a guest" if user.guest else "an account without a mailbox"
        why = TRAITS[RecipientKind.GUEST].why if user.guest else without_mailbox(user)[0]
        self._list(group, kind, user.display_name, user.upn, key, why)

    def _other(self, group: Group, other: Member) -> None:
        """Groups inside are no loss: their people are counted among the members."""
        if other.kind is MemberKind.GROUP or other.id == group.id:
            return
        why = f"{_ARTICLE[other.kind]} has no mailbox here"
        self._list(group, _ARTICLE[other.kind], other.name, other.address, other.id, why)

    def _list(self, group: Group, kind: str, name: str, address: str, key: str, why: str) -> None:
        self.left_out.append(
            LeftOut(
                grant=self.grant.name,
                group=group.name,
                kind=kind,
                name=name,
                address=address,
                id=key,
                why=why,
            )
        )

    def where(self, boxes: tuple[Mailbox, ...]) -> None:
        """Mailboxes for which every key holds; a key that could not be seen is said."""
        matching = Where(self.grant.who.where, self.snapshot)
        unseen: list[Mailbox] = []
        before = len(self.found)
        for box in boxes:
            answer = matching.holds(box)
            if answer is None:
                unseen.append(box)
            elif answer:
                self.found.setdefault(box.guid, box)
        if unseen:
            first, more, because = unseen[0].address, len(unseen) - 1, matching.because
            self.unseen.append(
                f"department of {first} and {more} more: {because}"
                if more
                else f"department of {first}: {because}"
            )
        elif len(self.found) == before:
            self.notes.append(f"grant «{self.grant.name}»: where adds no mailbox")

    def _refuse(self, name: str, why: str, instead: str) -> None:
        self.refusals.append(Refusal(grant=self.grant.name, mailbox=name, why=why, instead=instead))


_ARTICLE = {
    MemberKind.GROUP: "a group",
    MemberKind.DEVICE: "a device",
    MemberKind.CONTACT: "a contact",
    MemberKind.APPLICATION: "an application",
    MemberKind.OTHER: "an object of another kind",
}


def _nobody(name: str, snapshot: Snapshot) -> tuple[str, str]:
    user = snapshot.user_by_upn(name)
    if user is not None:
        return without_mailbox(user)
    return "there is no such mailbox in this tenant", "check the address with `portineria look`"


def without_mailbox(user: User) -> tuple[str, str]:
    """Why an account has no mailbox in Exchange Online, and what would give it one."""
    if user.guest:
        guest = TRAITS[RecipientKind.GUEST]
        return guest.refusal, guest.instead
    if isinstance(user.exchange_plan, Unseen):
        unseen = user.exchange_plan.because
        return f"Exchange Online has no mailbox for it; its licences: {unseen}", "look at them"
    if user.exchange_plan:
        why = "its licence brings a mailbox, and Exchange Online shows none yet"
        return why, "wait until the mailbox is there, then plan again"
    if user.synced:
        why = (
            "the account exists, but Exchange Online has no mailbox for it: it is synchronised "
            "from your own directory"
        )
        return why, "give it a licence, or open its server on premises"
    why = "the account exists, but Exchange Online has no mailbox for it: no licence brings one"
    return why, "give it a licence with a mailbox"


def group_named(name: str, snapshot: Snapshot) -> list[Group]:
    """Groups with this object id or, failing that, this address or display name (case aside)."""
    by_id = snapshot.groups.get(name.strip().lower()) or snapshot.groups.get(name)
    if by_id is not None:
        return [by_id]
    wanted = folded(name)
    return [
        group
        for group in snapshot.groups.values()
        if wanted in (folded(group.name), folded(group.address))
    ]


def _choice(groups: list[Group]) -> str:
    """What tells groups of one name apart, so that one can be named by its id."""
    told = []
    for group in groups:
        kind = f"{group.kind}, {group.address}" if group.address else str(group.kind)
        told.append(
            f"{group.id} ({kind})"
            if isinstance(group.members, Unseen)
            else f"{group.id} ({kind}, accounts: {len(group.members)})"
        )
    return f"name one by its object id: {'; '.join(told)}"
