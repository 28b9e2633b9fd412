"""Applications that open mailboxes by themselves, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from portineria.tenant.unseen import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An application as the tenant sees it.

    `id` is the client id, `principal_id` the enterprise application's object id, `roles` the
    consented application permissions on Exchange Online by value ("IMAP.AccessAsApp"),
    `scopes` the tenant-wide delegated ones ("SMTP.Send"). `registered_as` is the object id
    under which Exchange knows the app (New-ServicePrincipal), None when it does not: a value
    other than `principal_id` is the classic mistake.
    """

    id: str
    name: str
    principal_id: str
    enabled: bool = True
    roles: frozenset[str] | Unseen = frozenset()
    scopes: frozenset[str] | Unseen = frozenset()
    assignment_required: bool = False
    registered_as: str | Unseen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxRight:
    """What one app may do with one mailbox: FullAccess, and the scoped SMTP role if any."""

    full_access: bool | Unseen
    scoped_smtp: bool | Unseen = False
