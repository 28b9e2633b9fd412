"""Guards for applications of our own: nothing beyond the grants, and nobody else's hands."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.policy.change import OF_APPS, Change, Family, Verb
from portineria.policy.guards.case import Case
from portineria.policy.promise import twins_left_open
from portineria.policy.rungs.consent import ROLES, SCOPED_SMTP
from portineria.policy.simulate import simulate
from portineria.tenant.apps import AppKind, OwnApp, ScopeGroup, group_name
from portineria.tenant.caller import AppOnly, parse_caller
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

_RIGHTS = frozenset(
    {Family.MAILBOX_PERMISSION, Family.RECIPIENT_PERMISSION, Family.GROUP_MEMBER, Family.APP_ROLE}
)


def beyond_grants(case: Case) -> str:
    """What an application must not get is shut by a named layer."""
    left = [
        cell
        for cell in twins_left_open(case.plan.cells)
        if isinstance(parse_caller(cell.caller), AppOnly)
    ]
    if not left:
        return ""
    first, more = left[0], len(left) - 1
    told = (
        f"{first.protocol.value} on {first.address} is granted to no application, and after the "
        f"plan the answer for {first.caller} would be «{first.after}»"
    )
    return f"{told} ({more} more)" if more else told


def mixed_grants(case: Case) -> str:
    """Permissions of Entra and scoped roles add up: the wider one decides."""
    if not _opens(case):
        return ""
    for app in _own(_planned(case)):
        held = frozenset() if isinstance(app.roles, Unseen) else app.roles
        scoped = () if isinstance(app.assignments, Unseen) else app.assignments
        if ROLES[Protocol.SMTP] in held and any(one.role == SCOPED_SMTP for one in scoped):
            return (
                f"«{app.name}» would hold {ROLES[Protocol.SMTP]} beside {SCOPED_SMTP}: a "
                "permission without a scope defeats the scope"
            )
    return ""


def foreign_roles(case: Case) -> str:
    """A role that somebody else gave our application may reach further than our group."""
    if not _opens(case):
        return ""
    for app in _own(_planned(case)):
        for one in () if isinstance(app.assignments, Unseen) else app.assignments:
            if one.name != group_name(app.tags) or app.kind is AppKind.MAIL:
                return (
                    f"«{app.name}» holds the role {one.role} by «{one.name}», which Portineria "
                    "did not assign"
                )
    return ""


def twice(case: Case) -> str:
    """Two applications of one kind: for which of them a right is meant nobody can tell."""
    if not _opens(case):
        return ""
    met: dict[AppKind, OwnApp] = {}
    for app in _own(case.snapshot):
        other = met.setdefault(app.kind, app)
        if other is not app:
            return (
                f"there are two applications of ours for one purpose: «{other.name}» "
                f"({other.id}) and «{app.name}» ({app.id})"
            )
    return ""


def credentials(case: Case) -> str:
    """Whoever added a secret, or a second certificate, can log in as the application too."""
    if not _opens(case):
        return ""
    for app in _own(_planned(case)):
        if app.secrets or len(app.thumbprints) > 1:
            count = len(app.secrets) + len(app.thumbprints)
            return (
                f"«{app.name}» has {count} credentials, and Portineria gave it one certificate: "
                "whoever holds another one gets every right that is opened"
            )
    return ""


def not_ours(case: Case) -> str:
    """Applications, groups and roles without our tag are never edited or removed."""
    own = case.snapshot.own
    for change in case.plan.changes:
        if change.target.family not in OF_APPS or change.verb is Verb.CREATE:
            continue
        if isinstance(own, Unseen):
            return f"could not tell whether «{change.target.name}» is ours: {own.because}"
        if not any(_belongs(change, app) for app in own) and not _made_here(change):
            return f"«{change.target.name}» was not made by Portineria"
    return ""


def _belongs(change: Change, app: OwnApp) -> bool:
    ids = {app.id, app.principal_id}
    ids |= set(() if isinstance(app.registered, Unseen) else app.registered)
    if isinstance(app.group, ScopeGroup):
        ids.add(app.group.id)
    return change.target.key.partition("/")[0] in ids - {""}


def _made_here(change: Change) -> bool:
    """A key that stands for what the same plan makes."""
    return change.target.key.startswith("change:")


def _opens(case: Case) -> bool:
    """Whether the plan gives any right to an application of ours."""
    return any(
        change.target.family in _RIGHTS and change.verb is Verb.CREATE
        for change in case.plan.changes
    )


def _planned(case: Case) -> Snapshot:
    """Our applications as the plan leaves them; what else changes is not looked at."""
    mine = [change for change in case.plan.changes if change.target.family in OF_APPS]
    return simulate(case.snapshot, mine)


def _own(snapshot: Snapshot) -> Iterator[OwnApp]:
    yield from () if isinstance(snapshot.own, Unseen) else snapshot.own
