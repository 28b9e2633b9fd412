"""Asking an administrator to sign in for a plan that changes Entra, before its first write."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portineria.cli.connecting import SignIn
    from portineria.policy.plan import Plan
    from portineria.wiring.tenant import Tenant


async def with_person(
    tenant: Tenant, plan: Plan, how: SignIn | None, done: Collection[int] = ()
) -> Tenant:
    """The tenant as this plan needs it: where it changes Entra, with somebody signed in.

    `done` are the changes that an interrupted run made already. Raises NotSignedIn,
    PermissionFault.
    """
    from portineria.cli.commands.connectmore import say_what_the_sign_in_asks
    from portineria.cli.connecting import SignIn
    from portineria.cli.invite import inviter
    from portineria.m365.graph.apps import READ
    from portineria.m365.graph.ownapps import ASSIGN, WRITE
    from portineria.m365.permissions import SIGN_IN
    from portineria.wiring.mailapps import invite_administrator, needs_person, scopes, with_admin

    if not needs_person(plan, done):
        return with_admin(tenant, None)
    say_what_the_sign_in_asks({scope: SIGN_IN[scope] for scope in (WRITE, READ, ASSIGN)})
    how = how or SignIn()
    wish = how.wish(scopes(tenant))
    admin = await invite_administrator(tenant, wish, inviter(no_browser=how.no_browser))
    print(f"signed in: {admin.person.upn or 'an administrator'}", file=sys.stderr)
    return with_admin(tenant, admin)
