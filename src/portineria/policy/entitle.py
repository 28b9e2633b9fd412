"""What each mailbox is entitled to: the union of its grants, and `deny` beats all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from portineria.policy.desired import Desired, Grant, Through
from portineria.policy.plan import Refusal
from portineria.policy.who import members
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind
from portineria.tenant.people import SECURITY_DEFAULTS_ROLES
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

NOT_EXCHANGE_ONLINE = {
    RecipientKind.ON_PREMISES: "its mailbox is in Exchange on premises",
    RecipientKind.GUEST: "it is a guest: the mailbox is in another tenant",
    RecipientKind.HVE: "it is a High Volume Email account with rules of its own",
    RecipientKind.GROUP: "it is a group mailbox, which has no protocol switches",
    RecipientKind.INACTIVE: "it is an inactive mailbox, kept for holds only",
    RecipientKind.OTHER: "it is not a mailbox that these protocols can open",
}
WITHOUT_SIGN_IN = {RecipientKind.SHARED, RecipientKind.ROOM, RecipientKind.EQUIPMENT}


@dataclass(slots=True)
class Entitlement:
    """One mailbox: per protocol, the grants that open it and those that close it."""

    mailbox: Mailbox
    opened: dict[Protocol, list[Grant]] = field(default_factory=dict)
    closed: dict[Protocol, list[Grant]] = field(default_factory=dict)

    def open_for(self, protocol: Protocol) -> list[Grant]:
        """The grants in force: none when a `deny` names the protocol."""
        if any(grant.deny for grant in self.closed.get(protocol, ())):
            return []
        return self.opened.get(protocol, [])

    def is_closed(self, protocol: Protocol) -> bool:
        """Denied, or left over from grants that ended and not opened by another."""
        return not self.open_for(protocol) and bool(self.closed.get(protocol))

    def basic(self) -> list[Grant]:
        """The grants that let a password in (SMTP only)."""
        return [g for g in self.open_for(Protocol.SMTP) if g.through is Through.BASIC]


@dataclass(slots=True)
class Entitlements:
    """All of them by mailbox guid, the refusals, and what could not be seen."""

    by_mailbox: dict[str, Entitlement] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Entitlement]:
        return iter(self.by_mailbox.values())

    def of(self, box: Mailbox) -> Entitlement:
        return self.by_mailbox.setdefault(box.guid, Entitlement(box))


def entitle(desired: Desired, snapshot: Snapshot, today: date) -> Entitlements:
    """Resolve every grant; what cannot be is refused with the nearest thing that can."""
    result = Entitlements()
    for grant in desired.grants:
        who = members(grant, snapshot)
        result.refusals += who.refusals
        result.unseen += who.unseen
        for box in who.mailboxes:
            _apply(grant, box, desired, snapshot, today, result)
    return result


def _apply(
    grant: Grant,
    box: Mailbox,
    desired: Desired,
    snapshot: Snapshot,
    today: date,
    result: Entitlements,
) -> None:
    entitlement = result.of(box)
    for protocol in grant.deny:
        entitlement.closed.setdefault(protocol, []).append(grant)
    for protocol in sorted(grant.allow):
        if grant.until is not None and grant.until < today:
            entitlement.closed.setdefault(protocol, []).append(grant)
            continue
        refusal = _cannot_be(grant, box, protocol, desired, snapshot)
        if refusal is None:
            entitlement.opened.setdefault(protocol, []).append(grant)
        else:
            why, instead = refusal
            result.refusals.append(
                Refusal(grant=grant.name, mailbox=box.address, why=why, instead=instead)
            )


def expired(desired: Desired, today: date) -> list[Grant]:
    """Grants whose last day is over."""
    return [grant for grant in desired.grants if grant.until is not None and grant.until < today]


def _cannot_be(
    grant: Grant, box: Mailbox, protocol: Protocol, desired: Desired, snapshot: Snapshot
) -> tuple[str, str] | None:
    if box.kind in NOT_EXCHANGE_ONLINE:
        return NOT_EXCHANGE_ONLINE[box.kind], "leave it out of the grant"
    if box.upn.lower() in desired.posture.break_glass:
        return "it is a break-glass account, which must stay untouched", "grant another mailbox"
    if grant.through is not Through.BASIC:
        return None
    return _basic_cannot_be(box, protocol, snapshot)


def _basic_cannot_be(
    box: Mailbox, protocol: Protocol, snapshot: Snapshot
) -> tuple[str, str] | None:
    through_gateway = "through: gateway"
    if protocol is not Protocol.SMTP:
        return (
            f"Exchange Online has refused passwords on {protocol.value.upper()} since January 2023",
            through_gateway,
        )
    if box.kind in WITHOUT_SIGN_IN:
        return f"a {box.kind.value} mailbox has no sign-in of its own", through_gateway
    user = snapshot.user(box.entra_id)
    if user is not None and not user.enabled:
        return "its account is disabled, so no password can sign in", through_gateway
    roles = _roles(box, snapshot)
    if isinstance(roles, Unseen):
        return (
            f"could not tell whether it holds an administrator role: {roles.because}",
            through_gateway,
        )
    if roles:
        return f"its account holds an administrator role ({roles[0]})", through_gateway
    return None


def _roles(box: Mailbox, snapshot: Snapshot) -> list[str] | Unseen:
    if isinstance(snapshot.role_members, Unseen):
        return snapshot.role_members
    return [
        name
        for template, name in SECURITY_DEFAULTS_ROLES
        if box.entra_id in snapshot.role_members.get(template, ())
    ]
