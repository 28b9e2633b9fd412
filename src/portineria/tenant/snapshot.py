"""A snapshot: what was seen of a tenant, when, and what could not be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    MailboxPlan,
    NamedLocation,
    Organization,
    Transport,
)
from portineria.tenant.apps import App, MailboxRight, OwnApp
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.naming import folded
from portineria.tenant.people import Domain, Group, Licences, User
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

_NOTHING: Mapping[Any, Any] = MappingProxyType({})
_NAMES: tuple[Callable[[Mailbox], Iterable[str]], ...] = (
    lambda box: (box.address,),
    lambda box: (box.upn,),
    lambda box: box.aliases,
    lambda box: (box.guid, box.entra_id or ""),
)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Every family is either what was seen or an Unseen with its reason.

    `users` is keyed by directory id; `groups` by id, holding only the groups that a grant or a
    Conditional Access policy names, and `groups_asked` the names by which they were looked for;
    `role_members` by role template id, of principal ids; `rights` by (client id, mailbox guid),
    read for granted mailboxes only; `settled` holds unproven facts of the service that a probe
    or the admin has settled, by the ids of policy/readings.py; `unread` are names that bear no
    mailbox and could not be looked up, with the reason. `own_app` is the client id this was read
    with.
    """

    tenant_id: str
    taken_at: datetime
    domains: tuple[Domain, ...] | Unseen = NOT_LOOKED_AT
    licences: Licences | Unseen = NOT_LOOKED_AT
    security_defaults: bool | Unseen = NOT_LOOKED_AT
    conditional_access: tuple[ConditionalAccessPolicy, ...] | Unseen = NOT_LOOKED_AT
    named_locations: tuple[NamedLocation, ...] | Unseen = NOT_LOOKED_AT
    authentication_policies: tuple[AuthenticationPolicy, ...] | Unseen = NOT_LOOKED_AT
    transport: Transport | Unseen = NOT_LOOKED_AT
    organization: Organization | Unseen = NOT_LOOKED_AT
    mailbox_plans: tuple[MailboxPlan, ...] | Unseen = NOT_LOOKED_AT
    mailboxes: tuple[Mailbox, ...] | Unseen = NOT_LOOKED_AT
    users: Mapping[str, User] | Unseen = NOT_LOOKED_AT
    groups: Mapping[str, Group] = field(default_factory=lambda: _NOTHING)
    groups_asked: frozenset[str] = frozenset()
    role_members: Mapping[str, frozenset[str]] | Unseen = NOT_LOOKED_AT
    apps: Mapping[str, App] | Unseen = NOT_LOOKED_AT
    rights: Mapping[tuple[str, str], MailboxRight] = field(default_factory=lambda: _NOTHING)
    own: tuple[OwnApp, ...] | Unseen = NOT_LOOKED_AT
    """The applications that bear our tag."""
    user_consent: bool | Unseen = NOT_LOOKED_AT
    """Whether people may consent to mail clients themselves (authorizationPolicy)."""
    settled: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    unread: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    own_app: str | None = None

    @cached_property
    def _by_name(self) -> dict[str, Mailbox | list[Mailbox]]:
        """Who bears a name: its owner by address first, then by user principal name, alias, id.

        Nearly every name is borne by one alone, which then stands by itself.
        """
        if isinstance(self.mailboxes, Unseen):
            return {}
        found: dict[str, Mailbox | list[Mailbox]] = {}
        for names_of in _NAMES:
            for box in self.mailboxes:
                for name in filter(None, names_of(box)):
                    _enter(found, folded(name), box)
        return found

    def called(self, name: str) -> tuple[Mailbox, ...]:
        """Every mailbox that bears this name, whatever the case; its owner by address comes first.

        Names are address, user principal name, alias, guid and directory id. Several answer only
        where one's address is another's user principal name or alias.
        """
        found = self._by_name.get(folded(name), ())
        return (found,) if isinstance(found, Mailbox) else tuple(found)

    def mailbox(self, name: str) -> Mailbox | None:
        """Find a mailbox by any of its names, the first of them where several bear it."""
        return next(iter(self.called(name)), None)

    def user(self, entra_id: str | None) -> User | None:
        if entra_id is None or isinstance(self.users, Unseen):
            return None
        return self.users.get(entra_id)

    def user_by_upn(self, upn: str) -> User | None:
        return self._by_upn.get(folded(upn))

    @cached_property
    def _by_upn(self) -> dict[str, User]:
        if isinstance(self.users, Unseen):
            return {}
        return {folded(user.upn): user for user in self.users.values()}

    def right(self, client_id: str, guid: str) -> MailboxRight | Unseen:
        return self.rights.get((client_id, guid), NOT_LOOKED_AT)

    def unseen(self) -> dict[str, str]:
        """Every family that could not be seen, by name, with the reason."""
        return {
            name: value.because for name, value in vars(self).items() if isinstance(value, Unseen)
        }


def _enter(found: dict[str, Mailbox | list[Mailbox]], name: str, box: Mailbox) -> None:
    bearers = found.setdefault(name, box)
    if isinstance(bearers, Mailbox):
        if bearers is not box:
            found[name] = [bearers, box]
    elif all(bearer is not box for bearer in bearers):
        bearers.append(box)
