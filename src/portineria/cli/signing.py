"""Asking an administrator to sign in: the page opens in a browser, or its address is printed."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portineria.doors.signin import Invitation
    from portineria.policy.plan import Plan
    from portineria.wiring.tenant import Tenant


async def with_person(
    tenant: Tenant, plan: Plan, *, device_code: bool, done: Collection[int] = ()
) -> Tenant:
    """The tenant as this plan needs it: where it changes Entra, with somebody signed in.

    `done` are the changes that an interrupted run made already. Asked before the first write.
    Raises NotSignedIn, PermissionFault.
    """
    from portineria.wiring.mailapps import invite_administrator, needs_person, with_admin

    if not needs_person(plan, done):
        return with_admin(tenant, None)
    print(
        "This plan registers applications and consents to their permissions: an administrator "
        "signs in for it, and nothing of that is kept.",
        file=sys.stderr,
    )
    admin = await invite_administrator(tenant, invite, device_code=device_code)
    print(f"signed in: {admin.person.upn or 'an administrator'}", file=sys.stderr)
    return with_admin(tenant, admin)


def invite(invitation: Invitation) -> None:
    """On standard error, and in a browser where there is one to be seen."""
    if invitation.code:
        print(f"Open {invitation.url} and enter the code {invitation.code}", file=sys.stderr)
        return
    print(f"Sign in with a browser on this machine: {invitation.url}", file=sys.stderr, flush=True)
    if _has_browser():
        webbrowser.open(invitation.url)


def _has_browser() -> bool:
    """Not a text browser in this very terminal, whose lines it would take."""
    named = any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))
    return named or sys.platform in ("darwin", "win32")
