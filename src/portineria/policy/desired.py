"""What was asked: the policy file as values. `policyfile` reads and writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from portineria.tenant.access import Network
from portineria.tenant.mailbox import Protocol


class SecurityDefaultsWish(StrEnum):
    KEEP = "keep"
    OFF_IF_NEEDED = "off-if-needed"
    OFF = "off"
    ON = "on"


class BaselineWish(StrEnum):
    UNMANAGED = "unmanaged"
    REPORT_ONLY = "report-only"
    ENFORCED = "enforced"


class SmtpAuthWish(StrEnum):
    """per-mailbox: tenant switch off, granted mailboxes opened one by one."""

    UNMANAGED = "unmanaged"
    PER_MAILBOX = "per-mailbox"


class BasicAuthWish(StrEnum):
    """granted-only: an authentication policy denies basic to everybody without a grant."""

    UNMANAGED = "unmanaged"
    GRANTED_ONLY = "granted-only"


class Wish(StrEnum):
    """A setting that is left alone, or wanted on or off."""

    UNMANAGED = "unmanaged"
    ON = "on"
    OFF = "off"


class EverybodySmtp(StrEnum):
    """For mailboxes without a grant: off inherits from the closed tenant, denied is explicit."""

    UNMANAGED = "unmanaged"
    OFF = "off"
    DENIED = "denied"


class DirectSendWish(StrEnum):
    UNMANAGED = "unmanaged"
    REJECT = "reject"
    ALLOW = "allow"


class Through(StrEnum):
    """The caller that a grant opens the door for."""

    OAUTH_USER = "oauth-user"
    OAUTH_APP = "oauth-app"
    GATEWAY = "gateway"
    BASIC = "basic"


class OpenedBy(StrEnum):
    """Whose token opens the mailbox for a gateway's device."""

    APP = "app"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the file something stands, for errors: line and column count from 1."""

    line: int
    column: int
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostureWish:
    """Tenant-wide wishes. `break_glass` are user principal names, lower case."""

    security_defaults: SecurityDefaultsWish = SecurityDefaultsWish.KEEP
    baseline: BaselineWish = BaselineWish.UNMANAGED
    break_glass: tuple[str, ...] = ()
    smtp_auth: SmtpAuthWish = SmtpAuthWish.UNMANAGED
    new_mailboxes_imap: Wish = Wish.UNMANAGED
    new_mailboxes_pop: Wish = Wish.UNMANAGED
    basic_auth: BasicAuthWish = BasicAuthWish.UNMANAGED
    legacy_tls: Wish = Wish.UNMANAGED
    direct_send: DirectSendWish = DirectSendWish.UNMANAGED


@dataclass(frozen=True, slots=True, kw_only=True)
class EverybodyElse:
    imap: Wish = Wish.UNMANAGED
    pop: Wish = Wish.UNMANAGED
    smtp: EverybodySmtp = EverybodySmtp.UNMANAGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Mailboxes by address or id, groups by name, address or id, CSV files (read by the
    loader), a filter."""

    mailboxes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    csv: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Pairs (type | domain | department | name, values): each key must hold, by one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One grant: who, which protocols, through which caller, from where, until when, why.

    `deny` grants close the protocols they name and carry nothing else. `app` is the client id
    for oauth-app and gateway (the mail app's), None for the profile's own mail app. `opened_by`
    has a meaning through the gateway alone.
    """

    name: str
    who: Who
    allow: frozenset[Protocol] = frozenset()
    deny: frozenset[Protocol] = frozenset()
    through: Through = Through.OAUTH_USER
    app: str | None = None
    opened_by: OpenedBy = OpenedBy.APP
    networks: tuple[Network, ...] = ()
    until: date | None = None
    owner: str = ""
    reason: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """A whole policy file. `accept_exposure` is the admin's written reason, or ""."""

    tenant: str
    posture: PostureWish = PostureWish()
    everyone_else: EverybodyElse = EverybodyElse()
    grants: tuple[Grant, ...] = ()
    accept_exposure: str = ""
    digest: str = ""
    """SHA-256 of the canonical JSON of what was asked (comments and order of keys aside)."""
