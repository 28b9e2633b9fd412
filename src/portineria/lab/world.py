"""The truth of the embedded tenant: wire-shaped documents that remember their past.

Replication lag and slow effects are readings of an older past: a face that lags asks for a
document as it was some seconds ago. Nothing here judges anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from portineria.clock import Clock

Document = dict[str, Any]

_NAMES = UUID("6d1f9a52-3a0f-5c0e-9a54-4c7a3f0b8e11")
"""The name space of every made-up id: the same world gets the same ids again."""


@dataclass(slots=True)
class Table:
    """Documents of one kind by key; every version is kept with the time it was committed."""

    clock: Clock
    versions: dict[str, list[tuple[datetime, Document | None]]] = field(default_factory=dict)
    deaf: bool = False
    """While true, writes are accepted and forgotten."""

    def put(self, key: str, document: Document | None, at: datetime | None = None) -> None:
        """Commit a new version; None deletes. `at` is for seeds, which are old news."""
        if self.deaf:
            return
        self.versions.setdefault(key, []).append((at or self.clock.now(), deepcopy(document)))

    def patch(self, key: str, **members: Any) -> None:
        """Commit a version with some members replaced. Raises KeyError where there is none."""
        current = self.get(key)
        if current is None:
            raise KeyError(key)
        self.put(key, {**current, **members})

    def get(self, key: str, age: float = 0.0) -> Document | None:
        """The document as it was `age` seconds ago (a copy), or None."""
        return deepcopy(self._at(key, age))

    def find(self, member: str, value: str, age: float = 0.0) -> Document | None:
        """The first document whose member equals the value, whatever the case; a copy, or None."""
        wanted = value.lower()
        for key in self.versions:
            document = self._at(key, age)
            if document is not None and str(document.get(member, "")).lower() == wanted:
                return deepcopy(document)
        return None

    def _at(self, key: str, age: float) -> Document | None:
        limit = self.clock.now() - timedelta(seconds=age)
        for committed, document in reversed(self.versions.get(key, [])):
            if committed <= limit:
                return document
        return None

    def all(self, age: float = 0.0) -> Iterator[Document]:
        """Every document as it was `age` seconds ago, in order of first commit."""
        for key in list(self.versions):
            document = self.get(key, age)
            if document is not None:
                yield document

    def items(self, age: float = 0.0) -> Iterator[tuple[str, Document]]:
        """Every key and document as they were `age` seconds ago."""
        for key in list(self.versions):
            document = self.get(key, age)
            if document is not None:
                yield key, document


KINDS = (
    "users",  # Graph user + "password", "mfaRegistered", "perUserMfaState" (lab-private, unexposed)
    "groups",  # Graph group + "members": [object ids]
    "roleDefinitions",  # unifiedRoleDefinition by id, which is its template's
    "roleAssignments",  # unifiedRoleAssignment by id
    "applications",  # Graph application + "secrets": [{keyId, secretText}], "certificates": [PEM]
    "servicePrincipals",  # Graph servicePrincipal, appRoles and oauth2PermissionScopes included
    "appRoleAssignments",  # by id: principalId, resourceId, appRoleId
    "oauth2PermissionGrants",
    "conditionalAccess",  # conditionalAccessPolicy by id
    "namedLocations",
    "policies",  # "securityDefaults", "authorization"
    "subscribedSkus",
    "domains",
    "organization",  # Graph organization, one
    "mailboxes",  # by Exchange Guid: CASMailbox, Mailbox and User fields merged
    "mailboxPlans",  # CASMailboxPlan by Guid
    "transport",  # "": Get-TransportConfig
    "exchangeOrganization",  # "": Get-OrganizationConfig
    "authenticationPolicies",  # by Guid
    "exchangeServicePrincipals",  # by ObjectId: New-ServicePrincipal's
    "mailboxPermissions",  # "GUID/principal": {Identity, User, AccessRights[]}
    "recipientPermissions",  # the same keys: {Identity, Trustee, AccessRights[]}
    "exchangeRoleGroups",  # by Name: {Name, Roles[] when custom, Members: [object ids]}
    "managementRoleAssignments",  # Application RBAC
    "managementScopes",
    "refreshTokens",  # by token: client, user, scopes, how the person signed in
    "foreignApplications",  # registrations of other tenants' multi-tenant applications
    "visits",  # by flow token: a sign-in in a browser that is not finished
    "authorizationCodes",  # by code: whom it is for, and what /authorize was asked
    "deviceCodes",  # by device code: user code, what was asked, pending | approved | declined
    "signInState",  # by user id: wrong passwords so far, locked until
    "deletedConditionalAccess",  # soft-deleted policies, 30 days
)


@dataclass(slots=True)
class World:
    """One tenant. Documents carry Microsoft's own member names; keys are object ids or Guids."""

    clock: Clock
    tenant_id: str = ""
    initial_domain: str = ""
    tables: dict[str, Table] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        self.wipe()

    def __getitem__(self, kind: str) -> Table:
        return self.tables[kind]

    def wipe(self) -> None:
        """Forget everything, the past included."""
        self.tables = {kind: Table(self.clock) for kind in KINDS}
        self.made = 0

    def fork(self, clock: Clock) -> World:
        """The same tenant with the same past, where nothing that is written comes back here.

        Versions are shared: no one changes them in place.
        """
        twin = World(clock, self.tenant_id, self.initial_domain)
        for kind, table in self.tables.items():
            twin.tables[kind].versions = {key: list(row) for key, row in table.versions.items()}
        twin.made = self.made
        return twin

    def new_id(self, what: str) -> str:
        """A fresh object id, the same in every repetition of the same story."""
        self.made += 1
        return str(uuid5(_NAMES, f"{self.tenant_id}/{what}/{self.made}"))

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Inside, every write is accepted and forgotten. Nothing may await in between."""
        for table in self.tables.values():
            table.deaf = True
        try:
            yield
        finally:
            for table in self.tables.values():
                table.deaf = False


def known_id(*names: str) -> str:
    """The id that a seed gives to a thing of this name, always the same."""
    return str(uuid5(_NAMES, "/".join(names)))
