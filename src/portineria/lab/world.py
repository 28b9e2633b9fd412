"""The truth of the embedded tenant: wire-shaped documents that remember their past.

Replication lag and slow effects are readings of an older past: a face that lags asks for a
document as it was some seconds ago. Nothing here judges anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, TypeVar, cast
from uuid import UUID, uuid5

from portineria.clock import Clock
from portineria.lab.index import Index, Names

Document = dict[str, Any]
Version = tuple[datetime, Document | None]

_NAMES = UUID("6d1f9a52-3a0f-5c0e-9a54-4c7a3f0b8e11")
"""The name space of every made-up id: the same world gets the same ids again."""


@dataclass(slots=True)
class Table:
    """Documents of one kind by key; every version is kept with the time it was committed."""

    clock: Clock
    versions: dict[str, list[Version]] = field(default_factory=dict)
    indexes: dict[Names, Index] = field(default_factory=dict)
    """One for each way of naming that was ever asked by."""
    deaf: bool = False
    """While true, writes are accepted and forgotten."""

    def put(self, key: str, document: Document | None, at: datetime | None = None) -> None:
        """Commit a new version; None deletes. `at` is for what shall be old news."""
        if not self.deaf:
            self.plant(key, copied(document), at or self.clock.now())

    def plant(self, key: str, document: Document | None, at: datetime) -> None:
        """Commit a document that is given away, not copied: for seeds, which are many."""
        self.versions.setdefault(key, []).append((at, document))
        for index in self.indexes.values():
            index.enter(key, document or {})

    def patch(self, key: str, **members: Any) -> None:
        """Commit a version with some members replaced. Raises KeyError where there is none."""
        current = self.get(key)
        if current is None:
            raise KeyError(key)
        self.put(key, {**current, **members})

    def get(self, key: str, age: float = 0.0) -> Document | None:
        """The document as it was `age` seconds ago (a copy), or None."""
        return copied(self._at(key, age))

    def find(self, member: str, value: str, age: float = 0.0) -> Document | None:
        """The first document whose member equals the value, whatever the case; a copy, or None."""
        return next(self.called(_by_member(member), value, age), None)

    def _at(self, key: str, age: float) -> Document | None:
        return _latest(self.versions.get(key, ()), self.clock.now() - timedelta(seconds=age))

    def scan(self, age: float = 0.0, start: int = 0) -> Iterator[tuple[int, Document]]:
        """Every document from a place on, in order of first commit, with the place behind it.

        What is given is the table's own, for reading only: it must not be changed, nor kept.
        A place is a document's for good, so a listing can go on where it stopped.
        """
        limit = self.clock.now() - timedelta(seconds=age)
        waiting = islice(list(self.versions.values()), start, None)
        for behind, versions in enumerate(waiting, start + 1):
            document = _latest(versions, limit)
            if document is not None:
                yield behind, document

    def look(self, key: str, age: float = 0.0) -> Document | None:
        """The document as it was, for reading only: the table's own, like those of `scan`."""
        return self._at(key, age)

    def called(self, names: Names, wanted: str, age: float = 0.0) -> Iterator[Document]:
        """Every document that answers to a name, whatever the case; copies, made one by one."""
        for key in self._index(names).find(wanted):
            document = self._at(key, age)
            if document is not None and wanted.lower() in map(str.lower, names(document)):
                yield copied(document)

    def _index(self, names: Names) -> Index:
        if names not in self.indexes:
            index = self.indexes[names] = Index(names)
            for key, versions in self.versions.items():
                for _, document in versions:
                    index.enter(key, document or {})
        return self.indexes[names]

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


Wire = TypeVar("Wire")
_MANY = (dict, list)


def copied(value: Wire) -> Wire:
    """A copy down to the last list of what the wire can say, which `deepcopy` takes long for."""
    found: Any = value
    if isinstance(value, dict):
        found = {
            name: copied(one) if isinstance(one, _MANY) else one for name, one in value.items()
        }
    elif isinstance(value, list):
        found = [copied(one) if isinstance(one, _MANY) else one for one in value]
    return cast("Wire", found)


@cache
def _by_member(member: str) -> Names:
    return lambda document: (str(document.get(member, "")),)


def _latest(versions: Sequence[Version], limit: datetime) -> Document | None:
    for committed, document in reversed(versions):
        if committed <= limit:
            return document
    return None


KINDS = (
    "users",  # Graph user + "password", "mfaRegistered", "perUserMfaState" (lab-private, unexposed)
    "groups",  # Graph group + "members": [object ids]
    "devices",  # Graph device
    "contacts",  # Graph orgContact
    "roleDefinitions",  # unifiedRoleDefinition by id, which is its template's
    "roleAssignments",  # unifiedRoleAssignment by id
    "applications",  # Graph application + "secrets": [{keyId, secretText}], "certificates": [PEM]
    "servicePrincipals",  # Graph servicePrincipal, appRoles and oauth2PermissionScopes included
    "appRoleAssignments",  # by id: principalId, resourceId, appRoleId
    "oauth2PermissionGrants",
    "conditionalAccess",  # conditionalAccessPolicy by id
    "namedLocations",
    "policies",  # "securityDefaults", "authorization"; "cloud": {"instance"} where it is elsewhere
    "subscribedSkus",
    "domains",
    "organization",  # Graph organization, one
    "mailboxes",  # by Exchange Guid: CASMailbox, Mailbox and User fields merged; every recipient
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
    "rbacQuestions",  # by object id: {"at": tick}, when an application was last judged by its scope
    "refreshTokens",  # by token: client, user, scopes, how the person signed in
    "foreignApplications",  # registrations of other tenants' multi-tenant applications
    "visits",  # by flow token: a sign-in in a browser that is not finished
    "authorizationCodes",  # by code: whom it is for, and what /authorize was asked
    "deviceCodes",  # by device code: user code, what was asked, pending | approved | declined
    "signInState",  # by user id: wrong passwords so far, locked until
    "deletedApplications",  # soft-deleted, with their credentials
    "deletedConditionalAccess",  # soft-deleted policies, 30 days
    "signIns",  # Graph signIn (beta) by id, at the time of the sign-in
    "directoryAudits",  # Graph directoryAudit by id
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
