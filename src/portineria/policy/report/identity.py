"""Checks of who may sign in and how: security defaults, Conditional Access, accounts."""

from __future__ import annotations

from portineria.policy.conditional import Coverage, Requirement, covers
from portineria.policy.guards.identity import unfit
from portineria.policy.report.finding import Case, Found, fails, holds, untold
from portineria.policy.verdict import Answer
from portineria.tenant.access import ClientApp, ConditionalAccessPolicy
from portineria.tenant.mailbox import RecipientKind
from portineria.tenant.people import GLOBAL_ADMINISTRATOR
from portineria.tenant.unseen import Unseen

ENOUGH = 2
"""Break-glass accounts. Source: Microsoft Learn, Manage emergency access accounts."""


def legacy_block(case: Case) -> Found:
    """By effect, whoever made the policy; whom it leaves out is a check of its own."""
    met = _met(case, Requirement.BLOCK_LEGACY)
    if met is None:
        return holds("security defaults block whatever comes with a password alone")
    if isinstance(met, Found):
        return met
    return holds("a Conditional Access policy blocks legacy authentication", *met.by)


def mfa_for_administrators(case: Case) -> Found:
    met = _met(case, Requirement.MFA_ROLES)
    if met is None:
        return holds("security defaults ask administrators for a second factor")
    if isinstance(met, Found):
        return met
    return _but_for(case, met, "Conditional Access asks administrators for a second factor")


def mfa_for_everybody(case: Case) -> Found:
    met = _met(case, Requirement.MFA_ALL)
    if met is None:
        return holds("security defaults ask for a second factor when it is needed")
    if isinstance(met, Found):
        return met
    return _but_for(case, met, "Conditional Access asks everybody for a second factor")


def _met(case: Case, requirement: Requirement) -> Coverage | Found | None:
    """None: security defaults do it. Coverage: policies do, but for whom they leave out. Found:
    nothing does, or it could not be told."""
    on = case.snapshot.security_defaults
    if on is True:
        return None
    coverage = covers(case.snapshot, requirement)
    if coverage.answer is Answer.YES or coverage.excluded:
        return coverage
    if isinstance(on, Unseen):
        return untold(f"security defaults were not seen: {on.because}")
    if coverage.answer is Answer.UNKNOWN:
        return untold(coverage.missing, *coverage.by)
    return fails(f"security defaults are off, and {coverage.missing}")


def _but_for(case: Case, coverage: Coverage, told: str) -> Found:
    names = _beyond(case, coverage)
    if names:
        return fails(f"accounts that need no second factor: {len(names)}", *names)
    return holds(told, *coverage.by)


def _beyond(case: Case, coverage: Coverage) -> list[str]:
    """Those left out who are no break-glass accounts, by the policy file or by what they are."""
    accepted = _ids(case)
    return [
        _name(case, who)
        for who in coverage.excluded
        if who not in accepted and not _break_glass(case, who)
    ]


def excluded(case: Case) -> Found | None:
    """Whom the legacy block leaves out; not asked where nothing but defaults block."""
    met = _met(case, Requirement.BLOCK_LEGACY)
    if not isinstance(met, Coverage):
        return None
    names = _beyond(case, met)
    if names:
        return fails(f"accounts left out of the block on passwords: {len(names)}", *names)
    return holds("nobody but break-glass accounts is left out of the block on passwords")


def _ids(case: Case) -> frozenset[str]:
    users = (case.snapshot.user_by_upn(upn) for upn in case.break_glass)
    return frozenset(user.id for user in users if user is not None)


def _name(case: Case, who: str) -> str:
    user = case.snapshot.user(who)
    return who if user is None else user.upn


def _break_glass(case: Case, who: str) -> bool:
    return unfit(who, case.snapshot) == ""


def break_glass(case: Case) -> Found | None:
    """Not asked where no policy holds for everybody: then nothing can lock all out."""
    policies = case.snapshot.conditional_access
    if isinstance(policies, Unseen):
        return untold(f"Conditional Access policies were not seen: {policies.because}")
    strict = [p for p in policies if p.enforced and "All" in p.include_users]
    if not strict:
        return None
    roles, users = case.snapshot.role_members, case.snapshot.users
    if isinstance(roles, Unseen):
        return untold(f"could not tell who is a Global Administrator: {roles.because}")
    if isinstance(users, Unseen):
        return untold(f"could not tell which administrators are enabled: {users.because}")
    for policy in strict:
        # A group that is left out may hold them: whom it holds is asked of its members.
        left = _left_out(case, policy)
        if left is None:
            return untold(f"it is not known whom «{policy.name}» leaves out", policy.name)
        able = left & roles.get(GLOBAL_ADMINISTRATOR, frozenset())
        fit = [who for who in able if _break_glass(case, who)]
        if len(fit) < ENOUGH:
            return fails(
                f"«{policy.name}» holds for everybody and leaves out too few accounts that could "
                f"repair it: {len(fit)}",
                policy.name,
                *(_name(case, who) for who in sorted(fit)),
            )
    return holds(
        "every policy that holds for everybody leaves out two accounts that could repair it",
        *(policy.name for policy in strict),
    )


def _left_out(case: Case, policy: ConditionalAccessPolicy) -> frozenset[str] | None:
    left = set(policy.exclude_users)
    for group in policy.exclude_groups:
        known = case.snapshot.groups.get(group)
        if known is None or isinstance(known.members, Unseen):
            return None
        left |= known.members
    return frozenset(left)


def scuba_legacy(case: Case) -> Found:
    """MS.AAD.1.1v1 as ScubaGear reads it; accepted exclusions are a configuration of its own."""
    policies = case.snapshot.conditional_access
    if isinstance(policies, Unseen):
        return untold(f"Conditional Access policies were not seen: {policies.because}")
    passing = [policy.name for policy in policies if _passes_scuba(policy)]
    if passing:
        return holds("SCuBA's rule MS.AAD.1.1v1 passes", *passing)
    return fails("no policy is written as SCuBA's rule MS.AAD.1.1v1 wants it")


def _passes_scuba(policy: ConditionalAccessPolicy) -> bool:
    apps = {ClientApp.OTHER.value, ClientApp.ACTIVE_SYNC.value}
    return (
        policy.enforced
        and policy.blocks
        and "All" in policy.include_users
        and "All" in policy.include_applications
        and apps <= set(policy.client_apps)
        and not policy.exclude_roles
        and not policy.exclude_users
        and not policy.exclude_groups
        and not policy.exclude_guests
        and not policy.exclude_applications
    )


def user_consent(case: Case) -> Found:
    allowed = case.snapshot.user_consent
    if isinstance(allowed, Unseen):
        return untold(f"the consent setting was not seen: {allowed.because}")
    if allowed:
        return fails("people may let any mail program into their own mailbox by themselves")
    return holds("a mail program needs an administrator's consent")


def shared_sign_in(case: Case) -> Found:
    """CIS 1.2.2; an account that was not seen is counted apart."""
    boxes, users = case.snapshot.mailboxes, case.snapshot.users
    if isinstance(boxes, Unseen):
        return untold(f"the mailboxes were not seen: {boxes.because}")
    if isinstance(users, Unseen):
        return untold(f"the accounts were not seen: {users.because}")
    shared = [box for box in boxes if box.kind is RecipientKind.SHARED]
    accounts = [(box, case.snapshot.user(box.entra_id)) for box in shared]
    able = [box.address for box, user in accounts if user is not None and user.enabled]
    if able:
        return fails(f"shared mailboxes whose own account may sign in: {len(able)}", *able)
    unseen = [box.address for box, user in accounts if user is None]
    if unseen:
        return untold(f"shared mailboxes whose account was not seen: {len(unseen)}", *unseen)
    return holds("no shared mailbox has an account that may sign in")
