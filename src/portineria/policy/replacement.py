"""The Conditional Access baseline that stands in for security defaults, judged by effect.

What foreign or Microsoft-managed policies already do is left to them; ours fill the rest.
Staged report-only first; enforced in the same plan only when security defaults go off in it,
otherwise after a soak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portineria.policy.change import Family, Json, Phase, Target
from portineria.policy.conditional import Requirement, covers
from portineria.policy.conditionalbody import (
    BLOCK_LEGACY,
    MFA_ALL,
    MFA_AZURE,
    MFA_ROLES,
    block_legacy,
    mfa_for_all,
    mfa_for_azure,
    mfa_for_roles,
)
from portineria.policy.desired import BaselineWish, Desired
from portineria.policy.draft import Draft, reference
from portineria.policy.verdict import Answer
from portineria.policy.window import Decision, Defaults
from portineria.tenant.access import ConditionalAccessPolicy, PolicyState
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

SOAK = timedelta(days=7)
"""How long a policy is watched in report-only before a plan enforces it."""


@dataclass(frozen=True, slots=True)
class Part:
    requirement: Requirement
    name: str
    body: Callable[..., dict[str, Json]]
    reason: str


PARTS: tuple[Part, ...] = (
    Part(Requirement.BLOCK_LEGACY, BLOCK_LEGACY, block_legacy, "legacy authentication is blocked"),
    Part(Requirement.MFA_ROLES, MFA_ROLES, mfa_for_roles, "administrators need MFA"),
    Part(Requirement.MFA_ALL, MFA_ALL, mfa_for_all, "everybody needs MFA"),
    Part(Requirement.MFA_AZURE, MFA_AZURE, mfa_for_azure, "Azure management needs MFA"),
)
"""In order of enforcing: the block on legacy authentication and the administrators first."""


def break_glass_ids(desired: Desired, snapshot: Snapshot, draft: Draft) -> tuple[str, ...]:
    """Object ids of the break-glass accounts; one that is not found is told, never dropped."""
    if not desired.posture.break_glass:
        return ()
    draft.needs("users", snapshot.users)
    if isinstance(snapshot.users, Unseen):
        return ()
    found = []
    for upn in desired.posture.break_glass:
        user = snapshot.user_by_upn(upn)
        if user is None:
            draft.unknown.append(f"break-glass account {upn} is not in this tenant")
        else:
            found.append(user.id)
    return tuple(found)


def plan_baseline(
    desired: Desired,
    snapshot: Snapshot,
    decision: Decision,
    break_glass: tuple[str, ...],
    now: datetime,
    draft: Draft,
) -> bool:
    """Stage and enforce what is missing. Returns whether our legacy block is enforced here."""
    wish = desired.posture.baseline
    if wish is BaselineWish.UNMANAGED or not _possible(snapshot, decision, draft):
        return False
    policies = snapshot.conditional_access
    assert not isinstance(policies, Unseen)
    existing = {policy.name: policy for policy in policies}
    enforced = False
    for part in PARTS:
        if _covered_by_others(part, snapshot, break_glass, draft):
            continue
        body = part.body(break_glass)
        did = _part(part, body, existing.get(part.name), wish, snapshot, decision, now, draft)
        enforced = enforced or (did and part.requirement is Requirement.BLOCK_LEGACY)
    return enforced


def _possible(snapshot: Snapshot, decision: Decision, draft: Draft) -> bool:
    if decision.defaults is Defaults.ON:
        draft.note("the baseline waits: security defaults go on, and forbid enforced policies")
        return False
    draft.needs("Conditional Access policies", snapshot.conditional_access)
    draft.needs("licences", snapshot.licences)
    if isinstance(snapshot.conditional_access, Unseen) or isinstance(snapshot.licences, Unseen):
        return False
    if not snapshot.licences.entra_p1:
        draft.note("no Conditional Access baseline: the tenant has no Microsoft Entra ID P1")
        return False
    return True


def _covered_by_others(
    part: Part, snapshot: Snapshot, break_glass: tuple[str, ...], draft: Draft
) -> bool:
    coverage = covers(snapshot, part.requirement, excepted=break_glass)
    if coverage.answer is not Answer.YES or part.name in coverage.by:
        return False
    draft.note(f"{part.reason} already, by {', '.join(f'«{name}»' for name in coverage.by)}")
    return True


def _part(
    part: Part,
    body: dict[str, Json],
    policy: ConditionalAccessPolicy | None,
    wish: BaselineWish,
    snapshot: Snapshot,
    decision: Decision,
    now: datetime,
    draft: Draft,
) -> bool:
    """Stage one part, and enforce it when it is time. Returns whether it is enforced now."""
    window = decision.defaults is Defaults.OFF_BEHIND_REPLACEMENTS
    because = decision.causes[0] if window else "conditional_access.baseline"
    if policy is None:
        new = Target(family=Family.CONDITIONAL_ACCESS, key="", name=part.name)
        draft.create(new, body, Phase.STAGE, because, f"{part.reason} (report-only)", "medium")
    elif policy.state is PolicyState.DISABLED:
        _set_state(part, policy, PolicyState.REPORT_ONLY, Phase.STAGE, because, draft)
    if window:
        _set_state(part, policy, PolicyState.ENABLED, Phase.ENFORCE, because, draft)
        return True
    if policy is not None and policy.enforced:
        return False
    return _after_soak(part, policy, wish, snapshot, because, now, draft)


def _after_soak(
    part: Part,
    policy: ConditionalAccessPolicy | None,
    wish: BaselineWish,
    snapshot: Snapshot,
    because: str,
    now: datetime,
    draft: Draft,
) -> bool:
    if wish is not BaselineWish.ENFORCED:
        return False
    if snapshot.security_defaults is not False:
        draft.note(
            "the baseline stays report-only while security defaults are on: they do the same"
        )
        return False
    ripe = policy is not None and policy.created is not None and policy.created + SOAK <= now
    if not ripe or policy is None or policy.state is not PolicyState.REPORT_ONLY:
        draft.note(
            f"«{part.name}» is watched in report-only first; a plan made {SOAK.days} days after "
            "it was staged enforces it"
        )
        return False
    _set_state(part, policy, PolicyState.ENABLED, Phase.ENFORCE, because, draft)
    return True


def _set_state(
    part: Part,
    policy: ConditionalAccessPolicy | None,
    state: PolicyState,
    phase: Phase,
    because: str,
    draft: Draft,
) -> None:
    key = reference(part.name) if policy is None else policy.id
    staged = policy is None or policy.state is PolicyState.DISABLED
    before = PolicyState.REPORT_ONLY if staged and phase is Phase.ENFORCE else None
    if before is None:
        assert policy is not None
        before = policy.state
    draft.update(
        Target(family=Family.CONDITIONAL_ACCESS, key=key, name=part.name),
        {"state": before.value},
        {"state": state.value},
        phase,
        because,
        part.reason if state is PolicyState.ENABLED else f"{part.reason} (report-only)",
        "high" if state is PolicyState.ENABLED else "medium",
    )
