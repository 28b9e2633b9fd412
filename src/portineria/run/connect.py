"""Gives Portineria its own access, with an administrator's hands; and takes it away again.

Every step looks first and writes what is lacking, so that whoever was killed in between is called
again and goes on. Only the creation of the application cannot be looked up by a name that is its
alone: it bears a tag, which the attempt has written down before it was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from portineria.fault import AmbiguousWrite, Conflict, CouldNotSee, NotFound
from portineria.run.replication import Replication
from portineria.tenant.ownaccess import (
    AppKey,
    DirectoryRole,
    Given,
    HeldRole,
    Offered,
    Permission,
    Registered,
)

SEEN_AFTER = 90.0
"""Seconds after which a creation that was sent is seen, or did not happen (Graph dossier 4.1: up
to about 60)."""


class Directory(Protocol):
    """An administrator's hands in the directory. Every method raises ServiceFault, NetworkFault."""

    async def tagged(self, tag: str) -> tuple[Registered, ...]: ...
    async def registered(self, client_id: str) -> Registered | None: ...
    async def create(self, name: str, tag: str) -> Registered: ...
    async def set_keys(
        self, app: Registered, keep: Sequence[str], new: tuple[str, str] | None
    ) -> None: ...
    async def principal(self, client_id: str) -> str | None: ...
    async def create_principal(self, client_id: str) -> str: ...
    async def offered(self, client_id: str) -> Offered: ...
    async def given(self, principal: str) -> tuple[Given, ...]: ...
    async def give(self, principal: str, service: str, permission_id: str) -> None: ...
    async def take(self, given: Given) -> None: ...
    async def roles(self, principal: str) -> tuple[HeldRole, ...]: ...
    async def assign(self, principal: str, role: str) -> None: ...
    async def unassign(self, held: HeldRole) -> None: ...
    async def remove_principal(self, principal: str) -> None: ...
    async def remove(self, app: Registered) -> None: ...


class Attempt(Protocol):
    """What an earlier call has left for this one, on the disk."""

    tag: str
    client_id: str
    """"" until the application is known."""

    def waited(self) -> float | None:
        """Seconds since a creation was sent; None where none was."""
        ...

    def creating(self) -> None:
        """On the disk before the creation leaves."""
        ...

    def made(self, app: Registered) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the application shall be: its name, its permissions by service, its role, its key."""

    name: str
    permissions: tuple[Permission, ...]
    role: DirectoryRole
    key_name: str
    key: str
    """The certificate, base64 of its DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """What is to be written: shown before, and done exactly so."""

    app: Registered | None
    principal: str | None
    key: bool
    permissions: tuple[Permission, ...]
    role: bool
    taken: tuple[str, ...]
    """What this access does not need and the application has, by name: it is taken away."""

    @property
    def nothing(self) -> bool:
        written = self.key or self.permissions or self.role or self.taken
        return self.app is not None and self.principal is not None and not written


async def find(directory: Directory, attempt: Attempt, wait: Replication) -> Registered | None:
    """The application of this attempt, if there is one. Raises Conflict where there are two.

    After a creation that was sent and never answered, none is believed only when the directory
    has had its time.
    """

    async def seen() -> Registered | None:
        if attempt.client_id:
            one = await directory.registered(attempt.client_id)
            found = tuple(filter(None, (one,)))
        else:
            found = await directory.tagged(attempt.tag)
        if len(found) > 1:
            names = ", ".join(one.client_id for one in found)
            raise CouldNotSee(
                f"two applications bear the mark of this attempt: {names}",
                where=attempt.tag,
                try_="remove one of them in the Entra admin center, App registrations",
            )
        sent = attempt.waited()
        if not found and sent is not None and sent < SEEN_AFTER:
            raise NotFound("an application was sent off and is not seen yet", where=attempt.tag)
        return found[0] if found else None

    return await wait.settled("Looking for what an earlier call has made", seen)


async def lacking(
    directory: Directory, app: Registered | None, wanted: Wanted, wait: Replication
) -> Lacking:
    """Compare what is there with what is wanted; nothing is written."""
    return await wait.settled(
        "Looking at what is there",
        lambda: _compared(directory, app, wanted),
        lambda fault: isinstance(fault, NotFound),
    )


async def _compared(directory: Directory, app: Registered | None, wanted: Wanted) -> Lacking:
    principal = None if app is None else await directory.principal(app.client_id)
    if app is None or principal is None:
        key = app is None or not _held(app, wanted)
        return Lacking(
            app=app,
            principal=None,
            key=key,
            permissions=wanted.permissions,
            role=True,
            taken=(),
        )
    ids = await permission_ids(directory, wanted.permissions)
    names = await _names(directory, wanted.permissions)
    given = await directory.given(principal)
    held = {(one.resource, one.permission_id) for one in given}
    roles = await directory.roles(principal)
    return Lacking(
        app=app,
        principal=principal,
        key=not _held(app, wanted),
        permissions=tuple(one for one in wanted.permissions if ids[one.value] not in held),
        role=not any(one.role == wanted.role.id and one.scope == "/" for one in roles),
        taken=(
            *(
                names.get((one.resource, one.permission_id), f"permission {one.permission_id}")
                for one in given
                if (one.resource, one.permission_id) not in ids.values()
            ),
            *(f"directory role {one.role}" for one in roles if one.role != wanted.role.id),
        ),
    )


async def _names(
    directory: Directory, permissions: Sequence[Permission]
) -> dict[tuple[str, str], str]:
    """What the permissions of these services are called, by service and id."""
    offered = [await directory.offered(name) for name in {one.resource for one in permissions}]
    return {(one.id, id_): value for one in offered for value, id_ in one.permissions.items()}


async def permission_ids(
    directory: Directory, permissions: Sequence[Permission]
) -> dict[str, tuple[str, str]]:
    """(service's object id, permission's id) by value. Raises NotFound for one nobody offers."""
    services = {one.resource for one in permissions}
    offered = {name: await directory.offered(name) for name in services}
    found = {}
    for one in permissions:
        service = offered[one.resource]
        id_ = service.permissions.get(one.value) or service.permissions.get(one.instead)
        if id_ is None:
            raise NotFound(
                f"the service offers no permission {one.value}",
                where=one.resource,
                try_="check --cloud: not every cloud has every permission",
            )
        found[one.value] = (service.id, id_)
    return found


async def make(
    directory: Directory, attempt: Attempt, wanted: Wanted, lack: Lacking, wait: Replication
) -> Registered:
    """Write what is lacking. Raises CouldNotSee where the directory does not follow in time."""
    app = lack.app or await _create(directory, attempt, wanted, wait)

    async def key() -> None:
        fresh = await _known(directory, app)
        if not _held(fresh, wanted):
            keep = [one.id for one in fresh.keys]
            await directory.set_keys(fresh, keep, (wanted.key_name, wanted.key))

    async def principal() -> str:
        found = await directory.principal(app.client_id)
        return found or await directory.create_principal(app.client_id)

    await wait.settled("Giving it its certificate", key)
    holder = await wait.settled("Making its enterprise application", principal)
    await _permit(directory, wanted, holder, wait)
    await _let_hold(directory, wanted.role, holder, wait)
    return app


async def _create(
    directory: Directory, attempt: Attempt, wanted: Wanted, wait: Replication
) -> Registered:
    """Where the answer was lost it is looked for, and sent again once it cannot have happened."""
    wait.progress.step("Registering the application")
    app = None
    for last in (False, True):
        attempt.creating()
        try:
            app = await directory.create(wanted.name, attempt.tag)
        except AmbiguousWrite:
            app = await find(directory, attempt, wait)
            if last and app is None:
                raise
        if app is not None:
            break
    assert app is not None
    attempt.made(app)
    return app


async def _permit(directory: Directory, wanted: Wanted, holder: str, wait: Replication) -> None:
    ids = await permission_ids(directory, wanted.permissions)

    async def each() -> None:
        given = await directory.given(holder)
        held = {(one.resource, one.permission_id) for one in given}
        for service, id_ in dict.fromkeys(ids.values()):
            if (service, id_) not in held:
                await directory.give(holder, service, id_)
        for one in given:
            if (one.resource, one.permission_id) not in ids.values():
                await directory.take(one)

    await wait.settled("Consenting to its permissions", each, _early_write)


async def _let_hold(
    directory: Directory, role: DirectoryRole, holder: str, wait: Replication
) -> None:
    async def held() -> None:
        roles = await directory.roles(holder)
        if not any(one.role == role.id and one.scope == "/" for one in roles):
            await directory.assign(holder, role.id)
        for one in roles:
            if one.role != role.id:
                await directory.unassign(one)

    await wait.settled(f"Giving it the directory role {role.name}", held, _early_write)


def _early_write(fault: Exception) -> bool:
    """The administrator's own token is as good as it will be: a refusal of it is final."""
    return isinstance(fault, (NotFound, Conflict, AmbiguousWrite))


async def _known(directory: Directory, app: Registered) -> Registered:
    found = await directory.registered(app.client_id)
    if found is None:
        raise NotFound("the application is not seen yet", where=app.client_id)
    return found


def _held(app: Registered, wanted: Wanted) -> bool:
    return any(one.name == wanted.key_name for one in app.keys)


async def rotate(
    directory: Directory, app: Registered, name: str, key: str, wait: Replication
) -> None:
    """Put a new certificate beside those that are there; twice is as once."""

    async def added() -> None:
        fresh = await _known(directory, app)
        if not any(one.name == name for one in fresh.keys):
            await directory.set_keys(fresh, [one.id for one in fresh.keys], (name, key))

    await wait.settled("Putting the new certificate beside the old one", added)


async def retire(
    directory: Directory, app: Registered, ours: str, name: str, wait: Replication
) -> tuple[AppKey, ...]:
    """Take away every certificate whose name begins as ours do, but this one; those that went."""

    async def left() -> tuple[AppKey, ...]:
        fresh = await _known(directory, app)
        if not any(one.name == name for one in fresh.keys):
            raise NotFound("the new certificate is not seen yet", where=app.client_id)
        old = tuple(one for one in fresh.keys if one.name.startswith(ours) and one.name != name)
        if old:
            keep = [one.id for one in fresh.keys if one not in old]
            await directory.set_keys(fresh, keep, None)
        return old

    return await wait.settled("Taking the old certificate away", left)


async def remove(directory: Directory, client_id: str) -> bool:
    """Take away role, enterprise application and registration; False where nothing was there."""
    principal = await directory.principal(client_id)
    if principal is not None:
        for held in await directory.roles(principal):
            await directory.unassign(held)
        await directory.remove_principal(principal)
    app = await directory.registered(client_id)
    if app is not None:
        await directory.remove(app)
    return principal is not None or app is not None
