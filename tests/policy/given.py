"""A small tenant for judgement: readable names, and every family seen unless a test says no."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from portineria.tenant.access import MailboxPlan, Organization, Transport
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.mailbox import Mailbox, RecipientKind, SmtpSwitch
from portineria.tenant.people import (
    GLOBAL_ADMINISTRATOR,
    Domain,
    Licences,
    User,
)
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DOMAIN = "contoso.example"
APP = "a9900000-0000-0000-0000-000000000001"
PRINCIPAL = "a9900000-0000-0000-0000-000000000002"

PEOPLE = ("ada", "ben", "erp", "scan", "bg1", "bg2", "admin")


def tries(number: int) -> int:
    """How many examples a property takes; `make mutants` asks for fewer, many times over."""
    return min(number, int(os.environ.get("EXAMPLES", number)))


def guid(name: str) -> str:
    return f"guid-{name}"


def address(name: str) -> str:
    return f"{name}@{DOMAIN}"


def user(name: str, **changes: Any) -> User:
    base = User(id=f"user-{name}", upn=address(name), display_name=name.title())
    return replace(base, **changes)


def mailbox(name: str, **changes: Any) -> Mailbox:
    base = Mailbox(
        guid=guid(name),
        entra_id=f"user-{name}",
        address=address(name),
        upn=address(name),
        display_name=name.title(),
        smtp=SmtpSwitch.INHERIT,
    )
    return replace(base, **changes)


def shared(name: str) -> Mailbox:
    return mailbox(name, kind=RecipientKind.SHARED)


def tenant(
    *,
    people: tuple[User, ...] | None = None,
    mailboxes: tuple[Mailbox, ...] | Unseen | None = None,
    **changes: Any,
) -> Snapshot:
    """Contoso: security defaults on, Entra P1, SMTP closed at the tenant, no policies."""
    users = people if people is not None else tuple(user(name) for name in PEOPLE)
    boxes = () if isinstance(mailboxes, Unseen) else mailboxes
    if boxes is None:
        boxes = (*(mailbox(name) for name in ("ada", "ben", "erp", "scan")), shared("post"))
        users = (*users, user("post", enabled=False, exchange_plan=False))
    app = App(
        id=APP,
        name="Mail app",
        principal_id=PRINCIPAL,
        roles=frozenset({"IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"}),
        registered_as=PRINCIPAL,
    )
    base = Snapshot(
        tenant_id="11111111-2222-3333-4444-555555555555",
        taken_at=NOW,
        domains=(Domain(name=DOMAIN, default=True),),
        licences=Licences(entra_p1=True),
        security_defaults=True,
        conditional_access=(),
        named_locations=(),
        authentication_policies=(),
        transport=Transport(smtp_auth_disabled=True),
        organization=Organization(),
        mailbox_plans=(MailboxPlan(name="ExchangeOnline", guid="plan-1"),),
        mailboxes=mailboxes if isinstance(mailboxes, Unseen) else boxes,
        users={one.id: one for one in users},
        role_members={GLOBAL_ADMINISTRATOR: frozenset({"user-bg1", "user-bg2", "user-admin"})},
        apps={APP: app},
        rights={(APP, box.guid): MailboxRight(full_access=True) for box in boxes},
        user_consent=False,
    )
    return replace(base, **changes)
