"""Applications of our own in a small tenant, and policies that need them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from given import NOW, address, guid, tenant

from portineria.policy.appplan import Making, create_plan
from portineria.policy.desired import Desired, Grant, Through, Who
from portineria.policy.mailapps import Named
from portineria.policy.plan import Plan
from portineria.tenant.apps import (
    AppKind,
    MailboxRight,
    OwnApp,
    RoleAssignment,
    ScopeGroup,
    app_name,
    group_name,
    tags_of,
)
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.snapshot import Snapshot

IMAP, POP, SMTP = Protocol
PRINTS = {AppKind.MAIL: "AB" * 20, AppKind.SMTP: "CD" * 20}
MAIL, SEND = "a0000000-0000-0000-0000-00000000000a", "a0000000-0000-0000-0000-00000000000b"
MAIL_PRINCIPAL, SEND_PRINCIPAL = "principal-mail", "principal-smtp"
GROUP = "group-1"
ROLE = "Application SMTP.SendAsApp"


def own(kind: AppKind, **changes: Any) -> OwnApp:
    """One that is complete, as `app create` makes it."""
    smtp = kind is AppKind.SMTP
    mark = PRINTS[kind][:12].lower()
    tags = tags_of(kind, mark)
    base = OwnApp(
        id=SEND if smtp else MAIL,
        name=app_name(kind, mark),
        kind=kind,
        tags=tags,
        thumbprints=frozenset({PRINTS[kind]}),
        principal_id=SEND_PRINCIPAL if smtp else MAIL_PRINCIPAL,
        roles=frozenset() if smtp else frozenset({"IMAP.AccessAsApp"}),
        registered=(SEND_PRINCIPAL if smtp else MAIL_PRINCIPAL,),
    )
    if smtp:
        bound = RoleAssignment(name=group_name(tags), role=ROLE, scope="Group", group=GROUP)
        base = replace(
            base,
            assignments=(bound,),
            group=ScopeGroup(id=GROUP, name=group_name(tags)),
        )
    return replace(base, **changes)


def grant(name: str, *protocols: Protocol, who: tuple[str, ...] = (), **more: Any) -> Grant:
    boxes = tuple(address(one) for one in who or (name,))
    given = {"through": Through.OAUTH_APP, **more}
    return Grant(name=name, who=Who(mailboxes=boxes), allow=frozenset(protocols), **given)


def policy(*grants: Grant) -> Desired:
    return Desired(tenant="contoso.example", grants=grants)


def world(*apps: OwnApp, full: tuple[str, ...] = (), **changes: Any) -> Snapshot:
    """A tenant with these applications; the mail app has FullAccess on `full`."""
    base = tenant(own=apps)
    boxes = () if changes.get("mailboxes") else base.mailboxes
    assert not isinstance(boxes, str)
    opened = tuple(replace(box, smtp=SmtpSwitch.ON) for box in boxes)  # type: ignore[union-attr]
    seen = {app.id: found for app in apps if (found := app.seen())}
    rights = {
        (app.id, box.guid): MailboxRight(
            full_access=app.kind is AppKind.MAIL and box.guid in map(guid, full),
            scoped_smtp=isinstance(app.group, ScopeGroup) and box.guid in app.group.members,
        )
        for app in apps
        for box in opened
    }
    return replace(base, **{"mailboxes": opened, "apps": seen, "rights": rights, **changes})


def made(
    snapshot: Snapshot,
    *grants: Grant,
    classic: bool = False,
    named: Named | None = None,
    accepted: tuple[str, ...] = (),
) -> Plan:
    making = Making(thumbprints=PRINTS, classic=classic)
    return create_plan(snapshot, policy(*grants), NOW, making, named=named, accepted=accepted)


def told(plan: Plan) -> list[str]:
    """`+ family key` of each change."""
    sign = {"create": "+", "update": "~", "delete": "-"}
    return [
        f"{sign[c.verb.value]} {c.target.family.value} {c.target.key}".rstrip()
        for c in plan.changes
    ]


def stops(plan: Plan) -> list[str]:
    return [stop.guard for stop in plan.stops]
