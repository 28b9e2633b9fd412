"""One sign-in as the log of Entra tells it, and the applications that may open mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portineria.tenant.mailbox import Protocol

WITH_PASSWORD = {
    "authenticated smtp": Protocol.SMTP,
    "smtp": Protocol.SMTP,
    "imap4": Protocol.IMAP,
    "pop3": Protocol.POP,
    "other clients": None,
}
"""`clientAppUsed` of sign-ins with a password, in small letters. "Other clients" are legacy too,
and the log does not say by which protocol. Source: Graph dossier 6.1."""


class Event(StrEnum):
    """signInEventTypes: with a person there, by a token kept from before, or an application."""

    INTERACTIVE = "interactiveUser"
    SILENT = "nonInteractiveUser"
    APPLICATION = "servicePrincipal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`user_id` and `name` (the user principal name, small letters) are "" for an application
    alone. `error` is 0 where it got in. Source: Graph, resource type signIn."""

    at: datetime
    event: Event
    user_id: str = ""
    name: str = ""
    app_id: str = ""
    app_name: str = ""
    client: str = ""
    agent: str = ""
    address: str = ""
    country: str = ""
    error: int = 0

    @property
    def password(self) -> bool:
        """Whether it was a password in a legacy client."""
        return self.client.lower() in WITH_PASSWORD


@dataclass(frozen=True, slots=True, kw_only=True)
class MailApp:
    """An application with consent for mail protocols: for people (delegated) and by itself."""

    id: str
    name: str
    as_user: frozenset[Protocol] = frozenset()
    alone: frozenset[Protocol] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which sign-ins: of one kind, from `since` to `until`, with a password or through one of
    these applications; of these people alone where some are named."""

    event: Event
    since: datetime
    until: datetime
    apps: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
