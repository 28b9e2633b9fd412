"""Applications that open mailboxes by themselves, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

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


class AppKind(StrEnum):
    """What an application of our own is for: IMAP and POP by rights on mailboxes, or SMTP by a
    scoped role in Exchange."""

    MAIL = "mail"
    SMTP = "smtp"


TAG = "Portineria"
"""Every application that we register bears it, with KIND_TAGS' and the mark of its key."""
KIND_TAGS: Mapping[AppKind, str] = MappingProxyType(
    {AppKind.MAIL: "Portineria.mail", AppKind.SMTP: "Portineria.smtp"}
)


MARK = "Portineria.mark."
"""Begins the tag that holds the mark: the first digits of its first certificate's thumbprint.
What belongs to the application in Exchange bears the mark in its name."""
_NAMES = {AppKind.MAIL: "mail app", AppKind.SMTP: "SMTP app"}


def tags_of(kind: AppKind, mark: str) -> tuple[str, ...]:
    """The tags of a new application, sorted."""
    return tuple(sorted((TAG, KIND_TAGS[kind], f"{MARK}{mark}")))


def mark_of(tags: Iterable[str]) -> str:
    """The mark, "" where there is none."""
    return next((tag.removeprefix(MARK) for tag in tags if tag.startswith(MARK)), "")


def app_name(kind: AppKind, mark: str) -> str:
    return f"Portineria: {_NAMES[kind]} {mark}"


def group_name(tags: Iterable[str]) -> str:
    """The name of the group and of the role assignment of an application; "" without a mark."""
    mark = mark_of(tags)
    return f"Portineria: SMTP senders {mark}" if mark else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeGroup:
    """The group whose direct members an application may send as. `members` are mailbox guids."""

    id: str
    name: str
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssignment:
    """A role that Exchange gave an application, and how far it reaches.

    `scope` is RecipientWriteScope, `group` the guid of the group that bounds it, "" where
    something else does, or nothing.
    """

    name: str
    role: str
    scope: str
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnApp:
    """An application that bears our tag.

    `id` is the client id, `object_id` the registration's, `principal_id` the enterprise
    application's, "" where there is none yet. `thumbprints` are of its certificates (SHA-1, hex,
    capital letters), `secrets` the ids of its client secrets. `registered` are the object ids
    under which Exchange knows the client id.
    """

    id: str
    name: str
    kind: AppKind
    object_id: str = ""
    tags: tuple[str, ...] = ()
    thumbprints: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    principal_id: str = ""
    enabled: bool = True
    roles: frozenset[str] | Unseen = frozenset()
    registered: tuple[str, ...] | Unseen = ()
    assignments: tuple[RoleAssignment, ...] | Unseen = ()
    group: ScopeGroup | Unseen | None = None

    def seen(self) -> App | None:
        """As any application is seen; None while it has no service principal."""
        if not self.principal_id:
            return None
        return App(
            id=self.id,
            name=self.name,
            principal_id=self.principal_id,
            enabled=self.enabled,
            roles=self.roles,
            registered_as=self._registered_as(),
        )

    def _registered_as(self) -> str | Unseen | None:
        if isinstance(self.registered, Unseen) or self.principal_id not in self.registered:
            found = self.registered
            return found if isinstance(found, Unseen) else next(iter(found), None)
        return self.principal_id
