"""What a look has to see for a policy, or for a plan."""

from __future__ import annotations

from portineria.policy.desired import Desired
from portineria.policy.plan import Plan
from portineria.run.look import Wants
from portineria.tenant.caller import AppOnly, parse_caller


def wants_of_plan(plan: Plan) -> Wants:
    """What the guards of a plan look at again: its mailboxes, by their ids because names change,
    and the applications it opens for."""
    callers = [parse_caller(cell.caller) for cell in plan.cells]
    return Wants(
        mailboxes=frozenset(cell.mailbox for cell in plan.cells),
        apps=frozenset(one.client_id for one in callers if isinstance(one, AppOnly)),
    )


def wants_of(desired: Desired, mail_app: str | None) -> Wants:
    """What a policy names: mailboxes, groups, and the applications of its grants."""
    grants = desired.grants
    apps = {grant.app for grant in grants} | {mail_app}
    return Wants(
        mailboxes=frozenset(name for grant in grants for name in grant.who.mailboxes),
        groups=frozenset(name for grant in grants for name in grant.who.groups),
        apps=frozenset(app for app in apps if app is not None),
    )
