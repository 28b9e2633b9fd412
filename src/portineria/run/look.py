"""Look at a tenant: every family is read, or says why it could not be.

A family that fails becomes Unseen with the reason in plain words, and the rest goes on; only
when nothing at all could be seen is the failure itself raised.
"""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from portineria.clock import Clock
from portineria.run.lookapps import look_at_apps, look_at_own_apps
from portineria.run.ports import Crew, Progress
from portineria.run.seeing import LIMIT, Failure, in_parts, seen
from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    MailboxPlan,
    NamedLocation,
    Organization,
    Transport,
)
from portineria.tenant.apps import App, MailboxRight, OwnApp
from portineria.tenant.mailbox import Mailbox, RecipientKind
from portineria.tenant.people import (
    DIRECTORY_SYNC_ROLE,
    SECURITY_DEFAULTS_ROLES,
    Domain,
    Group,
    Licences,
    User,
)
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

MFA_AT_ONCE = 20
"""Accounts that Graph answers about in one request (Graph dossier 7.2)."""
MANY_NAMES = 300
"""Unknown names from which on it is quicker to list every recipient than to ask for each."""

T = TypeVar("T")


class Tell(Protocol):
    """Told what is being read, how many so far, and of how many where that is known."""

    def __call__(self, text: str, done: int = 0, total: int = 0) -> None: ...


class TenantReader(Protocol):
    """One method a family. Each raises ServiceFault or NetworkFault, and never gives a part."""

    async def domains(self) -> tuple[Domain, ...]: ...

    async def licences(self) -> Licences: ...

    async def security_defaults(self) -> bool: ...

    async def conditional_access(self) -> tuple[ConditionalAccessPolicy, ...]: ...

    async def named_locations(self) -> tuple[NamedLocation, ...]: ...

    async def authentication_policies(self) -> tuple[AuthenticationPolicy, ...]: ...

    async def transport(self) -> Transport: ...

    async def organization(self) -> Organization: ...

    async def mailbox_plans(self) -> tuple[MailboxPlan, ...]: ...

    async def mailboxes(self, tell: Tell) -> tuple[Mailbox, ...]: ...

    async def recipient(self, name: str) -> Mailbox | None:
        """A recipient that is no mailbox, by address, for what people name by mistake."""
        ...

    async def recipients(self, names: Collection[str], tell: Tell) -> Mapping[str, Mailbox]:
        """Those of many names that are one, by the name as given: for a list full of mistakes."""
        ...

    async def users(self, tell: Tell) -> Mapping[str, User]: ...

    async def user_consent(self) -> bool | Unseen: ...

    async def role_members(self, roles: Collection[str]) -> Mapping[str, frozenset[str]]: ...

    async def group(self, name: str) -> tuple[Group, ...]:
        """Groups with this id or name (names are not unique), expanded."""
        ...

    async def per_user_mfa(self, user_ids: Sequence[str]) -> Mapping[str, bool | Unseen]:
        """For at most MFA_AT_ONCE accounts."""
        ...

    async def app(self, client_id: str) -> App | None: ...

    async def own_apps(self) -> tuple[OwnApp, ...]:
        """The applications that bear our tag; Exchange's part of one may be Unseen."""
        ...

    async def rights(
        self, app: App, guids: Collection[str]
    ) -> Mapping[tuple[str, str], MailboxRight]:
        """By (client id, mailbox guid), for all of these mailboxes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """What costs a call each and is therefore read only where somebody asked.

    `mailboxes` (address, user principal name or guid): rights and per-user MFA, and what a name
    is that is no mailbox. `groups`: names or ids. `apps`: client ids. `everything` asks for
    rights and per-user MFA of all mailboxes. `own` asks for the applications of our own and their
    rights: on the wanted mailboxes, on those of `rights_on` (guids), and on all of a small tenant.
    `all_rights` asks for all of a large one too.
    """

    mailboxes: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    everything: bool = False
    own_app: str | None = None
    own: bool = False
    rights_on: frozenset[str] = frozenset()
    all_rights: bool = False


async def look(
    reader: TenantReader,
    tenant_id: str,
    clock: Clock,
    crew: Crew,
    progress: Progress,
    wants: Wants,
) -> Snapshot:
    """A snapshot as of the moment that reading began. Raises OperatorFault (a credential that
    is refused), or the first fault where not one family could be read.
    """
    taken_at = clock.now()
    families = await _families(reader, crew, progress)
    snapshot = Snapshot(
        tenant_id=tenant_id, taken_at=taken_at, own_app=wants.own_app, **_unseen(families)
    )
    snapshot = await _roles_and_groups(snapshot, reader, crew, wants)
    return await look_closer(snapshot, reader, crew, progress, wants)


async def look_closer(
    snapshot: Snapshot, reader: TenantReader, crew: Crew, progress: Progress, wants: Wants
) -> Snapshot:
    """What is asked about single mailboxes, put beside what was seen of the tenant."""
    snapshot = await _strangers(snapshot, reader, crew, progress, wants)
    guids = [box.guid for box in _wanted(snapshot, wants)]
    snapshot = await look_at_apps(snapshot, reader, crew, progress, wants.apps, guids)
    if wants.own:
        more = [*dict.fromkeys([*guids, *sorted(wants.rights_on)])]
        snapshot = await look_at_own_apps(snapshot, reader, crew, progress, more, wants.all_rights)
    return await _per_user_mfa(snapshot, reader, crew, progress, wants)


async def _families(reader: TenantReader, crew: Crew, progress: Progress) -> dict[str, Any]:
    readings: dict[str, Callable[[], Awaitable[Any]]] = {
        "mailboxes": lambda: reader.mailboxes(progress.step),
        "users": lambda: reader.users(progress.step),
        "domains": reader.domains,
        "licences": reader.licences,
        "security_defaults": reader.security_defaults,
        "conditional_access": reader.conditional_access,
        "named_locations": reader.named_locations,
        "authentication_policies": reader.authentication_policies,
        "transport": reader.transport,
        "organization": reader.organization,
        "mailbox_plans": reader.mailbox_plans,
        "user_consent": reader.user_consent,
    }

    async def read(name: str) -> Any:
        found = await seen(readings[name]())
        progress.step(name)
        return found

    families = {name: found async for name, found in crew.each(readings, read, LIMIT)}
    failures = [found for found in families.values() if isinstance(found, Failure)]
    if len(failures) == len(families):
        raise failures[0].fault
    return families


def _unseen(families: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Unseen(found.fault.why) if isinstance(found, Failure) else found
        for name, found in families.items()
    }


async def _roles_and_groups(
    snapshot: Snapshot, reader: TenantReader, crew: Crew, wants: Wants
) -> Snapshot:
    """Those of security defaults, directory sync, and whatever a policy names."""
    policies = (
        () if isinstance(snapshot.conditional_access, Unseen) else snapshot.conditional_access
    )
    roles = {role for role, _ in SECURITY_DEFAULTS_ROLES} | {DIRECTORY_SYNC_ROLE}
    groups = set(wants.groups)
    for policy in policies:
        roles |= policy.include_roles | policy.exclude_roles
        groups |= policy.include_groups | policy.exclude_groups
    members = await seen(reader.role_members(roles))

    async def expand(name: str) -> tuple[Group, ...]:
        found = await seen(reader.group(name))
        if isinstance(found, Failure):
            return (Group(id=name, name=name, members=Unseen(found.fault.why)),)
        return found

    expanded = [
        group async for _, found in crew.each(sorted(groups), expand, LIMIT) for group in found
    ]
    return replace(
        snapshot,
        groups_asked=frozenset(groups),
        role_members=Unseen(members.fault.why) if isinstance(members, Failure) else members,
        groups={group.id: group for group in sorted(expanded, key=lambda group: group.id)},
    )


async def _strangers(
    snapshot: Snapshot, reader: TenantReader, crew: Crew, progress: Progress, wants: Wants
) -> Snapshot:
    """Wanted names that are no mailbox: a group, a guest, somebody on-premises."""
    if isinstance(snapshot.mailboxes, Unseen):
        return snapshot
    unknown = sorted(name for name in wants.mailboxes if snapshot.mailbox(name) is None)
    if not unknown:
        return snapshot
    found: dict[str, Mailbox] = {}
    unread: dict[str, str] = {}
    async for name, stranger in _asked(unknown, reader, crew, progress):
        if isinstance(stranger, Failure):
            unread[name] = stranger.fault.why
        elif stranger is not None:
            found[stranger.guid] = _with_directory(stranger, snapshot)
    known = {box.guid for box in snapshot.mailboxes}
    strangers = sorted(
        (box for box in found.values() if box.guid not in known), key=lambda box: box.address
    )
    boxes = (*snapshot.mailboxes, *strangers)
    return replace(snapshot, mailboxes=boxes, unread=unread)


async def _asked(
    names: Sequence[str], reader: TenantReader, crew: Crew, progress: Progress
) -> AsyncIterator[tuple[str, Mailbox | Failure | None]]:
    """What each of these names is: one by one, or out of a listing where they are many."""
    if len(names) <= MANY_NAMES:
        async for answer in crew.each(names, lambda name: seen(reader.recipient(name)), LIMIT):
            yield answer
        return
    found = await seen(reader.recipients(names, progress.step))
    for name in names:
        yield name, found if isinstance(found, Failure) else found.get(name)


def _with_directory(box: Mailbox, snapshot: Snapshot) -> Mailbox:
    """A mail user that the company's own directory synchronises has its mailbox on premises."""
    user = snapshot.user(box.entra_id)
    synced = box.kind is RecipientKind.MAIL_USER and user is not None and user.synced
    return replace(box, kind=RecipientKind.ON_PREMISES) if synced else box


def _wanted(snapshot: Snapshot, wants: Wants) -> tuple[Mailbox, ...]:
    if isinstance(snapshot.mailboxes, Unseen):
        return ()
    if wants.everything:
        return snapshot.mailboxes
    found = {box.guid: box for name in wants.mailboxes if (box := snapshot.mailbox(name))}
    return tuple(found[guid] for guid in sorted(found))


async def _per_user_mfa(
    snapshot: Snapshot, reader: TenantReader, crew: Crew, progress: Progress, wants: Wants
) -> Snapshot:
    """Of the people behind the wanted mailboxes; the others stay not looked at."""
    if isinstance(snapshot.users, Unseen):
        return snapshot
    users = dict(snapshot.users)
    wanted = [box.entra_id or "" for box in _wanted(snapshot, wants) if box.entra_id in users]
    parts = in_parts(wanted, MFA_AT_ONCE)
    done = 0
    async for part, told in crew.each(parts, lambda part: seen(reader.per_user_mfa(part)), LIMIT):
        for key in part:
            mfa = Unseen(told.fault.why) if isinstance(told, Failure) else told[key]
            users[key] = replace(users[key], per_user_mfa=mfa)
        done += len(part)
        progress.step("per-user MFA", done, len(wanted))
    return replace(snapshot, users=users)
