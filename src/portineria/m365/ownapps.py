"""The applications of our own, whole: the directory's part and Exchange's."""

from __future__ import annotations

from dataclasses import replace

from portineria.fault import Fault, NotFound
from portineria.m365.exchange import scopes
from portineria.m365.graph import apps, ownapps
from portineria.m365.session import Session
from portineria.tenant.apps import AppKind, OwnApp, RoleAssignment, ScopeGroup, group_name
from portineria.tenant.unseen import Unseen


async def own_apps(session: Session) -> tuple[OwnApp, ...]:
    """Raises ServiceFault where the directory cannot be read; Exchange's part is then Unseen."""
    found = await ownapps.tagged(session)
    return tuple([await _whole(session, own) for own in found])


async def _whole(session: Session, own: OwnApp) -> OwnApp:
    app = await apps.app(session, own.id)
    if app is not None:
        own = replace(own, principal_id=app.principal_id, enabled=app.enabled, roles=app.roles)
    try:
        registered = await scopes.registered(session, own.id)
    except Fault as fault:
        unseen = Unseen(fault.why)
        return replace(own, registered=unseen, assignments=unseen, group=unseen)
    return await _scoped(session, replace(own, registered=registered))


async def _scoped(session: Session, own: OwnApp) -> OwnApp:
    """What Application RBAC holds of it. A registration under a wrong id goes with its roles."""
    assert not isinstance(own.registered, Unseen)
    try:
        known = own.principal_id in own.registered
        held = await scopes.assignments(session, own.principal_id) if known else ()
    except Fault as fault:
        unseen = Unseen(fault.why)
        return replace(own, assignments=unseen, group=unseen)
    own = replace(own, assignments=held)
    if own.kind is not AppKind.SMTP:
        return own
    try:
        return replace(own, group=await _group(session, own, held))
    except Fault as fault:
        return replace(own, group=Unseen(fault.why))


async def _group(
    session: Session, own: OwnApp, held: tuple[RoleAssignment, ...]
) -> ScopeGroup | None:
    """The group that our role names, else one that bears our mark: a run may rest in between.

    Raises Fault.
    """
    name = group_name(own.tags)
    bounds = {one.group for one in held if one.group and one.name == name}
    keys = bounds or set(await scopes.group_named(session, name) if name else ())
    if not keys:
        return None
    try:
        return await scopes.whole_group(session, min(keys))
    except NotFound:
        return None
