"""The grant's own exception, last of all: a password let in for one mailbox, from its networks.

Three layers give way for it: our block on legacy authentication excludes the account, a
companion policy blocks it from everywhere else, and an authentication policy of its own lets
basic SMTP in. What a grant no longer covers is closed again, before anything opens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from portineria.policy.change import Family, Fields, Phase, Target
from portineria.policy.closings import BASIC_SMTP, NO_BASIC, make_no_basic, user_target
from portineria.policy.conditionalbody import (
    BLOCK_LEGACY,
    BLOCK_OUTSIDE,
    block_legacy,
    block_legacy_outside,
    ip_location,
)
from portineria.policy.desired import BasicAuthWish, Desired
from portineria.policy.draft import Draft, ours, reference
from portineria.policy.entitle import Entitlement, Entitlements
from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    NamedLocation,
    Network,
    PolicyState,
)
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

LOCATION = "Portineria: networks of "


@dataclass(frozen=True, slots=True)
class Circle:
    """Accounts let in by the same basic grants, and the networks they may come from."""

    label: str
    accounts: tuple[str, ...]
    networks: tuple[Network, ...]


def circles(entitlements: Entitlements) -> list[Circle]:
    """Group the basic-granted accounts by their set of grants: networks are a union."""
    by_label: dict[str, tuple[set[str], set[Network]]] = {}
    for entitlement in entitlements:
        grants = entitlement.basic()
        if grants and entitlement.mailbox.entra_id:
            label = " + ".join(sorted({grant.name for grant in grants}))
            accounts, networks = by_label.setdefault(label, (set(), set()))
            accounts.add(entitlement.mailbox.entra_id)
            networks.update(network for grant in grants for network in grant.networks)
    return [
        Circle(label, tuple(sorted(accounts)), tuple(sorted(networks, key=str)))
        for label, (accounts, networks) in sorted(by_label.items())
    ]


def except_in_conditional_access(
    snapshot: Snapshot,
    entitlements: Entitlements,
    break_glass: Iterable[str],
    enforced_now: bool,
    draft: Draft,
) -> None:
    """Exclusion and companions. `enforced_now`: our legacy block is enforced by this plan."""
    policies, locations = snapshot.conditional_access, snapshot.named_locations
    if isinstance(policies, Unseen) or isinstance(locations, Unseen):
        if circles(entitlements):
            draft.needs("Conditional Access policies", policies)
            draft.needs("named locations", locations)
        return
    ours_by_name = {policy.name: policy for policy in policies if ours(policy.name)}
    block = ours_by_name.get(BLOCK_LEGACY)
    staged = draft.creates(Family.CONDITIONAL_ACCESS, BLOCK_LEGACY)
    wanted = circles(entitlements)
    for circle in wanted:
        _companion(circle, ours_by_name, locations, draft)
    _drop_companions(ours_by_name, wanted, draft)
    if block is None and not staged:
        return
    glass = frozenset(break_glass)
    kept = glass if block is None else block.exclude_users
    if not glass:
        glass = kept - _let_in_before(ours_by_name)
    excepted = frozenset(account for circle in wanted for account in circle.accounts)
    enforced = enforced_now or (block is not None and block.enforced)
    _exclude(block, kept, excepted if enforced else frozenset(), glass, draft)


def _let_in_before(existing: dict[str, ConditionalAccessPolicy]) -> frozenset[str]:
    """Accounts that an earlier plan let in: each has its companion. Whoever else our block
    leaves out is a break-glass account of that time, and stays out where none is named now.
    """
    companions = (p for name, p in existing.items() if name.startswith(BLOCK_OUTSIDE))
    return frozenset(account for policy in companions for account in policy.include_users)


def _exclude(
    block: ConditionalAccessPolicy | None,
    current: frozenset[str],
    excepted: frozenset[str],
    break_glass: frozenset[str],
    draft: Draft,
) -> None:
    key = reference(BLOCK_LEGACY) if block is None else block.id
    target = Target(family=Family.CONDITIONAL_ACCESS, key=key, name=BLOCK_LEGACY)
    final = break_glass | excepted
    closing = current & final
    if block is not None:
        reason = "accounts without a basic grant are under the legacy block again"
        exclusion(block, current, closing, Phase.CLOSE, "grants that ended", reason, draft)
    draft.update(
        target,
        _conditions(closing),
        _conditions(final),
        Phase.EXCEPTION,
        "basic grants",
        "the granted accounts are excluded from the legacy block, their companion stands",
        "high",
    )


def exclusion(
    block: ConditionalAccessPolicy,
    before: Iterable[str],
    after: Iterable[str],
    phase: Phase,
    because: str,
    reason: str,
    draft: Draft,
) -> None:
    """Change whom our legacy block leaves out."""
    target = Target(family=Family.CONDITIONAL_ACCESS, key=block.id, name=block.name)
    draft.update(target, _conditions(before), _conditions(after), phase, because, reason)


def _conditions(excluded: Iterable[str]) -> Fields:
    return {"conditions": block_legacy(excluded)["conditions"]}


def _companion(
    circle: Circle,
    existing: dict[str, ConditionalAccessPolicy],
    locations: tuple[NamedLocation, ...],
    draft: Draft,
) -> None:
    location = _location(circle, locations, draft)
    body = block_legacy_outside(circle.accounts, location, circle.label)
    name = body["displayName"]
    policy = existing.get(name)
    reason = f"legacy authentication of «{circle.label}» is blocked outside its networks"
    if policy is None:
        new = Target(family=Family.CONDITIONAL_ACCESS, key="", name=name)
        draft.create(new, body, Phase.STAGE, circle.label, reason)
        made = Target(family=Family.CONDITIONAL_ACCESS, key=reference(name), name=name)
        state = {"state": PolicyState.REPORT_ONLY.value}
        _enforce(made, state, circle, reason, draft)
        return
    target = Target(family=Family.CONDITIONAL_ACCESS, key=policy.id, name=name)
    old = block_legacy_outside(
        policy.include_users, min(policy.exclude_locations, default=""), circle.label
    )
    draft.update(
        target,
        {"conditions": old["conditions"]},
        {"conditions": body["conditions"]},
        Phase.EXCEPTION,
        circle.label,
        reason,
    )
    _enforce(target, {"state": policy.state.value}, circle, reason, draft)


def _enforce(target: Target, before: Fields, circle: Circle, reason: str, draft: Draft) -> None:
    enabled = {"state": PolicyState.ENABLED.value}
    draft.update(target, before, enabled, Phase.EXCEPTION, circle.label, reason)


def _location(circle: Circle, locations: tuple[NamedLocation, ...], draft: Draft) -> str:
    name = LOCATION + circle.label
    body = ip_location(name, circle.networks)
    existing = next((location for location in locations if location.name == name), None)
    if existing is None:
        target = Target(family=Family.NAMED_LOCATION, key="", name=name)
        draft.create(target, body, Phase.STAGE, circle.label, "the networks of the grant")
        return reference(name)
    target = Target(family=Family.NAMED_LOCATION, key=existing.id, name=name)
    old = tuple(existing.networks or ())
    kept = tuple(one for one in circle.networks if any(_within(one, other) for other in old))
    steps = [(Phase.CLOSE, kept)] if kept else []  # a location without a network is refused
    for phase, networks in (*steps, (Phase.EXCEPTION, circle.networks)):
        draft.update(
            target,
            {"ipRanges": ip_location(name, _sorted(old))["ipRanges"]},
            {"ipRanges": ip_location(name, _sorted(networks))["ipRanges"]},
            phase,
            circle.label,
            "the networks of the grant changed",
        )
        old = networks
    return existing.id


def _sorted(networks: Iterable[Network]) -> list[Network]:
    return sorted(networks, key=str)


def _within(one: Network, other: Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def _drop_companions(
    existing: dict[str, ConditionalAccessPolicy], wanted: list[Circle], draft: Draft
) -> None:
    names = {BLOCK_OUTSIDE + circle.label for circle in wanted}
    for name, policy in existing.items():
        if name.startswith(BLOCK_OUTSIDE) and name not in names:
            draft.note(
                f"«{name}» no longer belongs to a grant; it only blocks, so it stays until "
                f"you remove it ({policy.id})"
            )


def except_in_authentication_policy(
    desired: Desired, snapshot: Snapshot, entitlements: Entitlements, draft: Draft
) -> None:
    """Let basic SMTP in for granted accounts, and take it back from the others."""
    policies, organization = snapshot.authentication_policies, snapshot.organization
    granted = [entitlement for entitlement in entitlements if entitlement.basic()]
    if isinstance(policies, Unseen) or isinstance(organization, Unseen):
        if granted:
            draft.needs("authentication policies", policies)
            draft.needs("organization configuration", organization)
        return
    existing = {policy.name: policy for policy in policies}
    closes = desired.posture.basic_auth is BasicAuthWish.GRANTED_ONLY
    default = organization.default_authentication_policy
    if default is None or ours(default):
        default = NO_BASIC if closes else default
    for entitlement in granted:
        _let_in(entitlement, existing, default, draft)
    _take_back(snapshot, {e.mailbox.guid for e in granted}, existing, closes, draft)


def _let_in(
    entitlement: Entitlement,
    existing: dict[str, AuthenticationPolicy],
    default: str | None,
    draft: Draft,
) -> None:
    box = entitlement.mailbox
    own, account = box.authentication_policy, user_target(box)
    if isinstance(own, Unseen) or isinstance(account, Unseen):
        draft.needs(f"authentication policy of {box.address}", own)
        draft.needs(f"account of {box.address}", account)
        return
    if own is not None and not ours(own):
        return  # never edited: effective access tells whether it lets the grant through
    if own is None and _lets_smtp(default, existing):
        return
    cause = entitlement.basic()[0].name
    allowed = {"AllowBasicAuthImap": False, "AllowBasicAuthPop": False, "AllowBasicAuthSmtp": True}
    if BASIC_SMTP not in existing:
        target = Target(family=Family.AUTHENTICATION_POLICY, key=BASIC_SMTP, name=BASIC_SMTP)
        reason = "a policy that lets basic SMTP in and nothing else"
        draft.create(target, allowed, Phase.EXCEPTION, cause, reason)
    draft.update(
        account,
        {"AuthenticationPolicy": own},
        {"AuthenticationPolicy": BASIC_SMTP},
        Phase.EXCEPTION,
        cause,
        "this account alone may use a password for SMTP",
        "high",
    )


def _lets_smtp(default: str | None, existing: dict[str, AuthenticationPolicy]) -> bool:
    if default is None:
        return True
    policy = existing.get(default)
    return policy is not None and policy.allow_basic_smtp


def _take_back(
    snapshot: Snapshot,
    granted: set[str],
    existing: dict[str, AuthenticationPolicy],
    closes: bool,
    draft: Draft,
) -> None:
    if isinstance(snapshot.mailboxes, Unseen):
        return
    for box in snapshot.mailboxes:
        if box.authentication_policy == BASIC_SMTP and box.guid not in granted:
            deny(box, existing, "grants that ended", draft, NO_BASIC if not closes else None)


def deny(
    box: Mailbox,
    existing: dict[str, AuthenticationPolicy],
    because: str,
    draft: Draft,
    policy: str | None = NO_BASIC,
) -> None:
    """Close basic authentication for one account: by our denying policy, or by the default."""
    account = user_target(box)
    if isinstance(account, Unseen):
        draft.needs(f"account of {box.address}", account)
        return
    if policy == NO_BASIC:
        make_no_basic(existing, because, draft)
    draft.update(
        account,
        {"AuthenticationPolicy": box.authentication_policy},
        {"AuthenticationPolicy": policy},
        Phase.CLOSE,
        because,
        "basic authentication is denied for this account",
    )
