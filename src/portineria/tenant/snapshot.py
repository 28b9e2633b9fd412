"""A snapshot: what was seen of a tenant, when, and what could not be seen."""

from __future__ import annotations

from collections.abc import Mapping
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
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.mailbox import Mailbox
from portineria.tenant.people import Domain, Group, Licences, User
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Every family is either what was seen or an Unseen with its reason.

    `users` is keyed by directory id; `groups` by id, holding only the groups that a grant or a
    Conditional Access policy names; `role_members` by role template id, of principal ids;
    `rights` by (client id, mailbox guid), read for granted mailboxes only;
    `settled` holds unproven facts of the service that a probe or the admin has settled, by
    the ids of policy/readings.py. `own_app` is the client id this was read with.
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
    role_members: Mapping[str, frozenset[str]] | Unseen = NOT_LOOKED_AT
    apps: Mapping[str, App] | Unseen = NOT_LOOKED_AT
    rights: Mapping[tuple[str, str], MailboxRight] = field(default_factory=lambda: _NOTHING)
    user_consent: bool | Unseen = NOT_LOOKED_AT
    """Whether people may consent to mail clients themselves (authorizationPolicy)."""
    settled: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    own_app: str | None = None

    @cached_property
    def _by_address(self) -> dict[str, Mailbox]:
        if isinstance(self.mailboxes, Unseen):
            return {}
        found = {box.upn.lower(): box for box in self.mailboxes}
        found.update({box.address.lower(): box for box in self.mailboxes})
        found.update({box.guid.lower(): box for box in self.mailboxes})
        return found

    def mailbox(self, name: str) -> Mailbox | None:
        """Find a mailbox by address, user principal name or guid, whatever the case."""
        return self._by_address.get(name.strip().lower())

    def user(self, entra_id: str | None) -> User | None:
        if entra_id is None or isinstance(self.users, Unseen):
            return None
        return self.users.get(entra_id)

    def user_by_upn(self, upn: str) -> User | None:
        if isinstance(self.users, Unseen):
            return None
        wanted = upn.strip().lower()
        return next((user for user in self.users.values() if user.upn.lower() == wanted), None)

    def right(self, client_id: str, guid: str) -> MailboxRight | Unseen:
        return self.rights.get((client_id, guid), NOT_LOOKED_AT)

    def unseen(self) -> dict[str, str]:
        """Every family that could not be seen, by name, with the reason."""
        return {
            name: value.because for name, value in vars(self).items() if isinstance(value, Unseen)
        }
