"""A look at applications: those that were named, and those of our own with all their rights."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from portineria.run.ports import Crew, Progress
from portineria.run.seeing import LIMIT, Failure, in_parts, seen
from portineria.tenant.apps import App, AppKind, MailboxRight, OwnApp, ScopeGroup
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

RIGHTS_AT_ONCE = 100
"""Mailboxes whose rights one worker reads before it takes more, ten a request."""
SMALL = 500
"""Mailboxes of a tenant up to which the rights of an application of our own are read on all."""

Rights = Mapping[tuple[str, str], MailboxRight]


class AppReader(Protocol):
    async def app(self, client_id: str) -> App | None: ...

    async def own_apps(self) -> tuple[OwnApp, ...]: ...

    async def rights(self, app: App, guids: Collection[str]) -> Rights: ...


async def look_at_apps(
    snapshot: Snapshot,
    reader: AppReader,
    crew: Crew,
    progress: Progress,
    wanted: Collection[str],
    guids: Sequence[str],
) -> Snapshot:
    """These applications, and their rights on these mailboxes; others stay unseen."""
    if not wanted:
        return snapshot
    answers = {
        client_id: found
        async for client_id, found in crew.each(
            sorted(wanted), lambda client_id: seen(reader.app(client_id)), LIMIT
        )
    }
    failure = next((found for found in answers.values() if isinstance(found, Failure)), None)
    if failure is not None:
        return replace(snapshot, apps=Unseen(failure.fault.why))
    apps = {key: found for key, found in answers.items() if isinstance(found, App)}
    rights: dict[tuple[str, str], MailboxRight] = {}
    for key in sorted(apps):
        rights.update(await _rights(apps[key], guids, reader, crew, progress))
    return replace(snapshot, apps=apps, rights=rights)


async def look_at_own_apps(
    snapshot: Snapshot,
    reader: AppReader,
    crew: Crew,
    progress: Progress,
    guids: Sequence[str],
    everywhere: bool,
) -> Snapshot:
    """The applications that bear our tag, and what they may do on these mailboxes; on all of
    them in a small tenant, and where `everywhere` asks for it.
    """
    own = await seen(reader.own_apps())
    if isinstance(own, Failure):
        return replace(snapshot, own=Unseen(own.fault.why))
    boxes = () if isinstance(snapshot.mailboxes, Unseen) else snapshot.mailboxes
    everybody = [box.guid for box in boxes] if everywhere or len(boxes) <= SMALL else guids
    apps = dict(() if isinstance(snapshot.apps, Unseen) else snapshot.apps)
    rights = dict(snapshot.rights)
    for each in own:
        app = each.seen()
        if app is None:
            continue
        # Of one that sends by a scope, the group tells who is in it: nobody else need be asked.
        inside = each.group.members if isinstance(each.group, ScopeGroup) else frozenset()
        wanted = everybody if each.kind is AppKind.MAIL else [*guids, *sorted(inside)]
        asked = [guid for guid in dict.fromkeys(wanted) if (app.id, guid) not in rights]
        rights.update(await _rights(app, asked, reader, crew, progress))
        apps.setdefault(app.id, app)
    if not apps:
        return replace(snapshot, own=own)
    return replace(snapshot, own=own, apps=apps, rights=rights)


async def _rights(
    app: App, guids: Sequence[str], reader: AppReader, crew: Crew, progress: Progress
) -> dict[tuple[str, str], MailboxRight]:
    found: dict[tuple[str, str], MailboxRight] = {}
    parts = in_parts(guids, RIGHTS_AT_ONCE)
    async for part, told in crew.each(parts, lambda part: seen(reader.rights(app, part)), LIMIT):
        if isinstance(told, Failure):
            unseen = Unseen(told.fault.why)
            nothing = MailboxRight(full_access=unseen, scoped_smtp=unseen)
            found.update(((app.id, guid), nothing) for guid in part)
        else:
            found.update(told)
        progress.step(f"rights of {app.name or app.id}", len(found), len(guids))
    return found
