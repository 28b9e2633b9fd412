"""What each mailbox is entitled to: the union of its grants, and `deny` beats all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from portineria.policy.desired import Desired, Grant, Through
from portineria.policy.plan import LeftOut, Refusal
from portineria.policy.recipients import trait
from portineria.policy.who import members
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind
from portineria.tenant.naming import folded
from portineria.tenant.people import SECURITY_DEFAULTS_ROLES
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

WITHOUT_SIGN_IN = {RecipientKind.SHARED, RecipientKind.ROOM, RecipientKind.EQUIPMENT}

ByProtocol = dict[Protocol, list[Grant]]


@dataclass(slots=True)
class Entitlement:
    """One mailbox: per protocol, the grants that open it, deny it, ended, or cannot be."""

    mailbox: Mailbox
    opened: ByProtocol = field(default_factory=dict)
    denied: ByProtocol = field(default_factory=dict)
    ended: ByProtocol = field(default_factory=dict)
    refused: dict[Protocol, list[tuple[Grant, str]]] = field(default_factory=dict)

    def open_for(self, protocol: Protocol) -> list[Grant]:
        """The grants in force: none when a `deny` names the protocol."""
        return [] if self.denied.get(protocol) else self.opened.get(protocol, [])

    def closed_by(self, protocol: Protocol) -> list[Grant]:
        """The grants that close it: those that deny, or that ended where no other opens it."""
        if self.open_for(protocol):
            return []
        return [*self.denied.get(protocol, ()), *self.ended.get(protocol, ())]

    def basic(self) -> list[Grant]:
        """The grants that let a password in (SMTP only)."""
        return [g for g in self.open_for(Protocol.SMTP) if g.through is Through.BASIC]

    def refuse(self, grant: Grant, protocol: Protocol, why: str) -> None:
        """Note that `grant` cannot open `protocol`, and take it from those that do."""
        self.refused.setdefault(protocol, []).append((grant, why))
        kept = [one for one in self.opened.get(protocol, ()) if one is not grant]
        self.opened.pop(protocol, None)
        if kept:
            self.opened[protocol] = kept


@dataclass(slots=True)
class Entitlements:
    """All of them by mailbox guid; the refusals, who was left out, what could not be seen."""

    by_mailbox: dict[str, Entitlement] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
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
        result.left_out += who.left_out
        result.notes += who.notes
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
    for protocol in sorted(grant.deny | grant.allow):
        cannot = _cannot_be(grant, box, protocol, desired, snapshot, today)
        if cannot is not None:
            why, instead = cannot
            entitlement.refuse(grant, protocol, why)
            result.refusals.append(
                Refusal(grant=grant.name, mailbox=box.address, why=why, instead=instead)
            )
        elif has_ended(grant, today) and trait(box).why:
            entitlement.refuse(grant, protocol, trait(box).refusal)
        elif protocol in grant.deny:
            entitlement.denied.setdefault(protocol, []).append(grant)
        elif has_ended(grant, today):
            entitlement.ended.setdefault(protocol, []).append(grant)
        else:
            entitlement.opened.setdefault(protocol, []).append(grant)


def has_ended(grant: Grant, today: date) -> bool:
    """Whether its last day is over."""
    return grant.until is not None and grant.until < today


def expired(desired: Desired, today: date) -> list[Grant]:
    """Grants whose last day is over."""
    return [grant for grant in desired.grants if has_ended(grant, today)]


def _cannot_be(
    grant: Grant,
    box: Mailbox,
    protocol: Protocol,
    desired: Desired,
    snapshot: Snapshot,
    today: date,
) -> tuple[str, str] | None:
    if protocol in grant.deny:
        return _cannot_be_denied(box, protocol)
    if has_ended(grant, today):
        return None
    if trait(box).why:
        return trait(box).refusal, trait(box).instead
    if folded(box.upn) in map(folded, desired.posture.break_glass):
        return "it is a break-glass account, which must stay untouched", "grant another mailbox"
    if grant.through is not Through.BASIC:
        return None
    return _basic_cannot_be(box, protocol, snapshot)


def _cannot_be_denied(box: Mailbox, protocol: Protocol) -> tuple[str, str] | None:
    """Whoever has no switches is shut by what it is, but for what sends by a host of its own."""
    if (box.kind, protocol) != (RecipientKind.HVE, Protocol.SMTP):
        return None
    why = f"{trait(box).refusal}, which no switch of a mailbox reaches"
    return why, "disable or remove the account; see Set-HVEAccountSettings"


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
        return f"{trait(box).called} has no sign-in of its own", through_gateway
    if box.entra_id is None:
        return (
            "could not tell whose password it would be: Exchange names no directory account for it",
            through_gateway,
        )
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
