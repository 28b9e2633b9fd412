"""What a look has to see for a policy, or for a plan."""

from __future__ import annotations

from portineria.policy.change import OF_APPS, Family
from portineria.policy.desired import Desired
from portineria.policy.drift import Memory
from portineria.policy.plan import Plan
from portineria.run.look import Wants
from portineria.tenant.caller import AppOnly, parse_caller


def wants_of_plan(plan: Plan) -> Wants:
    """What the guards of a plan look at again: its mailboxes, by their ids because names change,
    and the applications it opens for."""
    callers = [parse_caller(cell.caller) for cell in plan.cells]
    apps = (one.client_id for one in callers if isinstance(one, AppOnly))
    rights = [change.target.key for change in plan.changes if change.target.family in RIGHTS]
    return Wants(
        mailboxes=frozenset(cell.mailbox for cell in plan.cells),
        apps=frozenset(app for app in apps if not app.startswith("change:")),
        own=any(change.target.family in RIGHTS | OF_APPS for change in plan.changes),
        rights_on=frozenset(key.partition("/")[0] for key in rights),
    )


RIGHTS = frozenset({Family.MAILBOX_PERMISSION, Family.RECIPIENT_PERMISSION})


def remembered(memory: Memory) -> frozenset[str]:
    """The mailboxes on which earlier runs gave or found a right."""
    return frozenset(key.partition("/")[0] for family, key, _ in memory.fields if family in RIGHTS)


def wants_of(desired: Desired, mail_app: str | None, smtp_app: str | None = None) -> Wants:
    """What a policy names: mailboxes, groups, the applications of its grants, and our own."""
    grants = desired.grants
    apps = {grant.app for grant in grants} | {mail_app, smtp_app}
    return Wants(
        mailboxes=frozenset(name for grant in grants for name in grant.who.mailboxes),
        groups=frozenset(name for grant in grants for name in grant.who.groups),
        apps=frozenset(app for app in apps if app is not None),
        own=True,
    )
