"""A plan that closes what ended, and nothing else of the policy: made for a timer.

Whatever a grant opened that ended and that no other grant opens is shut: the mailbox's switch,
the account's own authentication policy, its exception from our block on legacy authentication.
A companion policy only blocks, so it stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from portineria.policy.change import Phase
from portineria.policy.closings import (
    BASIC_SMTP,
    NO_BASIC,
    closed_as_ended,
    user_target,
    write_closed,
)
from portineria.policy.conditionalbody import BLOCK_LEGACY
from portineria.policy.desired import Desired, Through
from portineria.policy.draft import Draft, ours
from portineria.policy.drift import NO_MEMORY, Memory, drift
from portineria.policy.entitle import Entitlement, Entitlements, entitle, expired
from portineria.policy.exceptions import deny, exclusion
from portineria.policy.guards.case import Case
from portineria.policy.guards.registry import speak
from portineria.policy.plan import Cell, Plan
from portineria.policy.planner import judging
from portineria.policy.promise import REFUSED, promises
from portineria.policy.voices import Speaking
from portineria.tenant.access import AuthenticationPolicy
from portineria.tenant.caller import Basic
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


def expired_plan(
    snapshot: Snapshot,
    desired: Desired,
    now: datetime,
    *,
    accepted: tuple[str, ...] = (),
    mail_app: str | None = None,
    smtp_app: str | None = None,
    memory: Memory = NO_MEMORY,
) -> Plan:
    """Plan how the doors of ended grants are shut. Empty where none ended, or all are shut.

    Parameters are those of planner.make_plan. What cannot be seen of who is in a grant is in
    `Plan.unknown` as soon as one grant ended, and a guard stops on it.
    """
    draft = Draft()
    ended = expired(desired, now.date())
    entitlements = entitle(desired, snapshot, now.date())
    left = [one for one in entitlements if any(_ended(one)) or _let_a_password_in(one)]
    if ended:
        draft.unknown += entitlements.unseen
    for grant in ended:
        draft.note(f"grant «{grant.name}» ended on {grant.until}: its doors are closed")
    _close_switches(desired, snapshot, left, draft)
    _close_basic(snapshot, left, draft)
    changes = draft.numbered()
    spoken = Entitlements(by_mailbox={one.mailbox.guid: one for one in left})
    speaking = Speaking(desired.everyone_else, mail_app, smtp_app)
    cells = tuple(
        cell
        for cell in promises(spoken, judging(snapshot, draft, now), speaking)
        if cell.promised == REFUSED and _concerns(spoken.by_mailbox[cell.mailbox], cell)
    )
    plan = Plan(
        tenant_id=snapshot.tenant_id,
        made_at=now,
        snapshot_taken_at=snapshot.taken_at,
        policy_digest=desired.digest,
        changes=changes,
        cells=cells,
        drift=drift(changes, memory, snapshot),
        accepted=tuple(sorted(accepted)),
        unknown=tuple(draft.unknown),
        notes=tuple(draft.notes),
    )
    return replace(plan, stops=speak(Case(plan=plan, snapshot=snapshot, now=now)))


def _ended(entitlement: Entitlement) -> Iterator[Protocol]:
    """The protocols that were opened once and that no grant opens any more."""
    for protocol in Protocol:
        if entitlement.ended.get(protocol) and not entitlement.open_for(protocol):
            yield protocol


def _let_a_password_in(entitlement: Entitlement) -> bool:
    """Whether a basic grant ended and none is left, whatever else opens SMTP."""
    ended = entitlement.ended.get(Protocol.SMTP, ())
    return any(grant.through is Through.BASIC for grant in ended) and not entitlement.basic()


def _concerns(entitlement: Entitlement, cell: Cell) -> bool:
    """Whether this promise is about what ended."""
    password = cell.caller == str(Basic()) and cell.protocol is Protocol.SMTP
    return cell.protocol in _ended(entitlement) or (password and _let_a_password_in(entitlement))


def _close_switches(
    desired: Desired, snapshot: Snapshot, left: list[Entitlement], draft: Draft
) -> None:
    """As a whole plan would, but by the tenant switch of today: it is not touched here."""
    transport = snapshot.transport
    inherit_is_closed = not isinstance(transport, Unseen) and transport.smtp_auth_disabled
    for entitlement in left:
        for protocol in _ended(entitlement):
            wanted = closed_as_ended(
                entitlement, protocol, desired.everyone_else, inherit_is_closed
            )
            write_closed(entitlement.mailbox, wanted, draft)


def _close_basic(snapshot: Snapshot, left: list[Entitlement], draft: Draft) -> None:
    """What let a password in besides the switch. Where it cannot be seen it is told: the switch,
    which refuses everything, does not wait for it.
    """
    basic = [entitlement for entitlement in left if _let_a_password_in(entitlement)]
    if not basic:
        return
    policies, organization = snapshot.authentication_policies, snapshot.organization
    if isinstance(policies, Unseen) or isinstance(organization, Unseen):
        unseen = next(one for one in (policies, organization) if isinstance(one, Unseen))
        draft.note(f"authentication policies of ended grants were not seen: {unseen.because}")
    else:
        named = {policy.name: policy for policy in policies}
        inherits = organization.default_authentication_policy == NO_BASIC
        for entitlement in basic:
            _deny_again(entitlement, named, None if inherits else NO_BASIC, draft)
    _close_exclusion(snapshot, basic, draft)


def _deny_again(
    entitlement: Entitlement,
    named: dict[str, AuthenticationPolicy],
    policy: str | None,
    draft: Draft,
) -> None:
    box, account = entitlement.mailbox, user_target(entitlement.mailbox)
    if isinstance(account, Unseen):
        draft.note(
            f"what let a password in on {box.address} besides the switch stays: {account.because}"
        )
    elif box.authentication_policy == BASIC_SMTP:
        deny(box, named, entitlement.ended[Protocol.SMTP][0].name, draft, policy)


def _close_exclusion(snapshot: Snapshot, basic: list[Entitlement], draft: Draft) -> None:
    policies = snapshot.conditional_access
    if isinstance(policies, Unseen):
        draft.note(f"exceptions of ended grants were not seen: {policies.because}")
        return
    accounts = {entitlement.mailbox.entra_id for entitlement in basic}
    for block in policies:
        if ours(block.name) and block.name == BLOCK_LEGACY:
            kept = block.exclude_users - accounts
            cause = basic[0].ended[Protocol.SMTP][0].name
            reason = "accounts without a basic grant are under the legacy block again"
            exclusion(block, block.exclude_users, kept, Phase.CLOSE, cause, reason, draft)
