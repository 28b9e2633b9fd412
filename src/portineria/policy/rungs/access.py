"""What a rung is asked about: one access, and the way to look things up for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address

from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind
from portineria.tenant.people import User
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

ROOMY = frozenset({RecipientKind.SHARED, RecipientKind.ROOM, RecipientKind.EQUIPMENT})
"""Mailboxes that people open as delegates: their own account does not usually sign in."""


@dataclass(frozen=True, slots=True)
class Context:
    """When (aware, UTC) and from which address; None where the address is not known."""

    now: datetime
    address: IPv4Address | IPv6Address | None = None


@dataclass(frozen=True)
class Access:
    """One question: this caller, to this mailbox, by this protocol, in this tenant, now."""

    snapshot: Snapshot
    mailbox: Mailbox
    protocol: Protocol
    caller: Caller
    context: Context

    @property
    def basic(self) -> bool:
        return isinstance(self.caller, Basic)

    @property
    def person(self) -> bool:
        return isinstance(self.caller, UserThrough)

    @property
    def delegate(self) -> bool:
        """Whether the person who signs in is somebody else than the mailbox's own account."""
        return self.person and self.mailbox.kind in ROOMY

    @cached_property
    def account(self) -> User | Unseen:
        """The mailbox's own directory account, or why it is not known."""
        if isinstance(self.snapshot.users, Unseen):
            return self.snapshot.users
        if self.mailbox.entra_id is None:
            return Unseen("Exchange names no directory account for it")
        found = self.snapshot.user(self.mailbox.entra_id)
        return found or Unseen("its account is not among the accounts that were read")

    @property
    def client_id(self) -> str | None:
        return None if isinstance(self.caller, Basic) else self.caller.client_id

    @cached_property
    def app(self) -> App | Unseen | None:
        """The application, None where the caller names none, Unseen where it was not read."""
        if self.client_id is None:
            return None
        if isinstance(self.snapshot.apps, Unseen):
            return self.snapshot.apps
        return self.snapshot.apps.get(self.client_id) or Unseen(
            "the tenant shows no such application, or it was not looked at"
        )

    @property
    def right(self) -> MailboxRight | Unseen:
        if not isinstance(self.caller, AppOnly):
            return Unseen("only an application has rights of this kind")
        return self.snapshot.right(self.caller.client_id, self.mailbox.guid)
