"""Applications of our own as they would be after these changes. Pure, like `simulate`.

What the plan makes is called by the id that others refer to it by, "change:3.id".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from portineria.policy.change import Change, Family, Fields, Verb
from portineria.policy.rungs.consent import SCOPED_SMTP
from portineria.tenant.apps import (
    KIND_TAGS,
    App,
    AppKind,
    MailboxRight,
    OwnApp,
    RoleAssignment,
    ScopeGroup,
    group_name,
)
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


def application(snapshot: Snapshot, change: Change) -> Snapshot:
    own = () if isinstance(snapshot.own, Unseen) else snapshot.own
    after = change.after or {}
    if change.verb is Verb.CREATE:
        return replace(snapshot, own=(*own, _made(change, after)))
    if change.verb is Verb.DELETE:
        apps = _apps(snapshot)
        apps.pop(change.target.key, None)
        kept = tuple(each for each in own if each.id != change.target.key)
        return replace(snapshot, own=kept, apps=apps)
    prints = frozenset(after.get("keyCredentials", ()))
    return _edited(
        snapshot,
        lambda app: app.id == change.target.key,
        lambda app: _with(app, thumbprints=prints),
    )


def _made(change: Change, after: Fields) -> OwnApp:
    tags = tuple(after["tags"])
    kind = next((kind for kind, tag in KIND_TAGS.items() if tag in tags), AppKind.MAIL)
    made = f"change:{change.id}.id"
    return OwnApp(id=made, name=change.target.name, kind=kind, tags=tags)


def service_principal(snapshot: Snapshot, change: Change) -> Snapshot:
    if change.verb is Verb.DELETE:
        return _edited(
            snapshot,
            lambda app: app.principal_id == change.target.key,
            lambda app: _with(app, principal_id="", registered=()),
        )
    client_id = (change.after or {})["appId"]
    made = f"change:{change.id}.id"
    return _edited(
        snapshot, lambda app: app.id == client_id, lambda app: _with(app, principal_id=made)
    )


def app_role(snapshot: Snapshot, change: Change) -> Snapshot:
    principal, _, role = change.target.key.partition("/")

    def edit(app: OwnApp) -> OwnApp:
        if isinstance(app.roles, Unseen):
            return app
        deleted = change.verb is Verb.DELETE
        return _with(app, roles=app.roles - {role} if deleted else app.roles | {role})

    return _edited(snapshot, lambda app: app.principal_id == principal, edit)


def exchange_principal(snapshot: Snapshot, change: Change) -> Snapshot:
    key = change.target.key
    client_id = (change.after or change.before or {})["AppId"]

    def edit(app: OwnApp) -> OwnApp:
        if isinstance(app.registered, Unseen):
            return app
        kept = tuple(one for one in app.registered if one != key)
        return _with(app, registered=kept if change.verb is Verb.DELETE else (*kept, key))

    return _edited(snapshot, lambda app: app.id == client_id, edit)


def group(snapshot: Snapshot, change: Change) -> Snapshot:
    """A group belongs to the application whose mark it bears."""
    name = change.target.name
    made: ScopeGroup | None = ScopeGroup(id=f"change:{change.id}.id", name=name)
    if change.verb is Verb.DELETE:
        made = None
    return _edited(
        snapshot,
        lambda app: _owns(app, change.target.key, name),
        lambda app: _with(app, group=made),
    )


def _owns(app: OwnApp, key: str, name: str) -> bool:
    if isinstance(app.group, ScopeGroup) and key:
        return app.group.id == key
    return app.kind is AppKind.SMTP and group_name(app.tags) == name


def role_assignment(snapshot: Snapshot, change: Change) -> Snapshot:
    principal, _, name = change.target.key.partition("/")
    after = change.after or {}

    def edit(app: OwnApp) -> OwnApp:
        if isinstance(app.assignments, Unseen):
            return app
        kept = tuple(one for one in app.assignments if one.name != name)
        if change.verb is Verb.DELETE:
            return _with(app, assignments=kept)
        made = RoleAssignment(
            name=name,
            role=after["Role"],
            scope=after["RecipientWriteScope"],
            group=after["RecipientGroupScope"],
        )
        return _with(app, assignments=(*kept, made))

    return _scoped(_edited(snapshot, lambda app: app.principal_id == principal, edit))


def group_member(snapshot: Snapshot, change: Change) -> Snapshot:
    key, _, guid = change.target.key.partition("/")

    def edit(app: OwnApp) -> OwnApp:
        assert isinstance(app.group, ScopeGroup)
        members = app.group.members - {guid}
        if change.verb is not Verb.DELETE:
            members |= {guid}
        return _with(app, group=replace(app.group, members=members))

    return _scoped(
        _edited(
            snapshot, lambda app: isinstance(app.group, ScopeGroup) and app.group.id == key, edit
        )
    )


def _scoped(snapshot: Snapshot) -> Snapshot:
    """Who is in the group of a role has it: the rights as the groups and the roles have them."""
    rights = dict(snapshot.rights)
    for app in () if isinstance(snapshot.own, Unseen) else snapshot.own:
        if not isinstance(app.group, ScopeGroup) or isinstance(app.assignments, Unseen):
            continue
        bound = any(
            one.role == SCOPED_SMTP and one.group == app.group.id for one in app.assignments
        )
        held = {guid for client_id, guid in rights if client_id == app.id}
        for guid in held | app.group.members:
            before = rights.get((app.id, guid), MailboxRight(full_access=False))
            inside = bound and guid in app.group.members
            rights[app.id, guid] = replace(before, scoped_smtp=inside)
    return replace(snapshot, rights=rights)


def nothing_to_see(snapshot: Snapshot, change: Change) -> Snapshot:
    """A right to send as somebody else opens no mailbox."""
    return snapshot


STEPS: Mapping[Family, Callable[[Snapshot, Change], Snapshot]] = {
    Family.APPLICATION: application,
    Family.SERVICE_PRINCIPAL: service_principal,
    Family.APP_ROLE: app_role,
    Family.EXCHANGE_PRINCIPAL: exchange_principal,
    Family.GROUP: group,
    Family.GROUP_MEMBER: group_member,
    Family.ROLE_ASSIGNMENT: role_assignment,
    Family.RECIPIENT_PERMISSION: nothing_to_see,
}


def _with(app: OwnApp, **changes: Any) -> OwnApp:
    return replace(app, **changes)


def _apps(snapshot: Snapshot) -> dict[str, App]:
    return dict(() if isinstance(snapshot.apps, Unseen) else snapshot.apps)


def _edited(
    snapshot: Snapshot, wanted: Callable[[OwnApp], bool], edit: Callable[[OwnApp], OwnApp]
) -> Snapshot:
    """Our applications, edited, and the same among all applications."""
    if isinstance(snapshot.own, Unseen):
        return snapshot
    own = tuple(edit(app) if wanted(app) else app for app in snapshot.own)
    apps = _apps(snapshot)
    for app in own:
        found = app.seen()
        if found is not None:
            apps[app.id] = found
    return replace(snapshot, own=own, apps=apps)
