"""A tenant where every door stands open, and short ways to close one and to ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from given import APP, DOMAIN, NOW, PRINCIPAL, guid, mailbox, shared, tenant, user

from portineria.policy.effective import Access, Context, walk
from portineria.policy.verdict import Allowed, Effective, Refused
from portineria.tenant.access import (
    AuthenticationPolicy,
    ClientApp,
    ConditionalAccessPolicy,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.apps import App
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol, SmtpSwitch
from portineria.tenant.snapshot import Snapshot

IMAP, POP, SMTP = Protocol.IMAP, Protocol.POP, Protocol.SMTP
BASIC, USER, APP_ONLY = Basic(), UserThrough(), AppOnly(APP)
CLIENT = UserThrough(APP)
ADA, SHARED = "ada", "post"
DENY = AuthenticationPolicy(name="No Basic", guid="policy-deny")
ALLOW_SMTP = AuthenticationPolicy(name="SMTP only", guid="policy-smtp", allow_basic_smtp=True)
ALLOW_ALL = AuthenticationPolicy(
    name="Everything",
    guid="policy-all",
    allow_basic_imap=True,
    allow_basic_pop=True,
    allow_basic_smtp=True,
)

Twist = Callable[[Snapshot], Snapshot]


def open_tenant() -> Snapshot:
    """Nothing refuses: the only basic that is shut is that of IMAP and POP, by its date."""
    boxes = (*(mailbox(name, smtp=SmtpSwitch.ON) for name in ("ada", "ben")), shared("post"))
    people = (user("ada"), user("ben"), user("post", enabled=False, exchange_plan=False))
    return tenant(
        mailboxes=boxes,
        people=people,
        security_defaults=False,
        transport=Transport(smtp_auth_disabled=False),
        authentication_policies=(DENY, ALLOW_SMTP, ALLOW_ALL),
        role_members={},
        user_consent=True,
    )


def ask(
    world: Snapshot,
    protocol: Protocol,
    caller: Caller,
    name: str = ADA,
    *,
    at: Any = NOW,
    address: str | None = None,
) -> Effective:
    place = None if address is None else ip_address(address)
    return walk(access(world, protocol, caller, name, Context(at, place)))


def access(
    world: Snapshot,
    protocol: Protocol,
    caller: Caller,
    name: str = ADA,
    context: Context | None = None,
) -> Access:
    box = world.mailbox(guid(name))
    assert box is not None
    return Access(world, box, protocol, caller, context or Context(NOW))


def said(verdict: Effective) -> str:
    """`yes`, `no: layer` or `?: layer`: short enough for a table."""
    if isinstance(verdict, Allowed):
        return "yes"
    return f"{'no' if isinstance(verdict, Refused) else '?'}: {verdict.by.layer.value}"


def world(**changes: Any) -> Twist:
    return lambda snapshot: replace(snapshot, **changes)


def box(**changes: Any) -> Twist:
    """Changes to Ada's mailbox."""

    def twist(snapshot: Snapshot) -> Snapshot:
        assert isinstance(snapshot.mailboxes, tuple)
        return replace(
            snapshot,
            mailboxes=tuple(
                replace(one, **changes) if one.guid == guid(ADA) else one
                for one in snapshot.mailboxes
            ),
        )

    return twist


def person(**changes: Any) -> Twist:
    """Changes to Ada's account."""

    def twist(snapshot: Snapshot) -> Snapshot:
        assert not hasattr(snapshot.users, "because")
        users = dict(snapshot.users)  # type: ignore[arg-type]
        users["user-ada"] = replace(users["user-ada"], **changes)
        return replace(snapshot, users=users)

    return twist


def application(**changes: Any) -> Twist:
    def twist(snapshot: Snapshot) -> Snapshot:
        apps: dict[str, App] = dict(snapshot.apps)  # type: ignore[arg-type]
        return replace(snapshot, apps={APP: replace(apps[APP], **changes)})

    return twist


def right(**changes: Any) -> Twist:
    def twist(snapshot: Snapshot) -> Snapshot:
        rights = dict(snapshot.rights)
        key = (APP, guid(ADA))
        return replace(snapshot, rights={**rights, key: replace(rights[key], **changes)})

    return twist


def default_policy(name: str | None) -> Twist:
    return world(organization=Organization(default_authentication_policy=name))


def policy(**changes: Any) -> ConditionalAccessPolicy:
    """An enforced policy that blocks everybody from everything, until a test narrows it."""
    base = ConditionalAccessPolicy(
        id="ca-1",
        name="Foreign",
        state=PolicyState.ENABLED,
        client_apps=frozenset({ClientApp.ALL.value}),
        include_users=frozenset({"All"}),
        include_applications=frozenset({"All"}),
        grant_controls=frozenset({"block"}),
    )
    return replace(base, **changes)


def conditional(**changes: Any) -> Twist:
    return world(conditional_access=(policy(**changes),))


__all__ = [
    "ADA", "ALLOW_ALL", "ALLOW_SMTP", "APP", "APP_ONLY", "BASIC", "CLIENT", "DENY", "DOMAIN",
    "IMAP", "NOW", "POP", "PRINCIPAL", "SHARED", "SMTP", "USER", "Mailbox", "access",
    "application", "ask", "box", "conditional", "default_policy", "guid", "open_tenant",
    "person", "policy", "right", "said", "world",
]  # fmt: skip
