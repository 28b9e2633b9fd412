"""Whether the conditions of a Conditional Access policy hold for one sign-in.

Three-valued: a condition holds, does not, or depends on something that was not seen or is not
judged here. Excluded users are out before anything else is looked at.
Source: Microsoft Learn, Conditional Access: conditions; Graph dossier 2.2, 2.10 to 2.12.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from portineria.policy.verdict import Answer
from portineria.tenant.access import (
    EXCHANGE_ONLINE,
    ClientApp,
    ConditionalAccessPolicy,
    NamedLocation,
)
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

Address = IPv4Address | IPv6Address


class Kind(Enum):
    """How one signs in, as Conditional Access tells them apart."""

    PASSWORD = "basic"  # noqa: S105 - the name of a kind, no password
    PERSON = "user"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in to be judged.

    `subject` is a user's directory id or, for an app, its enterprise application's object id;
    None where it is not known who that is. `client_id` is the client a person uses. What it
    is for is Exchange Online.
    """

    kind: Kind
    subject: str | None
    client_id: str | None = None
    address: Address | None = None

    @property
    def client_app(self) -> ClientApp:
        return ClientApp.OTHER if self.kind is Kind.PASSWORD else ClientApp.MODERN


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a condition holds: YES, NO, or UNKNOWN with what it depends on."""

    answer: Answer
    because: str = ""


YES, NO = Match(Answer.YES), Match(Answer.NO)
_GUESTS = "GuestsOrExternalUsers"
_RESOURCE = frozenset({EXCHANGE_ONLINE, "Office365"})
"""The names under which a policy includes Exchange Online, beside All."""


def applies(snapshot: Snapshot, policy: ConditionalAccessPolicy, sign_in: SignIn) -> Match:
    """Whether all conditions of a policy hold. One that fails decides over one not known."""
    who = (
        _workload(policy, sign_in)
        if sign_in.kind is Kind.APP
        else _excluded_first(snapshot, policy, sign_in)
    )
    if who.answer is Answer.NO:
        return who
    found = [
        who,
        _resource(policy, sign_in),
        _client_app(policy, sign_in),
        _place(snapshot, policy, sign_in.address),
        _not_judged(policy),
    ]
    if any(match.answer is Answer.NO for match in found):
        return NO
    return next((match for match in found if match.answer is Answer.UNKNOWN), YES)


def _excluded_first(snapshot: Snapshot, policy: ConditionalAccessPolicy, sign_in: SignIn) -> Match:
    if policy.service_principals is not None:
        return NO
    if sign_in.subject is None:
        return _anybody(policy)
    out = _named(snapshot, sign_in.subject, Side.excluded(policy))
    if out.answer is Answer.YES:
        return NO
    inside = _named(snapshot, sign_in.subject, Side.included(policy))
    if inside.answer is Answer.YES and out.answer is Answer.UNKNOWN:
        return out
    return inside


def _anybody(policy: ConditionalAccessPolicy) -> Match:
    """Nobody in particular: only a policy for all without exclusions surely applies."""
    included, excluded = Side.included(policy), Side.excluded(policy)
    if "All" in included.users and not excluded:
        return YES
    if not included:
        return NO
    return Match(Answer.UNKNOWN, "that depends on who signs in")


@dataclass(frozen=True, slots=True)
class Side:
    """The users a policy includes, or those it excludes."""

    users: frozenset[str]
    groups: frozenset[str]
    roles: frozenset[str]
    guests: bool

    @classmethod
    def included(cls, policy: ConditionalAccessPolicy) -> Side:
        users = policy.include_users - {"None"}
        return cls(users, policy.include_groups, policy.include_roles, policy.include_guests)

    @classmethod
    def excluded(cls, policy: ConditionalAccessPolicy) -> Side:
        users = policy.exclude_users - {"None"}
        return cls(users, policy.exclude_groups, policy.exclude_roles, policy.exclude_guests)

    def __bool__(self) -> bool:
        return bool(self.users or self.groups or self.roles or self.guests)


def _named(snapshot: Snapshot, subject: str, side: Side) -> Match:
    if "All" in side.users or subject in side.users:
        return YES
    found = [_in_group(snapshot, subject, group) for group in sorted(side.groups)]
    found += [_in_role(snapshot, subject, role) for role in sorted(side.roles)]
    if side.guests or _GUESTS in side.users:
        found.append(_guest(snapshot, subject))
    if YES in found:
        return YES
    return next((match for match in found if match.answer is Answer.UNKNOWN), NO)


def people(snapshot: Snapshot, side: Side) -> frozenset[str] | None:
    """Everybody a side names, as directory ids; None where one part of it was not seen, or
    where it names all there are."""
    if "All" in side.users:
        return None
    found = set(side.users - {_GUESTS})
    for key in side.groups:
        group = snapshot.groups.get(key)
        if group is None or isinstance(group.members, Unseen):
            return None
        found |= group.members
    for role in side.roles:
        if isinstance(snapshot.role_members, Unseen) or role not in snapshot.role_members:
            return None
        found |= snapshot.role_members[role]
    if side.guests or _GUESTS in side.users:
        if isinstance(snapshot.users, Unseen):
            return None
        found |= {user.id for user in snapshot.users.values() if user.guest}
    return frozenset(found)


def _in_group(snapshot: Snapshot, subject: str, group_id: str) -> Match:
    group = snapshot.groups.get(group_id)
    if group is None:
        return Match(Answer.UNKNOWN, f"that depends on group {group_id}, which was not looked at")
    if isinstance(group.members, Unseen):
        because = f"that depends on the members of {group.name} ({group.members.because})"
        return Match(Answer.UNKNOWN, because)
    return YES if subject in group.members else NO


def _in_role(snapshot: Snapshot, subject: str, role: str) -> Match:
    if isinstance(snapshot.role_members, Unseen):
        because = f"that depends on who holds a role ({snapshot.role_members.because})"
        return Match(Answer.UNKNOWN, because)
    if role not in snapshot.role_members:
        return Match(Answer.UNKNOWN, f"that depends on role {role}, which was not looked at")
    return YES if subject in snapshot.role_members[role] else NO


def _guest(snapshot: Snapshot, subject: str) -> Match:
    user = snapshot.user(subject)
    if user is None:
        return Match(Answer.UNKNOWN, "that depends on whether the account is a guest")
    return YES if user.guest else NO


def _workload(policy: ConditionalAccessPolicy, sign_in: SignIn) -> Match:
    """Policies about users never apply to an application's own token."""
    named = policy.service_principals
    if named is None:
        return NO
    if sign_in.subject in policy.exclude_service_principals:
        return NO
    if sign_in.subject in named:
        return YES
    if "ServicePrincipalsInMyTenant" in named:
        because = "that depends on whether the application was registered in this tenant"
        return Match(Answer.UNKNOWN, because)
    return NO


def _resource(policy: ConditionalAccessPolicy, sign_in: SignIn) -> Match:
    if _RESOURCE & policy.exclude_applications:
        return NO
    if (_RESOURCE | {"All"}) & policy.include_applications:
        return YES
    if sign_in.client_id is not None and sign_in.client_id in policy.include_applications:
        because = "it names the client and not Exchange Online: that depends on how it signs in"
        return Match(Answer.UNKNOWN, because)
    return NO


def _client_app(policy: ConditionalAccessPolicy, sign_in: SignIn) -> Match:
    """The condition is not offered for policies about applications."""
    if sign_in.kind is Kind.APP:
        return YES
    return YES if policy.client_apps & {ClientApp.ALL, sign_in.client_app} else NO


def _not_judged(policy: ConditionalAccessPolicy) -> Match:
    if not policy.depends_on:
        return YES
    return Match(Answer.UNKNOWN, f"that depends on {' and '.join(policy.depends_on)}")


def _place(snapshot: Snapshot, policy: ConditionalAccessPolicy, address: Address | None) -> Match:
    if not policy.include_locations and not policy.exclude_locations:
        return YES
    out = _anywhere(snapshot, policy.exclude_locations, address)
    if out.answer is Answer.YES:
        return NO
    inside = (
        _anywhere(snapshot, policy.include_locations, address) if policy.include_locations else YES
    )
    if inside.answer is Answer.YES and out.answer is Answer.UNKNOWN:
        return out
    return inside


def _anywhere(snapshot: Snapshot, ids: frozenset[str], address: Address | None) -> Match:
    """Whether the address lies in any of these locations."""
    if "All" in ids:
        return YES
    if not ids:
        return NO
    if address is None:
        return Match(Answer.UNKNOWN, "that depends on the address it comes from")
    if isinstance(snapshot.named_locations, Unseen):
        because = f"that depends on named locations ({snapshot.named_locations.because})"
        return Match(Answer.UNKNOWN, because)
    known = {place.id: place for place in snapshot.named_locations}
    found = [_inside(known.get(key), address) for key in sorted(ids - {"AllTrusted"})]
    if "AllTrusted" in ids:
        found += [_inside(place, address) for place in known.values() if place.trusted]
        # Trusted addresses of per-user MFA belong to it too, and no interface shows them.
        found.append(Match(Answer.UNKNOWN, "that depends on which addresses are trusted for MFA"))
    if YES in found:
        return YES
    return next((match for match in found if match.answer is Answer.UNKNOWN), NO)


def _inside(place: NamedLocation | None, address: Address) -> Match:
    if place is None:
        return Match(Answer.UNKNOWN, "that depends on a location that was not looked at")
    if place.networks is None:
        return Match(Answer.UNKNOWN, f"that depends on the country ({place.name})")
    return YES if any(address in network for network in place.networks) else NO
