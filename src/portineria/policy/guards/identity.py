"""Guards for the people who must still get in afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.policy.change import Change, Family, Verb
from portineria.policy.conditionalbody import from_graph
from portineria.policy.guards.case import Case
from portineria.tenant.access import ConditionalAccessPolicy, PolicyState
from portineria.tenant.people import GLOBAL_ADMINISTRATOR, User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

AZURE_AND_MORE = frozenset({"All"})


def made_for_everybody(case: Case) -> Iterator[tuple[Change, ConditionalAccessPolicy]]:
    """Policies that this plan makes for all users or for roles."""
    for change in case.plan.changes:
        if change.target.family is not Family.CONDITIONAL_ACCESS or change.verb is not Verb.CREATE:
            continue
        policy = from_graph(change.after or {})
        if "All" in policy.include_users or policy.include_roles:
            yield change, policy


def enforces(case: Case) -> bool:
    """Whether this plan puts any Conditional Access policy in force."""
    return any(
        change.target.family is Family.CONDITIONAL_ACCESS
        and (change.after or {}).get("state") == PolicyState.ENABLED.value
        for change in case.plan.changes
    )


def lock_out(case: Case) -> str:
    """A policy for everybody must leave somebody out who can repair it."""
    if not enforces(case):
        return ""
    for _, policy in made_for_everybody(case):
        if not policy.exclude_users:
            return f"«{policy.name}» would hold for everybody, with no account left out"
    return _no_administrator_left(case.snapshot)


def _no_administrator_left(snapshot: Snapshot) -> str:
    roles = snapshot.role_members
    if isinstance(roles, Unseen):
        return f"could not tell who is a Global Administrator: {roles.because}"
    if isinstance(snapshot.users, Unseen):
        return f"could not tell which administrators are enabled: {snapshot.users.because}"
    admins = [snapshot.user(member) for member in roles.get(GLOBAL_ADMINISTRATOR, ())]
    if not any(admin is not None and admin.enabled for admin in admins):
        return "no enabled Global Administrator was seen"
    return ""


def break_glass(case: Case) -> str:
    """Two accounts left out, enabled, cloud-only, of a managed domain, able to repair."""
    for _, policy in made_for_everybody(case):
        if len(policy.exclude_users) < 2:
            return (
                f"«{policy.name}» leaves out too few break-glass accounts "
                f"({len(policy.exclude_users)}), two are needed"
            )
        for account in sorted(policy.exclude_users):
            complaint = unfit(account, case.snapshot)
            if complaint:
                return complaint
    return ""


def unfit(account: str, snapshot: Snapshot) -> str:
    """Why an account cannot be break-glass, "" where it can be. `account` is its directory id."""
    user = snapshot.user(account)
    if user is None:
        return f"break-glass account {account} was not seen"
    if not user.enabled:
        return f"break-glass account {user.upn} is disabled"
    if user.guest or user.synced:
        return f"break-glass account {user.upn} is not cloud-only"
    return _unfit_by_domain(user, snapshot) or _unfit_by_role(user, snapshot)


def _unfit_by_domain(user: User, snapshot: Snapshot) -> str:
    if isinstance(snapshot.domains, Unseen):
        return (
            f"could not tell whether {user.upn} is of a managed domain: {snapshot.domains.because}"
        )
    domain = user.upn.rpartition("@")[2].casefold()
    known = {d.name.casefold(): d for d in snapshot.domains}
    if domain not in known:
        return f"break-glass account {user.upn} is of a domain this tenant does not have"
    return f"break-glass account {user.upn} is federated" if known[domain].federated else ""


def _unfit_by_role(user: User, snapshot: Snapshot) -> str:
    roles = snapshot.role_members
    if isinstance(roles, Unseen):
        return f"could not tell whether {user.upn} may repair anything: {roles.because}"
    if user.id not in roles.get(GLOBAL_ADMINISTRATOR, ()):
        return f"break-glass account {user.upn} is not a Global Administrator"
    return ""
