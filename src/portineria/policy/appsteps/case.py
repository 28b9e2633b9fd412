"""What a step is asked about: one app, one protocol, and perhaps one mailbox. Facts only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from portineria.policy.refusals import Stage
from portineria.policy.rungs.access import Access
from portineria.policy.rungs.consent import ROLES
from portineria.policy.verdict import Answer, Layer
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailapp import Consent, MailApp, ScopedRole, TokenClaims
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen


@dataclass(frozen=True, slots=True)
class Since:
    """Since when something has been so. `recorded`: somebody wrote it down, the service or our
    own journal; else it is when this program saw it first, which only bounds it."""

    at: datetime
    recorded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a real login said; `layers` could have refused it, `line` is the server's own words.

    UNKNOWN where it was no answer about the access: cut, throttled, unheard of.
    """

    answer: Answer
    because: str
    stage: Stage
    line: str = ""
    layers: frozenset[Layer] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One mailbox with what was seen of the app's way into it.

    `access` is None where no recipient bears the name, Unseen where that could not be found
    out. `changed` and `transport_changed` are WhenChangedUTC: when anything of the mailbox, or
    of the tenant's transport settings, was last changed. `right_given` is when a run of our own
    gave FullAccess, `member_since` when one put it into a scope's group; Exchange writes down
    no date of either. `user` is what is sent as `user=` in XOAUTH2,
    and `user_box` whose name that is, None for nobody's.
    """

    name: str
    access: Access | Unseen | None
    user: str
    user_box: Mailbox | Unseen | None
    changed: datetime | None = None
    transport_changed: datetime | None = None
    right: MailboxRight | Unseen = NOT_LOOKED_AT
    right_given: datetime | None = None
    member_since: datetime | None = None
    login: Login | Unseen = NOT_LOOKED_AT

    @property
    def box(self) -> Mailbox | None:
        return self.access.mailbox if isinstance(self.access, Access) else None

    @property
    def address(self) -> str:
        return self.box.address if self.box else self.name


@dataclass(frozen=True, kw_only=True)
class AppCase:
    """One question: can this app open this mailbox by this protocol, and if not, since where?

    `first_seen` is when this program first saw each undated thing as it is now, by its key.
    """

    now: datetime
    tenant_id: str
    audience: str
    """The resource that the mail hosts take tokens for."""
    app: MailApp
    protocol: Protocol
    place: Place | None = None
    first_seen: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def claims(self) -> TokenClaims | None:
        token = self.app.token
        return token if isinstance(token, TokenClaims) else None

    @property
    def role(self) -> str:
        """The application permission that this protocol needs."""
        return ROLES[self.protocol]

    @property
    def consented(self) -> Consent | Unseen | None:
        known = self.app.consents
        if isinstance(known, Unseen):
            return known
        return next((one for one in known if one.value == self.role), None)

    @property
    def scoped(self) -> tuple[ScopedRole, ...] | Unseen:
        """Assignments of the SMTP role; the other protocols have none (Exchange dossier 3.3)."""
        return self.app.scoped if self.protocol is Protocol.SMTP else ()

    @property
    def by_scope(self) -> bool:
        """Whether SMTP is meant to come by Application RBAC: a role, whatever else there is."""
        return not isinstance(self.scoped, Unseen) and bool(self.scoped)

    @property
    def mixed(self) -> bool:
        """Both ways at once: then Exchange asks for the mailbox permission too (3.3)."""
        carried = self.claims is not None and self.role in self.claims.roles
        return self.by_scope and (carried or isinstance(self.consented, Consent))

    def since(self, recorded: datetime | None, key: str = "") -> Since | None:
        """When it became so: as recorded, else when this program first saw it, else None."""
        if recorded is not None:
            return Since(recorded)
        seen = self.first_seen.get(key)
        return None if seen is None else Since(seen, recorded=False)
